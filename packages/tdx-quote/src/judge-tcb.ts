import { failure, type Failure, type ShortComponent } from "./failure.ts";
import { bytesOfHex } from "./fixed-hex.ts";
import { toHex } from "./hex.ts";
import type { QeIdentity } from "./qe-identity.ts";
import type { TdxQuote } from "./quote.ts";
import { reachIsvSvnLevel, reachTcbLevels } from "./reach-level.ts";
import { err, ok, type Result } from "./result.ts";
import type { SgxExtension } from "./sgx-extension.ts";
import { svnAt } from "./svn.ts";
import type { TdxTcbInfo } from "./tcb-info.ts";
import type { IsvSvnLevel, TcbLevelStatus } from "./tcb-level.ts";
import { isvSvnShortfall, platformShortfall, shortOfBestLevel, type PlatformVersions } from "./tcb-shortfall.ts";
import { convergeStatus, type LevelAdvisory, type TcbJudgement, type TcbStatus } from "./tcb-status.ts";
import type { TdReport } from "./td-report.ts";
import { findModuleIdentity, judgeTdxModule, type ModuleLevel } from "./tdx-module.ts";

/** What a quote and its PCK certificate say about security versions. */
export interface TcbSubject {
  readonly report: TdReport;
  /** The SVNs of the PCK certificate. */
  readonly pck: { readonly tcbComponents: readonly number[]; readonly pceSvn: number };
  readonly qeIsvSvn: number;
}

/** The security versions of a quote, with those of the PCK certificate behind it. */
export function tcbSubjectOf({ report, qeReport }: TdxQuote, pck: SgxExtension): TcbSubject {
  return { report, pck, qeIsvSvn: qeReport.isvSvn };
}

const SGX_STATUSES_THAT_A_RELAUNCH_REACHES: ReadonlySet<TcbLevelStatus> = new Set<TcbLevelStatus>([
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
]);

function needsConfiguration(status: TcbStatus): boolean {
  return status.includes("Configuration");
}

/** Whether the TDX module that is loaded now reaches the top level, although the one that launched the TD did not. */
function isNewerModuleLoaded(teeTcbSvn2: Uint8Array, tcbInfo: TdxTcbInfo): Result<boolean, Failure> {
  const top = tcbInfo.levels[0].tdxComponents;
  const hasMicrocode = svnAt(teeTcbSvn2, 2) >= svnAt(top, 2);
  const svn = svnAt(teeTcbSvn2, 0);
  const majorVersion = svnAt(teeTcbSvn2, 1);
  if (majorVersion === 0) return ok(svn >= svnAt(top, 0) && hasMicrocode);
  const identity = findModuleIdentity(tcbInfo, majorVersion, svn);
  return identity.ok ? ok(svn >= identity.value.levels[0].isvSvn && hasMicrocode) : identity;
}

interface BeforeRelaunch {
  readonly status: TcbStatus;
  readonly sgxLevelStatus: TcbLevelStatus;
  readonly module: ModuleLevel;
  readonly qe: IsvSvnLevel;
}

/**
 * The platform is fine, but this TD was launched before the module was updated: starting it again would do.
 * Known only from the second SVN of a TD report 1.5.
 */
function adviseRelaunch(
  { status, sgxLevelStatus, module, qe }: BeforeRelaunch,
  report: TdReport,
  tcbInfo: TdxTcbInfo,
): Result<TcbStatus, Failure> {
  const mayBeAdvised =
    qe.tcbStatus === "UpToDate" &&
    SGX_STATUSES_THAT_A_RELAUNCH_REACHES.has(sgxLevelStatus) &&
    (status === "OutOfDate" || status === "OutOfDateConfigurationNeeded") &&
    module?.tcbStatus === "OutOfDate";
  if (report.teeTcbSvn2 === undefined || !mayBeAdvised) return ok(status);
  const isNewer = isNewerModuleLoaded(bytesOfHex(report.teeTcbSvn2), tcbInfo);
  if (!isNewer.ok) return isNewer;
  if (!isNewer.value) return ok(status);
  const needs = needsConfiguration(sgxLevelStatus) || needsConfiguration(status);
  return ok(needs ? "TDRelaunchAdvisedConfigurationNeeded" : "TDRelaunchAdvised");
}

/** One of the three things that have a status of their own: what it is called, its SVNs, and what it lacks for the best status. */
interface JudgedPart {
  readonly name: string;
  readonly status: TcbLevelStatus;
  /** Says the SVNs; only a refusal asks. */
  readonly seen: () => string;
  readonly short: readonly ShortComponent[];
}

function platformPart(versions: PlatformVersions, reached: TcbLevelStatus, tcbInfo: TdxTcbInfo): JudgedPart {
  const { sgxComponents, pceSvn, teeTcbSvn } = versions;
  return {
    name: "platform",
    status: reached,
    seen: () => `sgx ${toHex(Uint8Array.from(sgxComponents))}, pcesvn ${pceSvn}, tdx ${toHex(teeTcbSvn)}`,
    short: shortOfBestLevel(tcbInfo.levels, reached, platformShortfall(versions)),
  };
}

