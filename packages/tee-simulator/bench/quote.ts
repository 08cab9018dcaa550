import { parseArgs } from "node:util";
import {
  createQuoteVerifier,
  parseCollateral,
  parseEventLog,
  parseQuote,
  replayEventLog,
  verifyQuote,
} from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "../src/index.ts";
import { measureP256Baseline } from "./p256-baseline.ts";
import { medianMicroseconds } from "./stopwatch.ts";

/** What one verification costs, beside one bare P-256 verification of the same run. */
const CALLS = 400;
const NOW = 1_767_225_600;

function orThrow<T, E extends { readonly code: string }>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`the bench's own evidence was refused: ${result.error.code}`);
  return result.value;
}

async function makeEvidence() {
  const platform = await createSimulatedPlatform({ seed: "bench", now: NOW });
  const quotes: Uint8Array[] = [];
  // Warm-up and measured calls each get a quote that nothing has seen before.
  for (let index = 0; index < 2 * CALLS; index += 1) {
    const reportData = new Uint8Array(64);
    new DataView(reportData.buffer).setUint32(0, index);
    quotes.push((await platform.issueQuote({ reportData })).quote);
  }
  return { rootCa: platform.rootCa, quotes, collateralText: await platform.collateralText() };
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

const { rootCa, quotes, collateralText } = await makeEvidence();
const quoteAt = (index: number): Uint8Array => {
  const quote = quotes[index];
  if (quote === undefined) throw new Error("not enough quotes");
  return quote;
};

const baseline = await measureP256Baseline(CALLS);
const parseUs = await medianMicroseconds(CALLS, (index) => orThrow(parseQuote(quoteAt(index))));
const coldVerifyUs = await medianMicroseconds(CALLS, async (index) =>
  orThrow(await verifyQuote(quoteAt(index), collateralText, { now: NOW, rootCa })),
);
const verifier = createQuoteVerifier({ rootCa });
const collateral = orThrow(parseCollateral(collateralText));
const warmVerifyUs = await medianMicroseconds(CALLS, async (index) =>
  orThrow(await verifier.verify(quoteAt(index), collateral, { now: NOW })),
);
const log = orThrow(parseEventLog(eventLogOf(5000)));
const replay5000EventsUs = await medianMicroseconds(20, () => replayEventLog(log));

const { p256VerifyUs } = baseline;
const report = {
  schemaVersion: 1,
  node: process.version,
  ...baseline,
  parseUs,
  coldVerifyUs,
  warmVerifyUs,
  replay5000EventsUs,
  ratios: { coldOverTenP256: coldVerifyUs / (10 * p256VerifyUs), warmOverTwoP256: warmVerifyUs / (2 * p256VerifyUs) },
  rssMiB: process.memoryUsage().rss / 2 ** 20,
};

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
if (values.json) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  const rows: readonly (readonly [string, number])[] = [
    ["one P-256 verification, node:crypto", baseline.nodeCryptoUs],
    ["one P-256 verification, WebCrypto", baseline.webCryptoUs],
    ["parse a quote", parseUs],
    ["verify a quote, nothing known (10 signatures)", coldVerifyUs],
    ["verify a quote, platform known (2 signatures)", warmVerifyUs],
    ["replay 5,000 events", replay5000EventsUs],
  ];
  for (const [label, us] of rows) process.stdout.write(`${label.padEnd(46)} ${us.toFixed(1).padStart(9)} µs\n`);
  const { coldOverTenP256, warmOverTwoP256 } = report.ratios;
  process.stdout.write(`cold / ten P-256 verifications ${coldOverTenP256.toFixed(2)}\n`);
  process.stdout.write(`warm / two P-256 verifications ${warmOverTwoP256.toFixed(2)}\n`);
}
