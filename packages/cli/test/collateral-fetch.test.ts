import { describe, expect, test } from "vitest";

import { fakeFetch, json, type FakeAnswer } from "./fake-services.ts";
import { memoryFiles } from "./memory-files.ts";
import { HAS_REAL_VECTORS, readVector } from "./real-vectors.ts";
import { readJson } from "./read-json.ts";
import { documentOf, runInWorld, type World } from "./run-cli.ts";

type Bundle = Readonly<Record<string, string>>;

/** A PCCS that serves what a bundle holds. */
function serving(bundle: Bundle): Readonly<Record<string, FakeAnswer>> {
  const chain = (key: string): string => encodeURIComponent(bundle[key] ?? "");
  const signed = (name: string, text: string, signature: string, header: string, issuers: string): FakeAnswer => ({
    headers: { [header]: chain(issuers) },
    body: `{"${name}":${bundle[text] ?? ""},"signature":"${bundle[signature] ?? ""}"}`,
  });
  return {
    "/tdx/certification/v4/tcb": signed(
      "tcbInfo",
      "tcb_info",
      "tcb_info_signature",
      "TCB-Info-Issuer-Chain",
      "tcb_info_issuer_chain",
    ),
    "/tdx/certification/v4/qe/identity": signed(
      "enclaveIdentity",
      "qe_identity",
      "qe_identity_signature",
      "SGX-Enclave-Identity-Issuer-Chain",
      "qe_identity_issuer_chain",
    ),
    "/sgx/certification/v4/pckcrl": {
      headers: { "SGX-PCK-CRL-Issuer-Chain": chain("pck_crl_issuer_chain") },
      body: new Uint8Array(Buffer.from(bundle["pck_crl"] ?? "", "hex")),
    },
    "/sgx/certification/v4/rootcacrl": { body: bundle["root_ca_crl"] ?? "" },
  };
}

function files(): ReturnType<typeof memoryFiles> {
  return memoryFiles({ "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin") });
}

const ARGS = ["collateral", "fetch", "quote.bin", "--pccs", "https://pccs.example/"];

describe.skipIf(!HAS_REAL_VECTORS)("collateral fetch, for a real quote", () => {
  const bundle = HAS_REAL_VECTORS ? readJson<Bundle>(readVector("collateral/dcap-qvl-b0c06f-2025-06.json")) : {};
  const world = (): World => ({ files: files(), fetch: fakeFetch(serving(bundle)) });

  test("prints a bundle that verifies the quote, the same with --json", async () => {
    const outcome = await runInWorld([...ARGS, "--json"], world());
    expect(outcome.exitCode).toBe(0);
    const document = documentOf(outcome);
    expect(document).not.toHaveProperty("schemaVersion");
    expect(document["tcb_info"]).toBe(bundle["tcb_info"]);
    const plain = await runInWorld(ARGS, world());
    expect(JSON.parse(plain.stdout)).toEqual(document);
    const verified = await runInWorld(["quote", "verify", "quote.bin", "--collateral", "c.json"], {
      files: memoryFiles({ "quote.bin": readVector("quotes/dcap-qvl-tdx-v4.bin"), "c.json": plain.stdout }),
    });
    expect(verified.exitCode).toBe(0);
  });

  test("asks for the platform that the PCK certificate names", async () => {
    const fetch = fakeFetch(serving(bundle));
    await runInWorld(ARGS, { files: files(), fetch });
    expect(fetch.requests.map(({ url }) => url)).toContain(
      "https://pccs.example/tdx/certification/v4/tcb?fmspc=b0c06f000000",
    );
  });

  test("quote verify fetches by itself", async () => {
    const outcome = await runInWorld(
      ["quote", "verify", "quote.bin", "--pccs", "https://pccs.example", "--json"],
      world(),
    );
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({ verified: true });
  });

  test("writes the bundle to a file", async () => {
    const store = files();
    const outcome = await runInWorld([...ARGS, "--out", "c.json", "--json"], { ...world(), files: store });
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, out: "c.json", failure: null });
    expect(store.written.get("c.json")?.kind).toBe("document");
    expect(JSON.parse(store.written.get("c.json")?.text ?? "")).toMatchObject({ qe_identity: bundle["qe_identity"] });
  });

  test("asks nobody about a platform whose certificates were not valid then", async () => {
    const fetch = fakeFetch(serving(bundle));
    const outcome = await runInWorld([...ARGS, "--at", "2020-01-01T00:00:00Z", "--json"], { files: files(), fetch });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ failure: { code: "certificate-not-yet-valid" } });
    expect(fetch.requests).toEqual([]);
  });

  test.each([
    { name: "that does not know the platform", answer: json({}, 404), code: "fetch-status" },
    { name: "without issuer chains", answer: json({ tcbInfo: {}, signature: "00" }), code: "fetch-header-missing" },
  ])("a service $name is the environment's fault", async ({ answer, code }) => {
    const fetch = fakeFetch({ ...serving(bundle), "/tdx/certification/v4/tcb": answer });
    const outcome = await runInWorld([...ARGS, "--json"], { files: files(), fetch });
    expect(outcome.exitCode).toBe(1);
    expect(documentOf(outcome)).toMatchObject({ schemaVersion: 1, failure: { code, stage: "fetch" } });
  });
});

test.each([
  { name: "a missing quote", content: {}, exitCode: 11, code: "file-missing" },
  { name: "no quote", content: { "quote.bin": "x" }, exitCode: 10, code: "input-unrecognised" },
])("collateral fetch with $name ends in $exitCode", async ({ content, exitCode, code }) => {
  const outcome = await runInWorld([...ARGS, "--json"], { files: memoryFiles(content) });
  expect(outcome.exitCode).toBe(exitCode);
  expect(documentOf(outcome)).toMatchObject({ failure: { code } });
});
