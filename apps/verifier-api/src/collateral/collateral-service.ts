import {
  type CollateralBundle,
  encodeCollateral,
  formatRfc3339Utc,
  parseCollateral,
  parseRfc3339Utc,
} from "@mero-tee/tdx-quote";
import { createPcsClient, type FetchPort, isUnknownPlatform } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createBoundedMemory } from "../bounded-memory.ts";
import type { Upstream } from "../outbound/upstream.ts";
import { type Problem, refuse } from "../problem.ts";
import type { CollateralAnswer } from "../wire/collateral-answer.ts";
import type { SourceState } from "../wire/health-answer.ts";

/** Which collateral. */
type CollateralWanted = Pick<CollateralAnswer, "fmspc" | "ca" | "update">;

/** Collateral as its source gives it. */
export interface CollateralService {
  /** Errors: `platform_unknown`, `collateral_source_error`, `upstream_timeout`. */
  fetch(wanted: CollateralWanted): Promise<Result<CollateralAnswer, Problem>>;
  state(): SourceState;
}

const CAPACITY = 256;
const ITEM_LIMIT_BYTES = 512 * 1024;
const HOUR_SECONDS = 3_600;
const LONGEST_SECONDS = 6 * HOUR_SECONDS;
const KEPT_MS = 24 * HOUR_SECONDS * 1000;

/**
 * Fetches collateral and keeps it until an hour before it ends, at most six. It is read here, so that an answer that is none
 * is not kept; whether Intel signed it is judged by who uses it.
 *
 * Source: docs/verifier-api.md.
 */
export function createCollateralService(upstream: Upstream, url: string, nowMs: () => number): CollateralService {
  const memory = createBoundedMemory<CollateralAnswer, Problem>(CAPACITY, nowMs);
  let state: SourceState = "ok";

  const load = async (wanted: CollateralWanted): Promise<Result<CollateralAnswer, Problem>> => {
    let hasTimedOut = false;
    const client = createPcsClient({
      fetch: fetchThrough(upstream, () => (hasTimedOut = true)),
      baseUrl: url,
      update: wanted.update,
      // The setting admits plain http on loopback alone.
      allowHttp: true,
    });
    const bundle = await client.fetchCollateral(wanted);
    if (!bundle.ok && isUnknownPlatform(bundle.error)) {
      return refuse("platform_unknown", "The source of collateral knows no platform with this FMSPC.");
    }
    if (!bundle.ok && hasTimedOut) return refuse("upstream_timeout", "The source of collateral took too long.");
    const endsAt = bundle.ok ? endOf(bundle.value) : null;
    if (!bundle.ok || endsAt === null) {
      return refuse("collateral_source_error", "The source of collateral gave no set that can be read.");
    }
    const { pck_certificate_chain: _, ...documents } = bundle.value;
    return ok({
      schema: "mero-tee/collateral/1",
      ...wanted,
      next_update_min: formatRfc3339Utc(endsAt),
      fetched_at: formatRfc3339Utc(Math.floor(nowMs() / 1000)),
      source: new URL(url).host,
      stale: false,
      ...documents,
    });
  };

  return {
    async fetch(wanted) {
      const key = `${wanted.fmspc}/${wanted.ca}/${wanted.update}`;
      const recalled = await memory.recall(key, async () => {
        const loaded = await load(wanted);
        if (!loaded.ok) return { ...loaded, isFinal: loaded.error.code === "platform_unknown" };
        return { ...loaded, lifetime: { freshMs: freshSeconds(loaded.value, nowMs()) * 1000, keptMs: KEPT_MS } };
      });
      if (!recalled.ok) {
        if (recalled.error.code !== "platform_unknown") state = "down";
        return err(recalled.error);
      }
      state = recalled.value.isStale ? "stale" : "ok";
      return ok({ ...recalled.value.value, stale: recalled.value.isStale });
    },
    state: () => state,
  };
}

/** For how many seconds a set need not be fetched anew. */
export function freshSeconds({ next_update_min }: CollateralAnswer, nowMs: number): number {
  const left = (parseRfc3339Utc(next_update_min) ?? 0) - Math.floor(nowMs / 1000) - HOUR_SECONDS;
  return Math.max(0, Math.min(LONGEST_SECONDS, left));
}

/** The end of what ends first, Unix seconds; null for what is no collateral. */
function endOf(bundle: CollateralBundle): number | null {
  const collateral = parseCollateral(encodeCollateral(bundle));
  if (!collateral.ok) return null;
  const { tcbInfo, qeIdentity, rootCaCrl, pckCrl } = collateral.value;
  return Math.min(tcbInfo.nextUpdate, qeIdentity.nextUpdate, rootCaCrl.nextUpdate, pckCrl.nextUpdate);
}

function fetchThrough(upstream: Upstream, onTimeout: () => void): FetchPort {
  return async (url, { headers }) => {
    const answer = await upstream({ url, headers, maxBytes: ITEM_LIMIT_BYTES });
    if (!answer.ok) {
      if (answer.error === "timeout") onTimeout();
      throw new Error(answer.error);
    }
    const { status, headers: received, body } = answer.value;
    const pieces = [body];
    return {
      status,
      headers: { get: (name) => received.get(name.toLowerCase()) ?? null },
      body: {
        getReader: () => ({
          read: () => {
            const value = pieces.pop();
            return Promise.resolve(value === undefined ? { done: true } : { done: false, value });
          },
          cancel: () => Promise.resolve(),
        }),
      },
    };
  };
}
