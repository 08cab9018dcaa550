import type { AppraisalRequest, TrustAuthorityAnswer, Supply } from "@mero-tee/appraisal";
import { likelyRelease, recogniseInputs } from "@mero-tee/appraisal";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { postToApi } from "./api-client.ts";
import { NO_TOKEN, withKeys } from "./opinion-client.ts";
import type { LiveCheck, Problem } from "./protocol.ts";
import type { ReferenceSource } from "./reference-client.ts";
import { fetchReleases } from "./release-client.ts";
import { emptyRequest, supplyOf } from "./requests.ts";
import { type CarriedAnswer, readVerifyAnswer } from "./verify-answer.ts";

/** Time and randomness, from whoever starts this. */
export interface LivePorts {
  readonly now: () => number;
  readonly elapsedMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array<ArrayBuffer>;
}

/** What a question to an address brought, before anything is judged. */
export interface Gathered {
  readonly request: AppraisalRequest;
  readonly answer: CarriedAnswer;
  readonly isDevelopmentApi: boolean;
}

/**
 * Asks an address through this site's API, and gathers what its answer is judged with. The challenge is made here; the API
 * carries bytes, and nothing that it says about them is used.
 *
 * @param source - where reference data comes from
 * @param onEvidence - told as soon as the attester's answer is there, for a first look while the rest is fetched
 */
export async function gatherLive(
  check: LiveCheck,
  ports: LivePorts,
  source: ReferenceSource,
  onEvidence: (request: AppraisalRequest) => void,
): Promise<Result<Gathered, Problem>> {
  const nonce = ports.randomBytes(32);
  const askedAt = ports.elapsedMs();
  const asked = await postToApi("/api/verify", questionOf(check, nonce));
  if (!asked.ok) return asked;
  const roundTripMs = Math.round(ports.elapsedMs() - askedAt);
  const answer = readVerifyAnswer(asked.value.json);
  if (answer === null || answer.attestation === null)
    return err({ code: "unreadable", facts: [], retryAfterSeconds: null });

  const first: AppraisalRequest = {
    ...emptyRequest(check.expected, ports.now(), "not asked for yet"),
    origin: "live",
    kind: check.kind,
    ...(check.applicationId === null ? {} : { applicationId: check.applicationId }),
    applicationHash: check.applicationHashHex === null ? null : parseHex(check.applicationHashHex, 32),
    target: { url: check.url, remoteAddress: answer.remoteAddress },
    inputs: [{ name: "answer", bytes: new TextEncoder().encode(answer.attestation) }],
    challenge: { nonce, source: "verifier", roundTripMs },
    collateral: supplyOf(answer.collateral, COURIER, "This site's API did not bring Intel's reference data"),
    earlyCollateral: supplyOf(answer.earlyCollateral, COURIER, "This site's API did not bring Intel's early data"),
    otherClock: asked.value.date,
  };
  onEvidence(first);
  const { quote } = recogniseInputs(first.inputs).evidence;
  const seemsToFit = likelyRelease(check.kind, quote, answer.attestation);
  const [releases, trustAuthority] = await Promise.all([
    fetchReleases({ kind: check.kind, tag: check.expected.tag, seemsToFit, source, reach: "network" }),
    gatherOpinion(check, answer),
  ]);
  const request = { ...first, releases, trustAuthority };
  return ok({ request, answer, isDevelopmentApi: asked.value.isDevelopment });
}

const COURIER = "Intel, through this site's API";

function questionOf(check: LiveCheck, nonce: Uint8Array): Readonly<Record<string, unknown>> {
  const binding = check.expected.bindingHex === null ? null : parseHex(check.expected.bindingHex, 32);
  return {
    v: 2,
    [check.kind === "kms" ? "kms_url" : "node_url"]: check.url,
    nonce_b64: toBase64(nonce),
    ...(binding === null ? {} : { binding_b64: toBase64(binding) }),
    ...(check.applicationId === null ? {} : { application_id: check.applicationId }),
    ...(check.applicationHashHex === null ? {} : { application_hash: check.applicationHashHex }),
    ...(check.expected.tag === null ? {} : { release_tag: check.expected.tag }),
    ...(check.expected.profile === null ? {} : { profile: check.expected.profile }),
    ita: check.asksIntel,
    collateral: true,
  };
}

async function gatherOpinion(check: LiveCheck, answer: CarriedAnswer): Promise<Supply<TrustAuthorityAnswer>> {
  if (!check.asksIntel) return { status: "absent", reason: "not asked" };
  if (answer.itaStatus === "not_configured" || answer.itaStatus === "not_requested") {
    return { status: "absent", reason: "This site's API does not ask Intel Trust Authority" };
  }
  return answer.token === null ? NO_TOKEN : await withKeys(answer.token);
}
