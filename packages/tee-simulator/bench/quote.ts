import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  createQuoteVerifier,
  parseCollateral,
  parseEventLog,
  parseQuote,
  replayEventLog,
  verifyQuote,
} from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import type { Evidence } from "../src/index.ts";
import { caseOf } from "../test/differential/evidence-case.ts";
import { JS_PEER } from "../test/differential/js-peer.ts";
import { createWasmPeer } from "../test/differential/wasm-peer.ts";
import type { Peer } from "../test/differential/peer.ts";
import { BENCH_NOW, benchPlatform, evidenceOf, newcomersEvidence } from "./evidence.ts";
import { profileMemory } from "./flat-memory.ts";
import { p256Baseline } from "./p256-baseline.ts";
import { quoteMarkdown } from "./quote-markdown.ts";
import type { QuoteReport } from "./quote-report.ts";
import { callsOf, medianMicroseconds, type Schedule } from "./stopwatch.ts";

/** What one verification costs, beside bare P-256 verifications and other implementations in the same run. */
const SCHEDULE: Schedule = { warmUp: 1000, rounds: 20, callsPerRound: 40 };
const PEER_SHARE = 0.1;
const REPLAYS: Schedule = { warmUp: 5, rounds: 20, callsPerRound: 1 };
const MEMORY_AT = [2000, 4000, 6000, 8000, 10_000];

function orThrow<T, E extends { readonly code: string }>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`the bench's own evidence was refused: ${result.error.code}`);
  return result.value;
}

function eventLogOf(events: number): string {
  const digest = "ab".repeat(48);
  return JSON.stringify(
    Array.from({ length: events }, (_, index) => ({
      imr: index % 3,
      event_type: 10,
      digest,
      event: "",
      event_payload: "",
    })),
  );
}

/** The engine's own collector, which scripts see only with a flag. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this engine shows no collector");
  return () => void collect();
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Quotes for each call that the schedule makes; all belong to one collateral, and a heap full of copies of that would cost every call. */
function quoteByNumber(make: (number: number) => Evidence): (index: number) => Uint8Array {
  const all = Array.from({ length: callsOf(SCHEDULE) }, (_, number) => make(number).quote);
  return (index) => {
    const found = all[index];
    if (found === undefined) throw new Error("not enough quotes");
    return found;
  };
}

async function measure(): Promise<QuoteReport> {
  progress("making quotes");
  const platform = await benchPlatform();
  const quoteAt = quoteByNumber((number) => evidenceOf(platform, number));
  const newcomersQuoteAt = quoteByNumber((number) => newcomersEvidence(platform, number));
  const evidence = evidenceOf(platform, 0);
  const { collateral: text, rootCa } = evidence;
  if (rootCa === null) throw new Error("the bench wants a root of its own");
  const verifier = createQuoteVerifier({ rootCa });
  const collateral = orThrow(parseCollateral(text));
  const wasm = await createWasmPeer();
  const ask = async (peer: Peer, index: number): Promise<void> => {
    const outcome = await peer.judge(caseOf("bench", "a healthy quote", { ...evidence, quote: quoteAt(index) }));
    if (outcome.kind !== "accepted") throw new Error(`${peer.title} refused the bench's own quote`);
  };
  progress("measuring");
  const times = await medianMicroseconds(
    [
      ...(await p256Baseline()),
      { name: "parseUs", call: (index) => orThrow(parseQuote(quoteAt(index))) },
      {
        name: "coldVerifyUs",
        call: async (index) => orThrow(await verifyQuote(quoteAt(index), text, { now: BENCH_NOW, rootCa })),
      },
      {
        name: "warmVerifyUs",
        call: async (index) => orThrow(await verifier.verify(newcomersQuoteAt(index), collateral, { now: BENCH_NOW })),
      },
      {
        name: "knownKeyVerifyUs",
        call: async (index) => orThrow(await verifier.verify(quoteAt(index), collateral, { now: BENCH_NOW })),
      },
      { name: "dcapQvlJsUs", call: (index) => ask(JS_PEER, index), share: PEER_SHARE },
      { name: "dcapQvlWasmUs", call: (index) => ask(wasm, index), share: PEER_SHARE },
    ],
    SCHEDULE,
  );
  const log = orThrow(parseEventLog(eventLogOf(5000)));
  const replay = await medianMicroseconds([{ name: "replayUs", call: () => replayEventLog(log) }], REPLAYS);
  progress(`verifying ${MEMORY_AT.at(-1)} different quotes`);
  const memory = await profileMemory(platform, MEMORY_AT, garbageCollector());

  const us = (name: string): number => times[name] ?? Number.NaN;
  const p256VerifyUs = Math.min(us("nodeCryptoUs"), us("webCryptoUs"));
  const fasterPeerUs = Math.min(us("dcapQvlJsUs"), us("dcapQvlWasmUs"));
  return {
    schemaVersion: 1,
    node: process.version,
    nodeCryptoUs: us("nodeCryptoUs"),
    webCryptoUs: us("webCryptoUs"),
    p256VerifyUs,
    parseUs: us("parseUs"),
    coldVerifyUs: us("coldVerifyUs"),
    warmVerifyUs: us("warmVerifyUs"),
    knownKeyVerifyUs: us("knownKeyVerifyUs"),
    replay5000EventsUs: replay["replayUs"] ?? Number.NaN,
    peers: { dcapQvlJsUs: us("dcapQvlJsUs"), dcapQvlWasmUs: us("dcapQvlWasmUs") },
    ratios: {
      coldOverTenP256: us("coldVerifyUs") / (10 * p256VerifyUs),
      warmOverTwoP256: us("warmVerifyUs") / (2 * p256VerifyUs),
      knownKeyOverOneP256: us("knownKeyVerifyUs") / p256VerifyUs,
      fasterPeerOverCold: fasterPeerUs / us("coldVerifyUs"),
      fasterPeerOverWarm: fasterPeerUs / us("warmVerifyUs"),
    },
    memory,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
  };
}

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, markdown: { type: "boolean", default: false } },
});
const report = await measure();
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : quoteMarkdown(report, values.markdown));
