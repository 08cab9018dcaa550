import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import { boundedBody, reasonOf } from "../../packages/cli/src/json-client.ts";
import { readArchive } from "../../packages/release-artifacts/src/index.ts";
import { expectOk, stopLane } from "./lane-stop.ts";
import { listAt, type MeroTee, textAt } from "./mero-tee.ts";
import { takeRelease } from "./take-release.ts";

/** A site that says that it is a release of the public verifier. */
export interface SiteToCompare {
  readonly meroTee: MeroTee;
  readonly fetch: HttpPort;
  /** Its address; the site is at the root of it. */
  readonly url: string;
  /** Directory to make, for the release. */
  readonly work: string;
  /** Without it, the newest that is published. */
  readonly version?: string;
  /** Replaces Sigstore's public instance, for rehearsals. */
  readonly trustedRoot?: string;
}

const ARCHIVE = "mero-verifier-web.tar.gz";
const START_PAGE = "index.html";
const TIMEOUT_MS = 30_000;

/**
 * Compares every file of a released site with what an address serves. The release is verified first, so the digests are those that its
 * manifest has. What the site serves beside them, and to somebody else, no comparison shows.
 *
 * Source: docs/releases.md.
 */
export async function compareSite(site: SiteToCompare): Promise<{ readonly tag: string; readonly files: number }> {
  const { meroTee, url, work, trustedRoot } = site;
  const version = site.version ?? (await newestVersion(meroTee));
  const trust = trustedRoot === undefined ? {} : { trustedRoot };
  const verified = await takeRelease({ meroTee, lane: "verifier", version, out: work, ...trust });
  const archive = await readArchive(createReadStream(join(work, ARCHIVE)));
  if (!archive.ok) throw new Error(`a verified archive cannot be read: ${archive.error.reason}`);
  const differing: string[] = [];
  for (const { name, size, sha256 } of archive.value) {
    for (const path of name === START_PAGE ? ["", name] : [name]) {
      const served = await digestAt(site.fetch, new URL(path, `${url.replace(/\/+$/, "")}/`).href, size);
      if (served !== sha256) differing.push(`/${path} is ${served}, released is ${sha256}`);
    }
  }
  const tag = `mero-verifier-v${textAt(verified.document, "version")}`;
  if (differing.length > 0) stopLane("site-differs", `${url} does not serve ${tag}: ${differing.join("; ")}.`);
  return { tag, files: archive.value.length };
}

async function newestVersion(meroTee: MeroTee): Promise<string> {
  const listed = expectOk(await meroTee(["release", "list", "--lane", "verifier"]));
  const newest = listAt(listed.document, "releases").find((each) => !textAt(each, "version").includes("-"));
  // Without one, the download says that there is none.
  return textAt(newest, "version") || "0.0.0";
}

/** SHA-256 of what is served, or in words why it cannot be what was released. */
async function digestAt(fetch: HttpPort, url: string, size: number): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer = await fetch(url, { method: "GET", headers: {}, redirect: "manual", signal });
    const body = await boundedBody(answer, size);
    if (answer.status !== 200) return `answered with status ${answer.status}`;
    return body === null ? "longer" : createHash("sha256").update(body).digest("hex");
  } catch (error) {
    return stopLane("host-failed", `${url}: ${reasonOf(error, TIMEOUT_MS)}.`);
  }
}
