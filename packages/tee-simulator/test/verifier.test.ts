import {
  createQuoteVerifier,
  encodeCollateral,
  parseCollateral,
  parseQuote,
  verifyPckChain,
  verifyQuote,
  type Collateral,
  type CollateralBundle,
  type PckChainOptions,
  type TdxQuote,
  type VerifyOptions,
} from "@mero-tee/tdx-quote";
import { createCollateralVerifier } from "@mero-tee/tdx-quote/collateral";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform, type Recipe } from "../src/index.ts";

const NOW = 1_772_000_000;
const DAY = 86_400;
const reportData = new Uint8Array(64).fill(3);
const platform = await createSimulatedPlatform({ seed: "verifier", now: NOW });
const { rootCa } = platform;
const { quote } = await platform.issueQuote({ reportData });
const bundle = await platform.collateral();

/** Evidence of this platform with one thing changed before everything was signed. */
function evidence(change: (recipe: Recipe) => void) {
  const recipe = platform.recipe({ reportData });
  change(recipe);
  return platform.buildEvidence(recipe);
}

type Verify = (
  quote: Uint8Array,
  collateral: Collateral | string,
  options: VerifyOptions,
) => ReturnType<typeof verifyQuote>;

async function verdictOf(
  verify: Verify,
  of: Uint8Array,
  collateral: Collateral | CollateralBundle,
  options: Partial<VerifyOptions> = {},
): Promise<string> {
  const judged = "bundle" in collateral ? collateral : encodeCollateral(collateral);
  const result = await verify(of, judged, { now: NOW, ...options });
  return result.ok ? result.value.tcbStatus : `${result.error.stage}/${result.error.code}`;
}

/** A chain with the last bit of its first certificate's signature flipped; its text begins like that of the genuine one. */
function forged(pem: string): string {
  const [first = "", ...others] = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
  const der = Uint8Array.from(atob(first.replaceAll(/-----[A-Z ]+-----|\n/g, "")), (char) => char.charCodeAt(0));
  der.set([(der.at(-1) ?? 0) ^ 1], der.length - 1);
  const base64 = btoa(String.fromCharCode(...der)).replaceAll(/.{64}(?=.)/g, "$&\n");
  return [`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`, ...others].join("");
}

