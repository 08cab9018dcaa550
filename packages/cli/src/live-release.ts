import { join } from "node:path";

import { evaluatePolicy, parseReleasePolicy, type Profile, PROFILES } from "@mero-tee/policy";
import {
  ASSET,
  documentText,
  type EvidenceByScope,
  type KeyRequestOutcome,
  nodeProbeAssets,
  parseClientVerification,
  parseKeyRequest,
  policyAsset,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "./context.ts";
import { refusalOfPolicy, type Refusal } from "./failure-view.ts";
import { loadReleaseFile } from "./release-file.ts";
import { loadEach, loadPerProfile } from "./release-knowledge.ts";

type LiveEvidence = EvidenceByScope["live"];
type Loaded = Promise<Result<LiveEvidence, Refusal>>;

/** Where the evidence is: what probes of live machines left, and the release that the machines are of. */
export interface LiveDirectories {
  readonly seen: string;
  readonly release: string;
}

const nodeCandidates = (profile: Profile): string => nodeProbeAssets(profile).candidates;

/** What live nodes showed, beside what their release publishes. Nothing of it is verified here: probes verify quotes when they take them. */
export async function loadLiveNodes({ files }: Ports, { seen, release }: LiveDirectories): Loaded {
  const published = await loadReleaseFile(files, join(release, ASSET.publishedMrtds), "publishedMrtds");
  if (!published.ok) return published;
  const probes = await loadPerProfile(files, seen, nodeCandidates, "measurementCandidates");
  if (!probes.ok) return probes;
  const names = PROFILES.map((profile) => `node-client-verification-${profile}.json`);
  const antiFake = await loadEach(files, seen, names, parseClientVerification);
  if (!antiFake.ok) return antiFake;
  return ok({ published: published.value.value, probes: probes.value, antiFake: antiFake.value });
}

/**
 * What live KMSs showed beside what their release publishes, and which nodes each profile's policy and each live KMS accepts.
 *
 * Errors: those of the files; a policy of the release that cannot be read.
 */
export async function loadLiveKmses({ files }: Ports, { seen, release }: LiveDirectories): Loaded {
  const map = await loadReleaseFile(files, join(release, ASSET.compatibilityMap), "compatibilityMap");
  if (!map.ok) return map;
  const policies = await loadPerProfile(files, release, policyAsset, "attestationPolicy");
  if (!policies.ok) return policies;
  const kmses = await loadPerProfile(
    files,
    seen,
    (each) => `kms-policy-candidates-${each}.json`,
    "measurementCandidates",
  );
  if (!kmses.ok) return kmses;
  const nodes = await loadPerProfile(files, seen, nodeCandidates, "measurementCandidates");
  if (!nodes.ok) return nodes;
  const identities = await loadPerProfile(files, seen, (each) => `kms-app-identity-${each}.json`, "appIdentity");
  if (!identities.ok) return identities;
  const pairs = PROFILES.flatMap((kms) => PROFILES.map((node) => `node-kms-probe-result-${kms}-${node}.json`));
  const asked = await loadEach(files, seen, pairs, parseKeyRequest);
  if (!asked.ok) return asked;

  const judged: { readonly policy: Profile; readonly node: Profile; readonly allowed: boolean }[] = [];
  for (const policy of PROFILES) {
    const document = policies.value[policy];
    if (document === undefined) continue;
    const expected = { profile: policy, isLegacyFile: false };
    const read = parseReleasePolicy(documentText(document), expected, "node");
    if (!read.ok) return err(refusalOfPolicy(read.error));
    for (const node of PROFILES) {
      const values = nodes.value[node]?.policy;
      const [mrtd, rtmr0, rtmr1, rtmr2, rtmr3, tcbStatus] = [
        values?.allowed_mrtd[0],
        values?.allowed_rtmr0[0],
        values?.allowed_rtmr1[0],
        values?.allowed_rtmr2[0],
        values?.allowed_rtmr3[0],
        values?.allowed_tcb_statuses[0],
      ];
      if (!mrtd || !rtmr0 || !rtmr1 || !rtmr2 || !rtmr3 || !tcbStatus) continue;
      const { allowed } = evaluatePolicy({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3, tcbStatus }, read.value);
      judged.push({ policy, node, allowed });
    }
  }
  const live = asked.value.map(({ kms, node, refusedWith }) => ({ policy: kms, node, allowed: refusedWith === null }));
  const composeHashes = PROFILES.flatMap((profile) => {
    const identity = identities.value[profile];
    const released = map.value.value.compatibility.profiles[profile].event_payload;
    return identity === undefined ? [] : [{ profile, live: identity.compose_hash, released }];
  });
  return ok({
    probes: {},
    kms: { policies: policies.value, probes: kmses.value },
    matrix: [...judged, ...live],
    composeHashes,
    crossProfile: asked.value.map(expectationOf),
  });
}

/** The KMS's word for a node whose evidence is genuine and whose measurements are not those of the policy. */
const REJECTED = "measurement_policy_rejected";

function expectationOf({ kms, node, refusedWith }: KeyRequestOutcome) {
  return { kms, node, expectedCode: kms === node ? null : REJECTED, actualCode: refusedWith };
}
