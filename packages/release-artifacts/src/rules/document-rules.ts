import { DEFAULT_BINDING_LABEL, type Profile, PROFILES } from "@mero-tee/policy";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";

import { ASSET, policyAsset, REKOR_INDEX_ASSET } from "../asset-names.ts";
import { describeDocumentProblem, type ProblemKind } from "../documents/document-problem.ts";
import { LIST_NAMES, listsOf } from "../documents/release-fields.ts";
import { DOCUMENT_SHAPES, type DocumentKind } from "../documents/released-documents.ts";
import { RELEASE_LANES } from "../lane.ts";
import { sameJson } from "../same-json.ts";
import { releaseAssetUrl } from "../release-url.ts";
import { releaseTag } from "../release-version.ts";
import type { LoadedDocument, ReleaseEvidence } from "./evidence.ts";
import { all, find, need, needPolicies, needPublished, originsOf, probeOf } from "./look-up.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal
const KINDS = Object.keys(DOCUMENT_SHAPES) as readonly DocumentKind[];

function documentsOf(evidence: ReleaseEvidence): readonly LoadedDocument<object>[] {
  return KINDS.flatMap((kind): readonly LoadedDocument<object>[] => [...evidence.documents[kind].values()]);
}

/** Notes what the readers found wrong, of one kind of value. */
function noteProblems(evidence: ReleaseEvidence, sheet: RuleSheet, kind: ProblemKind): void {
  for (const { result } of documentsOf(evidence)) {
    for (const problem of result.ok ? [] : result.error.filter((each) => each.kind === kind)) {
      sheet.fault(describeDocumentProblem(problem), problem.file);
    }
  }
}

/** The 32 bytes that a KMS binds when nobody names others. */
const DEFAULT_BINDING = sha256(new TextEncoder().encode(DEFAULT_BINDING_LABEL));

function nonEmpty(sheet: RuleSheet, file: string, holder: object, prefix: string, where: string): void {
  const lists = listsOf(holder, prefix);
  for (const name of LIST_NAMES) {
    sheet.expect(lists[name].length > 0, `${file}: ${where}${prefix}_${name} is empty`, file);
  }
}

