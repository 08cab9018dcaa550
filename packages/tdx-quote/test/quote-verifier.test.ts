import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Collateral } from "../src/collateral-bundle.ts";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { createQuoteVerifier, type QuoteVerifier } from "../src/quote-verifier.ts";
import { parseQuote } from "../src/quote.ts";
import { verifyPckChain } from "../src/verify-pck-chain.ts";
import { verifyQuote } from "../src/verify-quote.ts";
import {
  blocksOf,
  collateralOf,
  flipped,
  flippedHex,
  flippedPem,
  layoutOf,
  padded,
  pemOf,
  textOf,
  unix,
  v4,
  v5,
  withBundle,
  withCertificationData,
  type Evidence,
} from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";
import { countSignatureChecks, type SignatureCheckCounter } from "./signature-check-counter.ts";

async function verdictOf(
  verifier: QuoteVerifier,
  { quote, now }: Evidence,
  collateral: Collateral | string,
): Promise<string> {
  const result = await verifier.verify(quote, collateral, { now });
  return result.ok ? result.value.tcbStatus : `${result.error.stage}/${result.error.code}`;
}

/** The same chain with white space after it, which its reader skips. */
function withSpaces(count: number): Evidence {
  const pem = Buffer.from(pemOf(v5().quote) + " ".repeat(count));
  return { ...v5(), quote: withCertificationData(v5().quote, 5, pem) };
}