describe("a long-lived verifier", () => {
  const { quote: bare } = evidence((recipe) => {
    recipe.quote.certification.type = 3;
    recipe.certificationData = new Uint8Array(404);
  });
  const chain = platform.pckCertificateChainPem;

  test("judges what it remembers as it judged it at first", async () => {
    const { verify } = createQuoteVerifier({ rootCa });
    const expected = await verifyQuote(quote, encodeCollateral(bundle), { now: NOW, rootCa });
    expect(expected).toMatchObject({ ok: true, value: { tcbStatus: "UpToDate", trustAnchor: "custom" } });
    for (let round = 0; round < 3; round += 1) {
      expect(await verify(quote, encodeCollateral(bundle), { now: NOW })).toEqual(expected);
    }
  });

  test.each([
    {
      name: "the quote itself",
      of: () => quote.map((byte, index) => byte ^ (index === 300 ? 1 : 0)),
      with: () => bundle,
    },
    {
      name: "a CRL that lists the leaf",
      of: () => quote,
      with: () =>
        evidence(({ pckCrl, pckLeaf }) => pckCrl.revoked.push({ serial: pckLeaf.serial, date: NOW - DAY })).bundle,
      verdict: "pck-chain/certificate-revoked",
    },
    {
      name: "a CRL that lists the root",
      of: () => quote,
      with: () =>
        evidence(({ rootCrl, root }) => rootCrl.revoked.push({ serial: root.serial, date: NOW - DAY })).bundle,
      verdict: "crl/certificate-revoked",
    },
    {
      name: "another chain of the platform",
      of: () => bare,
      with: () => ({ ...bundle, pck_certificate_chain: forged(chain) }),
      verdict: "pck-chain/certificate-signature-invalid",
    },
    {
      name: "no chain at all",
      of: () => bare,
      with: () => bundle,
      verdict: "collateral-parse/quote-certification-data-unsupported",
    },
  ])(
    "lets what it remembers vouch for nothing else: $name",
    async ({ of, with: collateral, verdict = "quote-signature/quote-signature-invalid" }) => {
      const { verify } = createQuoteVerifier({ rootCa });
      expect(await verdictOf(verify, quote, bundle)).toBe("UpToDate");
      expect(await verdictOf(verify, bare, { ...bundle, pck_certificate_chain: chain })).toBe("UpToDate");
      expect(await verdictOf(verify, of(), collateral())).toBe(verdict);
      expect(await verdictOf(verify, quote, bundle)).toBe("UpToDate");
    },
  );

  test("judges a chain that it knows anew under collateral that it knows from another platform", async () => {
    const { verify } = createQuoteVerifier({ rootCa });
    const { bundle: revoking } = evidence(({ pckCrl, pckLeaf }) =>
      pckCrl.revoked.push({ serial: pckLeaf.serial, date: NOW - DAY }),
    );
    const { quote: neighbour } = evidence(({ pckLeaf }) => {
      pckLeaf.serial = pckLeaf.serial.map((byte, index) => (index === 1 ? byte ^ 1 : byte));
    });
    expect(await verdictOf(verify, quote, bundle)).toBe("UpToDate");
    expect(await verdictOf(verify, neighbour, revoking)).toBe("UpToDate");
    expect(await verdictOf(verify, quote, revoking)).toBe("pck-chain/certificate-revoked");
  });

  test("uses nothing that it remembers after the collateral has ended", async () => {
    const { verify } = createQuoteVerifier({ rootCa });
    const result = await verify(quote, encodeCollateral(bundle), { now: NOW });
    const last = result.ok ? result.value.earliestExpiration : Number.NaN;
    expect(await verdictOf(verify, quote, bundle, { now: last })).toBe("UpToDate");
    expect(await verdictOf(verify, quote, bundle, { now: last + 1 })).toMatch(/-expired$/);
  });

  test("takes a parsed quote", async () => {
    const { verify } = createQuoteVerifier({ rootCa });
    const parsed = parseQuote(quote);
    if (!parsed.ok) throw new Error(parsed.error.code);
    const collateral = encodeCollateral(bundle);
    expect(await verify(parsed.value, collateral, { now: NOW })).toEqual(await verify(quote, collateral, { now: NOW }));
  });

  test("takes parsed collateral, and a chain too long to remember", async () => {
    const { verify } = createQuoteVerifier({ rootCa });
    const parsed = parseCollateral(encodeCollateral({ ...bundle, pck_certificate_chain: chain + " ".repeat(9000) }));
    if (!parsed.ok) throw new Error(parsed.error.code);
    expect(await verdictOf(verify, bare, parsed.value)).toBe("UpToDate");
    expect(await verdictOf(verify, bare, parsed.value)).toBe("UpToDate");
  });

  test("trusts Intel's root unless told otherwise", async () => {
    expect(await verdictOf(createQuoteVerifier().verify, quote, bundle)).toBe("trust-anchor/chain-root-untrusted");
    expect(await verdictOf(verifyQuote, quote, bundle)).toBe("trust-anchor/chain-root-untrusted");
  });
});

describe("report data", () => {
  test("that a caller expects must be in the quote", async () => {
    const other = reportData.with(63, 4);
    expect(await verdictOf(verifyQuote, quote, bundle, { rootCa, expectedReportData: reportData })).toBe("UpToDate");
    expect(await verdictOf(verifyQuote, quote, bundle, { rootCa, expectedReportData: other })).toBe(
      "report-data/report-data-mismatch",
    );
  });

  test("that cannot be in a quote is a mistake of the caller", async () => {
    const expectedReportData = reportData.subarray(1);
    await expect(verifyQuote(quote, encodeCollateral(bundle), { now: NOW, expectedReportData })).rejects.toThrow(
      RangeError,
    );
  });
});

describe("a bundle", () => {
  test.each([
    { change: { root_ca_crl: "x" }, code: "collateral-malformed" },
    { change: { pck_crl: "x" }, code: "collateral-malformed" },
    { change: { tcb_info_signature: "00" }, code: "collateral-malformed" },
    { change: { qe_identity_signature: "00" }, code: "collateral-malformed" },
    { change: { pck_certificate_chain: null }, code: "collateral-malformed" },
    { change: { tcb_info_issuer_chain: "x" }, code: "certificate-malformed" },
    { change: { qe_identity_issuer_chain: "x" }, code: "certificate-malformed" },
    { change: { pck_crl_issuer_chain: "x" }, code: "certificate-malformed" },
  ])("is refused with $change", ({ change, code }) => {
    expect(parseCollateral(JSON.stringify({ ...bundle, ...change }))).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code },
    });
  });
});

