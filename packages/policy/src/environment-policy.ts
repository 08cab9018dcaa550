import type { TcbStatus } from "@mero-tee/tdx-quote";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import type { AppraisalPolicy } from "./appraisal-policy.ts";
import type { Measurement, MeasurementField } from "./measurement.ts";
import type { PolicyError } from "./policy-error.ts";
import type { Profile } from "./profile.ts";
import { parseAllowedMeasurement, parseAllowedTcbStatus } from "./reference-list.ts";
import { DEFAULT_TCB_STATUSES } from "./tcb-status-word.ts";

/** The variables that hold a policy. Source: docs/protocol.md. */
export const ENVIRONMENT_POLICY_VARIABLES = [
  "ALLOWED_TCB_STATUSES",
  "ALLOWED_MRTD",
  "ALLOWED_RTMR0",
  "ALLOWED_RTMR1",
  "ALLOWED_RTMR2",
  "ALLOWED_RTMR3",
] as const;

/**
 * Reads a node policy from the `ALLOWED_*` variables: comma lists, blanks around entries ignored.
 *
 * An unset or blank measurement variable is an empty list, which accepts nothing. Unset statuses mean `UpToDate`; set
 * but blank is an error, since nobody means it. Empty entries between commas are errors as well.
 *
 * @param values - the environment, or any part of it
 * @param profile - the profile that the service runs as, if the caller knows it
 * Errors: all problems, never only the first: `policy-list-empty`, `policy-tcb-status-unknown`,
 * `policy-tcb-status-revoked`, `policy-field-malformed`, `policy-measurement-forbidden`, each with the variable's name.
 * Source: docs/protocol.md.
 */
export function policyFromEnvironment(
  values: Readonly<Record<string, string | undefined>>,
  profile: Profile | null = null,
): Result<AppraisalPolicy, readonly PolicyError[]> {
  const problems: PolicyError[] = [];
  const registers = (variable: string, register: MeasurementField): readonly Measurement[] =>
    parseList(values[variable], variable, problems, (text, field) => parseAllowedMeasurement(text, field, register));

  const policy: AppraisalPolicy = {
    source: "environment",
    role: "node",
    profile,
    tag: null,
    generatedAt: null,
    tcbStatuses: tcbStatuses(values["ALLOWED_TCB_STATUSES"], problems),
    mrtd: registers("ALLOWED_MRTD", "mrtd"),
    rtmr0: registers("ALLOWED_RTMR0", "rtmr0"),
    rtmr1: registers("ALLOWED_RTMR1", "rtmr1"),
    rtmr2: registers("ALLOWED_RTMR2", "rtmr2"),
    rtmr3: registers("ALLOWED_RTMR3", "rtmr3"),
  };
  return problems.length === 0 ? ok(policy) : err(problems);
}

function tcbStatuses(value: string | undefined, problems: PolicyError[]): readonly TcbStatus[] {
  if (value === undefined) return DEFAULT_TCB_STATUSES;
  if (value.trim() === "") problems.push({ code: "policy-list-empty", field: "ALLOWED_TCB_STATUSES" });
  return parseList(value, "ALLOWED_TCB_STATUSES", problems, parseAllowedTcbStatus);
}

function parseList<T>(
  value: string | undefined,
  variable: string,
  problems: PolicyError[],
  parseEntry: (text: string, field: string) => Result<T, PolicyError>,
): readonly T[] {
  if (value === undefined || value.trim() === "") return [];
  const entries = new Set<T>();
  for (const [index, text] of value.split(",").entries()) {
    const entry = parseEntry(text.trim(), `${variable}[${index}]`);
    if (entry.ok) entries.add(entry.value);
    else problems.push(entry.error);
  }
  return [...entries];
}
