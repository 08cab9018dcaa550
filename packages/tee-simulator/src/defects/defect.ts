import type { FailureCode, Stage } from "@mero-tee/tdx-quote";
import type { Evidence } from "../evidence.ts";
import type { Recipe } from "../recipe.ts";
import type { IssueQuoteOptions, SimulatedPlatform } from "../simulated-platform.ts";

/** What a verifier must say about a variant, written down from the rules and never computed by a verifier. */
export type ExpectedOutcome =
  | {
      readonly ok: true;
      /** Final TCB status; `UpToDate` where absent. */
      readonly tcbStatus?: string;
      /** Advisories in order; not compared where absent. */
      readonly advisoryIds?: readonly string[];
      /** For event logs: the `compose-hash` payload that a lookup must find, hex. */
      readonly composeHash?: string;
    }
  | {
      readonly ok: false;
      readonly stage: Stage;
      /** Absent where any code of the stage will do. */
      readonly code?: FailureCode;
    }
  | {
      /** The caller's mistake: no verdict at all. */
      readonly ok: false;
      readonly usageError: true;
    };

/** What to apply the expectation to: the quote with its collateral, or one of the event logs against the quote. */
export type DefectSubject = "quote" | "ccel" | "dstack";

/** The quote that a defect starts from, and which variant of the defect. */
export interface DefectContext extends Omit<IssueQuoteOptions, "defect" | "variant" | "reportData"> {
  /** 64 bytes; zero where absent. */
  readonly reportData?: Uint8Array;
  /** From 0. */
  readonly variant: number;
}

/** One case: a single change to flawless evidence, in one or more variants. */
export interface Defect {
  /** The case id. */
  readonly id: string;
  /** One clause: what is changed. */
  readonly describe: string;
  readonly subject: DefectSubject;
  /** How many variants there are, at least one. */
  readonly variants: number;
  /** What each variant changes. */
  readonly variantNames: readonly string[];
  /** What each variant must come to. */
  readonly expected: readonly ExpectedOutcome[];
  /** Makes the evidence; a variant that does not exist is a `RangeError`. */
  make(platform: SimulatedPlatform, context: DefectContext): Evidence;
}

/** One variant while it is being written down. */
export interface Variant {
  readonly name: string;
  readonly expected: ExpectedOutcome;
  /** Starts from another kind of quote than version 4. */
  readonly start?: Pick<IssueQuoteOptions, "version" | "bodyType" | "role">;
  readonly change: (recipe: Recipe) => void;
}

/** Writes down a case with several variants. */
export function defineDefect(
  id: string,
  describe: string,
  variants: readonly Variant[],
  subject: DefectSubject = "quote",
): Defect {
  return {
    id,
    describe,
    subject,
    variants: variants.length,
    variantNames: variants.map((variant) => variant.name),
    expected: variants.map((variant) => variant.expected),
    make(platform, { variant: index, ...options }) {
      const variant = variants[index];
      if (variant === undefined) throw new RangeError(`${id} has variants 0 to ${variants.length - 1}`);
      const recipe = platform.recipe({ reportData: new Uint8Array(64), ...options, ...variant.start });
      variant.change(recipe);
      return platform.buildEvidence(recipe);
    },
  };
}

/** Writes down a case with one variant. */
export function defineSingle(
  id: string,
  describe: string,
  expected: ExpectedOutcome,
  change: (recipe: Recipe) => void,
  start?: Variant["start"],
): Defect {
  return defineDefect(id, describe, [{ name: describe, expected, change, ...(start === undefined ? {} : { start }) }]);
}

/** Accepted with that final status. */
export function accepted(tcbStatus = "UpToDate"): ExpectedOutcome {
  return { ok: true, tcbStatus };
}

/** Refused at that stage with that code. */
export function refused(stage: Stage, code: FailureCode): ExpectedOutcome {
  return { ok: false, stage, code };
}
