import { createReadStream, existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { HttpPort, HttpPortResponse } from "../../packages/cli/src/http-client.ts";
import { Refusal } from "../script-outcome.ts";

const TIMEOUT_MS = 600_000;
const MAX_REDIRECTS = 3;
/** GitHub answers with an address of its storage. */
const HOSTS = /^(?:github\.com|[a-z0-9-]+\.githubusercontent\.com)$/;

/** Yields the bytes of an archive that lies in a folder, under the name that it has where it is published. */
export async function* archiveInFolder(folder: string, url: string): AsyncGenerator<Uint8Array> {
  const path = join(folder, basename(url));
  if (!existsSync(path)) throw new Refusal(`${path} is not there`);
  for await (const chunk of createReadStream(path)) {
    if (!(chunk instanceof Uint8Array)) throw new Error("a file gives bytes");
    yield chunk;
  }
}

async function answerOf(fetch: HttpPort, url: string): Promise<HttpPortResponse> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let at = new URL(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    if (at.protocol !== "https:") throw new Refusal(`${at.href} is not https`);
    if (!HOSTS.test(at.hostname)) throw new Refusal(`${at.hostname} is no host of releases`);
    const answer = await fetch(at.href, { method: "GET", headers: {}, redirect: "manual", signal });
    const location = answer.headers.get("location");
    if (answer.status === 200) return answer;
    if (answer.status < 300 || answer.status > 399 || location === null)
      throw new Refusal(`${url} answers with ${answer.status}`);
    at = new URL(location, at);
  }
  throw new Refusal(`${url} leads on more than ${MAX_REDIRECTS} times`);
}

/** Yields the bytes of an archive that is fetched, over https and from GitHub alone. Throws a `Refusal` for anything else. */
export async function* archiveAt(fetch: HttpPort, url: string): AsyncGenerator<Uint8Array> {
  const reader = (await answerOf(fetch, url)).body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    await reader.cancel();
  }
}
