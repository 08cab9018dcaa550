import { X509Certificate } from "node:crypto";

import { compareReplay, parseEventLog, parseQuote, replayEventLog, verifyQuote } from "@mero-tee/tdx-quote";
import { createPcsClient } from "@mero-tee/tdx-quote/collateral";
import { DstackClient } from "@phala/dstack-sdk";
import { describe, expect, test } from "vitest";

import { bodyOf, NOW, platform, runAgent, runSimulator } from "./fixture.ts";

const REPORT_DATA = "5a".repeat(64);

async function postJson<Shape>(url: string, body: unknown): Promise<Shape> {
  return bodyOf(await fetch(url, { method: "POST", body: JSON.stringify(body) }));
}

async function rootOf(url: string): Promise<Uint8Array> {
  return new X509Certificate(await (await fetch(`${url}/root-ca.pem`)).text()).raw;
}

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** Judges a quote with what the simulator at this address serves: its root, and collateral from its PCS. */
async function judge(url: string, quoteHex: string): Promise<unknown> {
  const pcs = createPcsClient({ fetch, baseUrl: url, allowHttp: true });
  const collateral = await pcs.fetchCollateral({ fmspc: platform.fmspc, ca: platform.ca });
  if (!collateral.ok) throw new Error(collateral.error.code);
  return verifyQuote(bytes(quoteHex), JSON.stringify(collateral.value), {
    now: NOW,
    rootCa: await rootOf(url),
    expectedReportData: bytes(REPORT_DATA),
  });
}

describe("a verifier that is given the simulated root", () => {
  test("accepts a quote of the control surface with collateral from the PCS", async () => {
    const { url } = await runSimulator();
    const { quote } = await postJson<{ quote: string }>(`${url}/quote`, { report_data: REPORT_DATA });
    expect(await judge(url, quote)).toMatchObject({
      ok: true,
      value: { tcbStatus: "UpToDate", trustAnchor: "custom" },
    });
  });

  test("refuses the same quote with a defect, for that defect", async () => {
    const { url } = await runSimulator();
    const { quote } = await postJson<{ quote: string }>(`${url}/quote`, {
      report_data: REPORT_DATA,
      defect: "td-debug",
    });
    expect(await judge(url, quote)).toMatchObject({
      ok: false,
      error: { stage: "td-attributes", code: "td-debug-enabled" },
    });
  });

  test("accepts a quote with the bundle of the control surface", async () => {
    const { url } = await runSimulator();
    const { quote } = await postJson<{ quote: string }>(`${url}/quote`, { report_data: REPORT_DATA, role: "kms" });
    const bundle = await postJson<unknown>(`${url}/collateral`, { quote });
    const verified = await verifyQuote(bytes(quote), JSON.stringify(bundle), { now: NOW, rootCa: await rootOf(url) });
    expect(verified).toMatchObject({ ok: true });
  });

  test("accepts a quote of the guest agent, and finds its log in its registers", async () => {
    const { url, agent } = await runAgent();
    const client = new DstackClient(agent.socketPath);
    await client.emitEvent("calimero.kms.profile", "calimero.kms.profile=locked-read-only");
    const answer = await client.getQuote(bytes(REPORT_DATA));
    expect(await judge(url, answer.quote)).toMatchObject({ ok: true });
    const quote = parseQuote(bytes(answer.quote));
    const log = parseEventLog(answer.event_log);
    if (!quote.ok || !log.ok) throw new Error("the agent's answer does not parse");
    const comparison = compareReplay(log.value, replayEventLog(log.value), quote.value.report);
    expect(Object.values(comparison).map(({ matches }) => matches)).toEqual([true, true, true, true]);
  });

  test("refuses a quote of the agent that was made for other report data", async () => {
    const { url, agent } = await runAgent();
    agent.setWrongReportData(true);
    const { quote } = await new DstackClient(agent.socketPath).getQuote(bytes(REPORT_DATA));
    expect(await judge(url, quote)).toMatchObject({ ok: false, error: { code: "report-data-mismatch" } });
  });
});

test("a verifier with Intel's root, the default, refuses every simulated quote", async () => {
  const { url } = await runSimulator();
  const { quote } = await postJson<{ quote: string }>(`${url}/quote`, { report_data: REPORT_DATA });
  const bundle = await postJson<unknown>(`${url}/collateral`, { quote });
  expect(await verifyQuote(bytes(quote), JSON.stringify(bundle), { now: NOW })).toMatchObject({
    ok: false,
    error: { stage: "trust-anchor", code: "chain-root-untrusted" },
  });
});
