import { expect, test } from "vitest";

import { bodyOf, platform, runSimulator } from "./fixture.ts";

const NONCE = "0123456789abcdef".repeat(4);
const ATTEST = "/admin-api/tee/attest";

interface Attestation {
  readonly data: {
    readonly quoteB64: string;
    readonly quote: {
      readonly header: Record<string, unknown>;
      readonly body: Record<string, string>;
      readonly signature: string;
      readonly attestationKey: string;
      readonly certificationData: { readonly type: number; readonly data: string };
    };
  };
}

async function attest(url: string, body: unknown): Promise<Response> {
  return fetch(url + ATTEST, { method: "POST", body: JSON.stringify(body) });
}

/** The quote of an attestation, as bytes. */
async function quoteOf(response: Response): Promise<Buffer> {
  expect(response.status).toBe(200);
  return Buffer.from((await bodyOf<Attestation>(response)).data.quoteB64, "base64");
}

test("binds the nonce, and 32 zero bytes where no application is named", async () => {
  const { url } = await runSimulator();
  const quote = await quoteOf(await attest(url, { nonce: NONCE }));
  expect(quote.subarray(568, 632).toString("hex")).toBe(NONCE + "00".repeat(32));
});

test("binds the bytecode of an installed application", async () => {
  const simulator = await runSimulator();
  simulator.installApplication("app", new Uint8Array(32).fill(7));
  const quote = await quoteOf(await attest(simulator.url, { nonce: NONCE, applicationId: "app" }));
  expect(quote.subarray(568, 632).toString("hex")).toBe(NONCE + "07".repeat(32));
});

test("attests as a node of the simulator's profile", async () => {
  const { url } = await runSimulator({ profile: "debug" });
  const quote = await quoteOf(await attest(url, { nonce: NONCE }));
  expect(quote.subarray(520, 568).toString("hex")).toBe(platform.measurementsFor("node", "debug").rtmr3);
});

test("describes the quote beside its bytes in merod's names", async () => {
  const { url } = await runSimulator();
  const { data } = await bodyOf<Attestation>(await attest(url, { nonce: NONCE, applicationId: null, more: 1 }));
  const quote = Buffer.from(data.quoteB64, "base64");
  expect(data.quote.header).toMatchObject({ version: 4, attestationKeyType: 2, teeType: 0x81 });
  expect(Object.keys(data.quote.body)).toEqual(
    "tdxVersion teeTcbSvn mrseam mrsignerseam seamattributes tdattributes xfam mrtd mrconfigid mrowner mrownerconfig rtmr0 rtmr1 rtmr2 rtmr3 reportdata".split(
      " ",
    ),
  );
  expect(data.quote.body["reportdata"]).toBe(quote.subarray(568, 632).toString("hex"));
  expect(data.quote.body["mrtd"]).toBe(quote.subarray(184, 232).toString("hex"));
  expect(data.quote.signature).toBe(quote.subarray(636, 700).toString("hex"));
  expect(data.quote.attestationKey).toBe(quote.subarray(700, 764).toString("hex"));
  expect(Buffer.from(data.quote.certificationData.data, "hex").toString()).toContain("BEGIN CERTIFICATE");
});

test.each([
  { name: "no nonce", body: {}, status: 400 },
  { name: "a nonce of 31 bytes", body: { nonce: "00".repeat(31) }, status: 400 },
  { name: "a nonce of 33 bytes", body: { nonce: "00".repeat(33) }, status: 400 },
  { name: "a nonce that is not hex", body: { nonce: "g".repeat(64) }, status: 400 },
  { name: "a nonce that is no text", body: { nonce: 5 }, status: 400 },
  { name: "an application id that is no text", body: { nonce: NONCE, applicationId: 5 }, status: 400 },
  { name: "an application of nobody", body: { nonce: NONCE, applicationId: "app" }, status: 404 },
  { name: "a body that is no object", body: 5, status: 400 },
])("answers $status to $name", async ({ body, status }) => {
  const { url } = await runSimulator();
  const response = await attest(url, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ error: expect.any(String) });
});

test.each([500, 501])("can fail with %i, as a node without a working TDX does", async (status) => {
  const simulator = await runSimulator();
  simulator.failNext(ATTEST, { kind: "error", message: "no quote", status });
  expect((await attest(simulator.url, { nonce: NONCE })).status).toBe(status);
  expect((await attest(simulator.url, { nonce: NONCE })).status).toBe(200);
});

test("describes its machine", async () => {
  const { url } = await runSimulator({ profile: "debug-read-only" });
  const { mrtd } = platform.measurementsFor("node", "debug-read-only");
  expect(await (await fetch(`${url}/admin-api/tee/info`)).json()).toEqual({
    data: { cloudProvider: "simulated", osImage: "simulated-debug-read-only", mrtd },
  });
});

test("has no verify-quote any more", async () => {
  const { url } = await runSimulator();
  expect((await fetch(`${url}/admin-api/tee/verify-quote`, { method: "POST", body: "{}" })).status).toBe(404);
});

test("refuses an application whose hash is not 32 bytes", async () => {
  const simulator = await runSimulator();
  expect(() => simulator.installApplication("app", new Uint8Array(31))).toThrow(RangeError);
});
