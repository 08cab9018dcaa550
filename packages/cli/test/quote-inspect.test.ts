import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { EXPECTED, HAS_REAL_VECTORS, readVector } from "./real-vectors.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

const QUOTE_KEYS = [
  "version",
  "teeType",
  "tdVersion",
  "qeVendorId",
  "teeTcbSvn",
  "mrSeam",
  "mrSignerSeam",
  "seamAttributes",
  "tdAttributes",
  "xfam",
  "mrtd",
  "mrConfigId",
  "mrOwner",
  "mrOwnerConfig",
  "rtmr0",
  "rtmr1",
  "rtmr2",
  "rtmr3",
  "reportData",
];

describe.skipIf(!HAS_REAL_VECTORS)("quote inspect, on real quotes", () => {
  test.each(EXPECTED.quotes)("prints what $id says", async ({ quote, parsed }) => {
    const files = memoryFiles({ "quote.bin": readVector(quote) });
    const outcome = await runInWorld(["quote", "inspect", "quote.bin", "--json"], { files });
    expect(outcome.exitCode).toBe(0);
    const is15 = parsed["tee_tcb_svn2"] !== undefined;
    expect(documentOf(outcome)).toEqual({
      schemaVersion: 1,
      quote: {
        version: parsed["version"],
        teeType: "tdx",
        tdVersion: is15 ? "1.5" : "1.0",
        qeVendorId: "939a7233f79c4ca9940a0db3957f0607",
        teeTcbSvn: parsed["tee_tcb_svn"],
        mrSeam: parsed["mr_seam"],
        mrSignerSeam: parsed["mrsigner_seam"],
        seamAttributes: parsed["seam_attributes"],
        tdAttributes: parsed["td_attributes"],
        xfam: parsed["xfam"],
        mrtd: parsed["mrtd"],
        mrConfigId: parsed["mrconfigid"],
        mrOwner: parsed["mrowner"],
        mrOwnerConfig: parsed["mrownerconfig"],
        rtmr0: parsed["rtmr0"],
        rtmr1: parsed["rtmr1"],
        rtmr2: parsed["rtmr2"],
        rtmr3: parsed["rtmr3"],
        reportData: parsed["report_data"],
        ...(is15 ? { teeTcbSvn2: parsed["tee_tcb_svn2"], mrServiceTd: parsed["mr_service_td"] } : {}),
      },
      failure: null,
    });
  });

  test("keeps the order of the fields, those of TD report 1.5 last", async () => {
    const files = memoryFiles({ "quote.bin": readVector("quotes/go-tdx-guest-v5.bin") });
    const document = documentOf(await runInWorld(["quote", "inspect", "quote.bin", "--json"], { files }));
    expect(Object.keys(document)).toEqual(["schemaVersion", "quote", "failure"]);
    expect(Object.keys(document["quote"] ?? {})).toEqual([...QUOTE_KEYS, "teeTcbSvn2", "mrServiceTd"]);
  });

  test.each([
    { name: "hex", encode: (quote: Buffer) => quote.toString("hex") },
    { name: "upper-case hex with 0x", encode: (quote: Buffer) => `0x${quote.toString("hex").toUpperCase()}` },
    { name: "base64", encode: (quote: Buffer) => quote.toString("base64") },
    { name: "an attestation", encode: (quote: Buffer) => JSON.stringify({ quoteB64: quote.toString("base64") }) },
    {
      name: "a node's answer",
      encode: (quote: Buffer) => JSON.stringify({ data: { quoteB64: quote.toString("base64"), quote: { body: {} } } }),
    },
    { name: "a guest agent's answer", encode: (quote: Buffer) => JSON.stringify({ quote: quote.toString("hex") }) },
  ])("reads the same quote from $name, also on standard input", async ({ encode }) => {
    const raw = Buffer.from(readVector("quotes/dcap-qvl-tdx-v4.bin"));
    const files = memoryFiles({ "quote.bin": raw, "-": encode(raw) });
    const expected = await runInWorld(["quote", "inspect", "quote.bin", "--json"], { files });
    expect(await runInWorld(["quote", "inspect", "-", "--json"], { files })).toEqual(expected);
  });

  test("prints readable text, and says that nothing was verified", async () => {
    const files = memoryFiles({ "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin") });
    const { stdout, stderr, exitCode } = await runInWorld(["quote", "inspect", "quote.bin"], { files });
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain("MRTD   91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407de03ae6dc5f87f27");
    expect(stdout).toContain("not verified");
    expect(stdout).not.toContain("\u001B");
  });
});

describe("quote inspect, on what is no quote", () => {
  test.each([
    { name: "an empty file", content: "", code: "quote-too-short", stage: "quote-parse" },
    { name: "a header alone", content: new Uint8Array([4, 0, 2, 0]), code: "quote-too-short", stage: "quote-parse" },
    { name: "prose", content: "hello", code: "input-unrecognised", stage: "input" },
    { name: "a JSON document without a quote", content: "{}", code: "input-unrecognised", stage: "input" },
    {
      name: "a mock quote",
      content: `MOCK_TDX_QUOTE_V1${"\0".repeat(239)}`,
      code: "quote-version-unsupported",
      stage: "quote-parse",
    },
    { name: "more than a mebibyte", content: new Uint8Array(1024 * 1024 + 1), code: "input-too-large", stage: "input" },
    { name: "more than any quote has", content: new Uint8Array(40_000), code: "quote-too-large", stage: "quote-parse" },
  ])("refuses $name as $code", async ({ content, code, stage }) => {
    const outcome = await runInWorld(["quote", "inspect", "quote.bin", "--json"], {
      files: memoryFiles({ "quote.bin": content }),
    });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ schemaVersion: 1, quote: null, failure: { code, stage } });
  });

  test("says in words what, where, why and where to read more", async () => {
    const outcome = await runInWorld(["quote", "inspect", "quote.bin"], { files: memoryFiles({ "quote.bin": "" }) });
    expect(outcome.exitCode).toBe(10);
    expect(outcome.stderr).toBe("");
    expect(outcome.stdout).toMatch(/^✗ Refused {2}.+\.\n/);
    expect(outcome.stdout).toContain("quote-too-short");
    expect(outcome.stdout).toContain("quote-parse");
    expect(outcome.stdout).toContain("docs/errors.md#quote-too-short");
  });

  test("a missing file is 11, and told on standard error", async () => {
    const outcome = await runInWorld(["quote", "inspect", "absent.bin"]);
    expect(outcome).toMatchObject({ exitCode: 11, stdout: "" });
    expect(outcome.stderr).toContain("There is no file absent.bin.");
  });
});
