import { buildCommand, type Command } from "@stricli/core";
import { parseReleasePolicy, type PolicyRole, PROFILES } from "@mero-tee/policy";
import { diffPolicies, documentText, promoteCandidates } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { refusalOfCli, refusalOfPolicy, refusalOfRelease } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, type Report } from "../output.ts";
import { createPaint, wantsColour } from "../paint.ts";
import { policyChangesText } from "../policy-changes.ts";
import { loadReleaseFile } from "../release-file.ts";

interface PromoteFlags extends CommonFlags {
  readonly candidates: string;
  readonly into: string;
  readonly role: PolicyRole;
  readonly out?: string;
}

async function promote(ports: Ports, flags: PromoteFlags): Promise<Report> {
  const candidates = await loadReleaseFile(ports.files, flags.candidates, "measurementCandidates");
  if (!candidates.ok) return reportRefusal(candidates.error, {});
  const policy = await loadReleaseFile(ports.files, flags.into, "attestationPolicy");
  if (!policy.ok) return reportRefusal(policy.error, {});
  const promoted = promoteCandidates(policy.value.value, candidates.value.value, flags.role);
  if (!promoted.ok) return reportRefusal(refusalOfRelease(promoted.error), {});

  const text = documentText(promoted.value);
  const profile = PROFILES.find((each) => each === promoted.value.profile) ?? "locked-read-only";
  for (const role of ["kms", "node"] as const) {
    const readable = parseReleasePolicy(text, { profile, isLegacyFile: promoted.value.profile === undefined }, role);
    if (!readable.ok) return reportRefusal(refusalOfPolicy(readable.error), {});
  }
  const changes = diffPolicies(policy.value.value, promoted.value);
  ports.stderr.write(policyChangesText(changes, createPaint(wantsColour(ports.stderr, ports.environment))));
  if (flags.out !== undefined) {
    const written = await ports.files.write(flags.out, text, "document");
    if (!written.ok) return reportRefusal(refusalOfCli(written.error), {});
  }
  // The policy keeps its own form on standard output; with --out it goes there, and nothing else is said.
  return {
    exitCode: EXIT.ok,
    document: { ...promoted.value },
    text: () => (flags.out === undefined ? text : ""),
    failure: null,
  };
}

/** `mero-tee policy promote`: puts what a probe saw into a policy. */
export const policyPromoteCommand: Command<CliContext> = buildCommand({
  func: reporting<PromoteFlags, []>(promote),
  parameters: {
    flags: {
      candidates: { kind: "parsed", parse: String, placeholder: "FILE", brief: "Policy candidates of a probe" },
      into: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "Attestation policy to put them into; it changes only if --out names it too",
      },
      role: { kind: "enum", values: ["node", "kms"], default: "node", brief: "What was probed" },
      out: optionalFlag(String, "FILE", "Write the new policy there (default: standard output)"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Put policy candidates into a policy",
    "The registers of one role are replaced; accepted TCB statuses stay as they are, and a probe of a platform that they do not accept is refused. The change is shown on standard error.",
    {
      does: "accept what the probe saw",
      line: "mero-tee policy promote --candidates candidates.json --into node.debug.json --out node.debug.json",
    },
  ),
});