/** Rules about single documents. Source: docs/releases.md. */
export const DOCUMENT_RULES: {
  readonly [
    Id in
      | "SC-01"
      | "SC-02"
      | "SC-03"
      | "SC-04"
      | "SC-05"
      | "SC-06"
      | "SC-07"
      | "SC-08"
      | "SC-09"
      | "SC-10"
      | "SC-11"
      | "SC-12"
  ]: Rule<"release">;
} = {
  "SC-01": releaseRule(RELEASE_LANES, "every document names this version", (evidence, sheet) => {
    for (const { file, tag } of originsOf(evidence)) {
      if (tag !== null)
        sheet.expect(tag === evidence.version, `${file} is of version ${tag}, not ${evidence.version}`, file);
    }
  }),
  "SC-02": releaseRule(["kms", "node"], "every document has its lane's role", (evidence, sheet) => {
    const documents = [
      ...all(evidence, "attestationPolicy"),
      ...all(evidence, "publishedMrtds"),
      ...all(evidence, "releaseProvenance"),
    ];
    for (const { file, value } of documents) {
      // Releases from before roles had a name are silent; a wrong name is never right.
      const isRight = value.role === undefined || value.role === evidence.lane;
      sheet.expect(isRight, `${file} has role ${JSON.stringify(value.role)}, not ${evidence.lane}`, file);
    }
  }),
  "SC-03": releaseRule(["kms", "node"], "every document is of the profile in its name", (evidence, sheet) => {
    const named = PROFILES.flatMap((profile): { file: string; expected: Profile; actual: string | undefined }[] => [
      ...[find(evidence, "attestationPolicy", policyAsset(profile)), probeOf(evidence, profile).provenance].flatMap(
        (held) => (held === null ? [] : [{ file: held.file, expected: profile, actual: held.value.profile }]),
      ),
      ...[find(evidence, "conformanceReport", `conformance-${profile}.json`)].flatMap((held) =>
        held === null ? [] : [{ file: held.file, expected: profile, actual: held.value.profile }],
      ),
    ]);
    const embedded = all(evidence, "releaseProvenance").flatMap(({ file, value }) =>
      PROFILES.map((profile) => ({ file, expected: profile, actual: value.profiles[profile].profile })),
    );
    for (const { file, expected, actual } of [...named, ...embedded]) {
      sheet.expect(actual === expected, `${file} is of profile ${JSON.stringify(actual)}, not ${expected}`, file);
    }
  }),
  "SC-04": releaseRule(RELEASE_LANES, "measurements and digests are spelled one way", (evidence, sheet) => {
    noteProblems(evidence, sheet, "digest");
    for (const { file, result } of documentsOf(evidence)) {
      for (const path of result.ok ? result.value.respelled : []) {
        sheet.fault(`${file}: ${path} is not lower-case hex without 0x`, file);
      }
    }
  }),
  "SC-05": releaseRule(["kms", "node"], "no list of accepted values is empty", (evidence, sheet) => {
    if (evidence.lane === "node") {
      const published = needPublished(evidence, sheet);
      for (const profile of published === null ? [] : PROFILES) {
        nonEmpty(
          sheet,
          ASSET.publishedMrtds,
          published?.value.profiles[profile] ?? {},
          "allowed",
          `profiles.${profile}.`,
        );
      }
      return;
    }
    for (const { file, value } of needPolicies(evidence, sheet)) {
      nonEmpty(sheet, file, value.policy, "kms_allowed", "policy.");
      nonEmpty(sheet, file, value.policy, "node_allowed", "policy.");
    }
  }),
  "SC-06": releaseRule(
    ["kms"],
    "policies name the provider, the endpoint and the default binding",
    (evidence, sheet) => {
      for (const { file, value } of needPolicies(evidence, sheet)) {
        const { provider, attest_endpoint, default_binding_hex, default_binding_b64 } = value.kms;
        sheet.expect(provider === "mero-kms-phala", `${file}: kms.provider is not mero-kms-phala`, file);
        sheet.expect(attest_endpoint === "/attest", `${file}: kms.attest_endpoint is not /attest`, file);
        const bytes = parseBase64(default_binding_b64);
        sheet.expect(
          bytes !== null && toHex(bytes) === default_binding_hex,
          `${file}: the two forms of the default binding differ`,
          file,
        );
        sheet.expect(
          default_binding_hex === toHex(DEFAULT_BINDING),
          `${file}: the default binding is not the SHA-256 of its label`,
          file,
        );
      }
    },
  ),
  "SC-07": releaseRule(["kms"], "compose hashes are absent or 64 hex digits", (evidence, sheet) => {
    noteProblems(evidence, sheet, "payload");
    for (const { file, value } of all(evidence, "attestationPolicy")) {
      const payloads = value.policy.kms_allowed_event_payload ?? [];
      sheet.expect(payloads.length <= 1, `${file} accepts ${payloads.length} compose hashes, not one`, file);
      sheet.expect(!payloads.includes(""), `${file} accepts an empty compose hash`, file);
    }
  }),
  "SC-08": releaseRule(["kms"], "the manifest is complete", (evidence, sheet) => {
    const file = ASSET.kmsManifest;
    const manifest = need(evidence, sheet, "kmsReleaseManifest", file)?.value;
    if (manifest === undefined) return;
    const { verification } = manifest;
    sheet.expect(manifest.binaries.length > 0, `${file} lists no archive`, file);
    sheet.expect(
      /^[a-z0-9.-]+(?:\/[a-z0-9._-]+)+$/.test(manifest.container.image),
      `${file}: container.image is no image name`,
      file,
    );
    sheet.expect(manifest.release_class !== undefined, `${file} names no release_class`, file);
    sheet.expect(
      verification.kms_attest_endpoint === "/attest",
      `${file}: verification.kms_attest_endpoint is not /attest`,
      file,
    );
    const names: readonly (readonly [path: string, actual: string | undefined, expected: string])[] = [
      ["attestation_policy_asset", verification.attestation_policy_asset, ASSET.policyAlias],
      ["container_metadata_asset", verification.container_metadata_asset, ASSET.containerMetadata],
      ["compatibility_map_asset", verification.compatibility_map_asset, ASSET.compatibilityMap],
      ["rekor.index_asset", verification.rekor?.index_asset, REKOR_INDEX_ASSET.kms],
      ...PROFILES.map(
        (profile) =>
          [
            `policy_profile_assets.${profile}`,
            verification.policy_profile_assets[profile],
            policyAsset(profile),
          ] as const,
      ),
    ];
    for (const [path, actual, expected] of names) {
      sheet.expect(actual === expected, `${file}: verification.${path} is not ${expected}`, file);
    }
    if (manifest.release_class === "hotfix") {
      sheet.expect(
        manifest.base_tag !== undefined && manifest.incident !== undefined,
        `${file}: a hotfix names base_tag and incident`,
        file,
      );
    }
  }),
  "SC-09": releaseRule(["kms"], "the compatibility map names this release", (evidence, sheet) => {
    const file = ASSET.compatibilityMap;
    const map = need(evidence, sheet, "compatibilityMap", file)?.value.compatibility;
    if (map === undefined) return;
    const { version } = evidence;
    const facts: readonly (readonly [path: string, actual: string, expected: string])[] = [
      ["version", map.version, version],
      ["kms_tag", map.kms_tag, releaseTag("kms", version)],
      ["node_image_tag", map.node_image_tag, releaseTag("node", version)],
      ["roles.kms", map.roles.kms, "kms"],
      ["roles.node", map.roles.node, "node"],
      ...PROFILES.flatMap((profile) => {
        const each = map.profiles[profile];
        const path = `profiles.${profile}`;
        return [
          [`${path}.kms_image_tag`, each.kms_image_tag, `${version}-${profile}`],
          [`${path}.kms_policy_asset`, each.kms_policy_asset, policyAsset(profile)],
          [`${path}.kms_role`, each.kms_role, "kms"],
          [`${path}.node_role`, each.node_role, "node"],
          [`${path}.node_profile`, each.node_profile, profile],
        ] as const;
      }),
    ];
    for (const [path, actual, expected] of facts) {
      sheet.expect(
        actual === expected,
        `${file}: compatibility.${path} is ${JSON.stringify(actual.slice(0, 64))}, not ${expected}`,
        file,
      );
    }
    sheet.expect(
      map.kms_policy_source_tag.startsWith("mero-kms-v"),
      `${file}: compatibility.kms_policy_source_tag is no tag of a KMS`,
      file,
    );
  }),
  "SC-10": releaseRule(["node"], "the provenance belongs to what is published", (evidence, sheet) => {
    const file = ASSET.releaseProvenance;
    const provenance = need(evidence, sheet, "releaseProvenance", file)?.value;
    if (provenance === undefined) return;
    for (const profile of PROFILES) {
      const each = provenance.profiles[profile];
      const { status, mrtd } = each.external_verification;
      sheet.expect(
        status === "performed",
        `${file}: the quote of ${profile} was not appraised (${JSON.stringify(status.slice(0, 32))})`,
        file,
      );
      sheet.expect(
        mrtd === provenance.mrtds.profiles[profile].mrtd,
        `${file}: MRTD of ${profile} is not the published one`,
        file,
      );
      sheet.expect(
        each.image.name !== "" && each.image.name === each.attestation_context.image,
        `${file}: the image of ${profile} is not the one that was probed`,
        file,
      );
      const own = probeOf(evidence, profile).provenance;
      sheet.expect(
        own === null || sameJson(own.value, each),
        `${file}: profiles.${profile} differs from profile-provenance-${profile}.json`,
        file,
      );
    }
    sheet.expect(
      provenance.measurement_policy.tag === provenance.tag,
      `${file}: measurement_policy is of another version`,
      file,
    );
  }),
  "SC-11": releaseRule(["node"], "what probes saw is one machine", (evidence, sheet) => {
    for (const { file, value } of all(evidence, "measurementCandidates")) {
      const lists = listsOf(value.policy, "allowed");
      for (const name of LIST_NAMES) {
        sheet.expect(
          lists[name].length === 1,
          `${file}: policy.allowed_${name} has ${lists[name].length} values, not one`,
          file,
        );
      }
    }
  }),
  "SC-12": releaseRule(RELEASE_LANES, "every document is strict JSON of its form", (evidence, sheet) => {
    noteProblems(evidence, sheet, "form");
    for (const [file, path, actual, expected] of derivedUrls(evidence)) {
      sheet.expect(actual === expected, `${file}: ${path} is not ${expected}`, file);
    }
    sheet.passed(`${documentsOf(evidence).length} documents`);
  }),
};

