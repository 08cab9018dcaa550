import { buildCommand, type Command } from "@stricli/core";
import {
  describeMismatches,
  evaluatePolicy,
  MEASUREMENT_FIELDS,
  parseMeasurement,
  parseTcbStatus,
  type PolicyMismatches,
  type PolicyRole,
  PROFILES,
  type PolicySubject,
  type Profile,
} from "@mero-tee/policy";
import { parseQuote, type TcbStatus } from "@mero-tee/tdx-quote";
import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfEvidence, refusalOfPolicy, type Refusal } from "../failure-view.ts";
import { optionalFlag, TCB_STATUS_FLAG } from "../flags.ts";
import { jsonMember } from "../json-member.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { policyDecisionText } from "../policy-decision-view.ts";
import { loadPolicy } from "../policy-file.ts";
import { loadQuoteBytes } from "../quote-file.ts";

interface EvaluateFlags extends CommonFlags {
  readonly policy: string;
  readonly profile: Profile;
  readonly role: PolicyRole;
  readonly quote?: string;
  readonly measurements?: string;
  readonly tcbStatus?: TcbStatus;
}

type Registers = Omit<PolicySubject, "tcbStatus">;

const MEASUREMENTS_LIMIT_BYTES = 1024 * 1024;

async function evaluate(ports: Ports, flags: EvaluateFlags): Promise<Report> {
  const nothing = { allowed: false, mismatches: [] };
  const policy = await loadPolicy(ports.files, { path: flags.policy, profile: flags.profile, role: flags.role });
  if (!policy.ok) return reportRefusal(policy.error, nothing);
  const seen = await loadSeen(ports, flags);
  if (!seen.ok) return reportRefusal(seen.error, nothing);
  const tcbStatus = flags.tcbStatus ?? seen.value.tcbStatus;
  if (tcbStatus === null) {
    return reportRefusal(
      usage("Give --tcb-status: a policy decides about it, and this file does not name one."),
      nothing,
    );
  }
  const decision = evaluatePolicy({ ...seen.value.registers, tcbStatus }, policy.value);
  const { mismatches, nearestSet } = decision;
  const text: Report["text"] = (paint) =>
    policyDecisionText(
      decision,
      `these values of a ${flags.role === "kms" ? "KMS" : "node"} of profile ${flags.profile}`,
      paint,
    );
  if (decision.allowed) return reportSuccess({ ...decision }, text);
  const nearest = nearestSet === undefined ? {} : { nearestSet };
  return reportRefusal(refusalOfValues({ code: "policy-mismatch", mismatches, ...nearest }), { ...decision }, text);
}

/** Nobody verified a quote here, so the sentence speaks of values and of nothing genuine. */
function refusalOfValues(error: PolicyMismatches): Refusal {
  const refusal = refusalOfPolicy(error);
  const message = `The policy does not accept these values: ${describeMismatches(error)}.`;
  return { ...refusal, view: { ...refusal.view, message } };
}

interface Seen {
  readonly registers: Registers;
  readonly tcbStatus: TcbStatus | null;
}

async function loadSeen(ports: Ports, { quote, measurements }: EvaluateFlags): Promise<Result<Seen, Refusal>> {
  if ((quote === undefined) === (measurements === undefined))
    return err(usage("Give either --quote or --measurements."));
  if (quote !== undefined) {
    const bytes = await loadQuoteBytes(ports.files, quote);
    if (!bytes.ok) return err(refusalOfCli(bytes.error));
    const parsed = parseQuote(bytes.value);
    if (!parsed.ok) return err(refusalOfEvidence(parsed.error));
    const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = parsed.value.report;
    return ok({ registers: { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, tcbStatus: null });
  }
  const content = await ports.files.read(measurements ?? "", MEASUREMENTS_LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const json = parseStrictJson(content.value);
  return json.ok
    ? readMeasurements(json.value)
    : err(unrecognised(`it is no strict JSON at byte ${json.error.offset}`));
}

/** Registers as a flat object, or as the single values of a candidates document. */
function readMeasurements(document: JsonValue): Result<Seen, Refusal> {
  const policy = jsonMember(document, "policy");
  const valueOf = (name: string): JsonValue | undefined => {
    const values = jsonMember(policy, `allowed_${name}`);
    return Array.isArray(values) && values.length === 1 ? values[0] : jsonMember(document, name);
  };
  const registers: Record<string, string> = {};
  for (const field of MEASUREMENT_FIELDS) {
    const value = valueOf(field);
    const measurement = typeof value === "string" ? parseMeasurement(value) : null;
    if (measurement?.ok !== true) return err(unrecognised(`it has no ${field} of 96 hex digits`));
    registers[field] = measurement.value;
  }
  const word = valueOf("tcb_statuses") ?? jsonMember(document, "tcbStatus");
  const status = typeof word === "string" ? parseTcbStatus(word) : null;
  const { mrtd = "", rtmr0 = "", rtmr1 = "", rtmr2 = "", rtmr3 = "" } = registers;
  return ok({ registers: { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, tcbStatus: status?.ok === true ? status.value : null });
}

function unrecognised(why: string): Refusal {
  return refusalOfCli(cliFailure("input-unrecognised", `No measurements were found: ${why}.`));
}

function usage(message: string): Refusal {
  return refusalOfCli(cliFailure("usage-invalid", message));
}

/** `mero-tee policy evaluate`: would a policy accept these values? */
export const policyEvaluateCommand: Command<CliContext> = buildCommand({
  func: reporting<EvaluateFlags, []>(evaluate),
  parameters: {
    flags: {
      policy: { kind: "parsed", parse: String, placeholder: "FILE", brief: "Attestation policy of a release" },
      profile: { kind: "enum", values: PROFILES, brief: "Profile that the policy must speak for" },
      role: { kind: "enum", values: ["node", "kms"], default: "node", brief: "Whose values of the policy apply" },
      quote: optionalFlag(String, "FILE", "Quote to take the values from; it is not verified"),
      measurements: optionalFlag(String, "FILE", "JSON with mrtd and rtmr0 to rtmr3, or policy candidates"),
      tcbStatus: TCB_STATUS_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Compare values with a policy",
    "The values are taken as they are: whether a genuine quote shows them is what mero-tee quote verify --policy says.",
    {
      does: "would this machine be accepted?",
      line: "mero-tee policy evaluate --policy policy.json --profile debug --role node --quote quote.bin --tcb-status UpToDate",
    },
  ),
});
