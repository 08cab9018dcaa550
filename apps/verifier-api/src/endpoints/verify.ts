import { parseQuote, verifyPckChain } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { CollateralService } from "../collateral/collateral-service.ts";
import { type Answer, type Call, type Handle, jsonAnswer, NO_STORE } from "../http/call.ts";
import { readJsonObject } from "../http/request-body.ts";
import type { SecondOpinion } from "../ita/second-opinion.ts";
import { parseTarget, type TargetKind, type TargetRules } from "../outbound/target.ts";
import { type Problem, refuse } from "../problem.ts";
import { type ReceivedEvidence, readEvidence } from "../verify/attestation-members.ts";
import { type EvidencePorts, fetchEvidence } from "../verify/fetch-evidence.ts";
import type { Reporter } from "../verify/server-report.ts";
import { readVerifyOrder, type VerifyOrder } from "../verify/verify-order.ts";
import type { CollateralAnswer } from "../wire/collateral-answer.ts";
import type { Fetched, VerifyAnswer } from "../wire/verify-answer.ts";

/** What `POST /api/verify` needs. */
export interface VerifyPorts extends EvidencePorts {
  readonly rules: Readonly<Record<TargetKind, TargetRules>>;
  /** Whether a target is this very service. */
  readonly isOwnHost: (host: string, port: number, call: Call) => boolean;
  /** Draws from the limit of a target host. */
  readonly admitTarget: (host: string) => Promise<Result<null, Problem>>;
  /** Null where it is out of service. */
  readonly collateral: CollateralService | null;
  readonly secondOpinion: SecondOpinion;
  readonly reporter: Reporter;
  readonly nowSeconds: () => number;
  /** DER of the root that PCK chains lead to; absent: Intel's. */
  readonly rootCa?: Uint8Array;
}

const BODY_LIMIT_BYTES = 1_572_864;

/** Evidence, and how it was come by. */
interface Gathered {
  readonly evidence: ReceivedEvidence;
  readonly fetched: Fetched | null;
  readonly nonce: Uint8Array<ArrayBuffer> | null;
  readonly nonceSource: VerifyAnswer["nonce_source"];
}

/**
 * `POST /api/verify`: fetches evidence for a nonce, or takes evidence that is sent, and adds what is needed to judge it. It
 * decides nothing: a browser that does not trust this service makes the nonce, and judges every byte itself.
 *
 * Source: docs/verifier-api.md.
 */
export function createVerify(ports: VerifyPorts): Handle {
  return async (call) => {
    const body = await readJsonObject(call.request, BODY_LIMIT_BYTES);
    if (!body.ok) return body;
    const order = readVerifyOrder(body.value);
    if (!order.ok) return order;
    const gathered = await gather(order.value, call, ports);
    if (!gathered.ok) return gathered;
    return await answer(order.value, gathered.value, call, ports);
  };
}

async function gather(order: VerifyOrder, call: Call, ports: VerifyPorts): Promise<Result<Gathered, Problem>> {
  const { subject } = order;
  if (subject.kind === "given") {
    const evidence = readEvidence(subject.attestation);
    if (!evidence.ok && evidence.error === "too-much") return refuse("too_large", "That is more than any evidence.");
    if (!evidence.ok) return refuse("bad_quote", "The attestation has no quote in quoteB64 or quote.");
    const nonceSource = order.nonce === null ? "none" : "client";
    return ok({ evidence: evidence.value, fetched: null, nonce: order.nonce, nonceSource });
  }
  const target = parseTarget(subject.url, subject.kind, ports.rules[subject.kind]);
  if (!target.ok) return refuse("target_refused", describeRefusal(subject.kind), { reason: target.error });
  const { host, port } = target.value;
  if (ports.isOwnHost(host, port, call)) {
    return refuse("target_refused", "That is this very service.", { reason: "host_not_allowed" });
  }
  const admitted = await ports.admitTarget(host);
  if (!admitted.ok) return admitted;
  const nonce = order.nonce ?? crypto.getRandomValues(new Uint8Array(32));
  const challenge = { nonce, binding: order.binding, applicationId: order.applicationId };
  const evidence = await fetchEvidence(target.value, challenge, ports);
  if (!evidence.ok) return evidence;
  const { fetched } = evidence.value;
  call.note("targetMs", fetched.elapsed_ms);
  return ok({ evidence: evidence.value, fetched, nonce, nonceSource: order.nonce === null ? "server" : "client" });
}

function describeRefusal(kind: TargetKind): string {
  return kind === "kms"
    ? "A KMS is asked at https://, at a host and a port that this service allows, without a path of its own."
    : "A node is asked at http:// or https://, at a public address and a port that this service allows.";
}

async function answer(
  order: VerifyOrder,
  { evidence, fetched, nonce, nonceSource }: Gathered,
  call: Call,
  ports: VerifyPorts,
): Promise<Result<Answer, Problem>> {
  const hasNonce = nonce === null ? null : carriesNonce(evidence.quote, nonce);
  if (hasNonce === false && !order.isSecondVersion) {
    return refuse("nonce_mismatch", "The quote was not made for the nonce that was sent.");
  }
  const [second, collateral, early] = await Promise.all([
    ports.secondOpinion.ask(evidence.quote, order.wantsIta, call),
    fetchCollateral(evidence.quote, "standard", order, ports),
    fetchCollateral(evidence.quote, "early", order, ports),
  ]);
  const report = await ports.reporter.report({
    order,
    evidence,
    fetched,
    nonce,
    nonceSource,
    collateral,
    earlyCollateral: early,
    opinion: second.token === null ? null : { token: second.token, keys: second.keys },
  });
  const body: VerifyAnswer = {
    schema: "mero-tee/verify-response/2",
    attestation: evidence.members,
    ita_response: second.token === null ? null : { token: second.token },
    ita_token: second.token,
    ita_token_verified: second.claims !== null,
    ita_claims: second.claims,
    nonce_verified: hasNonce,
    nonce_b64: nonce === null ? null : toBase64(nonce),
    nonce_source: nonceSource,
    ita: second.state,
    fetched,
    collateral,
    collateral_early: early,
    server_report: report,
    request_id: call.requestId,
  };
  return ok(jsonAnswer(body, NO_STORE));
}

/** Whether the quote's own bytes hold the nonce; what stands beside the quote is never looked at. */
function carriesNonce(quote: Uint8Array, nonce: Uint8Array): boolean {
  const parsed = parseQuote(quote);
  const reportData = parsed.ok ? parseHex(parsed.value.report.reportData) : null;
  return reportData !== null && equalBytes(reportData.subarray(0, 32), nonce);
}

/** Collateral for the platform of a quote; null where it has no chain to a root, or the source gives none. */
async function fetchCollateral(
  quoteBytes: Uint8Array,
  update: CollateralAnswer["update"],
  { wantsCollateral }: VerifyOrder,
  { collateral, nowSeconds, rootCa }: VerifyPorts,
): Promise<CollateralAnswer | null> {
  const quote = parseQuote(quoteBytes);
  if (!wantsCollateral || collateral === null || !quote.ok) return null;
  // Only what a PCK chain proves: anybody can write a quote that names any of 2⁴⁸ platforms.
  const options = { now: nowSeconds(), ...(rootCa === undefined ? {} : { rootCa }) };
  const platform = await verifyPckChain(quote.value, options);
  if (!platform.ok) return null;
  const fetched = await collateral.fetch({ fmspc: platform.value.fmspc, ca: platform.value.ca, update });
  return fetched.ok ? fetched.value : null;
}
