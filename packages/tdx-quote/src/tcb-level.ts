import { field, integer, list, object, optional, text, time, word, type Shape, type ShapeError } from "./json-shape.ts";
import { err, ok, type Brand, type Result } from "./result.ts";
import { svnAt } from "./svn.ts";

/** Status words that Intel gives to a platform TCB level, the best first (Intel PCS API v4, "TCB Info V3", `tcbStatus`). */
export const TCB_LEVEL_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

/** One of {@link TCB_LEVEL_STATUSES}. */
export type TcbLevelStatus = (typeof TCB_LEVEL_STATUSES)[number];

/** Status words of a TDX module level and of a judged quoting enclave. */
export const COMPONENT_STATUSES = ["UpToDate", "OutOfDate", "Revoked"] as const;

/** One of {@link COMPONENT_STATUSES}. */
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];

/** The security versions that a platform needs for a status. */
export interface TcbLevel {
  /** 16 SVNs, compared with those of the PCK certificate. */
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  /** 16 SVNs, compared with TEE_TCB_SVN. */
  readonly tdxComponents: readonly number[];
  /** Unix seconds: up to then this level deals with the advisories of Intel, but for those that it names. */
  readonly tcbDate: number;
  readonly tcbStatus: TcbLevelStatus;
  readonly advisoryIds: readonly string[];
}

/** The security version that a TDX module or a quoting enclave needs for a status. */
export interface IsvSvnLevel {
  readonly isvSvn: number;
  /** Unix seconds, as {@link TcbLevel.tcbDate}. */
  readonly tcbDate: number;
  readonly tcbStatus: ComponentStatus;
  readonly advisoryIds: readonly string[];
}

/** Levels from the highest to the lowest, at least one: the only order in which they may be walked. */
export type Descending<Level> = Brand<readonly [Level, ...Level[]], "Descending">;

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (const [index, version] of a.entries()) {
    const difference = version - svnAt(b, index);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTcbLevels(a: TcbLevel, b: TcbLevel): number {
  return (
    compareVersions(a.sgxComponents, b.sgxComponents) ||
    a.pceSvn - b.pceSvn ||
    compareVersions(a.tdxComponents, b.tdxComponents)
  );
}

function descending<Level>(
  levels: readonly Level[],
  compare: (a: Level, b: Level) => number,
): Result<Descending<Level>, ShapeError> {
  const sorted = levels.toSorted((a, b) => compare(b, a));
  const hasTwins = sorted.some((level, index) => {
    const next = sorted[index + 1];
    return next !== undefined && compare(level, next) === 0;
  });
  if (hasTwins) return err({ path: "", reason: "must not have two levels with the same versions" });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sorted, and not empty by the shape of its list
  return ok(sorted as readonly Level[] as Descending<Level>);
}

/** `advisoryIDs` of a level; none where absent. */
const advisoryIds: Shape<readonly string[]> = optional(list(text), []);

const components = list(field("svn", integer(255)), 16, 16);

interface TcbLevelDocument {
  readonly tcb: {
    readonly sgxtcbcomponents: readonly number[];
    readonly pcesvn: number;
    readonly tdxtcbcomponents: readonly number[];
  };
  readonly tcbDate: number;
  readonly tcbStatus: TcbLevelStatus;
  readonly advisoryIDs: readonly string[];
}

const tcbLevelDocuments = list(
  object<TcbLevelDocument>({
    tcb: object<TcbLevelDocument["tcb"]>({
      sgxtcbcomponents: components,
      pcesvn: integer(65535),
      tdxtcbcomponents: components,
    }),
    tcbDate: time,
    tcbStatus: word(TCB_LEVEL_STATUSES),
    advisoryIDs: advisoryIds,
  }),
  1,
);

/**
 * `tcbLevels` of a TDX TCB info, sorted: SGX components, then PCESVN, then TDX components, each as a list of numbers, highest first.
 * File order is not trusted; two levels with the same versions are refused.
 *
 * Source: Intel PCS API v4, "TCB Info V3"; order of Intel's Quote Verification Library.
 */
export const tcbLevels: Shape<Descending<TcbLevel>> = (value) => {
  const documents = tcbLevelDocuments(value);
  if (!documents.ok) return documents;
  const levels = documents.value.map(({ tcb, tcbDate, tcbStatus, advisoryIDs }) => ({
    sgxComponents: tcb.sgxtcbcomponents,
    pceSvn: tcb.pcesvn,
    tdxComponents: tcb.tdxtcbcomponents,
    tcbDate,
    tcbStatus,
    advisoryIds: advisoryIDs,
  }));
  return descending(levels, compareTcbLevels);
};

interface IsvSvnLevelDocument<Status> {
  readonly tcb: { readonly isvsvn: number };
  readonly tcbDate: number;
  readonly tcbStatus: Status;
  readonly advisoryIDs: readonly string[];
}

/**
 * `tcbLevels` of a TDX module identity or of a QE identity, sorted by ISVSVN, highest first; two levels with the same one are refused.
 *
 * @param statuses - the words that may stand there; every one but `UpToDate` and `Revoked` counts as `OutOfDate`
 * Source: Intel PCS API v4, "TCB Info V3" (`tdxModuleIdentities`) and "Enclave Identity V2".
 */
export function isvSvnLevels(statuses: readonly TcbLevelStatus[]): Shape<Descending<IsvSvnLevel>> {
  const documents = list(
    object<IsvSvnLevelDocument<TcbLevelStatus>>({
      tcb: object<{ isvsvn: number }>({ isvsvn: integer(65535) }),
      tcbDate: time,
      tcbStatus: word(statuses),
      advisoryIDs: advisoryIds,
    }),
    1,
  );
  return (value) => {
    const parsed = documents(value);
    if (!parsed.ok) return parsed;
    const levels = parsed.value.map(({ tcb, tcbDate, tcbStatus, advisoryIDs }) => ({
      isvSvn: tcb.isvsvn,
      tcbDate,
      tcbStatus: tcbStatus === "UpToDate" || tcbStatus === "Revoked" ? tcbStatus : ("OutOfDate" as const),
      advisoryIds: advisoryIDs,
    }));
    return descending(levels, (a, b) => a.isvSvn - b.isvSvn);
  };
}
