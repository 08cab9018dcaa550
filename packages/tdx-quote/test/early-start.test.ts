import { describe, expect, test } from "vitest";
import type { Collateral } from "../src/collateral-bundle.ts";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { createJudgementMemory, NO_MEMORY, type JudgementMemory } from "../src/judgement-memory.ts";
import { createP256Verifier, type P256Verifier } from "../src/p256.ts";
import { prepareAnchor } from "../src/prepared-anchor.ts";
import { parseQuote } from "../src/quote.ts";
import { runPckChainVerification } from "../src/verify-pck-chain.ts";
import { runVerification } from "../src/verify-quote.ts";
import {
  blocksOf,
  collateralOf,
  flipped,
  pemOf,
  v5,
  withCertificationData,
  withPem,
  type Evidence,
} from "./real-evidence.ts";
import { HAS_REAL_VECTORS } from "./real-vectors.ts";

function nameOf(...parts: readonly Uint8Array[]): string {
  return parts.map((part) => Buffer.from(part).toString("hex")).join(" ");
}

/** A verifier that writes down what it is asked, each check once. */
function recorder() {
  const checks = { started: new Set<string>(), verified: new Set<string>() };
  const inner = createP256Verifier();
  const verifier: P256Verifier = {
    start: (key, signature, message) => void checks.started.add(nameOf(key, signature, message)),
    verify: (key, signature, message) => {
      checks.verified.add(nameOf(key, signature, message));
      return inner.verify(key, signature, message);
    },
  };
  return { verifier, checks };
}

async function checksOf(
  { quote, bundle, now }: Evidence,
  memory: JudgementMemory,
  rootCa = INTEL_SGX_ROOT_CA,
  collateral: Collateral | string = JSON.stringify(bundle),
) {
  const { verifier, checks } = recorder();
  const result = await runVerification(quote, collateral, { now }, { anchor: prepareAnchor(rootCa), memory, verifier });
  return { ok: result.ok, ...checks };
}

describe.skipIf(!HAS_REAL_VECTORS)("what is started ahead", () => {
  test("is all that is verified then but the two signatures of the quote", async () => {
    const { ok, started, verified } = await checksOf(v5(), NO_MEMORY);
    expect({ ok, started: started.size, verified: verified.size }).toEqual({ ok: true, started: 8, verified: 10 });
    expect(started.isSubsetOf(verified)).toBe(true);
  });

  test("is nothing where collateral is refused before its signatures are known", async () => {
    const bundle = { ...v5().bundle, pck_crl: "00" };
    const refused = await checksOf({ ...v5(), bundle }, NO_MEMORY);
    expect(refused).toEqual({ ok: false, started: new Set(), verified: new Set() });
  });

  test("is nothing of collateral that was parsed before: all is asked for at once", async () => {
    const { ok, started, verified } = await checksOf(v5(), NO_MEMORY, INTEL_SGX_ROOT_CA, collateralOf(v5()));
    expect({ ok, started: started.size, verified: verified.size }).toEqual({ ok: true, started: 0, verified: 10 });
  });

  test("is not a PCK chain that comes with the collateral, which is asked for with the quote's own two", async () => {
    const { quote, bundle, now } = v5();
    const evidence = {
      quote: withCertificationData(quote, 1, new Uint8Array(36)),
      bundle: { ...bundle, pck_certificate_chain: pemOf(quote) },
      now,
    };
    const { ok, started, verified } = await checksOf(evidence, NO_MEMORY);
    expect({ ok, started: started.size, verified: verified.size }).toEqual({ ok: true, started: 7, verified: 10 });
    expect(started.isSubsetOf(verified)).toBe(true);
  });

  test("is only what the memory does not hold", async () => {
    const memory = createJudgementMemory(INTEL_SGX_ROOT_CA, { maxCollaterals: 1, maxPckChains: 1 });
    const first = await checksOf(v5(), memory);
    expect({ started: first.started.size, verified: first.verified.size }).toEqual({ started: 0, verified: 10 });
    const known = await checksOf(v5(), memory);
    expect({ started: known.started.size, verified: known.verified.size }).toEqual({ started: 0, verified: 1 });
    const chain = Buffer.from(pemOf(v5().quote));
    const other = await checksOf({ ...v5(), quote: withCertificationData(v5().quote, 5, chain) }, memory);
    expect({ started: other.started.size, verified: other.verified.size }).toEqual({ started: 0, verified: 5 });
  });

  test("is no chain that is longer than it should be: strangers do not make anyone verify all of it", async () => {
    const [leaf = "", ...authorities] = blocksOf(pemOf(v5().quote));
    const evidence = withPem(v5(), leaf.repeat(5) + authorities.join(""));
    const refused = await checksOf(evidence, NO_MEMORY);
    // Those of the collateral, whose chains are as they should be.
    expect({ ok: refused.ok, started: refused.started.size, verified: refused.verified.size }).toEqual({
      ok: false,
      started: 7,
      verified: 0,
    });
  });

  test("is nothing where a chain ends elsewhere: strangers do not make anyone verify", async () => {
    const refused = await checksOf(v5(), NO_MEMORY, flipped(INTEL_SGX_ROOT_CA, 100));
    expect(refused).toEqual({ ok: false, started: new Set(), verified: new Set() });
  });

  test.each([
    { name: "of a chain by itself", rootCa: INTEL_SGX_ROOT_CA, verified: 3 },
    { name: "under another root, where nothing is verified", rootCa: flipped(INTEL_SGX_ROOT_CA, 100), verified: 0 },
  ])("is nothing $name", async ({ rootCa, verified }) => {
    const quote = parseQuote(v5().quote);
    if (!quote.ok) throw new Error(quote.error.code);
    const { verifier, checks } = recorder();
    await runPckChainVerification(
      quote.value,
      { now: v5().now },
      { anchor: prepareAnchor(rootCa), memory: NO_MEMORY, verifier },
    );
    expect({ started: checks.started.size, verified: checks.verified.size }).toEqual({ started: 0, verified });
  });
});

test("report data of another size is a mistake that is named", async () => {
  const request = { now: 0, expectedReportData: new Uint8Array(63) };
  const verification = { anchor: prepareAnchor(INTEL_SGX_ROOT_CA), memory: NO_MEMORY, verifier: createP256Verifier() };
  await expect(runVerification(new Uint8Array(0), "", request, verification)).rejects.toThrow(
    "expectedReportData must have 64 bytes, not 63",
  );
});
