import { createHash, randomUUID } from "node:crypto";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createBoundedMemory } from "../bounded-memory.ts";
import type { ItaSettings } from "../config/ita-settings.ts";
import type { Exchange } from "../outbound/exchange.ts";
import type { Upstream } from "../outbound/upstream.ts";
import { type Problem, refuse } from "../problem.ts";
import type { ItaAppraisal, ItaKeysAnswer } from "../wire/ita-answers.ts";
import { expiryOfToken } from "./token-text.ts";

/** What asking Intel Trust Authority needs. */
interface ItaPorts {
  readonly upstream: Upstream;
  readonly nowMs: () => number;
  /** Waits. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Longest time for an opinion, patience included, in milliseconds. */
  readonly totalMs: number;
}

/** Intel Trust Authority, as a second opinion. What it says is passed on; its readers verify it. */
export interface ItaService {
  /**
   * Asks for an opinion on a quote; once more where it is told to wait, and there is time to. Errors: `not_configured`,
   * `rate_limited` (with how long to wait), `ita_source_error`, `upstream_timeout`.
   */
  appraise(quote: Uint8Array): Promise<Result<ItaAppraisal, Problem>>;
  /**
   * The keys that sign tokens.
   *
   * @param keyId - a key that has to be among them: asked for anew, once a minute at most, where it is not
   * Errors: `ita_source_error`, `upstream_timeout`.
   */
  keys(keyId?: string): Promise<Result<ItaKeysAnswer, Problem>>;
}

const TOKEN_LIMIT_BYTES = 64 * 1024;
const KEYS_LIMIT_BYTES = 256 * 1024;
const HOUR_MS = 3_600_000;
const REFETCH_MS = 60_000;
const TOKENS_KEPT = 256;
const TOKEN_FRESH_MS = 600_000;
/** A token that ends sooner than this is not given again. */
const TOKEN_LEFT_MS = 60_000;
/** Whoever asks for more patience than this is not asked again: somebody waits for the answer. */
const LONGEST_WAIT_MS = 5_000;
/** What an answer to the second question may be expected to need. */
const SECOND_TRY_MS = 2_000;
const UNKNOWN_PATIENCE_MS = 30_000;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Makes the client of Intel Trust Authority: one kind of call, one header name, `{"token"}` and nothing else taken as an answer.
 *
 * Source: docs/verifier.md; Intel Trust Authority REST API v2; RFC 9110,
 * 10.2.3, of which only the form in seconds is read.
 */
