import { createHash } from "node:crypto";

import { buildCommand, type Command } from "@stricli/core";
import type { Report as AppraisalReport } from "@mero-tee/appraisal";
import { isSecureKmsUrl, parseKmsUrl } from "@mero-tee/kms-protocol/client";
import {
  type AppraisalPolicy,
  merodAssignments,
  merodConfig,
  merodConfigOrigin,
  type MerodConfigSource,
  PROFILES,
  type Profile,
} from "@mero-tee/policy";
import { parseReleaseVersion, releaseTag, type ReleaseVersion } from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { runAppraisal } from "../appraisal/run-appraisal.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { optionalFlag, parseServiceUrl, PCCS_FLAG } from "../flags.ts";
import { withLiveRtmr3 } from "../live-policy.ts";
import { merodArguments, merodCommand, type MerodNode } from "../merod-call.ts";
import { runMerod } from "../merod-client.ts";
import { reportRefusal, reportSuccess, warn, withProgress, type Report } from "../output.ts";
import { loadPolicy } from "../policy-file.ts";
import { loadReleaseFile } from "../release-file.ts";

interface ConfigFlags extends CommonFlags {
  readonly policy: string;
  readonly profile: Profile;
  readonly kmsUrl: string;
  readonly live: boolean;
  readonly pccs?: string;
  readonly format?: (typeof FORMATS)[number];
  readonly apply: boolean;
  readonly dryRun: boolean;
  readonly merodHome?: string;
  readonly node?: string;
}

const FORMATS = ["toml", "commands"] as const;

async function config(ports: Ports, flags: ConfigFlags): Promise<Report> {
  const nothing = { toml: null, command: null, applied: false };
  const misuse = misuseOf(flags);
  if (misuse !== null) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", misuse)), nothing);
  const document = await loadReleaseFile(ports.files, flags.policy, "attestationPolicy");
  if (!document.ok) return reportRefusal(document.error, nothing);
  const policy = await loadPolicy(ports.files, { path: flags.policy, profile: flags.profile, role: "kms" });
  if (!policy.ok) return reportRefusal(policy.error, nothing);
  const { tag, commit_sha: commit } = document.value.value;
  const version = parseReleaseVersion(tag);
  const live = flags.live ? await liveReport(ports, flags, version) : null;
  if (live?.ok === false) return reportRefusal(live.error, nothing);
  const accepted = live === null ? policy : withLiveRtmr3(policy.value, live.value);
  if (!accepted.ok) return reportRefusal(accepted.error, nothing);
  if (live !== null) {
    warn(
      ports,
      "The RTMR3 is that of the one replica that answered: run this once for each, and again after each restart",
    );
  } else if (policy.value.rtmr3Mode === "event-log") {
    warn(
      ports,
      "RTMR3 of this KMS holds a random instance id, and merod compares it exactly: behind dstack's gateway the published value never equals it",
    );
  }
  return await configured(ports, flags, accepted.value, {
    tag: version === null ? tag : releaseTag("kms", version),
    commit,
    policySha256: createHash("sha256").update(document.value.bytes).digest("hex"),
    // merod joins its paths to this address, which therefore ends in a slash.
    kmsUrl: `${flags.kmsUrl}/`,
  });
}

/** Prints the configuration, or has merod take it. */
async function configured(
  ports: Ports,
  { apply, dryRun, merodHome: home, node: name }: ConfigFlags,
  policy: AppraisalPolicy,
  source: MerodConfigSource,
): Promise<Report> {
  const toml = merodConfig(policy, source);
  const printed = { toml, command: null, applied: false };
  if (home === undefined || name === undefined) return reportSuccess(printed, () => toml);
  const node: MerodNode = { home, name };
  const assignments = merodAssignments(policy, source.kmsUrl);
  const args = merodArguments(node, assignments);
  const known = { ...printed, command: ["merod", ...args] };
  if (!apply || dryRun) {
    const origin = merodConfigOrigin(policy, source);
    return reportSuccess(known, () => `${origin}\n${merodCommand(node, assignments)}`);
  }
  const applied = await withProgress(ports, "merod sets its configuration", runMerod(args));
  if (!applied.ok) return reportRefusal(refusalOfCli(applied.error), known);
  return reportSuccess({ ...known, applied: true }, () => `${name} in ${home} has it; restart the node\n`);
}

