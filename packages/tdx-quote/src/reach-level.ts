import { failure, type Failure, type ShortComponent } from "./failure.ts";
import { err, ok, type Result } from "./result.ts";
import { svnAt } from "./svn.ts";
import type { Descending, IsvSvnLevel, TcbLevel } from "./tcb-level.ts";

/** The security versions of a platform: from its PCK certificate, and TEE_TCB_SVN from the TD report. */
export interface PlatformVersions {
  /** 16 SVNs of the PCK certificate. */
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  /** The 16 bytes of TEE_TCB_SVN. */
  readonly teeTcbSvn: Uint8Array;
}

/** Where walking down the platform's levels ended. */
export interface ReachedLevels {
  /** The first level that the SGX components and the PCESVN reach. */
  readonly sgxLevel: TcbLevel;
  /** The first level that the TDX components reach as well: the one that counts. */
  readonly tdxLevel: TcbLevel;
}

/**
 * Components 0 and 1 of a versioned TDX module are judged by its own identity, so they are left out here.
 */
function firstTdxComponent(teeTcbSvn: Uint8Array): 0 | 2 {
  return svnAt(teeTcbSvn, 1) > 0 ? 2 : 0;
}

function shortOfSgx(versions: PlatformVersions, level: TcbLevel): ShortComponent[] {
  const short: ShortComponent[] = [];
  for (const [index, needs] of level.sgxComponents.entries()) {
    const has = svnAt(versions.sgxComponents, index);
    if (has < needs) short.push({ component: `sgx[${index}]`, has, needs });
  }
  if (versions.pceSvn < level.pceSvn) {
    short.push({ component: "pcesvn", has: versions.pceSvn, needs: level.pceSvn });
  }
  return short;
}

function shortOfTdx(versions: PlatformVersions, level: TcbLevel): ShortComponent[] {
  const short: ShortComponent[] = [];
  const start = firstTdxComponent(versions.teeTcbSvn);
  for (const [index, needs] of level.tdxComponents.entries()) {
    const has = svnAt(versions.teeTcbSvn, index);
    if (index >= start && has < needs) short.push({ component: `tdx[${index}]`, has, needs });
  }
  return short;
}

/**
 * Lists what a platform lacks for a level: components `sgx[0]`..`sgx[15]`, `pcesvn`, `tdx[0]`..`tdx[15]` (indices of the lists in TCB info).
 */
export function shortOfTcbLevel(versions: PlatformVersions, level: TcbLevel): readonly ShortComponent[] {
  return [...shortOfSgx(versions, level), ...shortOfTdx(versions, level)];
}

/**
 * Walks down the platform's levels. Every component must reach its own number: the lists are never compared as a whole.
 *
 * Errors: `tcb-not-supported`; its facts compare with the level that lacks the fewest components, the higher one on a tie.
 * Source: Intel PCS API v4, "How to use TCB Info" (TDX); Intel SGX DCAP Quote Verification Library.
 */
export function reachTcbLevels(
  levels: Descending<TcbLevel>,
  versions: PlatformVersions,
): Result<ReachedLevels, Failure> {
  let sgxLevel: TcbLevel | undefined;
  let nearest = shortOfTcbLevel(versions, levels[0]);
  for (const level of levels) {
    const sgxShort = shortOfSgx(versions, level);
    const tdxShort = shortOfTdx(versions, level);
    if (sgxShort.length === 0) {
      sgxLevel ??= level;
      if (tdxShort.length === 0) return ok({ sgxLevel, tdxLevel: level });
    }
    const short = [...sgxShort, ...tdxShort];
    if (short.length < nearest.length) nearest = short;
  }
  return err(failure("tcb-status", "tcb-not-supported", { subject: "platform", short: nearest }));
}

/**
 * Picks the highest level whose ISVSVN is reached.
 *
 * Errors: `tcb-not-supported`; its facts compare with the lowest level.
 */
export function reachIsvSvnLevel(
  levels: Descending<IsvSvnLevel>,
  svn: number,
  component: "tdx-module" | "qe",
): Result<IsvSvnLevel, Failure> {
  const reached = levels.find((level) => svn >= level.isvSvn);
  if (reached !== undefined) return ok(reached);
  const short = levels.slice(-1).map(({ isvSvn }) => ({ component, has: svn, needs: isvSvn }));
  return err(failure("tcb-status", "tcb-not-supported", { subject: component, short }));
}
