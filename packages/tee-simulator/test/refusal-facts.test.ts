import { encodeCollateral, verifyQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import { formatDate } from "../src/civil-time.ts";
import { createSimulatedPlatform, type Recipe } from "../src/index.ts";

const NOW = 1_772_000_000;
const DAY = 86_400;
const reportData = new Uint8Array(64).fill(9);
const platform = await createSimulatedPlatform({ seed: "facts", now: NOW });
const dead = [{ serial: platform.recipe({ reportData }).root.serial, date: NOW - DAY }];

interface Case {
  readonly name: string;
  readonly change: (recipe: Recipe) => void;
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

async function refusalOf(change: Case["change"], expectedReportData = reportData): Promise<unknown> {
  const recipe = platform.recipe({ reportData });
  change(recipe);
  const { quote, bundle } = platform.buildEvidence(recipe);
  const options = { now: NOW, rootCa: platform.rootCa, expectedReportData };
  const result = await verifyQuote(quote, encodeCollateral(bundle), options);
  return result.ok ? result.value.tcbStatus : result.error;
}

/** The documents that Intel signs are refused with the same facts. */
function documentCases(stage: "tcb-info" | "qe-identity", of: (recipe: Recipe) => Recipe["tcbInfo" | "qeIdentity"]) {
  const bounds = (recipe: Recipe, from: number, to: number): void => {
    of(recipe).document.issueDate = formatDate(from);
    of(recipe).document.nextUpdate = formatDate(to);
  };
  return [
    {
      name: `${stage} of tomorrow`,
      change: (recipe: Recipe) => bounds(recipe, NOW + DAY, NOW + 2 * DAY),
      code: `${stage}-not-yet-valid`,
      facts: { expected: NOW + DAY, actual: NOW },
    },
    {
      name: `${stage} of yesterday`,
      change: (recipe: Recipe) => bounds(recipe, NOW - 2 * DAY, NOW - DAY),
      code: `${stage}-expired`,
      facts: { expected: NOW - DAY, actual: NOW },
    },
    {
      name: `${stage} that ended before it began, now`,
      change: (recipe: Recipe) => bounds(recipe, NOW, NOW - DAY),
      code: `${stage}-expired`,
      facts: { expected: NOW - DAY, actual: NOW },
    },
  ];
}

const CASES: readonly Case[] = [
  {
    name: "a quote without its chain",
    change: (recipe) => {
      recipe.quote.certification.type = 3;
      recipe.certificationData = new Uint8Array(404);
    },
    code: "quote-certification-data-unsupported",
    facts: { subject: "certification data type", expected: 5, actual: 3 },
  },
  {
    name: "a chain that is no PEM",
    change: (recipe) => void (recipe.editPckPem = () => "x"),
    code: "certificate-malformed",
    facts: { subject: "PCK chain" },
  },
  {
    name: "a PCK chain without leaf",
    change: ({ chains }) => void chains.pck.shift(),
    code: "chain-length-invalid",
    facts: { subject: "PCK chain", expected: 3, actual: 2 },
  },
  {
    name: "a TCB info chain without signer",
    change: ({ chains }) => void (chains.tcbInfo = chains.tcbInfo.slice(1)),
    code: "chain-length-invalid",
    facts: { subject: "TCB info issuer chain", expected: 2, actual: 1 },
  },
  {
    name: "a QE identity chain without signer",
    change: ({ chains }) => void (chains.qeIdentity = chains.qeIdentity.slice(1)),
    code: "chain-length-invalid",
    facts: { subject: "QE identity issuer chain", expected: 2, actual: 1 },
  },
  {
    name: "a PCK CRL chain without CA",
    change: ({ chains }) => void (chains.pckCrl = chains.pckCrl.slice(1)),
    code: "chain-length-invalid",
    facts: { subject: "PCK CRL issuer chain", expected: 2, actual: 1 },
  },
  {
    name: "a root CA CRL of yesterday",
    change: ({ rootCrl }) => void (rootCrl.nextUpdate = NOW - DAY),
    code: "crl-expired",
    facts: { subject: "root CA CRL", expected: NOW - DAY, actual: NOW },
  },
  {
    name: "a revoked root",
    change: ({ rootCrl }) => void (rootCrl.revoked = dead),
    code: "certificate-revoked",
    facts: { subject: "root" },
  },
  ...documentCases("tcb-info", ({ tcbInfo }) => tcbInfo),
  ...documentCases("qe-identity", ({ qeIdentity }) => qeIdentity),
  {
    name: "the TCB info of SGX",
    change: ({ tcbInfo: { document } }) => {
      document.id = "SGX";
      delete document.tdxModule;
      delete document.tdxModuleIdentities;
    },
    code: "tcb-info-wrong-type",
    facts: { expected: "TDX", actual: "SGX" },
  },
  {
    name: "the QE identity of SGX",
    change: ({ qeIdentity }) => void (qeIdentity.document.id = "QE"),
    code: "qe-identity-wrong-type",
    facts: { expected: "TD_QE", actual: "QE" },
  },
  {
    name: "a leaf without the SGX extension",
    change: ({ pckLeaf }) => void pckLeaf.extensions.pop(),
    code: "pck-extension-invalid",
    facts: { subject: "PCK leaf", reason: expect.stringMatching(/./) },
  },
  {
    name: "the TCB info of another model",
    change: ({ tcbInfo }) => void (tcbInfo.document.fmspc = "0123456789AB"),
    code: "fmspc-mismatch",
    facts: { expected: platform.fmspc, actual: "0123456789ab" },
  },
  {
    name: "the TCB info of another PCE",
    change: ({ tcbInfo }) => void (tcbInfo.document.pceId = "0001"),
    code: "pce-id-mismatch",
    facts: { expected: "0000", actual: "0001" },
  },
  {
    name: "a QE report about another key",
    change: ({ quote }) => void (quote.qeReport.reportData = new Uint8Array(64).fill(1)),
    code: "qe-report-data-mismatch",
    facts: { expected: expect.stringMatching(/^[0-9a-f]{64}0{64}$/), actual: "01".repeat(64) },
  },
];

describe("a refusal says what is wrong, expected and seen", () => {
  test.each(CASES)("with $name: $code", async ({ change, code, facts }) => {
    expect(await refusalOf(change)).toMatchObject({ code, facts });
  });

  test("with other report data", async () => {
    expect(await refusalOf(() => undefined, new Uint8Array(64))).toMatchObject({
      code: "report-data-mismatch",
      facts: { expected: "00".repeat(64), actual: "09".repeat(64) },
    });
  });
});
