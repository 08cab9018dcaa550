import type { ShortComponent } from "./failure.ts";
import { svnAt } from "./svn.ts";
import { TCB_LEVEL_STATUSES, type IsvSvnLevel, type TcbLevel, type TcbLevelStatus } from "./tcb-level.ts";

/** The security versions of a platform: from its PCK certificate, and TEE_TCB_SVN from the TD report. */
export interface PlatformVersions {
  /** 16 SVNs of the PCK certificate. */
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  /** The 16 bytes of TEE_TCB_SVN. */
  readonly teeTcbSvn: Uint8Array;
}

/**
 * Components 0 and 1 of a versioned TDX module are judged by its own identity, so they are left out here.
 */
function firstTdxComponent(teeTcbSvn: Uint8Array): 0 | 2 {
  return svnAt(teeTcbSvn, 1) > 0 ? 2 : 0;
}

/** What the PCK certificate of a platform lacks for a level: `sgx[0]`..`sgx[15]`, `pcesvn`. */
export function shortOfSgx(versions: PlatformVersions, level: TcbLevel): readonly ShortComponent[] {
  const short: ShortComponent[] = [];
  level.sgxComponents.forEach((needs, index) => {
    const has = svnAt(versions.sgxComponents, index);
    if (has < needs) short.push({ component: `sgx[${index}]`, has, needs });
  });
  if (versions.pceSvn < level.pceSvn) {
    short.push({ component: "pcesvn", has: versions.pceSvn, needs: level.pceSvn });
  }
  return short;
}

/** What TEE_TCB_SVN lacks for a level: `tdx[0]`..`tdx[15]`. */
export function shortOfTdx(versions: PlatformVersions, level: TcbLevel): readonly ShortComponent[] {
  const short: ShortComponent[] = [];
  const start = firstTdxComponent(versions.teeTcbSvn);
  level.tdxComponents.forEach((needs, index) => {
    const has = svnAt(versions.teeTcbSvn, index);
    if (index >= start && has < needs) short.push({ component: `tdx[${index}]`, has, needs });
  });
  return short;
}

/** Says what is missing for one level. */
export type Shortfall<Level> = (level: Level) => readonly ShortComponent[];

/** What a platform lacks for its levels; the indices of components are those of the lists in TCB info. */
export function platformShortfall(versions: PlatformVersions): Shortfall<TcbLevel> {
  return (level) => [...shortOfSgx(versions, level), ...shortOfTdx(versions, level)];
}

/** What a TDX module or a quoting enclave lacks for its levels. */
export function isvSvnShortfall(component: "tdx-module" | "qe", has: number): Shortfall<IsvSvnLevel> {
  return ({ isvSvn }) => (has < isvSvn ? [{ component, has, needs: isvSvn }] : []);
}

/** What is missing for the level that lacks the fewest components; the lower one on a tie, because it is enough. */
function shortOfNearest<Level>(levels: readonly Level[], shortOf: Shortfall<Level>): readonly ShortComponent[] {
  const [first = [], ...others] = levels.map(shortOf);
  return others.reduce((nearest, short) => (short.length <= nearest.length ? short : nearest), first);
}

interface RatedLevel {
  readonly tcbStatus: TcbLevelStatus;
}

/** What is missing for any level at all. A revoked one is no goal, unless there is no other. */
export function shortOfAnyLevel<Level extends RatedLevel>(
  levels: readonly Level[],
  shortOf: Shortfall<Level>,
): readonly ShortComponent[] {
  const standing = levels.filter(({ tcbStatus }) => tcbStatus !== "Revoked");
  return shortOfNearest(standing.length === 0 ? levels : standing, shortOf);
}

/**
 * What is missing for the best status that Intel gives to any level; nothing where all levels are revoked.
 *
 * @param reached - the status of the highest level that is reached
 */
export function shortOfBestLevel<Level extends RatedLevel>(
  levels: readonly Level[],
  reached: TcbLevelStatus,
  shortOf: Shortfall<Level>,
): readonly ShortComponent[] {
  if (reached === TCB_LEVEL_STATUSES[0]) return [];
  const standing = levels.filter(({ tcbStatus }) => tcbStatus !== "Revoked");
  const best = TCB_LEVEL_STATUSES.find((status) => standing.some(({ tcbStatus }) => tcbStatus === status));
  return shortOfNearest(
    standing.filter(({ tcbStatus }) => tcbStatus === best),
    shortOf,
  );
}
