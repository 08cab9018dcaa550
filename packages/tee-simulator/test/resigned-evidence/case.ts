import { FAILURE_CODES, STAGES } from "@mero-tee/tdx-quote";
import type { ExpectedOutcome, Recipe } from "../../src/index.ts";

/** One member of a signed structure, given another value. */
export interface FieldChange {
  /** The place of it, unique in its structure. */
  readonly field: string;
  /** What it is, where a structure has many of one kind; the place itself where absent. */
  readonly member?: string;
  /** What becomes of it under the right signature: the change itself is well formed, and some are even legal. */
  readonly wellSigned: ExpectedOutcome;
  readonly change: (recipe: Recipe) => void;
}

/** Somebody who signs the changed structure. */
export interface Signer {
  readonly name: string;
  /** What becomes of a structure that is in order but for its signer; null for the right one. */
  readonly refusal: Refusal | null;
  readonly sign: (recipe: Recipe) => void;
  /** Whether every place of a member is tried with this signer, or the first of each kind. */
  readonly isThorough?: boolean;
}

/** A refusal with its exact code. */
type Refusal = Required<Extract<ExpectedOutcome, { readonly stage: string }>>;

/** A signed structure: all its members, and everybody who might sign it. */
export interface SignedStructure {
  readonly name: string;
  readonly fields: readonly FieldChange[];
  readonly signers: readonly Signer[];
}

/** Where a refusal stands in the order of judgement: by stage, within a stage by code. */
function rank({ stage, code }: Refusal): number {
  return STAGES.indexOf(stage) * FAILURE_CODES.length + FAILURE_CODES.indexOf(code);
}

function isRefusal(outcome: ExpectedOutcome): outcome is Refusal {
  return "stage" in outcome && outcome.code !== undefined;
}

/** What must become of a change under a signer: of two things that are wrong, the one that is judged first. */
export function expectedOutcome({ wellSigned }: FieldChange, { refusal }: Signer): ExpectedOutcome {
  if (refusal === null) return wellSigned;
  return isRefusal(wellSigned) && rank(wellSigned) < rank(refusal) ? wellSigned : refusal;
}

/** The changes to try with a signer. */
export function fieldsFor({ fields }: SignedStructure, { isThorough = false }: Signer): readonly FieldChange[] {
  const kinds = new Set<string>();
  return fields.filter(({ field, member = field }) => {
    const isFirst = !kinds.has(member);
    kinds.add(member);
    return isThorough || isFirst;
  });
}
