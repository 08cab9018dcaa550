import type { Profile } from "@mero-tee/policy";
import { MEASUREMENT_REGISTERS, type MeasurementRegister } from "@mero-tee/tdx-quote";

import type { ProfileReference } from "./reference-values.ts";
import type { RegisterComparison } from "./report.ts";

/** The registers of a quote. */
export type ObservedRegisters = Readonly<Record<MeasurementRegister, string>>;

/** How a quote compares with one profile of a release. */
export interface ProfileComparison {
  readonly reference: ProfileReference;
  readonly registers: readonly RegisterComparison[];
  /** KMS: whether the compose hash is the profile's; null for a node. */
  readonly composeHashMatches: boolean | null;
  /** Lists that are empty, which accept nothing: the release does not say. */
  readonly silent: readonly MeasurementRegister[];
  readonly matches: boolean;
}

/** How a quote compares with a release: the profiles that match as a whole, and the closest where none does. */
export interface ReleaseComparison {
  readonly matching: readonly ProfileComparison[];
  readonly closest: ProfileComparison | null;
}

/**
 * Compares a quote with every profile of a release. A profile matches when all compared registers do, for a KMS the compose
 * hash as well; where the release has complete sets, all registers must be those of one of them.
 *
 * @param composeHash - from a replayed log; null where there is none
 */
export function compareWithRelease(
  observed: ObservedRegisters,
  composeHash: string | null,
  profiles: readonly ProfileReference[],
): ReleaseComparison {
  const comparisons = profiles.map((reference) => compareWithProfile(observed, composeHash, reference));
  const closest = comparisons.reduce<ProfileComparison | null>(
    (best, next) => (best !== null && agreements(best) >= agreements(next) ? best : next),
    null,
  );
  return { matching: comparisons.filter(({ matches }) => matches), closest };
}

function agreements({ registers, composeHashMatches }: ProfileComparison): number {
  return registers.filter(({ outcome }) => outcome === "match").length + (composeHashMatches === true ? 1 : 0);
}

function compareWithProfile(
  observed: ObservedRegisters,
  composeHash: string | null,
  reference: ProfileReference,
): ProfileComparison {
  const { lists, sets, comparesRtmr3, composeHashes } = reference;
  const compared = MEASUREMENT_REGISTERS.filter((register) => comparesRtmr3 || register !== "rtmr3");
  const set = sets?.find((candidate) => compared.every((register) => candidate[register] === observed[register]));
  const registers = MEASUREMENT_REGISTERS.map((register) =>
    compareRegister(register, observed[register], lists[register], compared.includes(register)),
  );
  const composeHashMatches =
    composeHashes === null ? null : composeHash !== null && composeHashes.includes(composeHash);
  const hasSets = sets !== null;
  return {
    reference,
    registers,
    composeHashMatches,
    silent: compared.filter((register) => lists[register].length === 0),
    matches:
      registers.every(({ outcome }) => outcome !== "mismatch") &&
      composeHashMatches !== false &&
      (!hasSets || set !== undefined),
  };
}

function compareRegister(
  register: MeasurementRegister,
  observed: string,
  list: readonly string[],
  isCompared: boolean,
): RegisterComparison {
  const allowed = list.toSorted((one, other) => commonBeginning(other, observed) - commonBeginning(one, observed));
  const [nearest] = allowed;
  const differing = nearest === undefined ? [] : differences(observed, nearest);
  const outcome = !isCompared ? "not-compared" : list.includes(observed) ? "match" : "mismatch";
  return {
    register,
    observed,
    allowed,
    outcome,
    firstDifference: differing[0] ?? null,
    differingCharacters: differing.length,
  };
}

function commonBeginning(one: string, other: string): number {
  return differences(one, other)[0] ?? one.length;
}

function differences(one: string, other: string): readonly number[] {
  return Array.from(one).flatMap((character, index) => (character === other[index] ? [] : [index]));
}

/** The one profile of a comparison; null where none or several match. */
export function onlyProfile({ matching }: ReleaseComparison): Profile | null {
  const [only, ...others] = matching;
  return only !== undefined && others.length === 0 ? only.reference.profile : null;
}