async function modelOf(
  of: Uint8Array,
  options: Partial<PckChainOptions> = {},
  verify: (quote: TdxQuote, options: PckChainOptions) => ReturnType<typeof verifyPckChain> = verifyPckChain,
): Promise<string> {
  const parsed = parseQuote(of);
  if (!parsed.ok) throw new Error(parsed.error.code);
  const result = await verify(parsed.value, { now: NOW, rootCa, ...options });
  return result.ok ? `${result.value.fmspc} ${result.value.ca}` : `${result.error.stage}/${result.error.code}`;
}

describe("a PCK chain on its own", () => {
  test.each(["platform", "processor"] as const)("says that its CA is the %s CA", async (ca) => {
    const machine = await createSimulatedPlatform({ seed: "verifier", now: NOW, ca });
    const issued = await machine.issueQuote({ reportData });
    expect(await modelOf(issued.quote)).toBe(`${machine.fmspc} ${ca}`);
  });

  test.each([
    {
      name: "that is none",
      make: (recipe: Recipe) => void (recipe.editPckPem = () => "x"),
      verdict: "collateral-parse/certificate-malformed",
    },
    {
      name: "that the quote lacks",
      make: (recipe: Recipe) => {
        recipe.quote.certification.type = 3;
        recipe.certificationData = new Uint8Array(404);
      },
      verdict: "collateral-parse/quote-certification-data-unsupported",
    },
    {
      name: "whose leaf is forged",
      make: (recipe: Recipe) => void (recipe.editPckPem = forged),
      verdict: "pck-chain/certificate-signature-invalid",
    },
    {
      name: "without the platform's SGX extension",
      make: ({ pckLeaf }: Recipe) => void (pckLeaf.extensions = pckLeaf.extensions.slice(0, -1)),
      verdict: "pck-chain/pck-extension-invalid",
    },
  ])("$name is refused", async ({ make, verdict }) => {
    expect(await modelOf(evidence(make).quote)).toBe(verdict);
  });

  test("is remembered for itself alone, and in its time", async () => {
    const verifier = createQuoteVerifier({ rootCa });
    const model = (of: Uint8Array, now = NOW): Promise<string> => modelOf(of, { now }, verifier.verifyPckChain);
    const spaced = evidence((recipe) => void (recipe.editPckPem = (pem) => pem + " ".repeat(9000))).quote;
    for (const of of [quote, quote, spaced, spaced]) expect(await model(of)).toBe(`${platform.fmspc} platform`);
    expect(await model(evidence((recipe) => void (recipe.editPckPem = forged)).quote)).toBe(
      "pck-chain/certificate-signature-invalid",
    );
    expect(await model(quote, NOW + 100 * 365 * DAY)).toBe("trust-anchor/certificate-expired");
  });

  test("is judged under Intel's root unless told otherwise, and at a possible time", async () => {
    const parsed = parseQuote(quote);
    if (!parsed.ok) throw new Error(parsed.error.code);
    const own: TdxQuote = parsed.value;
    expect(await verifyPckChain(own, { now: NOW })).toMatchObject({ error: { code: "chain-root-untrusted" } });
    await expect(verifyPckChain(own, { now: 0.5, rootCa })).rejects.toThrow(RangeError);
  });
});

describe("collateral on its own", () => {
  const verify = createCollateralVerifier(rootCa);

  test("must parse, and end in the root", async () => {
    expect(await verify({ ...bundle, pck_crl: "" }, NOW)).toMatchObject({ error: { stage: "collateral-parse" } });
    expect(await createCollateralVerifier()(bundle, NOW)).toMatchObject({ error: { code: "chain-root-untrusted" } });
  });

  test.each([
    {
      name: "issuer of the PCK CRL is revoked",
      change: ({ rootCrl, pckCa }: Recipe) => rootCrl.revoked.push({ serial: pckCa.serial, date: NOW - DAY }),
      code: "certificate-revoked",
    },
    {
      name: "PCK CRL is forged",
      change: ({ pckCrl }: Recipe) => (pckCrl.editSignature = () => new Uint8Array(64).fill(1)),
      code: "crl-signature-invalid",
    },
  ])("is refused where the $name", async ({ change, code }) => {
    const changed = evidence((recipe) => void change(recipe)).bundle;
    expect(await verify(changed, NOW)).toMatchObject({ ok: false, error: { stage: "pck-chain", code } });
  });
});