/** Addresses in documents follow from repository, tag and asset. */
function derivedUrls(
  evidence: ReleaseEvidence,
): readonly (readonly [file: string, path: string, actual: string, expected: string])[] {
  const { repository, version } = evidence;
  const policyUrl = releaseAssetUrl(repository, releaseTag("kms", version), ASSET.policyAlias);
  const nodeUrl = releaseAssetUrl(repository, releaseTag("node", version), ASSET.publishedMrtds);
  return [
    ...all(evidence, "compatibilityMap").flatMap(({ file, value: { compatibility } }) => [
      [file, "compatibility.kms_policy_url", compatibility.kms_policy_url, policyUrl] as const,
      [file, "compatibility.node_policy_url", compatibility.node_policy_url, nodeUrl] as const,
      ...PROFILES.flatMap((profile) => {
        const url = releaseAssetUrl(repository, releaseTag("kms", version), policyAsset(profile));
        const each = compatibility.profiles[profile];
        return [
          [file, `compatibility.profiles.${profile}.kms_policy_url`, each.kms_policy_url, url] as const,
          [file, `compatibility.profiles.${profile}.node_policy_url`, each.node_policy_url, nodeUrl] as const,
        ];
      }),
    ]),
    ...all(evidence, "attestationPolicy").flatMap(({ file, value: { node_policy } }) =>
      node_policy === undefined ? [] : [[file, "node_policy.url", node_policy.url, nodeUrl] as const],
    ),
    ...all(evidence, "releaseProvenance").flatMap(({ file, value: { compatibility } }) => [
      [file, "compatibility.kms_policy_url", compatibility.kms_policy_url, policyUrl] as const,
      [file, "compatibility.node_policy_url", compatibility.node_policy_url, nodeUrl] as const,
    ]),
  ];
}