function modulePart(teeTcbSvn: Uint8Array, reached: ModuleLevel, tcbInfo: TdxTcbInfo): readonly JudgedPart[] {
  const svn = svnAt(teeTcbSvn, 0);
  const identity = findModuleIdentity(tcbInfo, svnAt(teeTcbSvn, 1), svn);
  if (reached === null || !identity.ok) return [];
  const short = shortOfBestLevel(identity.value.levels, reached.tcbStatus, isvSvnShortfall("tdx-module", svn));
  return [{ name: "TDX module", status: reached.tcbStatus, seen: () => `tdx-module ${svn}`, short }];
}

function qePart(isvSvn: number, reached: IsvSvnLevel, { levels }: QeIdentity): JudgedPart {
  const short = shortOfBestLevel(levels, reached.tcbStatus, isvSvnShortfall("qe", isvSvn));
  return { name: "quoting enclave", status: reached.tcbStatus, seen: () => `qe ${isvSvn}`, short };
}

function advisoriesOf(levels: readonly Pick<IsvSvnLevel, "advisoryIds" | "tcbDate">[]): readonly LevelAdvisory[] {
  const dates = new Map<string, number>();
  for (const { advisoryIds, tcbDate } of levels) {
    for (const id of advisoryIds) dates.set(id, Math.min(tcbDate, dates.get(id) ?? tcbDate));
  }
  return Object.freeze([...dates].map(([id, tcbDate]) => Object.freeze({ id, tcbDate })));
}

/** Names what was revoked and the SVNs seen; where Intel lists nothing better to reach, that too. */
function revoked(parts: readonly JudgedPart[], judgement: TcbJudgement): Failure {
  const atFault = parts.filter(({ status }) => status === "Revoked");
  const hopeless = atFault.filter(({ short }) => short.length === 0).map(({ name }) => name);
  const facts = {
    subject: atFault.map(({ name }) => name).join(" and "),
    actual: atFault.map(({ seen }) => seen()).join("; "),
    short: judgement.short,
    ...(hopeless.length === 0 ? {} : { reason: `Intel lists no better one for the ${hopeless.join(" and ")}` }),
  };
  return { ...failure("tcb-status", "tcb-revoked", facts), judgement };
}

/**
 * Judges the security version of platform, TDX module and quoting enclave.
 *
 * The status of the SGX level takes no part in the result except in the relaunch rule: Intel's library answers `OutOfDate`
 * for a revoked SGX level over an out-of-date TDX level. It is reported so that a policy can be stricter.
 *
 * Errors, in the order of the checks: `tdx-module-mismatch`, `tcb-not-supported` (module, platform, quoting enclave), `tdx-module-mismatch`
 * for the module loaded now, `tcb-revoked` with the judgement.
 * Source: Intel PCS API v4, "TCB Info V3"; Intel SGX DCAP Quote Verification Library, TCB level and relaunch rules.
 */
export function judgeTcb(
  subject: TcbSubject,
  tcbInfo: TdxTcbInfo,
  qeIdentity: QeIdentity,
): Result<TcbJudgement, Failure> {
  const { report, pck, qeIsvSvn } = subject;
  const teeTcbSvn = bytesOfHex(report.teeTcbSvn);
  const versions: PlatformVersions = { sgxComponents: pck.tcbComponents, pceSvn: pck.pceSvn, teeTcbSvn };
  const module = judgeTdxModule(report, teeTcbSvn, tcbInfo);
  if (!module.ok) return module;
  const platform = reachTcbLevels(tcbInfo.levels, versions);
  if (!platform.ok) return platform;
  const qe = reachIsvSvnLevel(qeIdentity.levels, qeIsvSvn, "qe");
  if (!qe.ok) return qe;

  const { sgxLevel, tdxLevel } = platform.value;
  const launched = convergeStatus(tdxLevel.tcbStatus, module.value?.tcbStatus ?? "UpToDate");
  const before: BeforeRelaunch = {
    status: launched,
    sgxLevelStatus: sgxLevel.tcbStatus,
    module: module.value,
    qe: qe.value,
  };
  const advised = adviseRelaunch(before, report, tcbInfo);
  if (!advised.ok) return advised;

  const parts = [
    platformPart(versions, tdxLevel.tcbStatus, tcbInfo),
    ...modulePart(teeTcbSvn, module.value, tcbInfo),
    qePart(qeIsvSvn, qe.value, qeIdentity),
  ];
  const advisories = advisoriesOf([tdxLevel, ...(module.value === null ? [] : [module.value]), qe.value]);
  const judgement: TcbJudgement = Object.freeze({
    tcbStatus: convergeStatus(advised.value, qe.value.tcbStatus),
    advisoryIds: Object.freeze(advisories.map(({ id }) => id)),
    advisories,
    tcbLevelStatus: tdxLevel.tcbStatus,
    sgxLevelStatus: sgxLevel.tcbStatus,
    tdxModuleStatus: module.value?.tcbStatus ?? null,
    qeStatus: qe.value.tcbStatus,
    short: Object.freeze(parts.flatMap(({ short }) => short)),
  });
  return judgement.tcbStatus === "Revoked" ? err(revoked(parts, judgement)) : ok(judgement);
}
