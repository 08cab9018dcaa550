import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { NO_MEMORY } from "../src/judgement-memory.ts";
import type { P256Verifier } from "../src/p256.ts";
import { prepareAnchor } from "../src/prepared-anchor.ts";
import { parseQuote } from "../src/quote.ts";
import { runPckChainVerification } from "../src/verify-pck-chain.ts";
import { runVerification, type VerifyOptions } from "../src/verify-quote.ts";
import {
  blocksOf,
  flipped,
  flippedPem,
  layoutOf,
  patched,
  pemOf,
  v4,
  v5,
  withForgedRoot,
  withPem,
  type Evidence,
} from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";

/**
 * Takes every signature for good, except those over the bytes it is told about. Contents can then be altered without being signed again,
 * and what is left to judge them by is everything but the signatures.
 */
function gullible(...forged: readonly Uint8Array[]): P256Verifier {
  return {
    verify: async (_key, _signature, message) => !forged.some((bytes) => Buffer.from(bytes).equals(message)),
    start: () => {},
  };
}

/** A verification under Intel's root that takes every signature for good. */
const GULLIBLE = { anchor: prepareAnchor(INTEL_SGX_ROOT_CA), memory: NO_MEMORY, verifier: gullible() };

async function verdictOf(
  { quote, bundle, now }: Evidence,
  { rootCa = INTEL_SGX_ROOT_CA, ...options }: Partial<VerifyOptions> = {},
  verifier: P256Verifier = gullible(),
): Promise<string> {
  const run = { anchor: prepareAnchor(rootCa), memory: NO_MEMORY, verifier };
  const result = await runVerification(quote, JSON.stringify(bundle), { now, ...options }, run);
  return result.ok ? result.value.tcbStatus : `${result.error.stage}/${result.error.code}`;
}

type Key = "tcb_info" | "qe_identity";

function withDocument(evidence: Evidence, key: Key, pattern: RegExp | string, replacement: string): Evidence {
  const before = evidence.bundle[key] ?? "";
  const after = before.replace(pattern, replacement);
  if (after === before) throw new Error(`nothing to replace: ${pattern}`);
  return { ...evidence, bundle: { ...evidence.bundle, [key]: after } };
}

/** A quote with other bytes in its QE report. */
function withQeReport(evidence: Evidence, offset: number, ...bytes: readonly number[]): Evidence {
  const { quote } = evidence;
  return { ...evidence, quote: patched(quote, layoutOf(quote).qeReport + offset, Uint8Array.from(bytes)) };
}

/** A quote with another attestation key that its QE report vouches for. */
function withAttestationKey(evidence: Evidence, key: Uint8Array): Evidence {
  const at = layoutOf(evidence.quote);
  const keyed = patched(evidence.quote, at.attestationKey, key);
  const digest = createHash("sha256")
    .update(key)
    .update(keyed.subarray(at.authentication, at.authentication + 32))
    .digest();
  return { ...evidence, quote: patched(keyed, at.qeReport + 320, digest) };
}

/** A quote with other bytes in its TD report. */
function withReport(evidence: Evidence, offset: number, ...bytes: readonly number[]): Evidence {
  const body = evidence.quote[0] === 5 ? 54 : 48;
  return { ...evidence, quote: patched(evidence.quote, body + offset, Uint8Array.from(bytes)) };
}

/** A quote whose PCK leaf has another OID in place of `oid` (DER in hex): its last bit is flipped. */
function withoutOid(evidence: Evidence, oid: string): Evidence {
  const [leaf = "", ...cas] = blocksOf(pemOf(evidence.quote));
  const der = Buffer.from(leaf.replaceAll(/-----[A-Z ]+-----|\n/g, ""), "base64");
  const at = der.toString("hex").indexOf(oid) / 2;
  return withPem(evidence, flippedPem(leaf, at + oid.length / 2 - 1) + cas.join(""));
}

const EXPIRED = '"nextUpdate":"2026-02-24T00:00:00Z"';

