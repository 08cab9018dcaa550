import type { FetchedResponse, FetchPort } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { PolicySourceError, ReadAsset } from "./policy-source.ts";

const USER_AGENT = "mero-kms-phala/1.0";
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const GITHUB = "https://github.com";
/** Where GitHub keeps the assets of releases, and redirects to. */
const GITHUB_ASSET_ORIGINS: ReadonlySet<string> = new Set([
  GITHUB,
  "https://release-assets.githubusercontent.com",
  "https://objects.githubusercontent.com",
]);

/** Settings of {@link createReleaseDownload}. */
export interface ReleaseDownloadOptions {
  readonly fetch: FetchPort;
  /** For one file, redirects and body included. */
  readonly timeoutMs?: number;
}

type Fetched = Result<Uint8Array<ArrayBuffer>, PolicySourceError>;

/**
 * Makes the reader of released files: bounded in time, size and redirects. GitHub may redirect to the hosts of its assets,
 * every other host to itself alone, so that what answers for a release host cannot send the KMS elsewhere.
 */
export function createReleaseDownload(options: ReleaseDownloadOptions): ReadAsset {
  return async (url, maxBytes) => await download(url, maxBytes, options);
}

async function download(firstUrl: string, maxBytes: number, options: ReleaseDownloadOptions): Promise<Fetched> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const origin = new URL(firstUrl).origin;
  const mayLeadTo = origin === GITHUB ? GITHUB_ASSET_ORIGINS : new Set([origin]);
  let url = firstUrl;
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const answer = await options.fetch(url, {
        method: "GET",
        // Without compression a body has the length that is counted.
        headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": USER_AGENT },
        redirect: "manual",
        signal,
      });
      if (!REDIRECT_STATUSES.has(answer.status)) return await readAnswer(answer, url, maxBytes);
      await discard(answer);
      const next = redirectTarget(answer, url, mayLeadTo);
      if (next === null) return unreachable(`a redirect of ${shown(url)} leads to where it must not`);
      url = next;
    }
    return unreachable(`more than ${MAX_REDIRECTS} redirects from ${shown(firstUrl)}`);
  } catch (error) {
    return unreachable(`${shown(url)}: ${error instanceof Error ? describeCause(error) : "unknown error"}`);
  }
}

function redirectTarget(answer: FetchedResponse, base: string, mayLeadTo: ReadonlySet<string>): string | null {
  const location = answer.headers.get("location");
  if (location === null || !URL.canParse(location, base)) return null;
  const target = new URL(location, base);
  const hasCredentials = target.username !== "" || target.password !== "";
  return mayLeadTo.has(target.origin) && !hasCredentials ? target.href : null;
}

async function readAnswer(answer: FetchedResponse, url: string, maxBytes: number): Promise<Fetched> {
  if (answer.status === 404) {
    await discard(answer);
    return err({ code: "policy-not-found", reason: "the release has no such policy" });
  }
  if (answer.status < 200 || answer.status > 299) {
    await discard(answer);
    const detail = `${shown(url)}: status ${answer.status}`;
    return err({ code: "policy-status", reason: "the policy could not be downloaded", detail });
  }
  // What announces itself as too long is not begun with; what does not is counted while it arrives.
  if (Number(answer.headers.get("content-length")) > maxBytes) {
    await discard(answer);
    return tooLarge(url);
  }
  return readBody(answer, url, maxBytes);
}

async function readBody(answer: FetchedResponse, url: string, maxBytes: number): Promise<Fetched> {
  const reader = answer.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (reader === undefined) return ok(new Uint8Array(0));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return ok(new Uint8Array(Buffer.concat(chunks, length)));
    length += value?.length ?? 0;
    if (length > maxBytes) {
      await reader.cancel();
      return tooLarge(url);
    }
    if (value !== undefined) chunks.push(value);
  }
}

// An unread body keeps its connection busy; its content does not matter.
async function discard(answer: FetchedResponse): Promise<void> {
  await answer.body?.getReader().cancel();
}

// Release assets are redirected to addresses whose query is a credential.
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function tooLarge(url: string): { readonly ok: false; readonly error: PolicySourceError } {
  return err({ code: "policy-too-large", reason: "the policy is too large", detail: shown(url) });
}

function unreachable(detail: string): { readonly ok: false; readonly error: PolicySourceError } {
  return err({ code: "policy-unreachable", reason: "the policy could not be downloaded", detail });
}

function describeCause(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
