import { basename } from "node:path";

import { buildCommand, type Command } from "@stricli/core";
import { describePolicyError, parseReleasePolicy, PROFILES } from "@mero-tee/policy";
import type { AttestationPolicyDocument } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfPolicy, type Refusal } from "../failure-view.ts";
import { fileArgument } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadReleaseFile, type ReleaseFile } from "../release-file.ts";

/** What came of one file. */
interface Validated {
  readonly file: string;
  readonly valid: boolean;
  readonly profile: string | null;
  readonly version: string | null;
  readonly problems: readonly string[];
}

async function validate(ports: Ports, _flags: CommonFlags, ...paths: readonly string[]): Promise<Report> {
  const files: Validated[] = [];
  let refusal: Refusal | null = null;
  for (const path of paths) {
    const loaded = await loadReleaseFile(ports.files, path, "attestationPolicy");
    const found = loaded.ok
      ? problemsOf(path, loaded.value)
      : { problems: messagesOf(loaded.error), refusal: loaded.error };
    refusal ??= found.refusal;
    files.push({
      file: path,
      valid: found.problems.length === 0,
      profile: loaded.ok ? (loaded.value.value.profile ?? null) : null,
      version: loaded.ok ? loaded.value.value.tag : null,
      problems: found.problems,
    });
  }
  const text = (paint: Parameters<Report["text"]>[0]): string =>
    files
      .map(({ file, valid, profile, version, problems }) => {
        const title = valid ? `${paint.good("✓ valid")}    ${file}` : `${paint.bad("✗ refused")}  ${file}`;
        const about = version === null ? "" : `  ${version} ${profile ?? ""}`;
        return `${title}${about}\n${problems.map((problem) => `    ${problem}\n`).join("")}`;
      })
      .join("");
  return refusal === null ? reportSuccess({ files }, text) : reportRefusal(refusal, { files }, text);
}

function messagesOf({ view, details = "" }: Refusal): readonly string[] {
  return [view.message, ...details.split("\n").filter((line) => line !== "")];
}

/** What the reader of policies says, for each role that the document has values for. */
function problemsOf(
  path: string,
  { value, bytes }: ReleaseFile<AttestationPolicyDocument>,
): { readonly problems: readonly string[]; readonly refusal: Refusal | null } {
  const isLegacyFile = basename(path) === "kms-phala-attestation-policy.json";
  const profile = PROFILES.find((each) => each === value.profile) ?? "locked-read-only";
  const errors = (["kms", "node"] as const).flatMap((role) => {
    const policy = parseReleasePolicy(bytes, { profile, isLegacyFile }, role);
    return policy.ok ? [] : [policy.error];
  });
  const [first] = errors;
  return {
    problems: [...new Set(errors.map(describePolicyError))],
    refusal: first === undefined ? null : refusalOfPolicy(first),
  };
}

/** `mero-tee policy validate`: can these attestation policies be used? */
export const policyValidateCommand: Command<CliContext> = buildCommand({
  func: reporting<CommonFlags, string[]>(validate),
  parameters: {
    positional: { kind: "array", parameter: fileArgument("Attestation policies of a release"), minimum: 1 },
    flags: { json: JSON_FLAG },
  },
  docs: commandDocs(
    "Check attestation policies",
    "Each file is read as a KMS and as a node would read it. Its signature is not checked: mero-tee release verify does that.",
    { does: "can these be used?", line: "mero-tee policy validate policies/*.json" },
  ),
});
