import { PROFILES } from "@mero-tee/policy";

import { ASSET_LIMIT_BYTES, assetForm, isAssetName, policyAsset, REQUIRED_ASSETS, sidecarOf } from "../asset-names.ts";
import { RELEASE_LANES, type ReleaseLane } from "../lane.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

/** Sidecars without which an asset counts as missing; the bundles are the business of the signature rules. */
const REQUIRED_SIDECARS = [".sig", ".pem"] as const;

/** Longest sidecar, in bytes. */
const SIDECAR_LIMIT_BYTES = 1024 * 1024;

/** Longest wait for assets that are not there yet, and most tries of one download. */
const LATE = { waits: 10, tries: 5 } as const;

/** Notes each of these assets that is missing, with its sidecars. */
function expectPresent(evidence: ReleaseEvidence, sheet: RuleSheet, names: readonly string[]): void {
  for (const name of names) {
    const missing = (evidence.isUnsigned === true ? [""] : ["", ...REQUIRED_SIDECARS])
      .map((suffix) => name + suffix)
      .filter((file) => !evidence.assets.has(file));
    for (const file of missing) sheet.fault(`release ${evidence.version} lacks ${file}`, file);
  }
  sheet.passed(`${names.length} assets and their signatures are there`);
}

/** The archives that a checksum file names. */
export function listedArchives(evidence: ReleaseEvidence): readonly string[] {
  if (evidence.checksums?.ok !== true) return [];
  const names = evidence.checksums.value.map(({ name }) => name);
  return names.filter((name) => /\.(?:tar\.gz|tgz)$/.test(name));
}

/** AS-01, AS-04: the assets that a lane always has. */
function requiredAssets(lanes: readonly ReleaseLane[]): Rule<"release"> {
  return releaseRule(lanes, "every required asset is there, signed", (evidence, sheet) => {
    expectPresent(evidence, sheet, REQUIRED_ASSETS[evidence.lane]);
  });
}

/** Rules about which files there are. Source: docs/releases.md. */
export const ASSET_RULES: {
  readonly [Id in "AS-01" | "AS-02" | "AS-03" | "AS-04" | "AS-06" | "AS-07"]: Rule<"release">;
} & { readonly "AS-05": Rule<"download"> } = {
  "AS-01": requiredAssets(["kms", "verifier"]),
  "AS-02": releaseRule(["kms"], "every profile has its policy, signed", (evidence, sheet) => {
    expectPresent(evidence, sheet, PROFILES.map(policyAsset));
  }),
  "AS-03": releaseRule(["kms", "verifier"], "every archive in the checksums is there, signed", (evidence, sheet) => {
    expectPresent(evidence, sheet, listedArchives(evidence));
  }),
  "AS-04": requiredAssets(["node"]),
  "AS-05": {
    scope: "download",
    lanes: [],
    demand: "late assets came in time",
    judge: ({ late }, sheet) => {
      for (const { file, waits, tries, arrived } of late) {
        const isInTime = arrived && waits <= LATE.waits && tries <= LATE.tries;
        sheet.expect(isInTime, `${file} did not come after ${waits} waits and ${tries} tries`, file);
      }
    },
  },
  "AS-06": releaseRule(RELEASE_LANES, "every file belongs to the release", (evidence, sheet) => {
    for (const name of evidence.assets.keys()) {
      if (!isAssetName(name)) continue;
      const sidecar = sidecarOf(name);
      const asset = sidecar?.asset ?? name;
      const isKnown = assetForm(evidence.lane, asset) !== null;
      sheet.expect(isKnown, `unexpected asset ${name}`, name);
    }
    sheet.passed(`${evidence.assets.size} files, all known`);
  }),
  "AS-07": releaseRule(RELEASE_LANES, "names, sizes and archives are harmless", (evidence, sheet) => {
    for (const [name, { size }] of evidence.assets) {
      if (!isAssetName(name)) {
        sheet.fault(
          `a file name of the release is not allowed: ${JSON.stringify(name.slice(0, 64))}`,
          name.slice(0, 64),
        );
        continue;
      }
      const form = sidecarOf(name) === null ? assetForm(evidence.lane, name) : "sidecar";
      const limit = form === "sidecar" ? SIDECAR_LIMIT_BYTES : form === null ? null : ASSET_LIMIT_BYTES[form];
      sheet.expect(limit === null || size <= limit, `${name} has ${size} bytes, more than ${String(limit)}`, name);
    }
    for (const [name, archive] of evidence.archives) {
      if (!archive.ok) sheet.fault(`${name} is refused: ${archive.error.reason}`, name);
    }
  }),
};
