import { failure, type Failure, type ShortComponent } from "./failure.ts";
import { bytesOfHex } from "./fixed-hex.ts";
import type { QeIdentity } from "./qe-identity.ts";
import { reachIsvSvnLevel, reachTcbLevels, shortOfTcbLevel, type PlatformVersions } from "./reach-level.ts";
import { err, ok, type Result } from "./result.ts";
import { svnAt } from "./svn.ts";
import type { TdxTcbInfo } from "./tcb-info.ts";
import type { IsvSvnLevel, TcbLevelStatus } from "./tcb-level.ts";
import { convergeStatus, type TcbJudgement, type TcbStatus } from "./tcb-status.ts";
import type { TdReport } from "./td-report.ts";
import { findModuleIdentity, judgeTdxModule, type ModuleLevel } from "./tdx-module.ts";

/** What a quote and its PCK certificate say about security versions. */
export interface TcbSubject {
  readonly report: TdReport;
  /** The SVNs of the PCK certificate. */
  readonly pck: { readonly tcbComponents: readonly number[]; readonly pceSvn: number };
  readonly qeIsvSvn: number;
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
  const identity = findModuleIdentity(tcbInfo, majorVersion);
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

function shortOfIsvSvn(
  levels: readonly IsvSvnLevel[],
  has: number,
  component: "tdx-module" | "qe",
): readonly ShortComponent[] {
  const best = levels.find((level) => level.tcbStatus === "UpToDate");
  return best !== undefined && has < best.isvSvn ? [{ component, has, needs: best.isvSvn }] : [];
}

function shortOfUpToDate(
  versions: PlatformVersions,
  qeIsvSvn: number,
  tcbInfo: TdxTcbInfo,
  qeIdentity: QeIdentity,
): readonly ShortComponent[] {
  const best = tcbInfo.levels.find((level) => level.tcbStatus === "UpToDate");
  const svn = svnAt(versions.teeTcbSvn, 0);
  const majorVersion = svnAt(versions.teeTcbSvn, 1);
  const identity = tcbInfo.tdxModuleIdentities.find((candidate) => candidate.majorVersion === majorVersion);
  return [
    ...(best === undefined ? [] : shortOfTcbLevel(versions, best)),
    ...(majorVersion === 0 || identity === undefined ? [] : shortOfIsvSvn(identity.levels, svn, "tdx-module")),
    ...shortOfIsvSvn(qeIdentity.levels, qeIsvSvn, "qe"),
  ];
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

  const advisoryIds = [...tdxLevel.advisoryIds, ...(module.value?.advisoryIds ?? []), ...qe.value.advisoryIds];
  const judgement: TcbJudgement = Object.freeze({
    tcbStatus: convergeStatus(advised.value, qe.value.tcbStatus),
    advisoryIds: Object.freeze([...new Set(advisoryIds)]),
    tcbLevelStatus: tdxLevel.tcbStatus,
    sgxLevelStatus: sgxLevel.tcbStatus,
    tdxModuleStatus: module.value?.tcbStatus ?? null,
    qeStatus: qe.value.tcbStatus,
    short: Object.freeze(shortOfUpToDate(versions, qeIsvSvn, tcbInfo, qeIdentity)),
  });
  if (judgement.tcbStatus !== "Revoked") return ok(judgement);
  const revoked = failure("tcb-status", "tcb-revoked", { short: judgement.short });
  return err({ ...revoked, judgement });
}
