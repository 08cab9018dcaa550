import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { HAS_REAL_VECTORS, readVector } from "./real-vectors.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

interface Document {
  readonly verdict: string | null;
  readonly class: string;
  readonly recognised: readonly { readonly kind: string; readonly sentence: string }[];
  readonly steps: readonly { readonly id: string; readonly status: string }[];
  readonly failure: { readonly code: string; readonly message: string } | null;
}

async function verifyFiles(files: Readonly<Record<string, string | Uint8Array>>, ...args: readonly string[]) {
  const outcome = await runInWorld(["verify", "file", ...Object.keys(files), "--json", ...args], {
    files: memoryFiles(files),
  });
  return { ...outcome, document: documentOf<Document>(outcome) };
}

describe("verify file", () => {
  test.each([
    { name: "nothing", content: "", says: "it is empty" },
    { name: "markup", content: "<img src=x onerror=alert(1)>", says: "neither hex, nor base64" },
    { name: "an address", content: "https://kms.example.com", says: "an address" },
    { name: "cut JSON", content: '{"quoteB64":"AAAA', says: "begins like JSON" },
    { name: "other JSON", content: '{"a":1}', says: "without a quote" },
    { name: "binary of something else", content: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1, 2), says: "it is binary" },
  ])("of $name says what it is not", async ({ content, says }) => {
    const { exitCode, document } = await verifyFiles({ "dropped.bin": content });
    expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 10, verdict: "failed" });
    expect(document.recognised).toMatchObject([{ kind: "unknown" }]);
    expect(document.recognised[0]?.sentence).toContain(says);
  });

  test("a file that is not there is missing", async () => {
    const outcome = await runInWorld(["verify", "file", "nothing.json", "--json"], { files: memoryFiles({}) });
    expect(outcome.exitCode).toBe(11);
    expect(documentOf(outcome)).toMatchObject({ verdict: null, failure: { code: "file-missing" } });
  });

  test("an evidence file of another version is refused as such", async () => {
    const { exitCode, document } = await verifyFiles({ "evidence.json": '{"schema":"mero-tee/evidence/9"}' });
    expect(exitCode).toBe(10);
    expect(document.failure?.code).toBe("evidence-file-unsupported");
  });

  test("an evidence file is given alone", async () => {
    const { exitCode, document } = await verifyFiles({
      "evidence.json": '{"schema":"mero-tee/evidence/1"}',
      "quote.bin": "04",
    });
    expect(exitCode).toBe(2);
    expect(document.failure?.code).toBe("usage-invalid");
  });

  test("a name that steers terminals is shown as text", async () => {
    const files = { "\u001b[31mred": "04" };
    const outcome = await runInWorld(["verify", "file", ...Object.keys(files)], { files: memoryFiles(files) });
    expect(outcome.stdout).not.toContain("\u001b[31m");
  });

  test("colours only a terminal", async () => {
    const world = { files: memoryFiles({ "quote.bin": "zz" }) };
    const plain = await runInWorld(["verify", "file", "quote.bin"], world);
    const coloured = await runInWorld(["verify", "file", "quote.bin"], { ...world, isTerminal: true });
    expect(plain.stdout).not.toContain("\u001b[");
    expect(coloured.stdout).toContain("\u001b[");
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("verify file, on a real quote", () => {
  const files = {
    "quote.bin": HAS_REAL_VECTORS ? readVector("quotes/dcap-qvl-tdx-v4.bin") : "",
    "collateral.json": HAS_REAL_VECTORS ? readVector("collateral/dcap-qvl-b0c06f-2025-06.json") : "",
  };

  test("is production hardware, and incomplete without challenge and release", async () => {
    const { exitCode, document } = await verifyFiles(files, "--at", "2025-06-25T00:00:00Z");
    expect({ exitCode, verdict: document.verdict, class: document.class }).toEqual({
      exitCode: 10,
      verdict: "incomplete",
      class: "production",
    });
    const passed = document.steps.filter(({ status }) => status === "pass").map(({ id }) => id);
    expect(passed).toEqual(
      expect.arrayContaining(["dcap.chain", "dcap.crl", "dcap.qe", "dcap.sig", "dcap.collateral", "tcb.status"]),
    );
  });

  test("fails when its reference data has expired", async () => {
    const { document } = await verifyFiles(files, "--at", "2025-09-25T00:00:00Z");
    expect(document.verdict).toBe("failed");
  });
});
