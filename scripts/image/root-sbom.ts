import { createHash } from "node:crypto";
import type { LockedDownload } from "./lock-changes.ts";

/** Letters, digits, dots and hyphens are all that an SPDX id may have. */
function idOf(kind: string, name: string): string {
  return `SPDXRef-${kind}-${name.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`;
}

const UNSAID = {
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: "NOASSERTION",
  copyrightText: "NOASSERTION",
} as const;

function debianPackage(line: string) {
  const [name = "", version = ""] = line.split(" ");
  const locator = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
  return {
    SPDXID: idOf("deb", name),
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    ...UNSAID,
    externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: locator }],
  };
}

function download({ name, version, sha256 }: LockedDownload) {
  return {
    SPDXID: idOf("download", name),
    name,
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    ...UNSAID,
    checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
  };
}

/**
 * What is inside a node image: Debian's packages, as lines `NAME VERSION`, and the programs of the lock file.
 *
 * @param epoch - Unix seconds of the build
 * Source: SPDX 2.3; purl types, deb.
 */
export function rootSbom(
  image: string,
  packages: readonly string[],
  downloads: readonly LockedDownload[],
  epoch: number,
): object {
  const all = [...packages.map(debianPackage), ...downloads.map(download)];
  const digest = createHash("sha256").update(JSON.stringify(all)).digest("hex");
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: image,
    documentNamespace: `https://spdx.org/spdxdocs/${image}-${digest}`,
    creationInfo: {
      created: new Date(epoch * 1000).toISOString().replace(".000Z", "Z"),
      creators: ["Tool: mero-tee-image-build"],
    },
    packages: all,
    relationships: all.map(({ SPDXID }) => ({
      spdxElementId: "SPDXRef-DOCUMENT",
      relationshipType: "DESCRIBES",
      relatedSpdxElement: SPDXID,
    })),
  };
}
