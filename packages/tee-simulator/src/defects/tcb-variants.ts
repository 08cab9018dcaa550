import { sixteen, type IsvSvnLevel, type TcbLevel, type TdxModuleIdentity } from "../collateral-document.ts";
import type { Recipe } from "../recipe.ts";
import { accepted, refused, type ExpectedOutcome, type Variant } from "./defect.ts";

/** One variant about TCB levels. */
export function tcbVariant(name: string, expected: ExpectedOutcome, change: (recipe: Recipe) => void): Variant {
  return { name, expected, change };
}

/** No level fits. */
export const NOT_SUPPORTED: ExpectedOutcome = refused("tcb-status", "tcb-not-supported");

/** The final status is Revoked. */
export const REVOKED: ExpectedOutcome = refused("tcb-status", "tcb-revoked");

/** The TDX module is not the one that the TCB info describes. */
export const MODULE_MISMATCH: ExpectedOutcome = refused("tcb-status", "tdx-module-mismatch");

/** Accepted as out of date. */
export const OUT_OF_DATE: ExpectedOutcome = accepted("OutOfDate");

/** Sets TEE_TCB_SVN: SVN of the module, its version, then the platform's TDX components. */
export function setTeeTcbSvn(recipe: Recipe, ...svns: readonly number[]): void {
  recipe.quote.report.teeTcbSvn = Uint8Array.from(sixteen(svns));
}

/** Sets TEE_TCB_SVN2, of the module now loaded. */
export function setTeeTcbSvn2(recipe: Recipe, ...svns: readonly number[]): void {
  recipe.quote.report.teeTcbSvn2 = Uint8Array.from(sixteen(svns));
}

/** The platform level of that rank, 0 the highest. */
export function platformLevel({ tcbInfo }: Recipe, rank = 0): TcbLevel {
  return existing(tcbInfo.document.tcbLevels[rank]);
}

/** The identity of the TDX module of version 1, which the quotes name. */
export function moduleIdentity({ tcbInfo }: Recipe): TdxModuleIdentity {
  return existing(tcbInfo.document.tdxModuleIdentities?.find(({ id }) => id === "TDX_01"));
}

/** The highest level of that module. */
export function moduleLevel(recipe: Recipe): IsvSvnLevel {
  return existing(moduleIdentity(recipe).tcbLevels[0]);
}

/** The highest level of the quoting enclave. */
export function qeLevel({ qeIdentity }: Recipe): IsvSvnLevel {
  return existing(qeIdentity.document.tcbLevels[0]);
}

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError("the recipe has no such level");
  return value;
}
