import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { expectOk } from "../release/lane-stop.ts";
import type { MeroTee } from "../release/mero-tee.ts";

/** What probes saw, and the policies that people review. */
export interface Promotion {
  readonly meroTee: MeroTee;
  /** Directory with `kms-policy-candidates-PROFILE.json`, `kms-app-identity-PROFILE.json` and `kms-key-provider-PROFILE.json`. */
  readonly probed: string;
  /** `published-mrtds.json` of a node release that was verified. */
  readonly nodePolicy: string;
  /** Directory with the reviewed policies, `kms.PROFILE.json`. */
  readonly policies: string;
  /** Where the new ones are written; the reviewed ones themselves unless this is another directory. */
  readonly out: string;
}

/** A policy that was written, and how it differs from the reviewed one. */
export interface PromotedPolicy {
  readonly profile: Profile;
  readonly path: string;
  /** Markdown. */
  readonly changes: string;
}

/**
 * Writes the policy of every profile that was probed, as a release would publish it. A release is then held to what was reviewed
 * (rule P-04): who signs cannot change what was agreed to.
 *
 * Source: docs/releases.md.
 */
export async function promotePolicies(promotion: Promotion): Promise<readonly PromotedPolicy[]> {
  const { meroTee, probed, nodePolicy, policies, out } = promotion;
  await mkdir(out, { recursive: true });
  const promoted: PromotedPolicy[] = [];
  for (const profile of PROFILES) {
    const candidates = join(probed, `kms-policy-candidates-${profile}.json`);
    if (!existsSync(candidates)) continue;
    const identity = join(probed, `kms-app-identity-${profile}.json`);
    const reviewed = join(policies, `kms.${profile}.json`);
    const generate = ["policy", "generate", "--profile", profile, "--kms-candidates", candidates];
    const service = join(probed, `kms-key-provider-${profile}.json`);
    const inputs = ["--node-policy", nodePolicy, "--identity", identity, "--key-provider", service];
    const made = expectOk(await meroTee([...generate, ...inputs], "text")).stdout;
    const path = join(out, `kms.${profile}.json`);
    // The old one is compared before the new one may take its place.
    const next = join(out, `.kms.${profile}.json`);
    await writeFile(next, made);
    const before = existsSync(reviewed) ? reviewed : null;
    const changes = before === null ? "New.\n" : await differences(meroTee, before, next);
    expectOk(await meroTee(["policy", "validate", next]));
    await rename(next, path);
    promoted.push({ profile, path, changes });
  }
  return promoted;
}

async function differences(meroTee: MeroTee, before: string, after: string): Promise<string> {
  return expectOk(await meroTee(["policy", "diff", before, after, "--format", "markdown"], "text")).stdout;
}

/** The text of the pull request. */
export function promotionText(promoted: readonly PromotedPolicy[]): string {
  const chapters = promoted.map(({ profile, changes }) => `## ${profile}\n\n${changes}`);
  const head =
    "What probes saw, for review: two approvals of people who answer for security. A release publishes these values or none (P-04).";
  return [head, ...chapters].join("\n\n");
}
