import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";

import { type CliFailure, cliFailure } from "../cli-failure.ts";
import type { Checkout } from "../checkout.ts";
import { supervise } from "../dev/supervised-program.ts";
import type { Environment } from "../environment.ts";
import { jsonMember } from "../json-member.ts";
import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** Longer than everything that the KMS's own checks wait for together. */
const LIMIT_MS = 120_000;
const STATUSES = ["ok", "warning", "failed", "skipped"] as const;

/**
 * Has the KMS look at this machine with its own code: it reads the settings that it would start with, and judges what it would
 * use, so that nothing here can be of another opinion.
 *
 * Errors: `process-failed`.
 */
export async function examineMachine(
  checkout: Checkout,
  environment: Environment,
): Promise<Result<readonly Finding[], CliFailure>> {
  const set = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const program = supervise("the KMS's check", checkout.start("kms", ["--doctor", "--json"], Object.fromEntries(set)));
  const line = await program.lineThat((text) => (text.startsWith('{"schemaVersion":1,') ? text : null), LIMIT_MS);
  await program.stop();
  if (!line.ok) return line;
  const findings = readDiagnosis(line.value);
  return findings === null
    ? { ok: false, error: cliFailure("process-failed", "The KMS's check printed something else than findings.") }
    : ok(findings);
}

function readDiagnosis(text: string): readonly Finding[] | null {
  const json = parseStrictJson(text);
  const list = json.ok && isJsonObject(json.value) ? json.value.get("findings") : undefined;
  if (!Array.isArray(list)) return null;
  const findings = list.map(readFinding);
  return findings.every((finding) => finding !== null) ? findings : null;
}

function readFinding(value: JsonValue): Finding | null {
  const [check, word, message] = [
    jsonMember(value, "check"),
    jsonMember(value, "status"),
    jsonMember(value, "message"),
  ];
  const [code, advice] = [jsonMember(value, "code") ?? null, jsonMember(value, "advice") ?? null];
  const status = STATUSES.find((known) => known === word);
  if (typeof check !== "string" || status === undefined || typeof message !== "string") return null;
  if (!isTextOrNull(code) || !isTextOrNull(advice)) return null;
  return { check, status, code, message: printable(message), advice: advice === null ? null : printable(advice) };
}

function isTextOrNull(value: JsonValue): value is string | null {
  return value === null || typeof value === "string";
}
