import { createHash } from "node:crypto";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { chooseAddresses, type Resolve } from "../outbound/choose-addresses.ts";
import { type Exchange, type ExchangePort, type ExchangeFailure, TARGET_LIMITS } from "../outbound/exchange.ts";
import type { Target } from "../outbound/target.ts";
import { OUTGOING_HEADERS } from "../outbound/upstream.ts";
import { type Problem, refuse } from "../problem.ts";
import type { Fetched } from "../wire/verify-answer.ts";
import { readEvidence, type ReceivedEvidence } from "./attestation-members.ts";

/** What a target is asked for. */
export interface Challenge {
  readonly nonce: Uint8Array;
  readonly binding: Uint8Array | null;
  readonly applicationId: string | null;
}

/** Evidence with how it came. */
export interface FetchedEvidence extends ReceivedEvidence {
  readonly fetched: Fetched;
}

/** What fetching needs. */
export interface EvidencePorts {
  readonly resolve: Resolve;
  readonly exchange: ExchangePort;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const ATTEST_PATH = { kms: "/attest", node: "/admin-api/tee/attest" } as const;

/**
 * Asks a target for its evidence, at the one path of its kind.
 *
 * Errors: `target_refused`, `target_unreachable`, `target_timeout`, `target_redirected`, `target_bad_status`,
 * `target_bad_body`, `attestation_unusable`. None of them repeats a byte of what the target sent.
 * Source: docs/verifier-api.md.
 */
export async function fetchEvidence(
  target: Target,
  challenge: Challenge,
  ports: EvidencePorts,
): Promise<Result<FetchedEvidence, Problem>> {
  const addresses = await chooseAddresses(target, ports.resolve);
  if (!addresses.ok) {
    if (addresses.error === "unresolved") return refuse("target_unreachable", "The name of the target has no address.");
    return refuse("target_refused", REFUSED_ADDRESS, { reason: addresses.error });
  }
  const path = ATTEST_PATH[target.kind];
  const exchanged = await ports.exchange({
    destination: { ...target, addresses: addresses.value, mayBeUnauthorized: target.kind === "node" },
    method: "POST",
    path,
    headers: { ...OUTGOING_HEADERS, "content-type": "application/json" },
    body: questionFor(target, challenge),
    limits: { ...TARGET_LIMITS, totalMs: ports.timeoutMs, maxBodyBytes: ports.maxBytes },
  });
  if (!exchanged.ok) return exchangeProblem(exchanged.error);
  const { status, headers, body } = exchanged.value;
  if (status >= 300 && status < 400) return refuse("target_redirected", `It answered with status ${status}.`);
  if (status !== 200) return refuse("target_bad_status", `It answered with status ${status}; ${describeBody(body)}.`);
  const mediaType = (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) return badBody("not declared as JSON", body);
  const json = parseStrictJson(body, { maxBytes: ports.maxBytes });
  if (!json.ok) return badBody("no JSON", body);
  const evidence = readEvidence(json.value);
  if (!evidence.ok && evidence.error === "too-much") return badBody("larger than any evidence", body);
  if (!evidence.ok) return refuse("attestation_unusable", `It answered without a quote; ${describeBody(body)}.`);
  return ok({ ...evidence.value, fetched: describeFetch(target, path, exchanged.value) });
}

function describeFetch({ kind, origin }: Target, path: string, exchange: Exchange): Fetched {
  const { status, body, remoteAddress, tls, elapsedMs } = exchange;
  return {
    kind,
    url: origin + path,
    remote_address: remoteAddress,
    status,
    bytes: body.length,
    elapsed_ms: elapsedMs,
    tls: tls === null ? null : { protocol: tls.protocol, spki_sha256: tls.spkiSha256, authorized: tls.isAuthorized },
  };
}

const REFUSED_ADDRESS = "The name leads to an address that is not one of the public Internet.";

function questionFor({ kind }: Target, { nonce, binding, applicationId }: Challenge): string {
  if (kind === "node") {
    return JSON.stringify({ nonce: toHex(nonce), ...(applicationId === null ? {} : { applicationId }) });
  }
  return JSON.stringify({
    nonceB64: toBase64(nonce),
    ...(binding === null ? {} : { bindingB64: toBase64(binding) }),
  });
}

function badBody(what: string, body: Uint8Array): Result<never, Problem> {
  return refuse("target_bad_body", `Its answer is ${what}; ${describeBody(body)}.`);
}

/** A digest lets an operator find the answer in a log, and nobody read it. */
function describeBody(body: Uint8Array): string {
  return `${body.length} bytes, SHA-256 ${createHash("sha256").update(body).digest("hex")}`;
}

function exchangeProblem(failure: ExchangeFailure): Result<never, Problem> {
  switch (failure.code) {
    case "timeout":
      return refuse("target_timeout", "The target did not answer in time, or too slowly.");
    case "too-large":
      return refuse("target_bad_body", "Its answer is larger than any evidence.");
    case "encoded":
      return refuse("target_bad_body", "Its answer is compressed; nothing is unpacked.");
    case "unauthorized":
      return refuse("target_unreachable", "Its TLS certificate does not verify.");
    case "wrong-address":
      return refuse("target_refused", REFUSED_ADDRESS, { reason: "address_forbidden" });
    case "broken":
      return refuse("target_unreachable", "It does not speak HTTP as it should.");
    case "unreachable":
      return refuse("target_unreachable", "No connection could be made.");
  }
  return failure satisfies never;
}
