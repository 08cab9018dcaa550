import { PROFILES, quoteForeignText } from "@mero-tee/policy";

import { ASSET, assetForm, CHECKSUMS_ASSET, isChecksummed, policyAsset, REQUIRED_ASSETS } from "../asset-names.ts";
import type { Checksum } from "../checksums.ts";
import type { ReleaseBinary } from "../documents/kms-release-manifest.ts";
import { RELEASE_LANES } from "../lane.ts";
import { TRUST_BUNDLE_MANIFEST, trustBundleManifest } from "../trust-bundle.ts";
import { listedArchives } from "./asset-rules.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import { need } from "./look-up.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

/** The node documents that the checksum file must name. */
const NODE_CHECKSUMMED: readonly string[] = [ASSET.publishedMrtds, ASSET.releaseProvenance, ASSET.nodeSbom];

function needChecksums(evidence: ReleaseEvidence, sheet: RuleSheet): readonly Checksum[] | null {
  if (evidence.checksums?.ok === true) return evidence.checksums.value;
  sheet.lack(CHECKSUMS_ASSET[evidence.lane]);
  return null;
}

/** Whether another rule says that a listed asset is missing. */
function hasOwnRule(evidence: ReleaseEvidence, name: string): boolean {
  const required = [...REQUIRED_ASSETS[evidence.lane], ...PROFILES.map(policyAsset), ...listedArchives(evidence)];
  return required.includes(name);
}

/** Compares lines with the files that they are about; files that are missing are another rule's business. */
function compareDigests(evidence: ReleaseEvidence, sheet: RuleSheet, lines: readonly Checksum[]): void {
  let compared = 0;
  for (const { name, sha256 } of lines) {
    const asset = evidence.assets.get(name);
    if (asset === undefined || asset.sha256 === null) sheet.lack(name);
    else if (asset.sha256 !== sha256)
      sheet.fault(`${name} has the digest ${asset.sha256}, not the listed ${sha256}`, name);
    else compared += 1;
  }
  sheet.passed(`${compared} files match`);
}

/** The archives that the lane's manifest lists. */
function needManifestFiles(evidence: ReleaseEvidence, sheet: RuleSheet): readonly ReleaseBinary[] | null {
  if (evidence.lane === "verifier") {
    return need(evidence, sheet, "verifierReleaseManifest", ASSET.verifierManifest)?.value.files ?? null;
  }
  return need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest)?.value.binaries ?? null;
}

