import type { ShortComponent } from "./failure.ts";
import type { ComponentStatus, TcbLevelStatus } from "./tcb-level.ts";

/**
 * What can be said about the security version of a whole platform: Intel's seven words, and two that only verification produces.
 *
 * Source: Intel PCS API v4, `tcbStatus`; Intel SGX DCAP Quote Verification Library, TD relaunch statuses.
 */
export const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
  "TDRelaunchAdvised",
  "TDRelaunchAdvisedConfigurationNeeded",
] as const;

/** One of {@link TCB_STATUSES}. */
export type TcbStatus = (typeof TCB_STATUSES)[number];

/** An advisory that a reached level names. */
export interface LevelAdvisory {
  readonly id: string;
  /** Unix seconds: the date of that level; of several, the oldest. */
  readonly tcbDate: number;
}

/** The judged security version of platform, TDX module and quoting enclave. */
export interface TcbJudgement {
  readonly tcbStatus: TcbStatus;
  /** Of the level that counts, the module's and the quoting enclave's, in that order, without repeats. */
  readonly advisoryIds: readonly string[];
  /** The same, each with the date of the level that names it. */
  readonly advisories: readonly LevelAdvisory[];
  /** Status of the level that SGX and TDX components reach. */
  readonly tcbLevelStatus: TcbLevelStatus;
  /** Status of the level that the SGX components alone reach; may be better or worse than {@link tcbLevelStatus}. */
  readonly sgxLevelStatus: TcbLevelStatus;
  /** Null for a TDX module of version 0, which has no levels of its own. */
  readonly tdxModuleStatus: ComponentStatus | null;
  readonly qeStatus: ComponentStatus;
  /**
   * What is missing for the best status that Intel lists, `UpToDate` as a rule, of platform, module and quoting enclave each;
   * empty when all is reached, and where nothing but configuration or hardening is asked for.
   */
  readonly short: readonly ShortComponent[];
}

/** A component out of date makes what it stands on out of date; a need for configuration stays visible. */
const WITH_OUT_OF_DATE = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  TDRelaunchAdvised: "TDRelaunchAdvised",
  TDRelaunchAdvisedConfigurationNeeded: "TDRelaunchAdvisedConfigurationNeeded",
  Revoked: "Revoked",
} as const satisfies Record<TcbStatus, TcbStatus>;

/**
 * Merges a status with that of a component (TDX module or quoting enclave).
 *
 * Source: Intel SGX DCAP Quote Verification Library, converging of TCB statuses.
 */
export function convergeStatus(status: TcbStatus, component: ComponentStatus): TcbStatus {
  if (component === "Revoked") return "Revoked";
  return component === "UpToDate" ? status : WITH_OUT_OF_DATE[status];
}
