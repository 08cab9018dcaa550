import type { Defect } from "./defect.ts";
import { TD_ATTRIBUTE_DEFECTS } from "./td-attributes.ts";

/** Every case that the simulator can make; closed, ids unique. */
export const DEFECTS: readonly Defect[] = [...TD_ATTRIBUTE_DEFECTS];

const byId = new Map(DEFECTS.map((defect) => [defect.id, defect]));

/** The defect of that id; an unknown id is a `RangeError`. */
export function findDefect(id: string): Defect {
  const defect = byId.get(id);
  if (defect === undefined) throw new RangeError(`no defect is called ${id}`);
  return defect;
}

/** What a client may read about a defect. */
export interface DefectSummary {
  readonly id: string;
  readonly describe: string;
  readonly subject: Defect["subject"];
  readonly variants: number;
  readonly variantNames: readonly string[];
  readonly expected: Defect["expected"];
}

/** All defects as plain data, in registry order. */
export function listDefects(): readonly DefectSummary[] {
  return DEFECTS.map(({ id, describe, subject, variants, variantNames, expected }) => ({
    id,
    describe,
    subject,
    variants,
    variantNames,
    expected,
  }));
}
