import { createHash } from "node:crypto";
import { z } from "zod";
import type { BasePart } from "./base-parts.ts";

const idSchema = z.looseObject({ SPDXID: z.string() });
const bundleSchema = z.looseObject({
  spdxVersion: z.literal("SPDX-2.3"),
  documentNamespace: z.string(),
  packages: z.array(idSchema).min(1),
  relationships: z.array(z.looseObject({})),
});

const ROOT_ID = "SPDXRef-mero-kms-phala-image";

/**
 * Describes the image as an SPDX document: what is in the bundle, and the packages that its other files come from.
 *
 * @param bundleSbom - the document of the bundle
 * Source: SPDX 2.3; purl types, deb and npm.
 */
export function containerSbom(bundleSbom: string, parts: readonly BasePart[], distribution: string): string {
  const bundle = bundleSchema.parse(JSON.parse(bundleSbom));
  const [own] = bundle.packages;
  const described = {
    SPDXID: ROOT_ID,
    name: "mero-kms-phala-image",
    versionInfo: own?.["versionInfo"],
    primaryPackagePurpose: "CONTAINER",
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
  };
  const base = parts.map((part) => ({
    SPDXID: `SPDXRef-${part.kind}-${`${part.name}-${part.version}`.replaceAll(/[^A-Za-z0-9.-]/g, "-")}`,
    name: part.name,
    versionInfo: part.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    checksums: [{ algorithm: "SHA256", checksumValue: part.sha256 }],
    licenseConcluded: "NOASSERTION",
    licenseDeclared: part.license,
    copyrightText: "NOASSERTION",
    externalRefs: [
      { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purlOf(part, distribution) },
    ],
  }));
  const contained = [...base.map(({ SPDXID }) => SPDXID), own?.SPDXID ?? ""];
  const digest = createHash("sha256").update(JSON.stringify(base)).update(bundle.documentNamespace).digest("hex");
  const document = {
    ...bundle,
    name: `${String(bundle["name"])}-image`,
    documentNamespace: `${bundle.documentNamespace}-image-${digest}`,
    packages: [described, ...base, ...bundle.packages],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: ROOT_ID },
      ...contained.map((id) => ({ spdxElementId: ROOT_ID, relationshipType: "CONTAINS", relatedSpdxElement: id })),
      ...bundle.relationships.filter((relationship) => relationship["relationshipType"] !== "DESCRIBES"),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function purlOf({ kind, name, version }: BasePart, distribution: string): string {
  return kind === "npm"
    ? `pkg:npm/${name}@${version}`
    : `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64&distro=${distribution}`;
}
