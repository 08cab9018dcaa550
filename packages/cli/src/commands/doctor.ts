import { parseEnv } from "node:util";
import { buildCommand, type Command } from "@stricli/core";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { APPRAISAL_FLAGS, type AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { requireCheckout } from "../checkout.ts";
import { cliFailure, type CliFailure } from "../cli-failure.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { findingsText } from "../doctor/doctor-view.ts";
import { examineAddress } from "../doctor/examine-address.ts";
import { examineMachine } from "../doctor/examine-machine.ts";
import type { Finding } from "../doctor/finding.ts";
import type { Environment } from "../environment.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { optionalFlag, parseServiceUrl } from "../flags.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";

/** Far more than all settings together. */
const ENV_FILE_LIMIT_BYTES = 1024 * 1024;

interface DoctorFlags extends AppraisalFlags {
  readonly envFile?: string;
}

async function doctor(ports: Ports, flags: DoctorFlags, url?: string): Promise<Report> {
  const target = url ?? "this machine";
  const examined = await withProgress(ports, `looking at ${target}`, examine(ports, flags, url));
  if (!examined.ok) return reportRefusal(examined.error, { target, healthy: false, findings: [] });
  const findings = examined.value;
  const failed = findings.filter(({ status }) => status === "failed");
  const warnings = findings.filter(({ status }) => status === "warning");
  const fields = { target, healthy: failed.length === 0, findings };
  const isTerminal = ports.stdout.isTTY === true;
  if (failed.length > 0) {
    const message = `${counted(failed.length, "thing keeps", "things keep")} ${target} from releasing keys.`;
    const refusal = refusalOfCli(cliFailure("deployment-unhealthy", message));
    return reportRefusal(refusal, fields, (paint) => findingsText(findings, isTerminal, paint));
  }
  const note = warnings.length === 0 ? "" : `, with ${counted(warnings.length, "warning", "warnings")}`;
  return reportSuccess(
    fields,
    (paint) => `${paint.good("✓ Healthy")}  ${target}${note}\n${findingsText(findings, isTerminal, paint)}`,
  );
}

async function examine(
  ports: Ports,
  flags: DoctorFlags,
  url: string | undefined,
): Promise<Result<readonly Finding[], Refusal>> {
  if (url !== undefined) {
    if (flags.envFile === undefined) return examineAddress(ports, url, flags);
    return refused(cliFailure("usage-invalid", "--env-file is for this machine: leave it or the URL out."));
  }
  const checkout = requireCheckout(ports.checkout);
  if (!checkout.ok) return refused(checkout.error);
  const environment = await environmentOf(ports, flags.envFile);
  if (!environment.ok) return refused(environment.error);
  const findings = await examineMachine(checkout.value, environment.value);
  return findings.ok ? findings : refused(findings.error);
}

/** As `node --env-file` has it: what is set already is not changed by a file. */
async function environmentOf(ports: Ports, path: string | undefined): Promise<Result<Environment, CliFailure>> {
  if (path === undefined) return ok(ports.environment);
  const file = await ports.files.read(path, ENV_FILE_LIMIT_BYTES);
  if (!file.ok) return file;
  return ok({ ...parseEnv(new TextDecoder().decode(file.value)), ...ports.environment });
}

function refused(failure: CliFailure): Result<never, Refusal> {
  return err(refusalOfCli(failure));
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `mero-tee doctor`: looks at a deployment and says what to do. */
export const doctorCommand: Command<CliContext> = buildCommand({
  func: reporting<DoctorFlags, [string?]>(doctor),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { parse: parseServiceUrl, placeholder: "URL", brief: "A KMS to look at from outside", optional: true },
      ],
    },
    flags: {
      ...APPRAISAL_FLAGS,
      envFile: optionalFlag(String, "FILE", "Settings of the KMS on this machine, as `node --env-file` reads them"),
    },
  },
  docs: {
    customUsage: ["[--env-file FILE] [--json]", "[--version X.Y.Z] [--policy FILE]... [--json] <URL>"],
    ...commandDocs(
      "Check a deployment of the KMS, and say what to do",
      "On the machine of a KMS: reads the settings as the KMS does, and looks at guest agent, TLS, policy, collateral, Redis, clock, audit file and " +
        "ports with the KMS's own code. With a URL: asks /health and /ready, and verifies the quote of /attest. Every finding has a code that docs/errors.md explains. " +
        "The flags about releases and trust are for a URL.",
      { does: "why does this KMS release no keys?", line: "mero-tee doctor --env-file kms.env" },
    ),
  },
});
