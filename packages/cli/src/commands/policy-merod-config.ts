import { createHash } from "node:crypto";

import { buildCommand, type Command } from "@stricli/core";
import { isSecureKmsUrl, parseKmsUrl } from "@mero-tee/kms-protocol/client";
import { merodConfig, PROFILES, type Profile } from "@mero-tee/policy";
import { releaseTag, parseReleaseVersion } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { parseServiceUrl } from "../flags.ts";
import { reportRefusal, reportSuccess, warn, type Report } from "../output.ts";
import { loadPolicy } from "../policy-file.ts";
import { loadReleaseFile } from "../release-file.ts";

interface ConfigFlags extends CommonFlags {
  readonly policy: string;
  readonly profile: Profile;
  readonly kmsUrl: string;
}

async function config(ports: Ports, flags: ConfigFlags): Promise<Report> {
  const nothing = { toml: null };
  const document = await loadReleaseFile(ports.files, flags.policy, "attestationPolicy");
  if (!document.ok) return reportRefusal(document.error, nothing);
  const policy = await loadPolicy(ports.files, { path: flags.policy, profile: flags.profile, role: "kms" });
  if (!policy.ok) return reportRefusal(policy.error, nothing);
  const { tag, commit_sha: commit } = document.value.value;
  const version = parseReleaseVersion(tag);
  if (policy.value.rtmr3Mode === "event-log") {
    warn(
      ports,
      "RTMR3 of this KMS holds a random instance id, and merod compares it exactly: behind dstack's gateway the published value never equals it",
    );
  }
  const toml = merodConfig(policy.value, {
    tag: version === null ? tag : releaseTag("kms", version),
    commit,
    policySha256: createHash("sha256").update(document.value.bytes).digest("hex"),
    // merod joins its paths to this address, which therefore ends in a slash.
    kmsUrl: `${flags.kmsUrl}/`,
  });
  return reportSuccess({ toml }, () => toml);
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
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Write merod's KMS configuration from a policy",
    "TOML for config.toml: a node with it checks its KMS before it asks for a key. Verify the release first: the policy file is taken as it is.",
    {
      does: "configure a node",
      line: "mero-tee policy merod-config --policy kms-phala-attestation-policy.json --profile locked-read-only --kms-url https://kms.example.com",
    },
  ),
});