/** What no single flag can see is wrong; null if nothing is. */
function misuseOf({ format, apply, dryRun, merodHome, node }: ConfigFlags): string | null {
  const isNamed = merodHome !== undefined && node !== undefined;
  if (apply && format !== undefined) return "--format says nothing with --apply.";
  if (dryRun && !apply) return "--dry-run says nothing without --apply.";
  if ((apply || format === "commands") && !isNamed) return "The node is named by --merod-home and --node.";
  if (!apply && format !== "commands" && (merodHome !== undefined || node !== undefined))
    return "--merod-home and --node say nothing without --apply or --format commands.";
  return null;
}

/** `--merod-home`: a path, and nothing that merod could read as a flag, or a terminal as a command. */
function parseMerodHome(text: string): string {
  if (!/^[^-\p{C}][^\p{C}]*$/u.test(text)) throw new Error("not a directory");
  return text;
}

/** `--node`: the name of a directory in merod's home. */
function parseNodeName(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text))
    throw new Error("not a name of letters, digits, `.`, `_` and `-`");
  return text;
}

/** Appraises the KMS against the signed release that the policy is from, as `verify kms` does. */
async function liveReport(
  ports: Ports,
  { kmsUrl, profile, pccs, json }: ConfigFlags,
  version: ReleaseVersion | null,
): Promise<Result<AppraisalReport, Refusal>> {
  if (version === null) {
    const message = "The policy names no release, and a live KMS is compared with the signed one.";
    return err(refusalOfCli(cliFailure("release-version-unknown", message)));
  }
  const asked = { json, version, profile, allowCaution: false, allowSimulated: false };
  const flags = pccs === undefined ? asked : { ...asked, pccs };
  const made = await runAppraisal(ports, flags, { origin: "live", kind: "kms", url: kmsUrl, binding: null });
  return made.ok ? ok(made.value.report) : made;
}

/** `--kms-url`: what is written makes the node verify its KMS, and a node that does refuses any other address. */
function parseVerifiedKmsUrl(text: string): string {
  const base = parseServiceUrl(text);
  const url = parseKmsUrl(base);
  if (!url.ok || !isSecureKmsUrl(url.value)) {
    throw new Error("a node that verifies its KMS takes https, or http to a loopback IP address");
  }
  return base;
}

/** `mero-tee policy merod-config`: the part of merod's configuration with which a node checks its KMS. */
export const policyMerodConfigCommand: Command<CliContext> = buildCommand({
  func: reporting<ConfigFlags, []>(config),
  parameters: {
    flags: {
      policy: { kind: "parsed", parse: String, placeholder: "FILE", brief: "Attestation policy of a KMS release" },
      profile: { kind: "enum", values: PROFILES, brief: "Profile that the policy must speak for" },
      kmsUrl: {
        kind: "parsed",
        parse: parseVerifiedKmsUrl,
        placeholder: "URL",
        brief: "The KMS as the node reaches it",
      },
      live: {
        kind: "boolean",
        brief: "Verify that KMS first, and add the RTMR3 that it has; needs the network",
        default: false,
        withNegated: false,
      },
      pccs: PCCS_FLAG,
      format: {
        kind: "enum",
        values: FORMATS,
        optional: true,
        brief: "What is printed: a part of config.toml, or the call of merod that sets it (default: toml)",
      },
      apply: {
        kind: "boolean",
        brief: "Have the merod of this machine set it; nothing is printed of it",
        default: false,
        withNegated: false,
      },
      dryRun: {
        kind: "boolean",
        brief: "With --apply, print the call of merod instead",
        default: false,
        withNegated: false,
      },
      merodHome: optionalFlag(parseMerodHome, "DIR", "Home of merod, for its call"),
      node: optionalFlag(parseNodeName, "NAME", "Name of the node in it"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Write merod's KMS configuration from a policy",
    "TOML for config.toml: a node with it checks its KMS before it asks for a key. With --format commands the call of merod that sets " +
      "the same, with --apply that call is made. Verify the release first: the policy file is taken as it is.",
    {
      does: "configure a node",
      line: "mero-tee policy merod-config --policy kms-phala-attestation-policy.json --profile locked-read-only --kms-url https://kms.example.com",
    },
  ),
});
