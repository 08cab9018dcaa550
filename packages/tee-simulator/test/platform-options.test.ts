import { verifyQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform, type PlatformOptions } from "../src/index.ts";

const NOW = 1_772_000_000;
const reportData = new Uint8Array(64).fill(7);

async function verdictOn(options: PlatformOptions) {
  const platform = await createSimulatedPlatform(options);
  const { quote } = await platform.issueQuote({ reportData });
  return await verifyQuote(quote, await platform.collateralText(), { now: NOW, rootCa: platform.rootCa });
}

describe("a simulated platform", () => {
  test("has the FMSPC that it is asked for", async () => {
    const verdict = await verdictOn({ seed: "options", now: NOW, fmspc: "00A06D080000" });
    expect(verdict).toMatchObject({ ok: true, value: { fmspc: "00a06d080000" } });
  });

  test.each(["00A06D0800", "00A06D08000000", ""])("is not made with FMSPC '%s'", async (fmspc) => {
    await expect(createSimulatedPlatform({ seed: "options", now: NOW, fmspc })).rejects.toThrow(RangeError);
  });

  test("has another root every time where no seed is given", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => createSimulatedPlatform({ now: NOW })));
    expect(one?.rootCa).not.toEqual(two?.rootCa);
  });

  test("takes seeds as text or bytes", async () => {
    const [text, bytes] = await Promise.all(
      ["seed", new TextEncoder().encode("seed")].map((seed) => createSimulatedPlatform({ seed, now: NOW })),
    );
    expect(text?.rootCa).toEqual(bytes?.rootCa);
  });

  test("can be changed in any field", async () => {
    const low: PlatformOptions = { seed: "options", now: NOW, adjust: ({ sgx }) => (sgx.components[7] = 0) };
    expect(await verdictOn(low)).toMatchObject({ ok: false, error: { code: "tcb-not-supported" } });
    expect(await verdictOn({ seed: "options", now: NOW })).toMatchObject({ ok: true });
  });

  test("is of no use to a verifier that was not given its root", async () => {
    const platform = await createSimulatedPlatform({ seed: "options", now: NOW });
    const { quote } = await platform.issueQuote({ reportData });
    const verdict = await verifyQuote(quote, await platform.collateralText(), { now: NOW });
    expect(verdict).toMatchObject({ ok: false, error: { code: "chain-root-untrusted" } });
  });
});

describe("fields of the TD report", () => {
  test("can be given, and are signed", async () => {
    const platform = await createSimulatedPlatform({ seed: "options", now: NOW });
    const { quote } = await platform.issueQuote({ reportData, report: { mrOwner: "5a".repeat(48) } });
    const verdict = await verifyQuote(quote, await platform.collateralText(), { now: NOW, rootCa: platform.rootCa });
    expect(verdict).toMatchObject({ ok: true, value: { quote: { report: { mrOwner: "5a".repeat(48) } } } });
  });

  test("are refused in another size", async () => {
    const platform = await createSimulatedPlatform({ seed: "options", now: NOW });
    await expect(platform.issueQuote({ reportData, report: { rtmr3: "5a" } })).rejects.toThrow(RangeError);
  });
});
