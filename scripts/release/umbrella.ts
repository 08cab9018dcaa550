import { releaseTag, type ReleaseVersion } from "../../packages/release-artifacts/src/index.ts";
import type { ReleaseHost } from "./release-host.ts";

/** What the umbrella release of a version is made of. */
export interface Umbrella {
  readonly version: ReleaseVersion;
  /** `OWNER/NAME` */
  readonly repository: string;
  readonly commit: string;
}

/**
 * Writes the umbrella release of a version: links to the KMS and node releases, no files. Whichever lane comes last writes it; one
 * that finds the other missing leaves it. Both may run at once, and the text is the same, so the order does not matter.
 */
export async function writeUmbrella({ version, repository, commit }: Umbrella, host: ReleaseHost): Promise<string> {
  const tags = (["kms", "node"] as const).map((lane) => releaseTag(lane, version));
  const found = await Promise.all(tags.map(async (tag) => await host.find(tag)));
  const missing = tags.filter((_, index) => found[index] === null);
  if (missing.length > 0) return `left to the other lane: ${missing.join(", ")} is not published yet`;
  const body = umbrellaText(version, repository);
  const existing = await host.find(version);
  if (existing !== null) {
    if (existing.body !== body) await host.setBody(existing, body);
    return `${version} links ${tags.join(" and ")}`;
  }
  const isPrerelease = version.includes("-rc.");
  const draft = await host.createDraft({ tag: version, name: version, commit, isPrerelease, body });
  await host.publish(draft, false);
  return `${version} links ${tags.join(" and ")}`;
}

function umbrellaText(version: ReleaseVersion, repository: string): string {
  const link = (lane: "kms" | "node"): string => {
    const tag = releaseTag(lane, version);
    return `[${tag}](https://github.com/${repository}/releases/tag/${tag})`;
  };
  return `- KMS for Phala: ${link("kms")}\n- Node images: ${link("node")}\n`;
}
