import {
  describeFailure,
  forecastTcb,
  INTEL_SGX_ROOT_CA,
  parseCollateral,
  verifyQuote,
  type ForecastOptions,
  type TcbForecast,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";
import { beforeAll, describe, expect, test } from "vitest";
import { createSimulatedPlatform, type Recipe, type SimulatedPlatform } from "../src/index.ts";

const NOW = 1_772_000_000;
const DAY = 86_400;
const reportData = new Uint8Array(64).fill(7);

let platform: SimulatedPlatform;
let verified: VerifiedQuote;

beforeAll(async () => {
  platform = await createSimulatedPlatform({ seed: "forecast", now: NOW });
  verified = await verify();
});

async function verify(changes: Parameters<SimulatedPlatform["issueQuote"]>[0]["report"] = {}): Promise<VerifiedQuote> {
  const { quote } = await platform.issueQuote({ reportData, report: changes });
  const result = await verifyQuote(quote, await platform.collateralText(), { now: NOW, rootCa: platform.rootCa });
  if (!result.ok) throw new Error(describeFailure(result.error));
  return result.value;
}

/** The text of collateral one TCB recovery ahead, changed. */
function early(change: (recipe: Recipe) => void = () => undefined): string {
  const recipe = platform.recipe({ reportData });
  recipe.tcbInfo.document.tcbEvaluationDataNumber += 1;
  recipe.qeIdentity.document.tcbEvaluationDataNumber += 1;
  change(recipe);
  return platform.buildEvidence(recipe).collateral;
}

async function forecast(collateral: string, options: Partial<ForecastOptions> = {}, quote = verified) {
  return await forecastTcb(quote, collateral, { now: NOW, rootCa: platform.rootCa, ...options });
}

async function foretold(change: (recipe: Recipe) => void, quote = verified): Promise<TcbForecast> {
  const result = await forecast(early(change), {}, quote);
  if (!result.ok) throw new Error(describeFailure(result.error));
  return result.value;
}

/** Puts a level above the top one, which is out of date then. */
function raisePlatform(
  { tcbInfo }: Recipe,
  raise: (level: Recipe["tcbInfo"]["document"]["tcbLevels"][number]) => void,
) {
  const { tcbLevels } = tcbInfo.document;
  const [top] = tcbLevels;
  if (top === undefined) throw new Error("there is no level");
  const raised = structuredClone(top);
  raise(raised);
  top.tcbStatus = "OutOfDate";
  top.advisoryIDs = ["INTEL-SA-09999"];
  tcbLevels.unshift(raised);
}

interface SvnLevels {
  tcbLevels: { tcb: { isvsvn: number }; tcbDate: string; tcbStatus: string; advisoryIDs?: string[] }[];
}

function raiseIsvSvn(document: SvnLevels | undefined, isvsvn: number): void {
  const [top] = document?.tcbLevels ?? [];
  if (document === undefined || top === undefined) throw new Error("there is no level");
  document.tcbLevels.unshift({ ...top, tcb: { isvsvn } });
  top.tcbStatus = "OutOfDate";
}

function moduleIdentity({ tcbInfo }: Recipe) {
  return tcbInfo.document.tdxModuleIdentities?.find(({ id }) => id === "TDX_01");
}

function setComponent(components: { svn: number }[], index: number, svn: number): void {
  const component = components[index];
  if (component !== undefined) component.svn = svn;
}

describe("a forecast", () => {
  test("of a bar that does not move is the status of today", async () => {
    expect(await foretold(() => undefined)).toEqual({
      tcbStatus: "UpToDate",
      advisoryIds: [],
      tcbEvaluationDataNumber: { tcbInfo: 19, qeIdentity: 19 },
      short: [],
      refusal: null,
    });
    expect(verified.tcbEvaluationDataNumber).toEqual({ tcbInfo: 18, qeIdentity: 18 });
  });

  test.each([
    {
      component: "an SGX component",
      raise: (recipe: Recipe) => raisePlatform(recipe, ({ tcb }) => setComponent(tcb.sgxtcbcomponents, 0, 9)),
      short: [{ component: "sgx[0]", has: 4, needs: 9 }],
    },
    {
      component: "a TDX component",
      raise: (recipe: Recipe) => raisePlatform(recipe, ({ tcb }) => setComponent(tcb.tdxtcbcomponents, 2, 4)),
      short: [{ component: "tdx[2]", has: 3, needs: 4 }],
    },
    {
      component: "the PCE",
      raise: (recipe: Recipe) => raisePlatform(recipe, ({ tcb }) => (tcb.pcesvn = 14)),
      short: [{ component: "pcesvn", has: 13, needs: 14 }],
    },
    {
      component: "the TDX module",
      raise: (recipe: Recipe) => raiseIsvSvn(moduleIdentity(recipe), 7),
      short: [{ component: "tdx-module", has: 6, needs: 7 }],
    },
    {
      component: "the quoting enclave",
      raise: (recipe: Recipe) => raiseIsvSvn(recipe.qeIdentity.document, 8),
      short: [{ component: "qe", has: 7, needs: 8 }],
    },
    {
      component: "everything",
      raise: (recipe: Recipe) => {
        raisePlatform(recipe, ({ tcb }) => {
          setComponent(tcb.sgxtcbcomponents, 15, 1);
          setComponent(tcb.tdxtcbcomponents, 15, 1);
          tcb.pcesvn = 15;
        });
        raiseIsvSvn(moduleIdentity(recipe), 8);
        raiseIsvSvn(recipe.qeIdentity.document, 9);
      },
      short: [
        { component: "sgx[15]", has: 0, needs: 1 },
        { component: "pcesvn", has: 13, needs: 15 },
        { component: "tdx[15]", has: 0, needs: 1 },
        { component: "tdx-module", has: 6, needs: 8 },
        { component: "qe", has: 7, needs: 9 },
      ],
    },
  ])("names $component that will fall short, and by how much", async ({ raise, short }) => {
    expect(await foretold(raise)).toMatchObject({ tcbStatus: "OutOfDate", short, refusal: null });
  });

  test("carries the advisories that will apply", async () => {
    const raised = await foretold((recipe) => raisePlatform(recipe, ({ tcb }) => (tcb.pcesvn = 14)));
    expect(raised.advisoryIds).toEqual(["INTEL-SA-09999"]);
  });

  test.each([
    {
      name: "revoked",
      change: (recipe: Recipe) => {
        raisePlatform(recipe, ({ tcb }) => (tcb.pcesvn = 14));
        const [, reached] = recipe.tcbInfo.document.tcbLevels;
        if (reached !== undefined) reached.tcbStatus = "Revoked";
      },
      forecast: {
        tcbStatus: "Revoked",
        advisoryIds: ["INTEL-SA-09999"],
        short: [{ component: "pcesvn", has: 13, needs: 14 }],
        refusal: { code: "tcb-revoked", stage: "tcb-status" },
      },
    },
    {
      name: "below every level",
      change: ({ tcbInfo }: Recipe) => {
        for (const { tcb } of tcbInfo.document.tcbLevels) tcb.pcesvn += 20;
      },
      forecast: {
        tcbStatus: null,
        advisoryIds: [],
        short: [{ component: "pcesvn", has: 13, needs: 25 }],
        refusal: { code: "tcb-not-supported", stage: "tcb-status" },
      },
    },
    {
      name: "with a TDX module of a version that is listed no more",
      change: ({ tcbInfo }: Recipe) => {
        const { tdxModuleIdentities: identities } = tcbInfo.document;
        identities?.splice(0, identities.length, ...identities.filter(({ id }) => id === "TDX_03"));
      },
      forecast: {
        tcbStatus: null,
        short: [],
        refusal: { code: "tdx-module-mismatch", facts: { expected: "TDX_03 SVN 3", actual: "TDX_01 SVN 6" } },
      },
    },
  ])("of a platform that will be $name says what will refuse it", async ({ change, forecast: expected }) => {
    expect(await foretold(change)).toMatchObject(expected);
  });

  test("of a platform that is out of date already says how far it will be behind then", async () => {
    const behind = await verify({ teeTcbSvn: `040103${"00".repeat(13)}` });
    expect(behind).toMatchObject({ tcbStatus: "OutOfDate", short: [{ component: "tdx-module", has: 4, needs: 6 }] });
    expect(await foretold((recipe) => raiseIsvSvn(moduleIdentity(recipe), 7), behind)).toMatchObject({
      tcbStatus: "OutOfDate",
      short: [{ component: "tdx-module", has: 4, needs: 7 }],
    });
  });

  test("takes parsed collateral as well as its text", async () => {
    const parsed = parseCollateral(early());
    if (!parsed.ok) throw new Error(parsed.error.code);
    const options = { now: NOW, rootCa: platform.rootCa };
    expect(await forecastTcb(verified, parsed.value, options)).toEqual(await forecast(early()));
  });

  test("may rest on the standard collateral itself, which is what Intel serves where no new bar is announced", async () => {
    expect(await forecast(await platform.collateralText())).toMatchObject({
      ok: true,
      value: { tcbStatus: "UpToDate", tcbEvaluationDataNumber: verified.tcbEvaluationDataNumber },
    });
  });
});

describe("early collateral is believed no sooner than any other", () => {
  test.each([
    {
      name: "malformed",
      collateral: () => "{}",
      error: { stage: "collateral-parse", code: "collateral-malformed" },
    },
    {
      name: "of another root",
      collateral: async () => {
        const other = await createSimulatedPlatform({ seed: "another root", now: NOW });
        return await other.collateralText();
      },
      error: { stage: "trust-anchor", code: "chain-root-untrusted" },
    },
    {
      name: "with a TCB info that nobody signed",
      collateral: () =>
        early(({ tcbInfo }) => {
          tcbInfo.tamper = (text) => text.replace('"tcbEvaluationDataNumber":19', '"tcbEvaluationDataNumber":20');
        }),
      error: { stage: "tcb-info", code: "tcb-info-signature-invalid" },
    },
    {
      name: "with a TCB info that has expired",
      collateral: () =>
        early(({ tcbInfo }) => {
          tcbInfo.document.nextUpdate = "2026-02-01T00:00:00Z";
        }),
      error: { stage: "tcb-info", code: "tcb-info-expired" },
    },
    {
      name: "with a QE identity that has expired",
      collateral: () =>
        early(({ qeIdentity }) => {
          qeIdentity.document.nextUpdate = "2026-02-01T00:00:00Z";
        }),
      error: { stage: "qe-identity", code: "qe-identity-expired" },
    },
    {
      name: "whose signer was revoked",
      collateral: () =>
        early((recipe) => {
          recipe.rootCrl.revoked.push({ serial: recipe.tcbSigning.serial, date: NOW - DAY });
        }),
      error: { stage: "tcb-info", code: "certificate-revoked" },
    },
    {
      name: "of another platform model",
      collateral: () =>
        early(({ tcbInfo }) => {
          tcbInfo.document.fmspc = "00906ED50000";
        }),
      error: { stage: "pck-chain", code: "fmspc-mismatch" },
    },
    {
      name: "whose quoting enclave is another one",
      collateral: () =>
        early(({ qeIdentity }) => {
          qeIdentity.document.mrsigner = "00".repeat(32);
        }),
      error: { stage: "qe-report", code: "qe-mrsigner-mismatch" },
    },
  ])("refused: collateral $name", async ({ collateral, error }) => {
    expect(await forecast(await collateral())).toMatchObject({ ok: false, error });
  });

  test("refused: a bar of the past, in either document", async () => {
    const older = { code: "early-collateral-older", stage: "forecast" };
    const pastTcbInfo = early(({ tcbInfo }) => (tcbInfo.document.tcbEvaluationDataNumber = 17));
    expect(await forecast(pastTcbInfo)).toMatchObject({
      ok: false,
      error: { ...older, facts: { subject: "evaluation data number of the TCB info", expected: 18, actual: 17 } },
    });
    const pastQeIdentity = early(({ qeIdentity }) => (qeIdentity.document.tcbEvaluationDataNumber = 17));
    expect(await forecast(pastQeIdentity)).toMatchObject({
      ok: false,
      error: { ...older, facts: { subject: "evaluation data number of the QE identity", expected: 18, actual: 17 } },
    });
  });

  test("refused: collateral that was current at another time", async () => {
    expect(await forecast(early(), { now: NOW + 40 * DAY })).toMatchObject({ ok: false, error: { stage: "tcb-info" } });
  });

  test("refused: simulated collateral, where Intel's root is the anchor", async () => {
    for (const options of [{ now: NOW }, { now: NOW, rootCa: INTEL_SGX_ROOT_CA }]) {
      expect(await forecastTcb(verified, early(), options)).toMatchObject({
        ok: false,
        error: { code: "chain-root-untrusted" },
      });
    }
  });

  test.each([Number.NaN, -1, 0.5, NOW * 1000])("no forecast is made for the instant %s", async (now) => {
    await expect(forecast(early(), { now })).rejects.toThrow(RangeError);
  });
});