describe.skipIf(!HAS_REAL_VECTORS)("a long-lived verifier", () => {
  let counter: SignatureCheckCounter;
  beforeEach(() => {
    counter = countSignatureChecks();
  });
  afterEach(() => {
    counter.stop();
  });

  /** Signature checks that a verification costs, and its verdict. */
  async function cost(
    verifier: QuoteVerifier,
    evidence: Evidence,
    collateral: Collateral | string = collateralOf(evidence),
  ) {
    counter.reset();
    const verdict = await verdictOf(verifier, evidence, collateral);
    return { verdict, checks: counter.count() };
  }

  test("checks ten signatures at first, and one of the next quote with its attestation key", async () => {
    const verifier = createQuoteVerifier();
    const collateral = collateralOf(v5());
    expect(await cost(verifier, v5(), collateral)).toEqual({ verdict: "UpToDate", checks: 10 });
    expect(await cost(verifier, v5(), collateral)).toEqual({ verdict: "UpToDate", checks: 1 });
  });

  test("knows no attestation key under a leaf without a key that it can use", async () => {
    const verifier = createQuoteVerifier();
    expect(await verdictOf(verifier, v5(), collateralOf(v5()))).toBe("UpToDate");
    const [leaf = "", ...issuers] = blocksOf(pemOf(v5().quote));
    const der = Buffer.from(leaf.replaceAll(/-----[A-Z ]+-----|\n/g, ""), "base64");
    // The object identifier of the curve: another curve, so that the key is none of P-256.
    const keyless = flippedPem(leaf, der.toString("hex").indexOf("06082a8648ce3d030107") / 2 + 9);
    const quote = withCertificationData(v5().quote, 5, Buffer.from([keyless, ...issuers].join("")));
    expect(await verdictOf(verifier, { ...v5(), quote }, collateralOf(v5()))).toMatch(/^pck-chain\//);
  });

  test("judges a PCK chain by itself once, and again outside of its window", async () => {
    const verifier = createQuoteVerifier();
    const quote = parseQuote(v5().quote);
    if (!quote.ok) throw new Error(quote.error.code);
    const ask = async (now: number) => {
      counter.reset();
      const answer = await verifier.verifyPckChain(quote.value, { now });
      return { answer: answer.ok ? answer.value : answer.error.code, checks: counter.count() };
    };
    const platform = await verifyPckChain(quote.value, { now: v5().now });
    expect(platform.ok).toBe(true);
    expect(await ask(v5().now)).toMatchObject({ answer: platform.ok && platform.value, checks: 2 });
    expect(await ask(v5().now)).toMatchObject({ answer: platform.ok && platform.value, checks: 0 });
    expect(await ask(unix("2060-01-01T00:00:00Z"))).toMatchObject({ answer: "certificate-expired" });
    expect(await ask(v5().now)).toMatchObject({ checks: 0 });
  });

  test("remembers what it has judged, not what a caller makes of its quote meanwhile", async () => {
    const verifier = createQuoteVerifier();
    const { quote, now } = v5();
    const parsed = parseQuote(quote);
    if (!parsed.ok) throw new Error(parsed.error.code);
    const strange = quote.map((byte, index) => (index === layoutOf(quote).attestationKey ? byte ^ 1 : byte));
    const pending = verifier.verify(parsed.value, collateralOf(v5()), { now });
    parsed.value.attestationKey.set([Number(parsed.value.attestationKey[0]) ^ 1]);
    expect((await pending).ok).toBe(true);
    const { verdict } = await cost(verifier, { ...v5(), quote: strange });
    expect(verdict).toBe("qe-report/qe-report-data-mismatch");
  });

  test("takes no word about the PCK chain for a judgement of the quote", async () => {
    const verifier = createQuoteVerifier();
    const quote = parseQuote(v5().quote);
    if (!quote.ok) throw new Error(quote.error.code);
    await verifier.verifyPckChain(quote.value, { now: v5().now });
    const bundle = { ...v5().bundle, pck_crl: flippedHex(String(v5().bundle["pck_crl"])) };
    expect((await cost(verifier, { ...v5(), bundle })).verdict).toBe("pck-chain/crl-signature-invalid");
  });

  test("knows collateral by its content, parsed again or as text", async () => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    expect(await cost(verifier, v5())).toEqual({ verdict: "UpToDate", checks: 1 });
    expect(await cost(verifier, v5(), JSON.stringify(v5().bundle))).toEqual({ verdict: "UpToDate", checks: 1 });
  });

  test("gives the same result with and without memory", async () => {
    const verifier = createQuoteVerifier();
    const { quote, now } = v5();
    const collateral = collateralOf(v5());
    const expected = await verifyQuote(quote, collateral, { now });
    expect(await verifier.verify(quote, collateral, { now })).toEqual(expected);
    expect(await verifier.verify(quote, collateral, { now })).toEqual(expected);
  });

  test("judges the chain of a new platform anew under known collateral", async () => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    const sameChainOtherText = { ...v5(), quote: withCertificationData(v5().quote, 5, Buffer.from(pemOf(v5().quote))) };
    expect(await cost(verifier, sameChainOtherText)).toEqual({ verdict: "UpToDate", checks: 4 });
    const otherPlatform = { ...v4(), now: v5().now };
    expect((await cost(verifier, otherPlatform, collateralOf(v5()))).verdict).toBe("pck-chain/fmspc-mismatch");
  });

  test("knows a chain that comes with the collateral by its text", async () => {
    const verifier = createQuoteVerifier();
    const withoutChain = { ...v5(), quote: withCertificationData(v5().quote, 1, new Uint8Array(404)) };
    const chain = pemOf(v5().quote);
    const known = withBundle(withoutChain, { pck_certificate_chain: chain });
    expect(await cost(verifier, known)).toEqual({ verdict: "UpToDate", checks: 10 });
    expect(await cost(verifier, known)).toEqual({ verdict: "UpToDate", checks: 1 });
    const forged = [flippedPem(blocksOf(chain)[0] ?? "", -1), ...blocksOf(chain).slice(1)].join("");
    const refused = await cost(verifier, withBundle(withoutChain, { pck_certificate_chain: forged }));
    expect(refused.verdict).toBe("pck-chain/certificate-signature-invalid");
  });

  test("judges a known chain anew under new collateral", async () => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    const bundle = { ...v5().bundle, pck_crl: String(v5().bundle["pck_crl"]).toUpperCase() };
    expect(await cost(verifier, { ...v5(), bundle })).toEqual({ verdict: "UpToDate", checks: 8 });
  });

  test.each([
    { now: "2026-02-18T10:42:14Z", verdict: "qe-identity/qe-identity-not-yet-valid" },
    { now: "2026-02-18T10:42:15Z", verdict: "UpToDate" },
    { now: "2026-03-03T14:49:26Z", verdict: "UpToDate" },
    { now: "2026-03-03T14:49:27Z", verdict: "tcb-info/tcb-info-expired" },
  ])("uses no memory outside of its window: $verdict at $now", async ({ now, verdict }) => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    const result = await cost(verifier, { ...v5(), now: unix(now) });
    // A refusal ends the judgement, so how many of the ten it takes depends on what was started ahead.
    const isKnown = result.checks === 1;
    expect({ verdict: result.verdict, isKnown }).toEqual({ verdict, isKnown: verdict === "UpToDate" });
  });

  test("judges what depends on the quote every time", async () => {
    const verifier = createQuoteVerifier();
    const { quote, now } = v5();
    const at = layoutOf(quote);
    await cost(verifier, v5());
    const verdicts = [];
    for (const offset of [at.qeReportSignature, at.authentication, at.signature, 54 + 136]) {
      verdicts.push((await cost(verifier, { ...v5(), quote: flipped(quote, offset) })).verdict);
    }
    expect(verdicts).toEqual([
      "qe-report/qe-report-signature-invalid",
      "qe-report/qe-report-data-mismatch",
      "quote-signature/quote-signature-invalid",
      "quote-signature/quote-signature-invalid",
    ]);
    const expectedReportData = new Uint8Array(64);
    expect(await verifier.verify(quote, collateralOf(v5()), { now, expectedReportData })).toMatchObject({
      ok: false,
      error: { code: "report-data-mismatch" },
    });
  });

  test("remembers no refusal", async () => {
    const verifier = createQuoteVerifier();
    const bundle = { ...v5().bundle, pck_crl: flippedHex(String(v5().bundle["pck_crl"])) };
    const first = await cost(verifier, { ...v5(), bundle });
    expect(first.verdict).toBe("pck-chain/crl-signature-invalid");
    expect(first.checks).toBeGreaterThan(2);
    // All but the signature of the anchor by itself, which depends on nothing else.
    expect(await cost(verifier, { ...v5(), bundle })).toEqual({ ...first, checks: first.checks - 1 });
    expect(await cost(verifier, v5())).toEqual({ verdict: "UpToDate", checks: 9 });
  });

  test("remembers no chain that is made long with white space, so that strangers cannot make it large", async () => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    expect((await cost(verifier, withSpaces(100))).checks).toBe(4);
    expect((await cost(verifier, withSpaces(100))).checks).toBe(1);
    expect((await cost(verifier, withSpaces(8192))).checks).toBe(4);
    expect(await cost(verifier, withSpaces(8192))).toEqual({ verdict: "UpToDate", checks: 4 });
  });

  test("remembers a chain of 8192 bytes and none of more, judged with a quote or by itself", async () => {
    const verifier = createQuoteVerifier();
    const spaces = 8192 - pemOf(v5().quote).length;
    await cost(verifier, v5());
    for (const { more, checks } of [
      { more: 0, checks: { quote: 1, chain: 0 } },
      { more: 1, checks: { quote: 4, chain: 2 } },
    ]) {
      const evidence = withSpaces(spaces + more);
      await cost(verifier, evidence);
      expect((await cost(verifier, evidence)).checks).toBe(checks.quote);
      const quote = parseQuote(evidence.quote);
      if (!quote.ok) throw new Error(quote.error.code);
      await verifier.verifyPckChain(quote.value, { now: v5().now });
      counter.reset();
      await verifier.verifyPckChain(quote.value, { now: v5().now });
      expect(counter.count()).toBe(checks.chain);
    }
  });

  test("is not told by a line break that moved from one document into the next", async () => {
    const verifier = createQuoteVerifier();
    const { bundle } = v5();
    const chain = textOf(v5(), "tcb_info_issuer_chain");
    const whole = withBundle(v5(), { tcb_info_issuer_chain: `${chain}\n` });
    expect((await cost(verifier, whole)).verdict).toBe("UpToDate");
    const moved = withBundle(v5(), { tcb_info_issuer_chain: chain, tcb_info: `\n${bundle["tcb_info"]}` });
    expect((await cost(verifier, moved)).verdict).toBe("tcb-info/tcb-info-signature-invalid");
  });

  test("judges the trust anchor of a new chain under known collateral", async () => {
    const verifier = createQuoteVerifier();
    await cost(verifier, v5());
    const [leaf = "", ca = "", root = ""] = blocksOf(pemOf(v5().quote));
    const pem = leaf + ca + flippedPem(root, -1);
    const forged = { ...v5(), quote: withCertificationData(v5().quote, 5, Buffer.from(pem)) };
    expect((await cost(verifier, forged)).verdict).toBe("trust-anchor/chain-root-untrusted");
  });

  test("forgets the collateral and the platform used least recently", async () => {
    const verifier = createQuoteVerifier({ maxCollaterals: 1, maxPckChains: 1 });
    await cost(verifier, v4());
    expect((await cost(verifier, padded())).checks).toBe(9);
    expect((await cost(verifier, v4())).checks).toBe(9);
    expect((await cost(verifier, v4())).checks).toBe(1);
  });

  test("keeps to its own anchor, whatever a caller passes or changes", async () => {
    const rootCa = flipped(INTEL_SGX_ROOT_CA, 100);
    const verifier = createQuoteVerifier({ rootCa });
    rootCa.set(INTEL_SGX_ROOT_CA);
    const { quote, now } = v5();
    const options = { now, rootCa: INTEL_SGX_ROOT_CA };
    expect(await verifier.verify(quote, collateralOf(v5()), options)).toMatchObject({
      ok: false,
      error: { code: "chain-root-untrusted" },
    });
  });

  test("verifies several quotes at once", async () => {
    const verifier = createQuoteVerifier();
    const all = [v4(), padded(), v5(), v4()];
    const verdicts = await Promise.all(all.map((evidence) => verdictOf(verifier, evidence, collateralOf(evidence))));
    expect(verdicts).toEqual(["UpToDate", "UpToDate", "UpToDate", "UpToDate"]);
  });
});

test.each([{ maxCollaterals: 0 }, { maxPckChains: 0 }])("a verifier without room is refused: %o", (options) => {
  expect(() => createQuoteVerifier(options)).toThrow(RangeError);
});
