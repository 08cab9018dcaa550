import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { CODE_SIGNING, leafProblem, pathProblem, TIME_STAMPING } from "../../src/sigstore/certificate-path.ts";
import { parseTrustedRoot, publicTrustedRoot, SIGSTORE_ERROR_CODES } from "../../src/sigstore/index.ts";

const FILE = fileURLToPath(new URL("../../src/sigstore/public-good-trusted-root.json", import.meta.url));
const json = readFileSync(FILE, "utf8");
const IN_2025 = Date.UTC(2025, 8, 30);

describe("the trusted root of Sigstore's public instance", () => {
  const root = publicTrustedRoot();

  test("has the logs that a client knows, under the names that they sign with", () => {
    expect(root.transparencyLogs.map(({ name, key }) => [name, key?.kind])).toEqual([
      ["rekor.sigstore.dev", "P-256"],
      ["log2025-1.rekor.sigstore.dev", "Ed25519"],
    ]);
    expect(root.certificateLogs.map(({ name, key }) => [name, key?.kind])).toEqual([
      ["ctfe.sigstore.dev/test", "P-256"],
      ["ctfe.sigstore.dev/2022", "P-256"],
    ]);
  });

  test("its Fulcio intermediate was issued by its root, for code signing alone", async () => {
    const [intermediate, top] = root.certificateAuthorities[1]?.chain ?? [];
    if (intermediate === undefined || top === undefined) throw new Error("no chain of two");
    expect(await pathProblem(intermediate, [top], IN_2025, CODE_SIGNING)).toBeNull();
    expect(await pathProblem(intermediate, [intermediate, top], IN_2025, TIME_STAMPING)).toBe(
      "a CA certificate is for another purpose",
    );
  });

  test("its timestamp signer was issued by its root, and is for time stamping alone", async () => {
    const [signer, top] = root.timestampAuthorities[0]?.chain ?? [];
    if (signer === undefined || top === undefined) throw new Error("no chain of two");
    expect(leafProblem(signer, TIME_STAMPING)).toBeNull();
    expect(leafProblem(signer, CODE_SIGNING)).toBe("its only purpose is not code signing");
    expect(await pathProblem(signer, [top], IN_2025, TIME_STAMPING)).toBeNull();
    expect(await pathProblem(signer, [top], Date.UTC(2024, 0, 1), TIME_STAMPING)).toBe(
      "a CA certificate is not valid at that time",
    );
  });

  test("ends the first authority's time with its last millisecond", () => {
    expect(root.certificateAuthorities[0]?.validFor).toEqual({
      fromMs: Date.UTC(2021, 2, 7, 3, 20, 29),
      toMs: Date.UTC(2022, 11, 31, 23, 59, 59, 999),
    });
    expect(root.certificateAuthorities[1]?.validFor.toMs).toBe(Infinity);
  });
});

/** The file with one change to it. */
function changed(change: (document: { [key: string]: unknown; tlogs: Record<string, unknown>[] }) => void): string {
  const document = JSON.parse(json);
  change(document);
  return JSON.stringify(document);
}

describe("parseTrustedRoot", () => {
  test.each([
    { name: "no JSON", text: "{", code: "trusted-root-malformed" },
    { name: "a list", text: "[]", code: "trusted-root-malformed" },
    { name: "two keys of one name", text: `{"mediaType":"a","mediaType":"b"}`, code: "trusted-root-malformed" },
    {
      name: "another form",
      text: changed((document) => (document["mediaType"] = "application/json")),
      code: "trusted-root-media-type-unsupported",
    },
    {
      name: "a log without its id",
      text: changed((document) => delete document.tlogs[0]?.["logId"]),
      code: "trusted-root-malformed",
    },
    {
      name: "a log with a short id",
      text: changed((document) => Object.assign(document.tlogs[0] ?? {}, { logId: { keyId: "AAAA" } })),
      code: "trusted-root-malformed",
    },
    {
      name: "an authority whose certificate is none",
      text: changed(
        (document) => (document["certificateAuthorities"] = [{ certChain: { certificates: [{ rawBytes: "AAAA" }] } }]),
      ),
      code: "trusted-root-malformed",
    },
    {
      name: "a time of another calendar",
      text: json.replace("2021-01-12T11:53:27Z", "2021-02-30T11:53:27Z"),
      code: "trusted-root-malformed",
    },
  ])("refuses $name", ({ text, code }) => {
    expect(parseTrustedRoot(text)).toMatchObject({ ok: false, error: { code } });
  });

  test.each([
    {
      subject: "tlogs[0].baseUrl",
      text: changed((document) => Object.assign(document.tlogs[0] ?? {}, { baseUrl: "nowhere" })),
    },
    {
      subject: "certificateAuthorities[0].certChain.certificates[0]",
      text: changed(
        (document) => (document["certificateAuthorities"] = [{ certChain: { certificates: [{ rawBytes: "AAAA" }] } }]),
      ),
    },
  ])("says that $subject is wrong", ({ subject, text }) => {
    expect(parseTrustedRoot(text)).toMatchObject({ ok: false, error: { code: "trusted-root-malformed", subject } });
  });

  test("keeps a log whose key it cannot use, and believes nothing that it signs", () => {
    const parsed = parseTrustedRoot(
      changed((document) => Object.assign(document.tlogs[0] ?? {}, { publicKey: { rawBytes: "MAA=" } })),
    );
    expect(parsed).toMatchObject({ ok: true, value: { transparencyLogs: [{ key: null }, {}] } });
  });

  test("answers to any text, and to any change of the file, with a result", () => {
    const codes: ReadonlySet<string> = new Set(SIGSTORE_ERROR_CODES);
    const inputs = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .tuple(fc.nat(json.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
        .map(([at, text]) => json.slice(0, at) + text + json.slice(at + text.length)),
    );
    fc.assert(
      fc.property(inputs, (text) => {
        const parsed = parseTrustedRoot(text);
        expect(parsed.ok || codes.has(parsed.error.code)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
