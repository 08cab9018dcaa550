import { toBase64 } from "@mero-tee/tdx-quote/base64";

import type { AppraisalPolicy } from "./appraisal-policy.ts";

/** What the snippet says about the policy that it was made from. */
export interface MerodConfigSource {
  /** Tag of the release, e.g. `mero-kms-v2.4.0`. */
  readonly tag: string;
  readonly commit: string;
  /** SHA-256 of the policy file, 64 hex digits. */
  readonly policySha256: string;
  /** The KMS, as merod will reach it. */
  readonly kmsUrl: string;
}

/**
 * Writes the part of merod's `config.toml` with which a node checks its KMS before it asks for a key.
 *
 * @param policy - values of role `kms`, with their binding
 * @returns TOML: lists on one line each, strings escaped
 * Source: docs/releases.md; TOML 1.0, basic strings.
 */
export function merodConfig(policy: AppraisalPolicy, source: MerodConfigSource): string {
  const tables = settings(policy, source.kmsUrl).map(
    ([table, members]) => `[${table}]\n${members.map(([key, value]) => `${key} = ${value}\n`).join("")}`,
  );
  return `${merodConfigOrigin(policy, source)}\n# Pin to a reviewed release; never follow "latest".\n${tables.join("\n")}`;
}

/** Where the settings come from: a line that TOML and a shell take for a comment. */
export function merodConfigOrigin(policy: AppraisalPolicy, { tag, commit, policySha256 }: MerodConfigSource): string {
  const origin = `commit ${commit}, profile ${policy.profile ?? "unknown"}, policy sha256 ${policySha256}`;
  return `# mero-tee release ${comment(tag)} (${comment(origin)})`;
}

/**
 * The same settings as the arguments of `merod config`.
 *
 * @returns `KEY=VALUE` each, the value in TOML
 */
export function merodAssignments(policy: AppraisalPolicy, kmsUrl: string): readonly string[] {
  return settings(policy, kmsUrl).flatMap(([table, members]) =>
    members.map(([key, value]) => `${table}.${key}=${value}`),
  );
}

type Table = readonly [name: string, members: readonly (readonly [key: string, value: string])[]];

function settings(policy: AppraisalPolicy, kmsUrl: string): readonly Table[] {
  const attestation = [
    ["enabled", "true"],
    ["accept_mock", "false"],
    ["allowed_tcb_statuses", list(policy.tcbStatuses)],
    ["allowed_mrtd", list(policy.mrtd)],
    ["allowed_rtmr0", list(policy.rtmr0)],
    ["allowed_rtmr1", list(policy.rtmr1)],
    ["allowed_rtmr2", list(policy.rtmr2)],
    ["allowed_rtmr3", list(policy.rtmr3)],
    ...(policy.defaultBinding === undefined ? [] : [["binding_b64", string(toBase64(policy.defaultBinding))] as const]),
  ] as const;
  return [
    ["tee.kms.phala", [["url", string(kmsUrl)]]],
    ["tee.kms.phala.attestation", attestation],
  ];
}

function list(values: readonly string[]): string {
  return `[${values.map(string).join(", ")}]`;
}

/** A basic string: JSON's escapes are TOML's, but for the delete character, which JSON leaves as it is. */
function string(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\u007f", String.raw`\u007F`);
}

/** Text of one line. */
function comment(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
