import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { stopLane } from "./lane-stop.ts";
import type { HostedRelease, ReleaseHead, ReleaseHost } from "./release-host.ts";

/** What is published, and as what. */
export interface Publication extends ReleaseHead {
  /** Directory with the signed release. */
  readonly directory: string;
  readonly isLatest: boolean;
}

/**
 * Publishes a release in one step that everybody sees: a draft is filled, compared with what was meant, and only then published.
 * A tag that has a release is never touched. A draft that went wrong is removed.
 *
 * Source: docs/releases.md.
 */
export async function publishRelease(host: ReleaseHost, publication: Publication): Promise<HostedRelease> {
  const { directory, tag } = publication;
  if ((await host.find(tag)) !== null)
    stopLane("release-exists", `${tag} is published already; what is published never changes.`);
  const draft = await host.createDraft(publication);
  try {
    const expected = new Map<string, string>();
    for (const name of (await readdir(directory)).toSorted()) {
      const content = new Uint8Array(await readFile(join(directory, name)));
      expected.set(name, createHash("sha256").update(content).digest("hex"));
      await host.upload(draft, name, content);
    }
    const uploaded = await host.reload(draft);
    compare(expected, uploaded);
    await host.publish(uploaded, publication.isLatest);
    return uploaded;
  } catch (error) {
    // What stopped the lane says more than a draft that stays, and nobody sees a draft.
    await removeDraft(host, draft).catch(() => undefined);
    throw error;
  }
}

/** The answer to a step that was taken may be lost: what everybody sees by now stays. */
async function removeDraft(host: ReleaseHost, draft: HostedRelease): Promise<void> {
  const now = await host.reload(draft);
  if (now.isDraft) await host.remove(now);
}

function compare(expected: ReadonlyMap<string, string>, { tag, assets }: HostedRelease): void {
  const uploaded = new Map(assets.map(({ name, sha256 }) => [name, sha256]));
  const wrong = [
    ...[...expected].flatMap(([name, sha256]) => (uploaded.get(name) === sha256 ? [] : [name])),
    ...[...uploaded.keys()].filter((name) => !expected.has(name)),
  ];
  if (wrong.length > 0) stopLane("upload-differs", `The draft of ${tag} is not what was signed: ${wrong.join(", ")}.`);
}
