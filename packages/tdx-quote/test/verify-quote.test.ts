import { describe, expect, test } from "vitest";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { parseQuote } from "../src/quote.ts";
import { verifyQuote, type VerifyOptions } from "../src/verify-quote.ts";
import {
  blocksOf,
  collateralOf,
  flipped,
  flippedHex,
  flippedPem,
  layoutOf,
  padded,
  patched,
  pemOf,
  unix,
  v4,
  v5,
  textOf,
  withBundle,
  withCertificationData,
  withForgedRoot,
  withPem,
  type Evidence,
} from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";
import { countSignatureChecks } from "./signature-check-counter.ts";

type Options = Partial<VerifyOptions>;

async function verdictOf({ quote, bundle, now }: Evidence, options: Options = {}): Promise<string> {
  const result = await verifyQuote(quote, JSON.stringify(bundle), { now, ...options });
  return result.ok ? result.value.tcbStatus : `${result.error.stage}/${result.error.code}`;
}

/** The PCK chain of a quote with its blocks in another order or number; -1 is the root with a flipped signature. */
function reordered(evidence: Evidence, ...places: readonly number[]): Evidence {
  const blocks = blocksOf(pemOf(evidence.quote));
  return withPem(evidence, places.map((place) => blocks[place] ?? "").join(""));
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function scalar(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
}

function valueOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

describe.skipIf(!HAS_REAL_VECTORS)("a genuine quote", () => {
  test.each([
    { name: "version 4", make: v4 },
    { name: "version 5", make: v5 },
    { name: "in a padded buffer", make: padded },
    { name: "followed by junk", make: () => ({ ...v4(), quote: Buffer.concat([v4().quote, Buffer.from("junk")]) }) },
    { name: "with a chain that ends without NUL", make: () => withPem(v4(), pemOf(v4().quote)) },
    { name: "with a chain of CRLF lines", make: () => withPem(v4(), pemOf(v4().quote).replaceAll("\n", "\r\n")) },
    {
      name: "without its chain, which the bundle has",
      make: () => ({
        ...withBundle(v5(), { pck_certificate_chain: pemOf(v5().quote) }),
        quote: withCertificationData(v5().quote, 3, new Uint8Array(404)),
      }),
    },
    {
      name: "with its chain, and another one in the bundle that is ignored",
      make: () => withBundle(v5(), { pck_certificate_chain: "garbage" }),
    },
    {
      name: "with the other of its two equal signatures (n - s)",
      make: () => {
        const { quote, ...rest } = v5();
        const at = layoutOf(quote).signature + 32;
        return { ...rest, quote: patched(quote, at, scalar(P256_ORDER - valueOf(quote.subarray(at, at + 32)))) };
      },
    },
    {
      name: "with TCB info under the other of its two equal signatures (n - s)",
      make: () => {
        const signature = Buffer.from(textOf(v5(), "tcb_info_signature"), "hex");
        const high = scalar(P256_ORDER - valueOf(signature.subarray(32)));
        return withBundle(v5(), {
          tcb_info_signature: Buffer.concat([signature.subarray(0, 32), high]).toString("hex"),
        });
      },
    },
  ])("verifies: $name", async ({ make }) => {
    expect(await verdictOf(make())).toBe("UpToDate");
  });

  test("gives the same verdict parsed as unparsed, and keeps the parsed quote", async () => {
    const { quote, bundle, now } = v5();
    const parsedQuote = parseQuote(quote);
    if (!parsedQuote.ok) throw new Error(parsedQuote.error.code);
    const result = await verifyQuote(parsedQuote.value, collateralOf(v5()), { now });
    expect(result).toEqual(await verifyQuote(quote, JSON.stringify(bundle), { now }));
    expect(result.ok && result.value.quote).toBe(parsedQuote.value);
    expect(Object.isFrozen(result.ok && result.value)).toBe(true);
  });

  test("tells Intel's root given by the caller from another one", async () => {
    const { quote, bundle, now } = v5();
    const result = await verifyQuote(quote, JSON.stringify(bundle), { now, rootCa: new Uint8Array(INTEL_SGX_ROOT_CA) });
    expect(result).toMatchObject({ ok: true, value: { trustAnchor: "intel" } });
    const other = { ...v5(), now };
    expect(await verdictOf(other, { rootCa: flipped(INTEL_SGX_ROOT_CA, 100) })).toBe(
      "trust-anchor/chain-root-untrusted",
    );
    expect(await verdictOf(other, { rootCa: new Uint8Array() })).toBe("trust-anchor/chain-root-untrusted");
  });

  test("reports the evaluation numbers of both documents and the platform", async () => {
    const { quote, bundle, now } = v5();
    expect(await verifyQuote(quote, JSON.stringify(bundle), { now })).toMatchObject({
      ok: true,
      value: { tcbEvaluationDataNumber: { tcbInfo: 18, qeIdentity: 18 }, sgxType: "scalable", trustAnchor: "intel" },
    });
  });

  test("must carry the report data that the caller expects, in its last byte too", async () => {
    const expectedReportData = v5().quote.slice(54 + 520, 54 + 584);
    expect(await verdictOf(v5(), { expectedReportData })).toBe("UpToDate");
    expect(await verdictOf(v5(), { expectedReportData: flipped(expectedReportData, 63) })).toBe(
      "report-data/report-data-mismatch",
    );
  });

  test("is judged as it was when given, whatever the caller does to its buffers meanwhile", async () => {
    const { quote, bundle, now } = v5();
    const buffer = Buffer.from(quote);
    const rootCa = new Uint8Array(INTEL_SGX_ROOT_CA);
    const expectedReportData = quote.slice(54 + 520, 54 + 584);
    const verdict = verifyQuote(buffer, JSON.stringify(bundle), { now, rootCa, expectedReportData });
    for (const bytes of [buffer, rootCa, expectedReportData]) bytes.fill(0);
    expect(await verdict).toMatchObject({ ok: true, value: { tcbStatus: "UpToDate" } });
  });

  test.each([
    { name: "text", collateral: () => JSON.stringify(v5().bundle) },
    { name: "parsed", collateral: () => collateralOf(v5()) },
  ])("costs ten signature checks with collateral as $name", async ({ collateral }) => {
    const { quote, now } = v5();
    const counter = countSignatureChecks();
    const result = await verifyQuote(quote, collateral(), { now });
    expect([result.ok, counter.count()]).toEqual([true, 10]);
    counter.stop();
  });

  test("that does not end in the anchor costs none", async () => {
    const counter = countSignatureChecks();
    const rootCa = flipped(INTEL_SGX_ROOT_CA, 100);
    // The first time, the anchor itself is looked at.
    await verdictOf(v5(), { rootCa });
    counter.reset();
    await verdictOf(v5(), { rootCa });
    expect(counter.count()).toBe(0);
    counter.stop();
  });

  test.each([
    { name: "NaN", now: Number.NaN },
    { name: "-1", now: -1 },
    { name: "milliseconds", now: 1771977600000 },
    { name: "a fraction", now: 1771977600.5 },
    { name: "infinity", now: Infinity },
  ])("is not judged at all at $name", async ({ now }) => {
    await expect(verifyQuote(new Uint8Array(), "", { now })).rejects.toThrow(RangeError);
  });

  test.each([0, 63, 65])("is not judged at all against report data of %d bytes", async (length) => {
    const expectedReportData = new Uint8Array(length);
    await expect(verifyQuote(new Uint8Array(), "", { now: 0, expectedReportData })).rejects.toThrow(RangeError);
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("the windows of", () => {
  test.each([
    {
      name: "the TCB info",
      make: v5,
      from: "2026-02-18T10:42:15Z",
      to: "2026-03-03T14:49:26Z",
      before: "qe-identity/qe-identity-not-yet-valid",
      after: "tcb-info/tcb-info-expired",
    },
    {
      name: "the PCK CRL",
      make: v4,
      from: "2025-06-19T10:32:27Z",
      to: "2025-07-19T10:00:35Z",
      before: "qe-identity/qe-identity-not-yet-valid",
      after: "pck-chain/crl-expired",
    },
    {
      name: "the QE identity",
      make: padded,
      from: "2025-06-19T10:00:35Z",
      to: "2025-07-04T09:40:18Z",
      before: "pck-chain/crl-not-yet-valid",
      after: "qe-identity/qe-identity-expired",
    },
  ])("$name include both ends and nothing beyond", async ({ make, from, to, before, after }) => {
    const at = (now: number) => verdictOf({ ...make(), now });
    expect(await at(unix(from) - 1)).toBe(before);
    expect(await at(unix(from))).toBe("UpToDate");
    expect(await at(unix(to))).toBe("UpToDate");
    expect(await at(unix(to) + 1)).toBe(after);
  });

  test.each([
    { now: "2018-05-21T10:45:09Z", verdict: "trust-anchor/certificate-not-yet-valid" },
    { now: "2018-05-21T10:45:10Z", verdict: "crl/crl-not-yet-valid" },
    { now: "2025-03-20T11:21:56Z", verdict: "crl/crl-not-yet-valid" },
    { now: "2025-03-20T11:21:57Z", verdict: "tcb-info/certificate-not-yet-valid" },
    { now: "2025-05-06T09:25:00Z", verdict: "tcb-info/tcb-info-not-yet-valid" },
    { now: "2026-02-01T14:49:25Z", verdict: "tcb-info/tcb-info-not-yet-valid" },
    { now: "2026-02-01T14:49:26Z", verdict: "qe-identity/qe-identity-not-yet-valid" },
    { now: "2026-04-03T11:21:57Z", verdict: "tcb-info/tcb-info-expired" },
    { now: "2026-04-03T11:21:58Z", verdict: "crl/crl-expired" },
    { now: "2049-12-31T23:59:59Z", verdict: "crl/crl-expired" },
    { now: "2050-01-01T00:00:00Z", verdict: "trust-anchor/certificate-expired" },
  ])("everything at $now: $verdict", async ({ now, verdict }) => {
    expect(await verdictOf({ ...v5(), now: unix(now) })).toBe(verdict);
  });
});

interface Refusal {
  readonly name: string;
  readonly make: () => Evidence;
  readonly verdict: string;
}

const ROOT_BLOCK = (evidence: Evidence) => blocksOf(textOf(evidence, "tcb_info_issuer_chain"))[1] ?? "";

const BEFORE_SIGNATURES: readonly Refusal[] = [
  {
    name: "no TCB info",
    make: () => withBundle(v5(), { tcb_info: "" }),
    verdict: "collateral-parse/tcb-info-malformed",
  },
  {
    name: "no chain anywhere",
    make: () => ({ ...v5(), quote: withCertificationData(v5().quote, 3, new Uint8Array(404)) }),
    verdict: "collateral-parse/quote-certification-data-unsupported",
  },
  {
    name: "a malformed chain in the bundle, which is needed",
    make: () => ({
      ...withBundle(v5(), { pck_certificate_chain: "garbage" }),
      quote: withCertificationData(v5().quote, 1, new Uint8Array(36)),
    }),
    verdict: "collateral-parse/certificate-malformed",
  },
  {
    name: "broken base64 in its chain",
    make: () => withPem(v5(), pemOf(v5().quote).replace("MII", "M!I")),
    verdict: "collateral-parse/certificate-malformed",
  },
  {
    name: "BEGIN without END in its chain",
    make: () => withPem(v5(), `${pemOf(v5().quote)}-----BEGIN CERTIFICATE-----\n`),
    verdict: "collateral-parse/certificate-malformed",
  },
  {
    name: "text between blocks",
    make: () => withPem(v5(), blocksOf(pemOf(v5().quote)).join("x\n")),
    verdict: "collateral-parse/certificate-malformed",
  },
  {
    name: "bytes after the chain",
    make: () => withPem(v5(), `${pemOf(v5().quote)}\0x`),
    verdict: "collateral-parse/certificate-malformed",
  },
  { name: "an empty chain", make: () => withPem(v5(), ""), verdict: "trust-anchor/chain-length-invalid" },
  { name: "only a leaf", make: () => reordered(v5(), 0), verdict: "trust-anchor/chain-length-invalid" },
  { name: "leaf and root", make: () => reordered(v5(), 0, 2), verdict: "trust-anchor/chain-length-invalid" },
  { name: "the root twice", make: () => reordered(v5(), 0, 1, 2, 2), verdict: "trust-anchor/chain-length-invalid" },
  { name: "the root first", make: () => reordered(v5(), 2, 1, 0), verdict: "trust-anchor/chain-root-untrusted" },
  ...(["tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"] as const).flatMap((key) => [
    {
      name: `an empty ${key}`,
      make: () => withBundle(v5(), { [key]: "" }),
      verdict: "trust-anchor/chain-length-invalid",
    },
    {
      name: `one certificate in ${key}`,
      make: () => withBundle(v5(), { [key]: ROOT_BLOCK(v5()) }),
      verdict: "trust-anchor/chain-length-invalid",
    },
    {
      name: `three certificates in ${key}`,
      make: () => withBundle(v5(), { [key]: textOf(v5(), key) + ROOT_BLOCK(v5()) }),
      verdict: "trust-anchor/chain-length-invalid",
    },
    {
      name: `${key} with the root first`,
      make: () => withBundle(v5(), { [key]: blocksOf(textOf(v5(), key)).toReversed().join("") }),
      verdict: "trust-anchor/chain-root-untrusted",
    },
    {
      name: `a root with another signature in ${key}`,
      make: () =>
        withBundle(v5(), { [key]: textOf(v5(), key).replace(ROOT_BLOCK(v5()), flippedPem(ROOT_BLOCK(v5()), -1)) }),
      verdict: "trust-anchor/chain-root-untrusted",
    },
  ]),
];

const SIGNED_PARTS: readonly Refusal[] = [
  {
    name: "a wrong root CA CRL signature",
    make: () => withBundle(v5(), { root_ca_crl: flippedHex(textOf(v5(), "root_ca_crl")) }),
    verdict: "crl/crl-signature-invalid",
  },
  {
    name: "its CRLs exchanged",
    make: () => withBundle(v5(), { root_ca_crl: textOf(v5(), "pck_crl"), pck_crl: textOf(v5(), "root_ca_crl") }),
    verdict: "crl/crl-issuer-mismatch",
  },
  {
    name: "TCB info signed by the chain of the PCK CA",
    make: () => withBundle(v5(), { tcb_info_issuer_chain: textOf(v5(), "pck_crl_issuer_chain") }),
    verdict: "tcb-info/chain-role-mismatch",
  },
  {
    name: "a TCB signing certificate with a wrong signature",
    make: () => {
      const [leaf = "", root = ""] = blocksOf(textOf(v5(), "tcb_info_issuer_chain"));
      return withBundle(v5(), { tcb_info_issuer_chain: flippedPem(leaf, -1) + root });
    },
    verdict: "tcb-info/certificate-signature-invalid",
  },
  {
    name: "a wrong TCB info signature",
    make: () => withBundle(v5(), { tcb_info_signature: flippedHex(textOf(v5(), "tcb_info_signature")) }),
    verdict: "tcb-info/tcb-info-signature-invalid",
  },
  {
    name: "TCB info with whitespace added",
    make: () => withBundle(v5(), { tcb_info: `${textOf(v5(), "tcb_info")} ` }),
    verdict: "tcb-info/tcb-info-signature-invalid",
  },
  {
    name: "TCB info with another hex case",
    make: () => withBundle(v5(), { tcb_info: textOf(v5(), "tcb_info").replace("90c06f", "90C06F") }),
    verdict: "tcb-info/tcb-info-signature-invalid",
  },
  {
    name: "TCB info with another status",
    make: () => withBundle(v5(), { tcb_info: textOf(v5(), "tcb_info").replace("OutOfDate", "UpToDate") }),
    verdict: "tcb-info/tcb-info-signature-invalid",
  },
  ...[
    { name: "zero", signature: "0".repeat(128) },
    { name: "r = 0", signature: "0".repeat(64) + "1".repeat(64) },
    { name: "s = 0", signature: "1".repeat(64) + "0".repeat(64) },
    { name: "r = n", signature: P256_ORDER.toString(16) + "1".repeat(64) },
    { name: "all ones", signature: "f".repeat(128) },
  ].map(({ name, signature }) => ({
    name: `a TCB info signature that is ${name}`,
    make: () => withBundle(v5(), { tcb_info_signature: signature }),
    verdict: "tcb-info/tcb-info-signature-invalid",
  })),
  {
    name: "a wrong QE identity signature",
    make: () => withBundle(v5(), { qe_identity_signature: flippedHex(textOf(v5(), "qe_identity_signature")) }),
    verdict: "qe-identity/qe-identity-signature-invalid",
  },
  {
    name: "the TCB info's signature for the QE identity",
    make: () => withBundle(v5(), { qe_identity_signature: textOf(v5(), "tcb_info_signature") }),
    verdict: "qe-identity/qe-identity-signature-invalid",
  },
  {
    name: "a QE identity signed by the chain of the PCK CA",
    make: () => withBundle(v5(), { qe_identity_issuer_chain: textOf(v5(), "pck_crl_issuer_chain") }),
    verdict: "qe-identity/chain-role-mismatch",
  },
  { name: "leaf and PCK CA exchanged", make: () => reordered(v5(), 1, 0, 2), verdict: "pck-chain/chain-role-mismatch" },
  {
    name: "the TCB signing certificate as its leaf",
    make: () => {
      const [leaf = ""] = blocksOf(textOf(v5(), "tcb_info_issuer_chain"));
      return withPem(v5(), leaf + blocksOf(pemOf(v5().quote)).slice(1).join(""));
    },
    verdict: "pck-chain/chain-role-mismatch",
  },
  {
    name: "a leaf with a wrong signature",
    make: () => {
      const [leaf = "", ...rest] = blocksOf(pemOf(v5().quote));
      return withPem(v5(), flippedPem(leaf, -1) + rest.join(""));
    },
    verdict: "pck-chain/certificate-signature-invalid",
  },
  {
    name: "a PCK CA with a wrong signature",
    make: () => {
      const [leaf = "", ca = "", root = ""] = blocksOf(pemOf(v5().quote));
      return withPem(v5(), leaf + flippedPem(ca, -1) + root);
    },
    verdict: "pck-chain/certificate-signature-invalid",
  },
  {
    name: "a wrong PCK CRL signature",
    make: () => withBundle(v5(), { pck_crl: flippedHex(textOf(v5(), "pck_crl")) }),
    verdict: "pck-chain/crl-signature-invalid",
  },
  {
    name: "the root CA CRL in place of the PCK CRL",
    make: () => withBundle(v5(), { pck_crl: textOf(v5(), "root_ca_crl") }),
    verdict: "pck-chain/crl-issuer-mismatch",
  },
  {
    name: "a PCK CRL issuer that is no PCK CA",
    make: () => withBundle(v5(), { pck_crl_issuer_chain: textOf(v5(), "tcb_info_issuer_chain") }),
    verdict: "pck-chain/chain-role-mismatch",
  },
  {
    name: "collateral of another platform model",
    make: () => ({ ...v4(), bundle: padded().bundle }),
    verdict: "pck-chain/fmspc-mismatch",
  },
  {
    name: "a wrong QE report signature",
    make: () => ({ ...v5(), quote: flipped(v5().quote, layoutOf(v5().quote).qeReportSignature) }),
    verdict: "qe-report/qe-report-signature-invalid",
  },
  {
    name: "another QE report",
    make: () => ({ ...v5(), quote: flipped(v5().quote, layoutOf(v5().quote).qeReport + 48) }),
    verdict: "qe-report/qe-report-signature-invalid",
  },
  ...[0n, P256_ORDER].flatMap((value) =>
    [0, 32].map((offset) => ({
      name: `a QE report signature with ${value === 0n ? "0" : "n"} at ${offset}`,
      make: () => ({
        ...v5(),
        quote: patched(v5().quote, layoutOf(v5().quote).qeReportSignature + offset, scalar(value)),
      }),
      verdict: "qe-report/qe-report-signature-invalid",
    })),
  ),
  {
    name: "another QE authentication data",
    make: () => ({ ...v5(), quote: flipped(v5().quote, layoutOf(v5().quote).authentication) }),
    verdict: "qe-report/qe-report-data-mismatch",
  },
  {
    name: "another attestation key",
    make: () => ({ ...v5(), quote: flipped(v5().quote, layoutOf(v5().quote).attestationKey) }),
    verdict: "qe-report/qe-report-data-mismatch",
  },
  {
    name: "a wrong signature",
    make: () => ({ ...v5(), quote: flipped(v5().quote, layoutOf(v5().quote).signature) }),
    verdict: "quote-signature/quote-signature-invalid",
  },
  ...[
    { name: "r = s = 0", r: 0n, s: 0n },
    { name: "r = s = 1", r: 1n, s: 1n },
    { name: "r = n", r: P256_ORDER, s: 1n },
    { name: "s = n + 1", r: 1n, s: P256_ORDER + 1n },
  ].map(({ name, r, s }) => ({
    name: `a signature of ${name}`,
    make: () => ({
      ...v5(),
      quote: patched(v5().quote, layoutOf(v5().quote).signature, Buffer.concat([scalar(r), scalar(s)])),
    }),
    verdict: "quote-signature/quote-signature-invalid",
  })),
  ...[
    { name: "reserved header bytes", offset: 8 },
    { name: "user data", offset: 47 },
    { name: "TEE_TCB_SVN", offset: 54 },
    { name: "SEAMATTRIBUTES", offset: 54 + 112 },
    { name: "TDATTRIBUTES", offset: 54 + 120 },
    { name: "MRTD", offset: 54 + 136 },
    { name: "RTMR3", offset: 54 + 472 },
    { name: "REPORTDATA", offset: 54 + 583 },
    { name: "MRSERVICETD", offset: 54 + 647 },
  ].map(({ name, offset }) => ({
    name: `another ${name}`,
    make: () => ({ ...v5(), quote: flipped(v5().quote, offset) }),
    verdict: "quote-signature/quote-signature-invalid",
  })),
  {
    name: "a TD report 1.5 relabelled as 1.0",
    make: () => {
      const { quote, ...rest } = v5();
      const descriptor = Uint8Array.of(2, 0, 0x48, 0x02, 0, 0);
      const relabelled = Buffer.concat([
        quote.subarray(0, 48),
        descriptor,
        quote.subarray(54, 54 + 584),
        quote.subarray(54 + 648),
      ]);
      return { ...rest, quote: relabelled };
    },
    verdict: "quote-signature/quote-signature-invalid",
  },
];

/** Evidence with a flipped bit in a hex field of its collateral. */
function wrongKey(evidence: Evidence, key: string): Evidence {
  return withBundle(evidence, { [key]: flippedHex(textOf(evidence, key)) });
}

describe.skipIf(!HAS_REAL_VECTORS)("evidence is refused with", () => {
  test.each([...BEFORE_SIGNATURES, ...SIGNED_PARTS])("$name: $verdict", async ({ make, verdict }) => {
    expect(await verdictOf(make())).toBe(verdict);
  });

  test("a root that is given as anchor but has not signed itself", async () => {
    const { evidence, rootCa } = withForgedRoot(v5());
    expect(await verdictOf(evidence, { rootCa })).toBe("trust-anchor/certificate-signature-invalid");
    expect(await verdictOf(evidence)).toBe("trust-anchor/chain-root-untrusted");
  });

  test("the code of the first stage that fails, when several would", async () => {
    const { quote, bundle } = v5();
    const at = layoutOf(quote);
    const steps: readonly ((evidence: Evidence) => Evidence)[] = [
      (evidence) => ({ ...evidence, quote: flipped(evidence.quote, 0, 7) }),
      (evidence) => withBundle(evidence, { tcb_info_signature: "" }),
      (evidence) => withBundle(evidence, { pck_crl_issuer_chain: "" }),
      (evidence) => wrongKey(evidence, "root_ca_crl"),
      (evidence) => wrongKey(evidence, "tcb_info_signature"),
      (evidence) => wrongKey(evidence, "qe_identity_signature"),
      (evidence) => wrongKey(evidence, "pck_crl"),
      (evidence) => ({ ...evidence, quote: flipped(evidence.quote, at.qeReportSignature) }),
      (evidence) => ({ ...evidence, quote: flipped(evidence.quote, at.signature) }),
    ];
    const expectedReportData = new Uint8Array(64);
    const verdicts: string[] = [];
    for (const first of steps.keys()) {
      // Later steps are applied first, so that an emptied signature stays empty.
      const evidence = steps
        .slice(first)
        .reduceRight((changed, step) => step(changed), { quote, bundle, now: v5().now });
      verdicts.push(await verdictOf(evidence, { expectedReportData }));
    }
    verdicts.push(await verdictOf(v5(), { expectedReportData }));
    expect(verdicts).toEqual([
      "quote-parse/quote-version-unsupported",
      "collateral-parse/collateral-malformed",
      "trust-anchor/chain-length-invalid",
      "crl/crl-signature-invalid",
      "tcb-info/tcb-info-signature-invalid",
      "qe-identity/qe-identity-signature-invalid",
      "pck-chain/crl-signature-invalid",
      "qe-report/qe-report-signature-invalid",
      "quote-signature/quote-signature-invalid",
      "report-data/report-data-mismatch",
    ]);
  });
});
