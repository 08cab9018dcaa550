import {
  createQuoteVerifier,
  parseCollateral,
  verifyQuote,
  type Collateral,
  type Failure,
  type QuoteVerifier,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform, type SimulatedCollateral, type Recipe } from "../../src/index.ts";
import type { QuoteField } from "../../src/quote-layout.ts";

const NOW = 1_772_000_000;

/** Kinds of valid evidence that get changed. */
const WORLDS = {
  "version 4": { request: { version: 4, bodyType: 2 } },
  "version 5, TD report 1.0": { request: { version: 5, bodyType: 2 } },
  "version 5, TD report 1.5": { request: { version: 5, bodyType: 3 } },
  "PCK named by PPID": {
    request: { version: 4, bodyType: 2 },
    change: (recipe: Recipe): void => {
      // An encrypted PPID of 384 bytes, CPUSVN, PCESVN and PCE-ID: what a service looks a certificate up by.
      recipe.certificationData = Uint8Array.from({ length: 404 }, (_, index) => (index * 37 + 11) & 0xff);
      recipe.quote.certification.type = 3;
      recipe.bundle.includePckChain = true;
    },
  },
  "PCK chain in quote and bundle": {
    request: { version: 4, bodyType: 2 },
    change: (recipe: Recipe): void => {
      recipe.bundle.includePckChain = true;
    },
  },
} as const satisfies Record<string, { request: object; change?: (recipe: Recipe) => void }>;

/** One of the kinds. */
export type WorldName = keyof typeof WORLDS;

/** All kinds, in the order of a sweep. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a literal has no other keys
export const WORLD_NAMES = Object.keys(WORLDS) as readonly WorldName[];

/** One body of evidence as a verifier gets it. */
export interface Attempt {
  readonly quote: Uint8Array;
  readonly collateral: string;
  readonly rootCa: Uint8Array;
}

/** Valid evidence, what it is made of, and the verdict on it. */
export interface World extends Attempt {
  readonly name: WorldName;
  readonly quoteFields: readonly QuoteField[];
  readonly bundle: SimulatedCollateral;
  readonly verdict: VerifiedQuote;
  /** Unix seconds. */
  readonly now: number;
  /** Judges by `verifyQuote`, from the texts, with nothing remembered. */
  readonly judge: (attempt: Attempt) => Promise<Result<VerifiedQuote, Failure>>;
  /**
   * Judges by a verifier that has accepted the unchanged evidence before. It may skip what it judged from the same bytes, never
   * more: if its memory forgot to look at a byte, a changed one would be accepted here.
   */
  readonly judgeAgain: (attempt: Attempt) => Promise<Result<VerifiedQuote, Failure>>;
}

const judge: World["judge"] = ({ quote, collateral, rootCa }) => verifyQuote(quote, collateral, { now: NOW, rootCa });

function createJudges(world: Attempt, parsed: Collateral, warm: QuoteVerifier): Pick<World, "judge" | "judgeAgain"> {
  return {
    judge,
    async judgeAgain(attempt) {
      // Another anchor is another verifier.
      if (attempt.rootCa !== world.rootCa) return judge(attempt);
      if (attempt.collateral === world.collateral) return warm.verify(attempt.quote, parsed, { now: NOW });
      const collateral = parseCollateral(attempt.collateral);
      return collateral.ok ? warm.verify(attempt.quote, collateral.value, { now: NOW }) : collateral;
    },
  };
}

/** What a sweep begins with must be in order, or every refusal would be for another reason than the change. */
function valid<T>(result: Result<T, Failure>, world: WorldName): T {
  if (result.ok) return result.value;
  throw new Error(`the unchanged evidence (${world}) was refused: ${result.error.stage}/${result.error.code}`);
}

/**
 * Makes valid evidence, the same bytes every time. Nothing that is no authentication stands between a changed byte and
 * acceptance: no report data is expected.
 */
export async function createWorld(name: WorldName): Promise<World> {
  const platform = await createSimulatedPlatform({ seed: "evidence mutation", now: NOW });
  const { request, ...rest } = WORLDS[name];
  const reportData = Uint8Array.from({ length: 64 }, (_, index) => 17 * index);
  const recipe = platform.recipe({ reportData, ...request });
  recipe.quote.padding = Uint8Array.from({ length: 70 }, (_, index) => 5 * index);
  if ("change" in rest) rest.change(recipe);
  let quoteFields: readonly QuoteField[] = [];
  recipe.quote.editQuote = ({ bytes, fields }) => {
    quoteFields = fields;
    return bytes;
  };
  const { quote, collateral, bundle } = platform.buildEvidence(recipe);
  const attempt: Attempt = { quote, collateral, rootCa: platform.rootCa };
  const parsed = valid(parseCollateral(collateral), name);
  const judges = createJudges(attempt, parsed, createQuoteVerifier({ rootCa: platform.rootCa }));
  const verdict = valid(await judges.judge(attempt), name);
  valid(await judges.judgeAgain(attempt), name);
  return { name, ...attempt, quoteFields, bundle, verdict, now: NOW, ...judges };
}
