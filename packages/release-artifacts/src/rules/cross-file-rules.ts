import { PROFILES } from "@mero-tee/policy";

import { ASSET, policyAsset } from "../asset-names.ts";
import { LIST_NAMES, listsOf } from "../documents/release-fields.ts";
import { RELEASE_LANES } from "../lane.ts";
import { nodeValueDifferences } from "../node-values.ts";
import { isReleaseCandidate } from "../release-version.ts";
import { sameJson } from "../same-json.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import { find, need, needPolicies, needPublished, originsOf, probeOf } from "./look-up.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

/** The published measurements of the node release that belongs to a KMS release. */
function nodeRelease(
  evidence: ReleaseEvidence,
  sheet: RuleSheet,
): NonNullable<ReturnType<typeof readNodeRelease>> | null {
  const read = readNodeRelease(evidence);
  if (evidence.nodeRelease === undefined) sheet.unasked("no node release was given");
  else if (read === null) sheet.lack(evidence.nodeRelease.file);
  return read;
}

function readNodeRelease({ nodeRelease: loaded }: ReleaseEvidence) {
  return loaded?.result.ok === true ? { value: loaded.result.value.value, sha256: loaded.sha256 } : null;
}

const KMS_DOCUMENTS_WITH_COMMIT: ReadonlySet<string> = new Set([
  ASSET.kmsManifest,
  ASSET.containerMetadata,
  ASSET.policyAlias,
  ...PROFILES.map(policyAsset),
]);

