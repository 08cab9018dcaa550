import { ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import type { Call } from "../../src/http/call.ts";
import { createItaService } from "../../src/ita/ita-service.ts";
import { createSecondOpinion } from "../../src/ita/second-opinion.ts";
import type { Upstream } from "../../src/outbound/upstream.ts";

const SETTINGS = parseConfig({ ITA_API_KEY: "key" }).ita;
const TOKEN = JSON.stringify({ token: "e30.e30.c2ln" });
const CALL: Call = {
  request: new Request("https://verifier.calimero.network/api/verify"),
  url: new URL("https://verifier.calimero.network/api/verify"),
  requestId: "1",
  client: "198.41.0.0/24",
  foreignOrigin: null,
  note: () => undefined,
};

interface Reply {
  readonly status: number;
  readonly retryAfter?: string;
  /** How long it takes, in milliseconds. */
  readonly tookMs?: number;
}

/**
 * An opinion on a quote where Intel's service gives these answers, one after the other,
 * within ten seconds of a clock that waits move.
 */
async function askFor(replies: readonly Reply[]) {
  let clockMs = 1_793_491_200_000;
  const waits: number[] = [];
  const limits: (number | undefined)[] = [];
  const upstream: Upstream = async ({ method, totalMs }) => {
    const reply = method === "POST" ? replies[limits.push(totalMs) - 1] : { status: 200 };
    if (reply === undefined) throw new Error("asked once too often");
    clockMs += reply.tookMs ?? 0;
    return ok({
      status: reply.status,
      headers: new Map(reply.retryAfter === undefined ? [] : [["retry-after", reply.retryAfter]]),
      body: new TextEncoder().encode(method === "POST" ? TOKEN : '{"keys":[]}'),
      remoteAddress: "198.41.0.4",
      tls: null,
      elapsedMs: reply.tookMs ?? 0,
    });
  };
  const service = createItaService(SETTINGS, {
    upstream,
    nowMs: () => clockMs,
    wait: async (milliseconds) => {
      waits.push(milliseconds);
      clockMs += milliseconds;
    },
    totalMs: 10_000,
  });
  const asking = createSecondOpinion({
    settings: SETTINGS,
    service,
    admit: async () => ok(null),
    verifyToken: async () => true,
  });
  const { state } = await asking.ask(new Uint8Array([1]), true, CALL);
  return { status: state.status, waits, limits };
}

describe("an Intel Trust Authority that asks for patience", () => {
  test.each([
    { name: "for a moment", replies: [{ status: 429, retryAfter: "3" }], waitMs: 3_000, leftMs: 7_000 },
    { name: "for no time at all", replies: [{ status: 429, retryAfter: "0" }], waitMs: 1_000, leftMs: 9_000 },
    { name: "late", replies: [{ status: 429, retryAfter: "5", tookMs: 3_000 }], waitMs: 5_000, leftMs: 2_000 },
  ])("$name is asked once more, within the time that is left", async ({ replies, waitMs, leftMs }) => {
    expect(await askFor([...replies, { status: 200 }])).toEqual({
      status: "ok",
      waits: [waitMs],
      limits: [10_000, leftMs],
    });
  });

  test("twice is not asked a third time", async () => {
    const again = { status: 429, retryAfter: "1" };
    expect(await askFor([again, again, { status: 200 }])).toEqual({
      status: "unavailable",
      waits: [1_000],
      limits: [10_000, 9_000],
    });
  });

  test.each([
    { name: "for too long", reply: { status: 429, retryAfter: "6" } },
    { name: "for hours", reply: { status: 429, retryAfter: "9999" } },
    { name: "without saying for how long", reply: { status: 429 } },
    { name: "until a date", reply: { status: 429, retryAfter: "Sun, 01 Nov 2026 00:00:03 GMT" } },
    { name: "for a fraction", reply: { status: 429, retryAfter: "1.5" } },
    { name: "for less than nothing", reply: { status: 429, retryAfter: "-1" } },
    { name: "for more digits than are read", reply: { status: 429, retryAfter: "00001" } },
    { name: "when no time is left", reply: { status: 429, retryAfter: "5", tookMs: 3_001 } },
    { name: "but fails", reply: { status: 503, retryAfter: "1" } },
  ])("$name is left alone at once", async ({ reply }) => {
    expect(await askFor([reply, { status: 200 }])).toEqual({ status: "unavailable", waits: [], limits: [10_000] });
  });
});