describe.skipIf(!HAS_REAL_VECTORS)("evidence whose signatures are all taken for good", () => {
  test("verifies as it is", async () => {
    expect(await verdictOf(v5())).toBe("UpToDate");
  });

  test.each([
    {
      name: "TCB info for SGX",
      make: () => withDocument(v5(), "tcb_info", '"id":"TDX"', '"id":"SGX"'),
      verdict: "tcb-info/tcb-info-wrong-type",
    },
    {
      name: "expired TCB info for SGX",
      make: () =>
        withDocument(
          withDocument(v5(), "tcb_info", '"id":"TDX"', '"id":"SGX"'),
          "tcb_info",
          /"nextUpdate":"[^"]*"/,
          EXPIRED,
        ),
      verdict: "tcb-info/tcb-info-expired",
    },
    {
      name: "the identity of the SGX quoting enclave",
      make: () => withDocument(v5(), "qe_identity", '"id":"TD_QE"', '"id":"QE"'),
      verdict: "qe-identity/qe-identity-wrong-type",
    },
    {
      name: "the identity of the verification enclave",
      make: () => withDocument(v5(), "qe_identity", '"id":"TD_QE"', '"id":"QVE"'),
      verdict: "qe-identity/qe-identity-wrong-type",
    },
    {
      name: "an expired identity of the SGX quoting enclave",
      make: () =>
        withDocument(
          withDocument(v5(), "qe_identity", '"id":"TD_QE"', '"id":"QE"'),
          "qe_identity",
          /"nextUpdate":"[^"]*"/,
          EXPIRED,
        ),
      verdict: "qe-identity/qe-identity-expired",
    },
    {
      name: "TCB info of another FMSPC",
      make: () => withDocument(v5(), "tcb_info", '"fmspc":"90c06f000000"', '"fmspc":"90c06f000001"'),
      verdict: "pck-chain/fmspc-mismatch",
    },
    {
      name: "TCB info of another PCE",
      make: () => withDocument(v5(), "tcb_info", '"pceId":"0000"', '"pceId":"0001"'),
      verdict: "pck-chain/pce-id-mismatch",
    },
    {
      name: "TCB info of another FMSPC and PCE",
      make: () =>
        withDocument(
          withDocument(v5(), "tcb_info", '"pceId":"0000"', '"pceId":"0001"'),
          "tcb_info",
          '"fmspc":"90c06f000000"',
          '"fmspc":"90c06f000001"',
        ),
      verdict: "pck-chain/fmspc-mismatch",
    },
    {
      name: "QE report data with a byte after the hash",
      make: () => withQeReport(v5(), 383, 1),
      verdict: "qe-report/qe-report-data-mismatch",
    },
    {
      name: "another hash in the QE report data",
      make: () => withQeReport(v5(), 320, 0, 0),
      verdict: "qe-report/qe-report-data-mismatch",
    },
    {
      name: "a debug quoting enclave",
      make: () => withQeReport(v5(), 48, 0x13),
      verdict: "qe-report/qe-debug-enabled",
    },
    {
      name: "a quoting enclave of another signer",
      make: () => withQeReport(v5(), 128, 0),
      verdict: "qe-report/qe-mrsigner-mismatch",
    },
    {
      name: "another enclave of Intel's",
      make: () => withQeReport(v5(), 256, 1),
      verdict: "qe-report/qe-isvprodid-mismatch",
    },
    { name: "another MISCSELECT", make: () => withQeReport(v5(), 16, 1), verdict: "qe-report/qe-miscselect-mismatch" },
    { name: "another attribute", make: () => withQeReport(v5(), 49, 1), verdict: "qe-report/qe-attributes-mismatch" },
    {
      name: "an attestation key of zeros",
      make: () => withAttestationKey(v5(), new Uint8Array(64)),
      verdict: "quote-signature/attestation-key-invalid",
    },
    {
      name: "an attestation key off the curve",
      make: () => withAttestationKey(v5(), new Uint8Array(64).fill(1)),
      verdict: "quote-signature/attestation-key-invalid",
    },
    {
      name: "another signer of the TDX module",
      make: () => withReport(v5(), 64, 1),
      verdict: "tcb-status/tdx-module-mismatch",
    },
    {
      name: "an unlisted version of the TDX module",
      make: () => withReport(v5(), 1, 2),
      verdict: "tcb-status/tdx-module-mismatch",
    },
    {
      name: "a TDX module below all levels",
      make: () => withReport(v5(), 0, 1),
      verdict: "tcb-status/tcb-not-supported",
    },
    {
      name: "a quoting enclave below all levels",
      make: () => withQeReport(v5(), 258, 3, 0),
      verdict: "tcb-status/tcb-not-supported",
    },
    {
      name: "a revoked level",
      make: () => withDocument(v5(), "tcb_info", /"UpToDate"/g, '"Revoked"'),
      verdict: "tcb-status/tcb-revoked",
    },
    {
      name: "a reserved TD attribute",
      make: () => withReport(v5(), 120, 2),
      verdict: "td-attributes/td-attributes-reserved",
    },
    { name: "a debug TD", make: () => withReport(v5(), 120, 1), verdict: "td-attributes/td-debug-enabled" },
    {
      name: "a TD without SEPT_VE_DISABLE",
      make: () => withReport(v5(), 123, 0),
      verdict: "td-attributes/td-sept-ve-disable-clear",
    },
    { name: "a service TD", make: () => withReport(v5(), 600, 1), verdict: "td-attributes/td-service-td-present" },
  ])("is refused with $name: $verdict", async ({ make, verdict }) => {
    expect(await verdictOf(make())).toBe(verdict);
  });

  test.each([
    { name: "a debug TD", make: () => withReport(v5(), 120, 1), options: { allowDebug: true } },
    { name: "a service TD", make: () => withReport(v5(), 600, 1), options: { allowServiceTd: true } },
    {
      name: "TCB info with its FMSPC in upper case",
      make: () => withDocument(v5(), "tcb_info", '"90c06f000000"', '"90C06F000000"'),
      options: {},
    },
    { name: "an older TDX module in version 4", make: v4, options: {} },
  ])("verifies with $name", async ({ make, options }) => {
    expect(await verdictOf(make(), options)).toBe("UpToDate");
  });

  test.each([
    { name: "without an SGX extension", oid: "06092a864886f84d010d01" },
    { name: "without a PPID in its SGX extension", oid: "060a2a864886f84d010d0101" },
  ])("is refused with a PCK leaf $name", async ({ oid }) => {
    const evidence = withoutOid(v5(), oid);
    expect(await verdictOf(evidence)).toBe("pck-chain/pck-extension-invalid");
    const quote = parseQuote(evidence.quote);
    if (!quote.ok) throw new Error(quote.error.code);
    expect(await runPckChainVerification(quote.value, { now: evidence.now }, GULLIBLE)).toMatchObject({
      ok: false,
      error: { stage: "pck-chain", code: "pck-extension-invalid" },
    });
  });

  test("verifies under another root, and says so", async () => {
    const { evidence, rootCa } = withForgedRoot(v5());
    const { quote, bundle, now } = evidence;
    const run = { ...GULLIBLE, anchor: prepareAnchor(rootCa) };
    expect(await runVerification(quote, JSON.stringify(bundle), { now }, run)).toMatchObject({
      ok: true,
      value: { trustAnchor: "custom" },
    });
  });

  test("carries the judgement of a revoked platform", async () => {
    const { quote, bundle, now } = withDocument(v5(), "tcb_info", /"UpToDate"/g, '"Revoked"');
    expect(await runVerification(quote, JSON.stringify(bundle), { now }, GULLIBLE)).toMatchObject({
      ok: false,
      error: { code: "tcb-revoked", judgement: { tcbStatus: "Revoked", tdxModuleStatus: "Revoked", advisoryIds: [] } },
    });
  });

  test.each([
    {
      name: "TCB info",
      part: (evidence: Evidence) => Buffer.from(evidence.bundle["tcb_info"] ?? ""),
      verdict: "tcb-info/tcb-info-signature-invalid",
    },
    {
      name: "QE identity",
      part: (evidence: Evidence) => Buffer.from(evidence.bundle["qe_identity"] ?? ""),
      verdict: "qe-identity/qe-identity-signature-invalid",
    },
    {
      name: "QE report",
      part: ({ quote }: Evidence) => quote.subarray(layoutOf(quote).qeReport).subarray(0, 384),
      verdict: "qe-report/qe-report-signature-invalid",
    },
    {
      name: "quote",
      part: ({ quote }: Evidence) => quote.subarray(0, 54 + 648),
      verdict: "quote-signature/quote-signature-invalid",
    },
  ])("is refused first for a forged $name, whatever it says", async ({ part, verdict }) => {
    const wrong = [
      (evidence: Evidence) => withDocument(evidence, "tcb_info", /"nextUpdate":"[^"]*"/, EXPIRED),
      (evidence: Evidence) => withDocument(evidence, "qe_identity", /"nextUpdate":"[^"]*"/, EXPIRED),
      (evidence: Evidence) => withQeReport(evidence, 48, 0x13),
      (evidence: Evidence) => withReport(evidence, 120, 1),
    ];
    const first = ["tcb-info", "qe-identity", "qe-report", "quote-signature"].indexOf(verdict.split("/")[0] ?? "");
    const evidence = wrong.slice(first).reduce((changed, change) => change(changed), v5());
    expect(await verdictOf(evidence, {}, gullible(part(evidence)))).toBe(verdict);
  });

  test("is judged in the order module, platform, quoting enclave, attributes, report data", async () => {
    const steps = [
      (evidence: Evidence) => withReport(evidence, 64, 1),
      (evidence: Evidence) => withReport(evidence, 2, 0),
      (evidence: Evidence) => withDocument(evidence, "qe_identity", '"isvsvn":4', '"isvsvn":9'),
      (evidence: Evidence) => withReport(evidence, 120, 1),
      (evidence: Evidence) => evidence,
    ];
    const expectedReportData = flipped(v5().quote.slice(54 + 520, 54 + 584), 0);
    const subjects = [];
    for (const first of steps.keys()) {
      const { quote, bundle, now } = steps.slice(first).reduce((changed, step) => step(changed), v5());
      const result = await runVerification(quote, JSON.stringify(bundle), { now, expectedReportData }, GULLIBLE);
      subjects.push(result.ok ? "ok" : `${result.error.code} ${result.error.facts.subject ?? ""}`.trim());
    }
    expect(subjects).toEqual([
      "tdx-module-mismatch MRSIGNERSEAM",
      "tcb-not-supported platform",
      "tcb-not-supported quoting enclave",
      "td-debug-enabled",
      "report-data-mismatch",
    ]);
  });
});