/** Rules that compare files. Source: docs/releases.md. */
export const CROSS_FILE_RULES: {
  readonly [
    Id in "X-01" | "X-02" | "X-03" | "X-04" | "X-05" | "X-06" | "X-07" | "X-08" | "X-09" | "X-10" | "X-11" | "X-12"
  ]: Rule<"release">;
} = {
  "X-01": releaseRule(["kms"], "manifest, policies and metadata name one commit", (evidence, sheet) => {
    const manifest = need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest);
    if (manifest === null) return;
    for (const { file, commit } of originsOf(evidence).filter((each) => KMS_DOCUMENTS_WITH_COMMIT.has(each.file))) {
      sheet.expect(
        commit === manifest.value.commit_sha,
        `${file} names commit ${String(commit)}, the manifest ${manifest.value.commit_sha}`,
        file,
      );
    }
  }),
  "X-02": releaseRule(["kms", "node"], "map and node documents name that commit too", (evidence, sheet) => {
    if (evidence.lane === "node") {
      const provenance = need(evidence, sheet, "releaseProvenance", ASSET.releaseProvenance);
      const commit = provenance?.value.commit_sha;
      const published = needPublished(evidence, sheet);
      const named = [
        ...(published === null ? [] : [{ file: published.file, commit: published.value.commit_sha ?? null }]),
        ...originsOf(evidence).filter(
          ({ file }) => file.startsWith("profile-provenance-") || file === ASSET.releaseProvenance,
        ),
      ];
      for (const each of commit === undefined ? [] : named) {
        sheet.expect(
          each.commit === commit,
          `${each.file} names commit ${String(each.commit)}, the provenance ${commit}`,
          each.file,
        );
      }
      return;
    }
    const manifest = need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest)?.value;
    const map = need(evidence, sheet, "compatibilityMap", ASSET.compatibilityMap)?.value;
    if (manifest === undefined || map === undefined) return;
    const { commit_sha: commit, release_class: releaseClass } = manifest;
    sheet.expect(
      map.commit_sha === commit,
      `${ASSET.compatibilityMap} names commit ${String(map.commit_sha)}, the manifest ${commit}`,
      ASSET.compatibilityMap,
    );
    const node = releaseClass === "stable" ? readNodeRelease(evidence)?.value.commit_sha : undefined;
    if (node !== undefined)
      sheet.expect(
        node === commit,
        `the node release is of commit ${node}, the manifest of ${commit}`,
        ASSET.publishedMrtds,
      );
  }),
  "X-03": releaseRule(["kms"], "manifest and metadata have one container digest", (evidence, sheet) => {
    const manifest = need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest)?.value;
    const metadata = need(evidence, sheet, "containerMetadata", ASSET.containerMetadata)?.value;
    if (manifest === undefined || metadata === undefined) return;
    const isEqual = sameJson(manifest.container, metadata.container);
    sheet.expect(
      isEqual,
      `the container in ${ASSET.containerMetadata} is not that of the manifest`,
      ASSET.containerMetadata,
      ASSET.kmsManifest,
    );
  }),
  "X-04": releaseRule(["kms"], "every profile has an image of its own", (evidence, sheet) => {
    const manifest = need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest)?.value;
    if (manifest === undefined) return;
    const digests = PROFILES.map((profile) => manifest.container_profile_digests[profile]);
    sheet.expect(
      new Set(digests).size === digests.length,
      "two profiles have the same image digest",
      ASSET.kmsManifest,
    );
  }),
  "X-05": releaseRule(["kms"], "image digests agree everywhere", (evidence, sheet) => {
    const manifest = need(evidence, sheet, "kmsReleaseManifest", ASSET.kmsManifest)?.value;
    const metadata = need(evidence, sheet, "containerMetadata", ASSET.containerMetadata)?.value;
    const map = need(evidence, sheet, "compatibilityMap", ASSET.compatibilityMap)?.value;
    if (manifest === undefined || metadata === undefined || map === undefined) return;
    const locked = manifest.container_profile_digests["locked-read-only"];
    sheet.expect(
      manifest.container.digest === locked,
      "container.digest is not that of locked-read-only",
      ASSET.kmsManifest,
    );
    for (const profile of PROFILES) {
      const expected = manifest.container_profile_digests[profile];
      const others = [
        [ASSET.containerMetadata, metadata.container_profile_digests[profile]],
        [ASSET.compatibilityMap, map.compatibility.profiles[profile].kms_image_digest],
      ] as const;
      for (const [file, digest] of others) {
        sheet.expect(
          digest === expected,
          `${file} gives ${profile} the image ${digest}, the manifest ${expected}`,
          file,
        );
      }
    }
  }),
  "X-06": releaseRule(
    ["kms"],
    "the map has the digests of the policy files, and the plain file is the locked one",
    (evidence, sheet) => {
      const map = need(evidence, sheet, "compatibilityMap", ASSET.compatibilityMap)?.value.compatibility;
      const alias = need(evidence, sheet, "attestationPolicy", ASSET.policyAlias);
      const policies = needPolicies(evidence, sheet);
      const locked = policies.find(({ profile }) => profile === "locked-read-only");
      if (map === undefined || alias === null || locked === undefined) return;
      sheet.expect(
        alias.sha256 === locked.sha256,
        `${alias.file} is not ${locked.file} byte for byte`,
        alias.file,
        locked.file,
      );
      sheet.expect(
        map.kms_policy_sha256 === alias.sha256,
        `the map gives ${alias.file} another digest than it has`,
        ASSET.compatibilityMap,
        alias.file,
      );
      for (const { file, profile, sha256 } of policies) {
        sheet.expect(
          map.profiles[profile].kms_policy_sha256 === sha256,
          `the map gives ${file} another digest than it has`,
          ASSET.compatibilityMap,
          file,
        );
      }
    },
  ),
  "X-07": releaseRule(["kms"], "map, policies and probes name one compose hash", (evidence, sheet) => {
    const map = need(evidence, sheet, "compatibilityMap", ASSET.compatibilityMap)?.value.compatibility;
    if (map === undefined) return;
    for (const { file, profile, value } of needPolicies(evidence, sheet)) {
      const payload = value.policy.kms_allowed_event_payload?.[0] ?? "";
      const inMap = map.profiles[profile].event_payload;
      sheet.expect(
        inMap === payload,
        `${file} accepts the compose hash ${payload}, the map names ${inMap}`,
        file,
        ASSET.compatibilityMap,
      );
      if (evidence.appIdentities === undefined) continue;
      const probed = evidence.appIdentities[profile];
      if (probed === undefined) {
        // A candidate may go without, and then its policy is not ready.
        sheet.expect(isReleaseCandidate(evidence.version), `no probe of ${profile} proved its compose hash`, file);
        continue;
      }
      sheet.expect(
        probed.compose_hash === payload,
        `${file} accepts the compose hash ${payload}, the probe proved ${probed.compose_hash}`,
        file,
      );
      const isProven = probed.profile === profile && probed.quote_verified && probed.event_log_verified;
      sheet.expect(isProven, `the probe of ${profile} proved no compose hash`, file);
      // Without RTMR0 to RTMR2, the log says what runs in the machine, and not what the machine itself is.
      const isOsProven = probed.os_image_hash_verified || isReleaseCandidate(evidence.version);
      sheet.expect(isOsProven, `the probe of ${profile} did not replay RTMR0 to RTMR2`, file);
    }
  }),
  "X-08": releaseRule(["kms"], "node values are those of the node release", (evidence, sheet) => {
    const policies = needPolicies(evidence, sheet);
    const node = nodeRelease(evidence, sheet);
    if (node === null) return;
    for (const { file, profile, value } of policies) {
      for (const difference of nodeValueDifferences(value, profile, node)) sheet.fault(`${file}: ${difference}`, file);
    }
  }),
  "X-09": releaseRule(["node"], "the provenance embeds what is published", (evidence, sheet) => {
    const file = ASSET.releaseProvenance;
    const provenance = need(evidence, sheet, "releaseProvenance", file)?.value;
    const published = needPublished(evidence, sheet)?.value;
    if (provenance === undefined || published === undefined) return;
    for (const key of ["mrtds", "measurement_policy"] as const) {
      sheet.expect(
        sameJson(provenance[key], published),
        `${file}: ${key} is not ${ASSET.publishedMrtds}`,
        file,
        ASSET.publishedMrtds,
      );
    }
  }),
  "X-10": releaseRule(["node"], "every witness of a probe saw the same MRTD", (evidence, sheet) => {
    for (const profile of PROFILES) {
      const { mrtd, candidates, provenance } = probeOf(evidence, profile);
      if (mrtd === null) {
        sheet.unasked(`mrtd-${profile}.json is not published`);
        continue;
      }
      const witnesses = [
        ["the candidates", candidates?.value.policy.allowed_mrtd[0]],
        ["the machine itself (tee_info_mrtd)", mrtd.value.tee_info_mrtd],
        ["the appraisal", provenance?.value.external_verification.mrtd],
        [ASSET.publishedMrtds, find(evidence, "publishedMrtds", ASSET.publishedMrtds)?.value.profiles[profile].mrtd],
      ] as const;
      for (const [who, seen] of witnesses) {
        const isEqual = seen === undefined || seen === mrtd.value.mrtd;
        sheet.expect(isEqual, `${mrtd.file} has MRTD ${mrtd.value.mrtd}, ${who} ${String(seen)}`, mrtd.file);
      }
    }
  }),
  "X-11": releaseRule(RELEASE_LANES, "every document and certificate is of one run", (evidence, sheet) => {
    const named = originsOf(evidence).flatMap(({ file, run }) => (run === null ? [] : [{ file, ...run }]));
    const [first] = named;
    if (first === undefined) {
      sheet.lack("a document that names its run");
      return;
    }
    for (const { file, id, attempt } of named) {
      const isEqual = id === first.id && attempt === first.attempt;
      sheet.expect(
        isEqual,
        `${file} is of run ${id} attempt ${attempt}, ${first.file} of ${first.id} attempt ${first.attempt}`,
        file,
      );
    }
    const uri = `https://github.com/${evidence.repository}/actions/runs/${first.id}/attempts/${first.attempt}`;
    for (const [file, signature] of evidence.signatures ?? []) {
      if (!signature.ok) continue;
      const { runUri } = signature.value;
      sheet.expect(runUri === uri, `${file} was signed by ${runUri ?? "an unnamed run"}, not by ${uri}`, file);
    }
  }),
  "X-12": releaseRule(["kms"], "values under their historical names equal the KMS's", (evidence, sheet) => {
    for (const { file, value } of needPolicies(evidence, sheet)) {
      const [plain, prefixed] = [listsOf(value.policy, "allowed"), listsOf(value.policy, "kms_allowed")];
      for (const name of LIST_NAMES) {
        sheet.expect(
          sameJson(plain[name], prefixed[name]),
          `${file}: policy.allowed_${name} is not policy.kms_allowed_${name}`,
          file,
        );
      }
    }
  }),
};
