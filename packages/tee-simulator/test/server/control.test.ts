import { expect, test } from "vitest";

import { DEFECTS } from "../../src/index.ts";
import { startSimulator } from "../../src/server/index.ts";
import { bodyOf, platform, runSimulator } from "./fixture.ts";

const REPORT_DATA = "5a".repeat(64);

interface QuoteBody {
  readonly quote: string;
  readonly event_log: string;
  readonly ccel: string;
}

interface DefectList {
  readonly schemaVersion: number;
  readonly defects: readonly { readonly id: string }[];
}

async function post(url: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function postQuote(url: string, body: Record<string, unknown>): Promise<QuoteBody> {
  const { status, text } = await post(url, "/quote", body);
  expect(status).toBe(200);
  return JSON.parse(text);
}

/** MRTD and RTMR0..3 of a version 4 quote. */
function registersOf(quoteHex: string): string[] {
  return [184, 376, 424, 472, 520].map((offset) => quoteHex.slice(offset * 2, (offset + 48) * 2));
}

/** TD attributes of a version 4 quote. */
function attributesOf(quoteHex: string): string {
  return quoteHex.slice(168 * 2, 176 * 2);
}

test("hands out the root that a verifier has to be given", async () => {
  const { url } = await runSimulator();
  const response = await fetch(`${url}/root-ca.pem`);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(platform.rootCaPem);
});

test("lists its endpoints, itself included", async () => {
  const { url, agent } = await runSimulator({ profile: "debug" });
  const index = await bodyOf<{ endpoints: readonly { method: string; path: string }[] }>(await fetch(url));
  expect(agent).toBeNull();
  expect(index).toMatchObject({ profile: "debug", fmspc: platform.fmspc, dstackSocket: null });
  const paths = index.endpoints.map(({ method, path }) => `${method} ${path}`);
  expect(paths).toEqual(
    expect.arrayContaining([
      "GET /",
      "GET /root-ca.pem",
      "POST /quote",
      "POST /collateral",
      "GET /defects",
      "GET /tdx/certification/v4/tcb",
      "POST /admin-api/tee/attest",
    ]),
  );
});

test("quotes the report data for a node of the simulator's profile by default", async () => {
  const { url } = await runSimulator({ profile: "debug" });
  const { quote, event_log } = await postQuote(url, { report_data: REPORT_DATA });
  expect(quote.slice(568 * 2, 632 * 2)).toBe(REPORT_DATA);
  expect(registersOf(quote)).toEqual(Object.values(platform.measurementsFor("node", "debug")));
  expect(JSON.parse(event_log)).toBeInstanceOf(Array);
});

test.each([
  { role: "kms", profile: "debug-read-only" },
  { role: "node", profile: "locked-read-only" },
] as const)("quotes for a $role of profile $profile when asked so", async ({ role, profile }) => {
  const { url } = await runSimulator();
  const { quote } = await postQuote(url, { report_data: REPORT_DATA, role, profile, defect: null });
  expect(registersOf(quote)).toEqual(Object.values(platform.measurementsFor(role, profile)));
});

test("pads short report data with zeros, as the guest agent does", async () => {
  const { url } = await runSimulator();
  const { quote } = await postQuote(url, { report_data: "0102" });
  expect(quote.slice(568 * 2, 632 * 2)).toBe(`0102${"00".repeat(62)}`);
});

test("gives the boot log of a node as a CCEL, too", async () => {
  const { url } = await runSimulator();
  const { ccel } = await postQuote(url, { report_data: REPORT_DATA });
  expect(Buffer.from(ccel, "hex").toString("latin1")).toContain("Spec ID Event03");
});

test("makes a quote with a defect, and each variant is another quote", async () => {
  const { url } = await runSimulator();
  const ask = (variant: number): Promise<QuoteBody> =>
    postQuote(url, { report_data: REPORT_DATA, defect: "td-reserved-each-bit", variant });
  const healthy = await postQuote(url, { report_data: REPORT_DATA });
  const [first, second] = [await ask(0), await ask(1)];
  expect(new Set([healthy, first, second].map(({ quote }) => attributesOf(quote))).size).toBe(3);
});

test("gives a healthy quote the platform's collateral, current now", async () => {
  let now = 1_768_478_400;
  const { url } = await runSimulator({ now: () => now });
  const { quote } = await postQuote(url, { report_data: REPORT_DATA });
  now += 40 * 86_400;
  const { status, text } = await post(url, "/collateral", { quote });
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual(await platform.collateral({ now }));
});

test("gives a quote whose defect lies in the collateral that collateral", async () => {
  const { url } = await runSimulator();
  const healthy = await postQuote(url, { report_data: REPORT_DATA });
  const defective = await postQuote(url, { report_data: "5b".repeat(64), defect: "pck-revoked" });
  const crlOf = async (quote: string): Promise<string> =>
    JSON.parse((await post(url, "/collateral", { quote })).text).pck_crl;
  expect(await crlOf(defective.quote)).not.toBe(await crlOf(healthy.quote));
});

test("serves every defect of the list, quote and collateral, by its first variant and its last", async () => {
  const { url } = await runSimulator();
  const unserved: string[] = [];
  for (const { id, variants } of DEFECTS) {
    for (const variant of new Set([0, variants - 1])) {
      const { quote } = await postQuote(url, { report_data: REPORT_DATA, defect: id, variant });
      const { status } = await post(url, "/collateral", { quote });
      if (status !== 200) unserved.push(`${id} ${variant}`);
    }
  }
  expect(unserved).toEqual([]);
});

test("lists the defects with their variants and what they must come to", async () => {
  const { url } = await runSimulator();
  const { schemaVersion, defects } = await bodyOf<DefectList>(await fetch(`${url}/defects`));
  expect(schemaVersion).toBe(1);
  expect(defects.map(({ id }) => id)).toEqual(DEFECTS.map(({ id }) => id));
  expect(defects.find(({ id }) => id === "td-debug")).toMatchObject({
    variants: 1,
    expected: [{ ok: false, stage: "td-attributes", code: "td-debug-enabled" }],
  });
});

test.each([
  { name: "no report data", body: {}, code: "report-data-malformed" },
  { name: "report data that is no text", body: { report_data: 1 }, code: "report-data-malformed" },
  { name: "report data that is not hex", body: { report_data: "zz" }, code: "report-data-malformed" },
  { name: "odd hex", body: { report_data: "5a5" }, code: "report-data-malformed" },
  { name: "65 bytes", body: { report_data: "5a".repeat(65) }, code: "report-data-malformed" },
  { name: "an unknown profile", body: { report_data: "", profile: "release" }, code: "profile-unknown" },
  { name: "a profile in capitals", body: { report_data: "", profile: "DEBUG" }, code: "profile-unknown" },
  { name: "a profile that is no text", body: { report_data: "", profile: [] }, code: "profile-unknown" },
  { name: "an unknown role", body: { report_data: "", role: "verifier" }, code: "role-unknown" },
  { name: "an unknown defect", body: { report_data: "", defect: "constructor" }, code: "defect-unknown" },
  { name: "a defect that is no text", body: { report_data: "", defect: 7 }, code: "defect-unknown" },
  { name: "a variant too far", body: { report_data: "", defect: "td-debug", variant: 1 }, code: "variant-unknown" },
  { name: "a negative variant", body: { report_data: "", defect: "td-debug", variant: -1 }, code: "variant-unknown" },
  { name: "a broken variant", body: { report_data: "", defect: "td-debug", variant: 0.5 }, code: "variant-unknown" },
  { name: "a variant of nothing", body: { report_data: "", variant: 0 }, code: "variant-unknown" },
  { name: "a misspelt field", body: { report_data: "", defects: "td-debug" }, code: "request-malformed" },
  { name: "a body that is no object", body: [], code: "request-malformed" },
  { name: "a body that is not JSON", body: "{", code: "request-malformed" },
  { name: "no body", body: "", code: "request-malformed" },
  { name: "a repeated key", body: `{"report_data":"","report_data":""}`, code: "request-malformed" },
  { name: "endless nesting", body: "[".repeat(10_000), code: "request-malformed" },
])("refuses to quote for $name", async ({ body, code }) => {
  const { url } = await runSimulator();
  const { status, text } = await post(url, "/quote", body);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toEqual({ error: expect.any(String), code });
});

test.each([
  { name: "no quote", body: {}, code: "quote-malformed" },
  { name: "a quote in base64", body: { quote: "BAACAA==" }, code: "quote-malformed" },
  { name: "a field more", body: { quote: "00", fmspc: "" }, code: "request-malformed" },
])("refuses collateral for $name", async ({ body, code }) => {
  const { url } = await runSimulator();
  const { status, text } = await post(url, "/collateral", body);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toEqual({ error: expect.any(String), code });
});

test("refuses a body over 1 MiB with 413 and goes on", async () => {
  const { url } = await runSimulator();
  const answer = await post(url, "/collateral", { quote: "00".repeat(600_000) });
  expect(answer.status).toBe(413);
  expect(JSON.parse(answer.text)).toMatchObject({ code: "request-too-large" });
  expect((await post(url, "/collateral", { quote: "00".repeat(500_000) })).status).toBe(200);
});

test("answers 404 for a path of nothing and 405 with Allow for another method", async () => {
  const { url } = await runSimulator();
  expect((await fetch(`${url}/quotes`)).status).toBe(404);
  expect((await fetch(`${url}/root-ca.pem/`)).status).toBe(404);
  const wrong = await fetch(`${url}/quote`);
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get("allow")).toBe("POST");
  expect((await fetch(`${url}/root-ca.pem`, { method: "HEAD" })).status).toBe(200);
});

test("says nothing of an exception but that there was one", async () => {
  const broken = { ...platform, issueQuote: () => Promise.reject(new Error("a secret of the inside")) };
  const seen: unknown[] = [];
  const simulator = await startSimulator({ platform: broken, now: () => 0, onBug: (error) => seen.push(error) });
  try {
    const answer = await post(simulator.url, "/quote", { report_data: "" });
    expect(answer).toEqual({ status: 500, text: `{"error":"internal error"}` });
    expect(simulator.bugs).toHaveLength(1);
    expect(seen).toEqual(simulator.bugs);
  } finally {
    await simulator.close();
  }
});
