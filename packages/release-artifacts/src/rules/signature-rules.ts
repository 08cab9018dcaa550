import { PROFILES } from "@mero-tee/policy";

import {
  assetForm,
  REKOR_INDEX_ASSET,
  REQUIRED_ASSETS,
  SIDECAR_SUFFIXES,
  sidecarOf,
  ASSET,
  policyAsset,
} from "../asset-names.ts";
import { RELEASE_LANES } from "../lane.ts";
import type { SidecarForm } from "../sidecar-forms.ts";
import type { SignatureFailure } from "../signature-port.ts";
import { listedArchives } from "./asset-rules.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import { find, originsOf } from "./look-up.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

/** Names of the bundles, of which one proves the time of signing; a bare signature proves none. */
const BUNDLES = [".sigstore.json", ".bundle.json"] as const;

/** Every asset that has to be signed: all but the signatures. */
export function signedAssets(evidence: Pick<ReleaseEvidence, "assets" | "lane">): readonly string[] {
  return [...evidence.assets.keys()].filter(
    (name) => sidecarOf(name) === null && assetForm(evidence.lane, name) !== null,
  );
}

function noteFailures(evidence: ReleaseEvidence, sheet: RuleSheet, aspect: SignatureFailure["aspect"]): void {
  if (evidence.signatures === null) {
    sheet.unasked("signatures were not verified");
    return;
  }
  let verified = 0;
  for (const file of signedAssets(evidence)) {
    const result = evidence.signatures.get(file);
    const hasBundle = BUNDLES.some((suffix) => evidence.assets.has(file + suffix));
    if (evidence.assets.get(file)?.sha256 == null) sheet.lack(file);
    else if (!hasBundle || result === undefined) sheet.lack(`${file}${BUNDLES[0]}`);
    else if (result.ok) verified += 1;
    else if (result.error.aspect === aspect)
      sheet.fault(`${file}: ${result.error.message} (${result.error.code})`, file);
  }
  sheet.passed(`${verified} assets`);
}

/** Rules about signatures. Source: docs/releases.md. */
export const SIGNATURE_RULES: {
  readonly [Id in "C-01" | "C-02" | "C-03" | "C-04" | "C-05" | "C-06"]: Rule<"release">;
} = {
  "C-01": releaseRule(RELEASE_LANES, "every asset is signed by the lane", (evidence, sheet) => {
    noteFailures(evidence, sheet, "signature");
  }),
  "C-02": releaseRule(RELEASE_LANES, "no asset goes without a signature", (evidence, sheet) => {
    if (evidence.isUnsigned === true) {
      sheet.unasked("nothing is signed yet");
      return;
    }
    const named = new Set([
      ...REQUIRED_ASSETS[evidence.lane],
      ...listedArchives(evidence),
      ...PROFILES.map(policyAsset),
    ]);
    for (const file of signedAssets(evidence)) {
      // Who looks for assets looks for these two sidecars of theirs as well.
      const wanted = SIDECAR_SUFFIXES.filter((suffix) => !named.has(file) || (suffix !== ".sig" && suffix !== ".pem"));
      for (const suffix of wanted) sheet.expect(evidence.assets.has(file + suffix), `${file} has no ${suffix}`, file);
    }
    for (const name of evidence.assets.keys()) {
      const owner = sidecarOf(name)?.asset;
      const isOrphan =
        owner !== undefined &&
        assetForm(evidence.lane, owner) !== null &&
        !evidence.assets.has(owner) &&
        !named.has(owner);
      sheet.expect(!isOrphan, `${name} signs nothing that is there`, name);
    }
  }),
  "C-03": releaseRule(RELEASE_LANES, "time, chain and log of every signature are proven", (evidence, sheet) => {
    noteFailures(evidence, sheet, "evidence");
  }),
  "C-04": releaseRule(RELEASE_LANES, "certificates name commit, trigger and runner", (evidence, sheet) => {
    if (evidence.signatures === null) sheet.unasked("signatures were not verified");
    const commit = originsOf(evidence).find((origin) => origin.commit !== null)?.commit;
    for (const [file, result] of evidence.signatures ?? []) {
      if (!result.ok) continue;
      const view = result.value;
      const facts = [
        ["commit", view.commit, commit ?? view.commit],
        ["trigger", view.trigger, "push"],
        ["runner environment", view.runnerEnvironment, "github-hosted"],
        ["repository id", view.repositoryId, evidence.signerIds?.repositoryId ?? view.repositoryId],
        ["owner id", view.ownerId, evidence.signerIds?.ownerId ?? view.ownerId],
      ] as const;
      for (const [what, actual, expected] of facts) {
        sheet.expect(
          actual !== null && actual === expected,
          `${file}: the certificate names ${what} ${actual ?? "nothing"}, not ${expected ?? "something"}`,
          file,
        );
      }
    }
  }),
  "C-05": releaseRule(RELEASE_LANES, "all forms of a signature are of one signing", (evidence, sheet) => {
    for (const [file, forms] of evidence.sidecars) {
      for (const key of ["signature", "certificate"] as const) {
        const isCarried = ([suffix]: readonly [string, SidecarForm]): boolean =>
          suffix !== (key === "signature" ? ".pem" : ".sig");
        const values = [...forms].filter(isCarried).map(([suffix, form]) => [suffix, form[key]] as const);
        for (const [suffix, value] of values) sheet.expect(value !== null, `${file}${suffix} holds no ${key}`, file);
        const distinct = new Set(values.flatMap(([, value]) => value ?? []));
        sheet.expect(distinct.size <= 1, `the ${key} of ${file} differs between its forms`, file);
      }
    }
  }),
  "C-06": releaseRule(RELEASE_LANES, "the log index names the entries of the bundles", (evidence, sheet) => {
    const file = REKOR_INDEX_ASSET[evidence.lane];
    const index = find(evidence, "rekorIndex", file)?.value;
    if (index === undefined) {
      if (evidence.isUnsigned === true) sheet.unasked("nothing is signed yet");
      else sheet.lack(file);
      return;
    }
    // The index cannot name the signing of itself, nor of the manifest, which is signed last.
    const exempt: ReadonlySet<string> = new Set([file, ASSET.kmsManifest, ASSET.verifierManifest]);
    for (const asset of signedAssets(evidence).filter((name) => !exempt.has(name))) {
      sheet.expect(
        index.entries.some((entry) => entry.asset === asset),
        `${file} does not name ${asset}`,
        file,
      );
    }
    for (const entry of index.entries) {
      const log = evidence.sidecars.get(entry.asset)?.get(".sigstore.json")?.log;
      if (log === undefined || log === null) {
        sheet.fault(`${file} names ${JSON.stringify(entry.asset.slice(0, 128))}, which has no bundle`, file);
        continue;
      }
      const isEqual =
        entry.bundle_asset === `${entry.asset}.sigstore.json` &&
        entry.hash === `sha256:${String(evidence.assets.get(entry.asset)?.sha256)}` &&
        entry.log_index === log.logIndex &&
        entry.log_id === log.logId &&
        entry.integrated_time === (log.integratedTime ?? "0");
      sheet.expect(isEqual, `${file}: the entry of ${entry.asset} is not that of its bundle`, file);
    }
  }),
};
