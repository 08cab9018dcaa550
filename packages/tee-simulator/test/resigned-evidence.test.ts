import { verifyQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform, type ExpectedOutcome, type Recipe } from "../src/index.ts";
import {
  expectedOutcome,
  fieldsFor,
  type FieldChange,
  type SignedStructure,
  type Signer,
} from "./resigned-evidence/case.ts";
import { certificateFields, crlFields, ROOT_FIELDS, SGX_FIELDS } from "./resigned-evidence/certificate-fields.ts";
import {
  documentFields,
  leavesOf,
  memberOf,
  QE_IDENTITY_MEMBERS,
  TCB_INFO_MEMBERS,
} from "./resigned-evidence/document-fields.ts";
import {
  certificateSigners,
  documentSigners,
  PCK_CRL_SIGNERS,
  ROOT_CRL_SIGNERS,
  ROOT_SIGNERS,
} from "./resigned-evidence/signers.ts";

const NOW = 1_772_000_000;
const platform = await createSimulatedPlatform({ seed: "resigned evidence", now: NOW });
const freshRecipe = (): Recipe => platform.recipe({ reportData: new Uint8Array(64), version: 5, bodyType: 3 });
const { tcbInfo, qeIdentity } = freshRecipe();

const STRUCTURES: readonly SignedStructure[] = [
  {
    name: "TCB info",
    fields: documentFields(tcbInfo.document, TCB_INFO_MEMBERS, (recipe) => recipe.tcbInfo.document),
    signers: documentSigners("tcbInfo"),
  },
  {
    name: "QE identity",
    fields: documentFields(qeIdentity.document, QE_IDENTITY_MEMBERS, (recipe) => recipe.qeIdentity.document),
    signers: documentSigners("qeIdentity"),
  },
  { name: "root CA CRL", fields: crlFields("rootCrl"), signers: ROOT_CRL_SIGNERS },
  { name: "PCK CRL", fields: crlFields("pckCrl"), signers: PCK_CRL_SIGNERS },
  {
    name: "PCK leaf",
    fields: [...certificateFields("pckLeaf"), ...SGX_FIELDS],
    signers: certificateSigners("pckLeaf"),
  },
  { name: "PCK CA", fields: certificateFields("pckCa"), signers: certificateSigners("pckCa") },
  {
    name: "TCB signing certificate",
    fields: certificateFields("tcbSigning"),
    signers: certificateSigners("tcbSigning"),
  },
  { name: "root", fields: ROOT_FIELDS, signers: ROOT_SIGNERS },
];

/** The outcome in the words of the expectation: a status only where one is expected. */
async function outcomeOf(
  { change }: FieldChange,
  { sign }: Signer,
  expected: ExpectedOutcome,
): Promise<ExpectedOutcome> {
  const recipe = freshRecipe();
  change(recipe);
  sign(recipe);
  const { quote, collateral, rootCa } = platform.buildEvidence(recipe);
  const verdict = await verifyQuote(quote, collateral, { now: NOW, ...(rootCa === null ? {} : { rootCa }) });
  if (!verdict.ok) return { ok: false, stage: verdict.error.stage, code: verdict.error.code };
  return "tcbStatus" in expected ? { ok: true, tcbStatus: verdict.value.tcbStatus } : { ok: true };
}

describe.each(STRUCTURES)("every member of the $name changed", (structure) => {
  test.each(structure.signers)("and signed by $name", async (signer) => {
    const fields = fieldsFor(structure, signer);
    const expected = new Map(fields.map((field) => [field.field, expectedOutcome(field, signer)]));
    const outcomes = new Map<string, ExpectedOutcome>();
    for (const field of fields) {
      outcomes.set(field.field, await outcomeOf(field, signer, expectedOutcome(field, signer)));
    }
    expect(outcomes).toEqual(expected);
    expect([...outcomes.values()].every(({ ok }) => !ok || signer.refusal === null)).toBe(true);
  });
});

describe("the members", () => {
  test.each([
    { name: "TCB info", document: tcbInfo.document, members: TCB_INFO_MEMBERS },
    { name: "QE identity", document: qeIdentity.document, members: QE_IDENTITY_MEMBERS },
  ])("are all those of the $name", ({ document, members }) => {
    const present = new Set(leavesOf(document).map(memberOf));
    expect([...present].toSorted()).toEqual(Object.keys(members).toSorted());
  });

  test("of the documents are tried in every place by one signer of each sort", () => {
    const thorough = STRUCTURES.slice(0, 2).map(({ signers }) =>
      signers.filter((signer) => signer.isThorough === true),
    );
    expect(thorough.map((signers) => signers.length)).toEqual([4, 4]);
  });

  test.each(STRUCTURES)("of the $name have names of their own, and really change", ({ name, fields }) => {
    expect(new Set(fields.map(({ field }) => field)).size).toBe(fields.length);
    const plain = platform.buildEvidence(freshRecipe());
    for (const { field, change } of fields) {
      const recipe = freshRecipe();
      change(recipe);
      const { quote, collateral } = platform.buildEvidence(recipe);
      const isSame = collateral === plain.collateral && quote.toString() === plain.quote.toString();
      expect(`${name}, ${field}: ${isSame ? "unchanged" : "changed"}`).toBe(`${name}, ${field}: changed`);
    }
  });

  test.each(STRUCTURES)(
    "of the $name are in order under the right key, so that a refusal is the signer's",
    async ({ signers }) => {
      const untouched: FieldChange = { field: "none", wellSigned: { ok: true }, change: () => undefined };
      const outcomes = await Promise.all(signers.map((signer) => outcomeOf(untouched, signer, { ok: true })));
      expect(outcomes).toEqual(signers.map((signer) => expectedOutcome(untouched, signer)));
    },
  );
});
