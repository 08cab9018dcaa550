import { createQuoteVerifier, encodeCollateral, verifyQuote } from "@mero-tee/tdx-quote";
import { expect, test } from "vitest";
import { createSimulatedPlatform, type Recipe } from "../src/index.ts";
import { qeReportData } from "../src/quote.ts";

const NOW = 1_772_000_000;
const platform = await createSimulatedPlatform({ seed: "attestation key", now: NOW });
const { rootCa } = platform;
const collateral = encodeCollateral(await platform.collateral());

/** A quote of this platform with one thing changed before everything was signed. */
function quoteWith(change: (recipe: Recipe) => void): Uint8Array {
  const recipe = platform.recipe({ reportData: new Uint8Array(64).fill(3) });
  change(recipe);
  return platform.buildEvidence(recipe).quote;
}

function judge(
  verify: (quote: Uint8Array, collateral: string, options: { now: number }) => ReturnType<typeof verifyQuote>,
) {
  return async (quote: Uint8Array): Promise<string> => {
    const result = await verify(quote, collateral, { now: NOW });
    return result.ok ? result.value.tcbStatus : `${result.error.stage}/${result.error.code}`;
  };
}

const afresh = judge((quote, text, { now }) => verifyQuote(quote, text, { now, rootCa }));

/** A verifier that has seen the attestation key. */
async function acquainted(limit = 1024) {
  const verdictOf = judge(createQuoteVerifier({ rootCa, maxPckChains: limit }).verify);
  expect(await verdictOf(quoteWith(() => undefined))).toBe("UpToDate");
  return verdictOf;
}

test.each([
  {
    name: "another attestation key under the same QE report",
    change: ({ quote }: Recipe, other: Recipe) => {
      quote.attestationKey = other.quote.attestationKey;
    },
    verdict: "qe-report/qe-report-data-mismatch",
  },
  {
    name: "other authentication data under the same QE report",
    change: ({ quote }: Recipe) => {
      quote.qeAuthenticationData = quote.qeAuthenticationData.map((byte) => byte ^ 1);
    },
    verdict: "qe-report/qe-report-data-mismatch",
  },
  {
    name: "authentication data of no length, so that its bytes are those of the part before",
    change: ({ quote }: Recipe) => {
      quote.qeAuthenticationData = new Uint8Array(0);
    },
    verdict: "qe-report/qe-report-data-mismatch",
  },
])("what is remembered of an attestation key does not vouch for $name", async ({ change, verdict }) => {
  const other = (await createSimulatedPlatform({ seed: "another machine", now: NOW })).recipe({
    reportData: new Uint8Array(64),
  });
  const { attestationKey, qeAuthenticationData } = platform.recipe({ reportData: new Uint8Array(64) }).quote;
  const reportData = qeReportData(attestationKey.publicKey, qeAuthenticationData);
  const quote = quoteWith((recipe) => {
    change(recipe, other);
    // What the enclave said of the key that was seen.
    recipe.quote.qeReport.reportData = reportData;
  });
  expect(await afresh(quote)).toBe(verdict);
  expect(await (await acquainted())(quote)).toBe(verdict);
});

test("what is remembered of an attestation key vouches for no changed byte of what was judged", async () => {
  const verdictOf = await acquainted();
  const quote = quoteWith(() => undefined);
  const healthy = platform.recipe({ reportData: new Uint8Array(64).fill(3) }).quote;
  const key = healthy.attestationKey.publicKey;
  const at = quote.findIndex((_, place) => key.every((byte, index) => quote[place + index] === byte));
  // Attestation key, then what wraps the certification data, then QE report, its signature and the authentication data.
  const end = at + 64 + 6 + 384 + 64 + 2 + healthy.qeAuthenticationData.length;
  for (let index = at; index < end; index += 7) {
    const changed = quote.map((byte, place) => (place === index ? byte ^ 1 : byte));
    expect(await verdictOf(changed), `byte ${index}`).toBe(await afresh(changed));
    expect(await verdictOf(changed), `byte ${index}`).not.toBe("UpToDate");
  }
});

test("an enclave that Intel no longer publishes is refused though its key was seen", async () => {
  const { verify } = createQuoteVerifier({ rootCa });
  const quote = quoteWith(() => undefined);
  expect(await verify(quote, collateral, { now: NOW })).toMatchObject({ ok: true });
  const recipe = platform.recipe({ reportData: new Uint8Array(64).fill(3) });
  recipe.qeIdentity.document.isvprodid += 1;
  const { collateral: text } = platform.buildEvidence(recipe);
  expect(await verify(quote, text, { now: NOW })).toMatchObject({
    ok: false,
    error: { stage: "qe-report", code: "qe-isvprodid-mismatch" },
  });
});

test("keys with long authentication data, and those used least recently, are judged again, with the same verdict", async () => {
  const verdictOf = await acquainted(1);
  for (const length of [0, 64, 65, 1000, 64]) {
    const quote = quoteWith((recipe) => {
      recipe.quote.qeAuthenticationData = new Uint8Array(length).fill(9);
    });
    expect(await afresh(quote)).toBe("UpToDate");
    expect(await verdictOf(quote)).toBe("UpToDate");
    expect(await verdictOf(quote)).toBe("UpToDate");
  }
});