export function createItaService(settings: ItaSettings, { upstream, nowMs, wait, totalMs }: ItaPorts): ItaService {
  const tokens = createBoundedMemory<ItaAppraisal, Problem>(TOKENS_KEPT, nowMs);
  const keySets = createBoundedMemory<ItaKeysAnswer, Problem>(2, nowMs);
  let refetchAtMs = 0;
  let generation = 0;

  const askOnce = async (quote: Uint8Array, apiKey: string, limitMs: number): ReturnType<Upstream> =>
    await upstream({
      url: settings.appraisalUrl,
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": apiKey, "request-id": randomUUID() },
      body: JSON.stringify({
        tdx: { quote: toBase64(quote) },
        policy_ids: settings.policyIds,
        policy_must_match: false,
        token_signing_alg: "PS384",
      }),
      maxBytes: TOKEN_LIMIT_BYTES + 1024,
      totalMs: limitMs,
    });
  const askPatiently = async (quote: Uint8Array, apiKey: string): ReturnType<Upstream> => {
    const endsAtMs = nowMs() + totalMs;
    const first = await askOnce(quote, apiKey, totalMs);
    const waitMs = first.ok && first.value.status === 429 ? patienceOf(first.value) : null;
    if (waitMs === null || waitMs > LONGEST_WAIT_MS || nowMs() + waitMs + SECOND_TRY_MS > endsAtMs) return first;
    await wait(waitMs);
    return await askOnce(quote, apiKey, endsAtMs - nowMs());
  };
  const appraiseNow = async (quote: Uint8Array): Promise<Result<ItaAppraisal, Problem>> => {
    if (settings.apiKey === null) return refuse("not_configured", "Intel Trust Authority is not asked here.");
    const answer = await askPatiently(quote, settings.apiKey);
    if (!answer.ok) return sourceProblem(answer.error);
    const { status, body } = answer.value;
    if (status === 429) {
      return refuse("rate_limited", "Intel Trust Authority asks for patience.", {
        retryAfterSeconds: (patienceOf(answer.value) ?? UNKNOWN_PATIENCE_MS) / 1000,
      });
    }
    const token = status === 200 ? readToken(body) : null;
    if (token === null) {
      return refuse("ita_source_error", `Intel Trust Authority answered with status ${status} and no token.`);
    }
    const requestedAt = formatRfc3339Utc(Math.floor(nowMs() / 1000));
    return ok({ ita_token: token, ita_response: { token }, requested_at: requestedAt, region: settings.region });
  };
  const loadKeys = async (): Promise<Result<ItaKeysAnswer, Problem>> => {
    const answer = await upstream({ url: `${settings.portalUrl}/certs`, maxBytes: KEYS_LIMIT_BYTES });
    if (!answer.ok) return sourceProblem(answer.error);
    const keys = answer.value.status === 200 ? readKeys(answer.value.body) : null;
    if (keys === null) return refuse("ita_source_error", "Intel Trust Authority gave no key set that can be read.");
    return ok({ keys, portal: settings.portalUrl, fetched_at: formatRfc3339Utc(Math.floor(nowMs() / 1000)) });
  };
  const recallKeys = async (): Promise<Result<ItaKeysAnswer, Problem>> => {
    const recalled = await keySets.recall(`keys ${generation}`, async () => {
      const loaded = await loadKeys();
      return loaded.ok
        ? { ...loaded, lifetime: { freshMs: HOUR_MS, keptMs: 24 * HOUR_MS } }
        : { ...loaded, isFinal: false };
    });
    return recalled.ok ? ok(recalled.value.value) : err(recalled.error);
  };

  return {
    async appraise(quote) {
      const digest = createHash("sha256").update(quote).digest("hex");
      const recalled = await tokens.recall(digest, async () => {
        const asked = await appraiseNow(quote);
        if (!asked.ok) return { ...asked, isFinal: true };
        const leftMs = (expiryOfToken(asked.value.ita_token) ?? 0) * 1000 - nowMs() - TOKEN_LEFT_MS;
        const freshMs = Math.max(0, Math.min(TOKEN_FRESH_MS, leftMs));
        return { ...asked, lifetime: { freshMs, keptMs: freshMs } };
      });
      return recalled.ok ? ok(recalled.value.value) : err(recalled.error);
    },
    async keys(keyId) {
      const first = await recallKeys();
      if (!first.ok || keyId === undefined || first.value.keys.some((key) => keyIdOf(key) === keyId)) return first;
      const now = nowMs();
      if (now < refetchAtMs) return first;
      refetchAtMs = now + REFETCH_MS;
      generation += 1;
      const second = await recallKeys();
      return second.ok ? second : first;
    },
  };
}

function sourceProblem(failure: "timeout" | "failed"): Result<never, Problem> {
  if (failure === "timeout") return refuse("upstream_timeout", "Intel Trust Authority took too long.");
  return refuse("ita_source_error", "Intel Trust Authority cannot be reached.");
}

/** How long an answer asks to be left alone, in milliseconds; null where it does not say so in seconds. */
function patienceOf({ headers }: Exchange): number | null {
  const seconds = /^[0-9]{1,4}$/.exec(headers.get("retry-after") ?? "")?.[0];
  return seconds === undefined ? null : 1000 * Math.max(1, Number(seconds));
}

function readToken(body: Uint8Array): string | null {
  const json = parseStrictJson(body, { maxBytes: TOKEN_LIMIT_BYTES + 1024 });
  const token = json.ok && isJsonObject(json.value) ? json.value.get("token") : null;
  return typeof token === "string" && token.length <= TOKEN_LIMIT_BYTES && COMPACT_JWS.test(token) ? token : null;
}

function readKeys(body: Uint8Array): readonly unknown[] | null {
  const json = parseStrictJson(body, { maxBytes: KEYS_LIMIT_BYTES });
  const keys = json.ok && isJsonObject(json.value) ? json.value.get("keys") : null;
  return Array.isArray(keys) ? keys.map(toPlainJson) : null;
}

function keyIdOf(key: unknown): unknown {
  return typeof key === "object" && key !== null && "kid" in key ? key.kid : null;
}
