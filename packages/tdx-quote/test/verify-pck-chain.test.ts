import { describe, expect, test } from "vitest";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { parsePckChain, readPckChain } from "../src/judge-pck-chain.ts";
import { parseQuote, type TdxQuote } from "../src/quote.ts";
import { readPckCertificates, verifyPckChain, type PckChainOptions } from "../src/verify-pck-chain.ts";
import { blocksOf, flipped, flippedPem, pemOf, unix, v5, withCertificationData } from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";

function parsed(bytes: Uint8Array): TdxQuote {
  const quote = parseQuote(bytes);
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value;
}

function withPem(pem: string): TdxQuote {
  return parsed(withCertificationData(v5().quote, 5, Buffer.from(pem)));
}

async function verdictOf(quote: TdxQuote, options: Partial<PckChainOptions> = {}): Promise<string> {
  const result = await verifyPckChain(quote, { now: v5().now, ...options });
  return result.ok ? `${result.value.fmspc} ${result.value.ca}` : `${result.error.stage}/${result.error.code}`;
}

describe.skipIf(!HAS_REAL_VECTORS)("a PCK chain", () => {
  test("of the quote, or of the caller where the quote has none, says which collateral is needed", async () => {
    expect(await verdictOf(parsed(v5().quote))).toBe("90c06f000000 platform");
    const bare = parsed(withCertificationData(v5().quote, 3, new Uint8Array(404)));
    expect(await verdictOf(bare, { pckCertificateChain: pemOf(v5().quote) })).toBe("90c06f000000 platform");
    expect(await verdictOf(bare)).toBe("collateral-parse/quote-certification-data-unsupported");
  });

  test.each([
    { name: "no PEM", make: () => withPem("x"), verdict: "collateral-parse/certificate-malformed" },
    {
      name: "two certificates",
      make: () => withPem(blocksOf(pemOf(v5().quote)).slice(1).join("")),
      verdict: "trust-anchor/chain-length-invalid",
    },
    {
      name: "leaf and CA exchanged",
      make: () => {
        const [leaf = "", ca = "", root = ""] = blocksOf(pemOf(v5().quote));
        return withPem(ca + leaf + root);
      },
      verdict: "pck-chain/chain-role-mismatch",
    },
    {
      name: "a forged leaf",
      make: () => {
        const [leaf = "", ...cas] = blocksOf(pemOf(v5().quote));
        return withPem(flippedPem(leaf, -1) + cas.join(""));
      },
      verdict: "pck-chain/certificate-signature-invalid",
    },
  ])("is refused with $name: $verdict", async ({ make, verdict }) => {
    expect(await verdictOf(make())).toBe(verdict);
  });

  test("is refused under another anchor and outside of its window", async () => {
    const quote = parsed(v5().quote);
    expect(await verdictOf(quote, { rootCa: flipped(INTEL_SGX_ROOT_CA, 100) })).toBe(
      "trust-anchor/chain-root-untrusted",
    );
    expect(await verdictOf(quote, { now: unix("2026-01-27T14:36:26Z") })).toBe("pck-chain/certificate-not-yet-valid");
    expect(await verdictOf(quote, { now: unix("2026-01-27T14:36:27Z") })).toBe("90c06f000000 platform");
    expect(await verdictOf(quote, { now: unix("2033-01-27T14:36:28Z") })).toBe("pck-chain/certificate-expired");
  });

  test("that ends elsewhere is named", async () => {
    const options = { now: v5().now, rootCa: flipped(INTEL_SGX_ROOT_CA, 100) };
    expect(await verifyPckChain(parsed(v5().quote), options)).toMatchObject({
      error: { code: "chain-root-untrusted", facts: { subject: "PCK chain" } },
    });
  });

  test("is read as certificates, the machine's first, and nothing is said about them", () => {
    const read = readPckCertificates(parsed(v5().quote));
    expect(read.ok ? read.value.map(({ subjectCommonName }) => subjectCommonName) : read).toEqual([
      "Intel SGX PCK Certificate",
      "Intel SGX PCK Platform CA",
      "Intel SGX Root CA",
    ]);
    const bare = parsed(withCertificationData(v5().quote, 3, new Uint8Array(404)));
    expect(readPckCertificates(bare)).toMatchObject({ error: { code: "quote-certification-data-unsupported" } });
    expect(readPckCertificates(bare, pemOf(v5().quote))).toEqual(read);
  });

  test("of the Processor CA needs the CRL of that CA", () => {
    const parsedChain = parsePckChain(pemOf(v5().quote));
    const [leaf, ...cas] = parsedChain.ok ? parsedChain.value : [];
    if (leaf === undefined) throw new Error("vectors");
    const ofProcessor = { ...leaf, issuerCommonName: "Intel SGX PCK Processor CA" };
    expect(readPckChain([leaf, ...cas])).toMatchObject({ ok: true, value: { ca: "platform" } });
    expect(readPckChain([ofProcessor, ...cas])).toMatchObject({ ok: true, value: { ca: "processor" } });
  });

  test("is not judged at an impossible time", async () => {
    await expect(verifyPckChain(parsed(v5().quote), { now: Number.NaN })).rejects.toThrow(RangeError);
  });
});
