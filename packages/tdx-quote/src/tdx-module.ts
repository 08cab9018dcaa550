import { failure, type Failure } from "./failure.ts";
import { isZeroHex } from "./fixed-hex.ts";
import { reachIsvSvnLevel } from "./reach-level.ts";
import { err, ok, type Result } from "./result.ts";
import { svnAt } from "./svn.ts";
import type { TdxModule, TdxModuleIdentity, TdxTcbInfo } from "./tcb-info.ts";
import type { IsvSvnLevel } from "./tcb-level.ts";
import type { TdReport } from "./td-report.ts";

/** The level that a versioned TDX module reaches; null for version 0, which has no levels of its own. */
export type ModuleLevel = IsvSvnLevel | null;

function moduleName(majorVersion: number): string {
  return `TDX_${majorVersion.toString(16).toUpperCase().padStart(2, "0")}`;
}

/**
 * Finds the published identity of a TDX module by its major version (byte 1 of TEE_TCB_SVN).
 *
 * @param svn - byte 0, for the refusal
 * Errors: `tdx-module-mismatch`; its facts name the versions that are listed, each with its highest SVN.
 */
export function findModuleIdentity(
  { tdxModuleIdentities }: TdxTcbInfo,
  majorVersion: number,
  svn: number,
): Result<TdxModuleIdentity, Failure> {
  const identity = tdxModuleIdentities.find((candidate) => candidate.majorVersion === majorVersion);
  if (identity !== undefined) return ok(identity);
  const listed = tdxModuleIdentities.map(({ majorVersion: version, levels }) => {
    return `${moduleName(version)} SVN ${levels[0].isvSvn}`;
  });
  const facts = {
    subject: "version",
    expected: listed.length === 0 ? "none with a version" : listed.join(" or "),
    actual: `${moduleName(majorVersion)} SVN ${svn}`,
  };
  return err(failure("tcb-status", "tdx-module-mismatch", facts));
}

function matchModule(report: TdReport, module: TdxModule): Result<null, Failure> {
  if (report.mrSignerSeam !== module.mrSigner) {
    const facts = { subject: "MRSIGNERSEAM", expected: module.mrSigner, actual: report.mrSignerSeam };
    return err(failure("tcb-status", "tdx-module-mismatch", facts));
  }
  if (!isZeroHex(report.seamAttributes) || report.seamAttributes !== module.attributes) {
    const facts = { subject: "SEAMATTRIBUTES", expected: module.attributes, actual: report.seamAttributes };
    return err(failure("tcb-status", "tdx-module-mismatch", facts));
  }
  return ok(null);
}

/**
 * Judges the TDX module that launched a TD: its identity, then the first of its levels that it reaches.
 *
 * @param teeTcbSvn - the 16 bytes of TEE_TCB_SVN; byte 1 is the major version, byte 0 the security version
 * Errors: `tdx-module-mismatch`; `tcb-not-supported`, whose facts compare with the lowest level of the module that is not revoked.
 * Source: Intel SGX DCAP Quote Verification Library, TDX module identity; Intel PCS API v4, `tdxModuleIdentities`.
 */
export function judgeTdxModule(
  report: TdReport,
  teeTcbSvn: Uint8Array,
  tcbInfo: TdxTcbInfo,
): Result<ModuleLevel, Failure> {
  const majorVersion = svnAt(teeTcbSvn, 1);
  if (majorVersion === 0) {
    const matched = matchModule(report, tcbInfo.tdxModule);
    return matched.ok ? ok(null) : matched;
  }
  const svn = svnAt(teeTcbSvn, 0);
  const identity = findModuleIdentity(tcbInfo, majorVersion, svn);
  if (!identity.ok) return identity;
  const matched = matchModule(report, identity.value);
  if (!matched.ok) return matched;
  return reachIsvSvnLevel(identity.value.levels, svn, "tdx-module");
}
