import { PROFILES } from "@mero-tee/policy";

import { type ReleaseLane } from "./lane.ts";
import type { Checksum } from "./checksums.ts";
import type { KmsReleaseManifest } from "./documents/kms-release-manifest.ts";
import type { PublishedMrtds } from "./documents/published-mrtds.ts";
import { type ReleaseClass, releaseTag, type ReleaseVersion } from "./release-version.ts";

/** What the notes of a release are made from. */
export interface ReleaseNotesInput {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  readonly releaseClass: ReleaseClass;
  readonly commit: string;
  /** Markdown of the lane's changesets: changes, breaking changes, how to upgrade. */
  readonly changes: string;
  readonly checksums: readonly Checksum[];
  readonly manifest?: KmsReleaseManifest;
  readonly published?: PublishedMrtds;
}

const TITLES: Readonly<Record<ReleaseLane, string>> = {
  kms: "KMS for Phala",
  node: "GCP node image",
  verifier: "Attestation verifier",
};

/**
 * Writes the notes of a release: what changed, which releases belong with it, what it measures as, and how to verify it.
 *
 * @returns Markdown
 * Source: docs/releases.md.
 */
export function releaseNotes(input: ReleaseNotesInput): string {
  const { lane, version, releaseClass, commit, changes, manifest } = input;
  const sections = [
    `# ${TITLES[lane]} ${version}`,
    `Class: ${releaseClass}. Tag: \`${releaseTag(lane, version)}\`. Commit: \`${commit}\`.`,
    ...(releaseClass === "rc" ? ["A candidate for tests: no production profile may use it."] : []),
    ...(manifest?.base_tag === undefined
      ? []
      : [`Patches ${manifest.base_tag} because of ${manifest.incident ?? "an incident"}.`]),
    "## Changes",
    changes.trim() === "" ? "None that an operator would see." : changes.trim(),
    "## Belongs with",
    counterparts(lane, version),
    ...imageSection(manifest),
    ...measurementSection(input.published),
    "## Verify",
    `\`\`\`sh\nmero-tee release verify --version ${version} --lane ${lane}\n\`\`\``,
    "## Checksums",
    table(
      ["asset", "SHA-256"],
      input.checksums.map(({ name, sha256 }) => [`\`${name}\``, `\`${sha256}\``]),
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

function counterparts(lane: ReleaseLane, version: ReleaseVersion): string {
  if (lane === "verifier") return "The releases that its manifest names under `tested_with`.";
  const other = lane === "kms" ? "node" : "kms";
  return `\`${releaseTag(other, version)}\`: KMS and node share one version, and no other pair is supported.`;
}

function imageSection(manifest: KmsReleaseManifest | undefined): readonly string[] {
  if (manifest === undefined) return [];
  const rows = PROFILES.map((profile) => [
    profile,
    `\`${manifest.container.image}@${manifest.container_profile_digests[profile]}\``,
  ]);
  return ["## Images", table(["profile", "image"], rows)];
}

function measurementSection(published: PublishedMrtds | undefined): readonly string[] {
  if (published === undefined) return [];
  const rows = (published.measurement_sets ?? []).flatMap((set) =>
    (["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const).map((register) => [
      set.profile,
      set.machine_type,
      register,
      `\`${set[register]}\``,
    ]),
  );
  return ["## Measurements", table(["profile", "machine type", "register", "value"], rows)];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