/** Rules about the checksum file. Source: docs/releases.md. */
export const CHECKSUM_RULES: {
  readonly [Id in "CK-01" | "CK-02" | "CK-03" | "CK-04" | "CK-05" | "CK-06" | "CK-07"]: Rule<"release">;
} = {
  "CK-01": releaseRule(RELEASE_LANES, "the checksum file is well formed", ({ checksums, lane }, sheet) => {
    const file = CHECKSUMS_ASSET[lane];
    if (checksums === null) sheet.lack(file);
    else if (checksums.ok) sheet.passed(`${checksums.value.length} lines`);
    else for (const { line, reason } of checksums.error) sheet.fault(`${file} line ${line}: ${reason}`, file);
  }),
  "CK-02": releaseRule(RELEASE_LANES, "every listed file has its digest", (evidence, sheet) => {
    const lines = needChecksums(evidence, sheet) ?? [];
    const others = lines.filter(({ name }) => evidence.lane !== "node" || !NODE_CHECKSUMMED.includes(name));
    compareDigests(evidence, sheet, others);
  }),
  "CK-03": releaseRule(["node"], "the three node documents have the listed digests", (evidence, sheet) => {
    const lines = needChecksums(evidence, sheet);
    if (lines === null) return;
    const file = CHECKSUMS_ASSET.node;
    for (const name of NODE_CHECKSUMMED) {
      sheet.expect(
        lines.some((line) => line.name === name),
        `${file} does not list ${name}`,
        file,
      );
    }
    compareDigests(
      evidence,
      sheet,
      lines.filter(({ name }) => NODE_CHECKSUMMED.includes(name)),
    );
  }),
  "CK-04": releaseRule(["kms", "verifier"], "the manifest has the digests of the checksum file", (evidence, sheet) => {
    const [lines, files] = [needChecksums(evidence, sheet), needManifestFiles(evidence, sheet)];
    for (const { file, sha256 } of files ?? []) {
      const listed = lines?.find(({ name }) => name === file);
      const isEqual = listed === undefined || listed.sha256 === sha256;
      sheet.expect(
        isEqual,
        `the manifest gives ${file} the digest ${sha256}, the checksums ${String(listed?.sha256)}`,
        file,
      );
    }
  }),
  "CK-05": releaseRule(["kms", "verifier"], "manifest and checksums list the same archives", (evidence, sheet) => {
    const [lines, files] = [needChecksums(evidence, sheet), needManifestFiles(evidence, sheet)];
    if (lines === null || files === null) return;
    const [listed, inManifest] = [listedArchives(evidence), files.map(({ file }) => file)];
    const names = new Set(lines.map(({ name }) => name));
    for (const name of inManifest.filter((each) => !names.has(each))) {
      sheet.fault(`${quoteForeignText(name)} stands in the manifest but not in the checksums`, name.slice(0, 128));
    }
    for (const name of listed.filter((each) => !inManifest.includes(each))) {
      sheet.fault(`${name} stands in the checksums but not in the manifest`, name);
    }
  }),
  "CK-06": releaseRule(RELEASE_LANES, "the checksum file lists every asset, and nothing else", (evidence, sheet) => {
    const lines = needChecksums(evidence, sheet);
    if (lines === null) return;
    const file = CHECKSUMS_ASSET[evidence.lane];
    const covered = [...evidence.assets.keys()].filter(
      (name) => isChecksummed(evidence.lane, name) && assetForm(evidence.lane, name) !== null,
    );
    const isExempt = (name: string): boolean => evidence.lane === "node" && NODE_CHECKSUMMED.includes(name);
    for (const name of covered.filter((each) => !isExempt(each) && !lines.some((line) => line.name === each))) {
      sheet.fault(`${file} does not list ${name}`, file, name);
    }
    for (const { name } of lines) {
      const isAsset = assetForm(evidence.lane, name) !== null && isChecksummed(evidence.lane, name);
      if (!isAsset) sheet.fault(`${file} lists ${name}, which is no asset that belongs there`, file);
      else if (!evidence.assets.has(name) && !hasOwnRule(evidence, name))
        sheet.fault(`${file} lists ${name}, which is not there`, file);
    }
  }),
  "CK-07": releaseRule(["kms"], "the trust bundle holds what is published beside it", (evidence, sheet) => {
    const archive = evidence.archives.get(ASSET.trustBundle);
    if (archive?.ok !== true) {
      sheet.lack(ASSET.trustBundle);
      return;
    }
    const manifest = archive.value.find(({ name }) => name === TRUST_BUNDLE_MANIFEST);
    const members = archive.value.filter(({ name }) => name !== TRUST_BUNDLE_MANIFEST);
    for (const { name, sha256 } of members) {
      const isNode = name === ASSET.publishedMrtds;
      const loose = isNode ? evidence.nodeRelease?.sha256 : evidence.assets.get(name)?.sha256;
      if (isNode && loose === undefined) continue;
      if (assetForm("kms", name) === null && !isNode) {
        sheet.fault(`the trust bundle holds ${quoteForeignText(name)}, which belongs to no release`, ASSET.trustBundle);
      } else if (loose === undefined || loose === null) sheet.lack(name);
      else if (loose !== sha256)
        sheet.fault(`${name} in the trust bundle differs from the published one`, ASSET.trustBundle, name);
    }
    const written =
      manifest?.content === undefined || manifest.content === null ? null : new TextDecoder().decode(manifest.content);
    sheet.expect(
      written === trustBundleManifest(members),
      `${TRUST_BUNDLE_MANIFEST} does not match the trust bundle`,
      ASSET.trustBundle,
    );
  }),
};
