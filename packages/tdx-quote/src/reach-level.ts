import { failure, type Failure } from "./failure.ts";
import { err, ok, type Result } from "./result.ts";
import type { Descending, IsvSvnLevel, TcbLevel } from "./tcb-level.ts";
import {
  isvSvnShortfall,
  platformShortfall,
  shortOfAnyLevel,
  shortOfSgx,
  shortOfTdx,
  type PlatformVersions,
} from "./tcb-shortfall.ts";

/** Where walking down the platform's levels ended. */
export interface ReachedLevels {
  /** The first level that the SGX components and the PCESVN reach. */
  readonly sgxLevel: TcbLevel;
  /** The first level that the TDX components reach as well: the one that counts. */
  readonly tdxLevel: TcbLevel;
}

/**
 * Walks down the platform's levels. Every component must reach its own number: the lists are never compared as a whole.
 *
 * Errors: `tcb-not-supported`; its facts compare with the level that lacks the fewest components.
 * Source: Intel PCS API v4, "How to use TCB Info" (TDX); Intel SGX DCAP Quote Verification Library.
 */
export function reachTcbLevels(
  levels: Descending<TcbLevel>,
  versions: PlatformVersions,
): Result<ReachedLevels, Failure> {
  const reachesSgx = (level: TcbLevel): boolean => shortOfSgx(versions, level).length === 0;
  const sgxLevel = levels.find(reachesSgx);
  const tdxLevel = levels.find((level) => shortOfTdx(versions, level).length === 0 && reachesSgx(level));
  if (sgxLevel !== undefined && tdxLevel !== undefined) return ok({ sgxLevel, tdxLevel });
  const short = shortOfAnyLevel(levels, platformShortfall(versions));
  return err(failure("tcb-status", "tcb-not-supported", { subject: "platform", short }));
}

/** What those are called in a sentence. */
const PART_NAMES = { "tdx-module": "TDX module", qe: "quoting enclave" } as const;

/**
 * Picks the highest level whose ISVSVN is reached.
 *
 * Errors: `tcb-not-supported`; its facts compare with the lowest level that is not revoked.
 */
export function reachIsvSvnLevel(
  levels: Descending<IsvSvnLevel>,
  svn: number,
  component: "tdx-module" | "qe",
): Result<IsvSvnLevel, Failure> {
  const reached = levels.find((level) => svn >= level.isvSvn);
  if (reached !== undefined) return ok(reached);
  const short = shortOfAnyLevel(levels, isvSvnShortfall(component, svn));
  return err(failure("tcb-status", "tcb-not-supported", { subject: PART_NAMES[component], short }));
}
