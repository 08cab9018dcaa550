import { createHash } from "node:crypto";
import type { Build } from "../src/config/build.ts";
import { BUNDLE_NAME } from "./bundle-service.ts";
import type { BundledPackage } from "./bundled-packages.ts";

const ROOT_ID = "SPDXRef-mero-kms-phala";

/**
 * Describes the bundle as an SPDX document: what it contains, by package and version, as the bundler saw it.
 *
 * @param createdAt - time of the commit, RFC 3339, so that the same sources give the same document
 * Source: SPDX 2.3; purl types, npm.
 */
export function bundleSbom(
  code: string,
  packages: readonly BundledPackage[],
  { version }: Build,
  createdAt: string,
): string {
  const digest = createHash("sha256").update(code).digest("hex");
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `mero-kms-phala-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/mero-kms-phala-${version}-${digest}`,
    creationInfo: { created: createdAt, creators: ["Tool: mero-tee-bundle"] },
    packages: [
      {
        SPDXID: ROOT_ID,
        name: "mero-kms-phala",
        versionInfo: version,
        packageFileName: BUNDLE_NAME,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        checksums: [{ algorithm: "SHA256", checksumValue: digest }],
        licenseConcluded: "NOASSERTION",
        licenseDeclared: "MIT OR Apache-2.0",
        copyrightText: "NOASSERTION",
      },
      ...packages.map((bundled) => ({
        SPDXID: idOf(bundled),
        name: bundled.name,
        versionInfo: bundled.version,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        licenseConcluded: "NOASSERTION",
        licenseDeclared: bundled.license,
        copyrightText: "NOASSERTION",
        externalRefs: [
          { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purlOf(bundled) },
        ],
      })),
    ],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: ROOT_ID },
      ...packages.map((bundled) => ({
        spdxElementId: ROOT_ID,
        relationshipType: "CONTAINS",
        relatedSpdxElement: idOf(bundled),
      })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function purlOf({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

// Letters, digits, dots and dashes are all that an identifier may have.
function idOf({ name, version }: BundledPackage): string {
  return `SPDXRef-npm-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`;
}
