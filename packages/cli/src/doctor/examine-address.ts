import type { Verdict } from "@mero-tee/appraisal";
import { isJsonObject, type JsonValue } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";

import type { AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { isAccepted, VERDICT_CODES } from "../appraisal/appraisal-view.ts";
import { runAppraisal } from "../appraisal/run-appraisal.ts";
import type { Ports } from "../context.ts";
import type { Refusal } from "../failure-view.ts";
import { exchangeJson, type JsonAnswer } from "../json-client.ts";
import { jsonMember } from "../json-member.ts";
import { printable } from "../printable.ts";
import { type DOCTOR_CODES, type Finding, fine, skipped } from "./finding.ts";

const TIMEOUT_MS = 10_000;
/** An answer is on its way for a while, and names whole seconds. */
const CLOCK_TOLERANCE_SECONDS = 15;
const MAX_TEXT = 300;

/** What to do about what only the command finds. */
const ADVICE: Readonly<Record<(typeof DOCTOR_CODES)[number], string>> = {
  "readiness-absent": "Ask its operator what it is: every KMS of this project answers at /ready.",
  "clock-differs": "Compare both clocks with a third: challenges and collateral live by the clock.",
};

/** What to do about the rest; what the KMS says of its own parts is best looked at where it runs. */
const REMOTE_ADVICE: ReadonlyMap<string, string> = new Map([
  ["kms-unreachable", "Start it, correct the address, or let this machine reach it."],
  ["answer-shape-invalid", "Correct the address, or see what stands in front of the KMS and answers itself."],
]);

/** What to do about a verdict. */
const VERDICT_ADVICE: Readonly<Record<Exclude<Verdict, "verified">, string>> = {
  caution: "Run `mero-tee verify kms` with the same flags and read which step has reservations.",
  incomplete: "Name the release to compare with: --version X.Y.Z, or --policy FILE.",
  failed: "Point no node there. Run `mero-tee verify kms` with the same flags and read which step failed.",
  simulated: "It proves nothing about real machines; --allow-simulated accepts that.",
};

/**
 * Looks at a KMS from outside: does it answer, is it ready, is its clock right, and what does its quote prove. What it says of
 * itself at /health and /ready is its word alone; only its quote is verified.
 *
 * Errors: a wrong setting, a file that cannot be read.
 */
export async function examineAddress(
  ports: Ports,
  url: string,
  flags: AppraisalFlags,
): Promise<Result<readonly Finding[], Refusal>> {
  const health = await exchangeJson(ports.fetch, { url: `${url}/health`, timeoutMs: TIMEOUT_MS });
  if (!health.ok) {
    const unreachable = failed("address", "kms-unreachable", `It does not answer: ${printable(health.error)}.`);
    const rest = ["readiness", "clock", "evidence"].map((check) => skipped(check, "Not looked at: nobody answers."));
    return ok([unreachable, ...rest]);
  }
  const ready = await exchangeJson(ports.fetch, { url: `${url}/ready`, timeoutMs: TIMEOUT_MS });
  const evidence = await examineEvidence(ports, url, flags);
  if (!evidence.ok) return evidence;
  return ok([
    examineHealth(health.value),
    ...(ready.ok ? examineReadiness(ready.value) : [failed("readiness", "kms-unreachable", "/ready gives no answer.")]),
    examineClock(health.value.sentAt, ports.nowSeconds()),
    evidence.value,
  ]);
}

function examineHealth({ status, value }: JsonAnswer): Finding {
  const isAlive = jsonMember(value, "status") === "alive" && jsonMember(value, "service") === "mero-kms-phala";
  if (status === 200 && isAlive) return fine("address", "A KMS answers there.");
  return failed("address", "answer-shape-invalid", "What answers there at /health does not call itself a KMS.");
}

function examineReadiness({ status, value }: JsonAnswer): readonly Finding[] {
  const checks = jsonMember(value, "checks");
  if (checks === undefined || !isJsonObject(checks)) {
    return [own("readiness", "readiness-absent", `/ready answers ${status} without any check.`)];
  }
  const findings = [...checks].flatMap(([name, check]) => readCheck(name, check));
  const isReady = status === 200 && jsonMember(value, "ready") === true;
  if (findings.length === 0 && isReady) return [fine("readiness", "It says that it can release keys.")];
  return findings.length > 0
    ? findings
    : [failed("readiness", "answer-shape-invalid", "It is not ready and says not why.")];
}

/** One check of the KMS that is not in order, in its words. */
function readCheck(name: string, check: JsonValue): readonly Finding[] {
  const [status, code, reason] = [jsonMember(check, "status"), jsonMember(check, "code"), jsonMember(check, "reason")];
  if (status === "ok") return [];
  const word = typeof code === "string" && /^[a-z]+(?:-[a-z]+){0,6}$/.test(code) ? code : "answer-shape-invalid";
  const said = typeof reason === "string" ? printable(reason.slice(0, MAX_TEXT)) : "no reason given";
  const subject = `readiness: ${printable(name.slice(0, MAX_TEXT))}`;
  return [{ ...failed(subject, word, `${said}.`), status: status === "degraded" ? "warning" : "failed" }];
}

function examineClock(sentAt: number | null, nowSeconds: number): Finding {
  if (sentAt === null) return skipped("clock", "Not looked at: the answer names no time.");
  const apart = Math.abs(sentAt - nowSeconds);
  if (apart <= CLOCK_TOLERANCE_SECONDS) return fine("clock", "It agrees with that of this machine.");
  return own("clock", "clock-differs", `It is ${apart} seconds apart from that of this machine.`);
}

async function examineEvidence(ports: Ports, url: string, flags: AppraisalFlags): Promise<Result<Finding, Refusal>> {
  const made = await runAppraisal(ports, flags, { origin: "live", kind: "kms", url, binding: null });
  if (!made.ok) return made;
  const { report } = made.value;
  const message = printable(report.sentence);
  if (report.verdict === "verified") return ok(fine("evidence", message));
  const code = VERDICT_CODES[report.verdict];
  const advice = VERDICT_ADVICE[report.verdict];
  const status = isAccepted(report, flags) ? "warning" : "failed";
  return ok({ check: "evidence", status, code, message, advice });
}

function failed(check: string, code: string, message: string): Finding {
  return {
    check,
    status: "failed",
    code,
    message,
    advice: REMOTE_ADVICE.get(code) ?? "Run `mero-tee doctor` on its machine.",
  };
}

function own(check: string, code: (typeof DOCTOR_CODES)[number], message: string): Finding {
  return { check, status: "warning", code, message, advice: ADVICE[code] };
}
