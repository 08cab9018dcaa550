import { buildCommand, type Command } from "@stricli/core";
import { PROFILES, type Profile } from "@mero-tee/policy";
import { assemblePolicy, documentText, parseKeyProvider, parseReleaseVersion } from "@mero-tee/release-artifacts";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";
import { ok } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { refusalOfCli } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, type Report } from "../output.ts";
import { loadReleaseFile } from "../release-file.ts";
import { REPO_FLAG } from "../release-flags.ts";
import { loadWith } from "../release-knowledge.ts";
import { repositorySetting } from "../repository-setting.ts";

interface GenerateFlags extends CommonFlags {
  readonly kmsCandidates: string;
  readonly nodePolicy: string;
  readonly profile: Profile;
  readonly identity?: string;
  readonly keyProvider?: string;
  readonly out?: string;
  readonly repo?: string;
}

/** A run that is none: a generated policy is for review, and only a lane's run releases one. */
const NO_RUN = { runId: "0", runAttempt: "0" } as const;
const NO_COMMIT = "0".repeat(40);

async function generate(ports: Ports, flags: GenerateFlags): Promise<Report> {
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), {});
  const candidates = await loadReleaseFile(ports.files, flags.kmsCandidates, "measurementCandidates");
  if (!candidates.ok) return reportRefusal(candidates.error, {});
  const node = await loadReleaseFile(ports.files, flags.nodePolicy, "publishedMrtds");
  if (!node.ok) return reportRefusal(node.error, {});
  const identity =
    flags.identity === undefined ? ok(null) : await loadReleaseFile(ports.files, flags.identity, "appIdentity");
  if (!identity.ok) return reportRefusal(identity.error, {});
  if (identity.value !== null && identity.value.value.profile !== flags.profile) {
    const message = `${flags.identity ?? ""} is of profile ${identity.value.value.profile}, not ${flags.profile}.`;
    return reportRefusal(refusalOfCli(cliFailure("input-unrecognised", message)), {});
  }
  const keyProvider =
    flags.keyProvider === undefined ? ok(null) : await loadWith(ports.files, flags.keyProvider, parseKeyProvider);
  if (!keyProvider.ok) return reportRefusal(keyProvider.error, {});
  const { value: published, bytes } = node.value;
  const version = parseReleaseVersion(published.tag);
  if (version === null) throw new Error("the shape of the document lets a tag through that is no version");
  const policy = assemblePolicy({
    ...NO_RUN,
    version,
    repository: setting.value.repository,
    releaseClass: "stable",
    commit: published.commit_sha ?? NO_COMMIT,
    generatedAt: formatRfc3339Utc(ports.nowSeconds()),
    profile: flags.profile,
    candidates: candidates.value.value,
    nodeRelease: { document: published, text: new TextDecoder().decode(bytes) },
    ...(identity.value === null ? {} : { identity: identity.value.value }),
    ...(keyProvider.value === null ? {} : { keyProvider: keyProvider.value }),
  });
  const text = documentText(policy);
  if (flags.out !== undefined) {
    const written = await ports.files.write(flags.out, text, "document");
    if (!written.ok) return reportRefusal(refusalOfCli(written.error), {});
  }
  // A released document keeps its own form; with --out it goes there, and nothing else is said.
  return {
    exitCode: EXIT.ok,
    document: { ...policy },
    text: () => (flags.out === undefined ? text : ""),
    failure: null,
  };
}

/** `mero-tee policy generate`: the policy that a release would publish for one profile, for review. */
export const policyGenerateCommand: Command<CliContext> = buildCommand({
  func: reporting<GenerateFlags, []>(generate),
  parameters: {
    flags: {
      kmsCandidates: { kind: "parsed", parse: String, placeholder: "FILE", brief: "Policy candidates of a KMS probe" },
      nodePolicy: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "published-mrtds.json of the node release",
      },
      profile: { kind: "enum", values: PROFILES, brief: "Image profile that the policy is for" },
      identity: optionalFlag(String, "FILE", "kms-app-identity-PROFILE.json; without it the policy is not ready"),
      keyProvider: optionalFlag(
        String,
        "FILE",
        "kms-key-provider-PROFILE.json: whose key service the KMS must run under",
      ),
      out: optionalFlag(String, "FILE", "Write the policy there (default: standard output)"),
      repo: REPO_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Write a policy from a probe and a node release",
    "The policy that a lane would publish for one profile, to be reviewed: its measurements are those of the two files, its run is none. Nothing is verified here; release verify does that for the node release.",
    {
      does: "what would this probe be released as?",
      line: "mero-tee policy generate --kms-candidates kms-policy-candidates-debug.json --node-policy published-mrtds.json --profile debug",
    },
  ),
});
