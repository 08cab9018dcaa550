import type { FetchedResponse, FetchPort } from "@mero-tee/tdx-quote/collateral";
import {
  downloadOf,
  followRedirects,
  GITHUB_RELEASE_ORIGINS,
  MAX_REDIRECTS,
  readWhole,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { PolicySourceError, ReadAsset } from "./policy-source.ts";

const USER_AGENT = "mero-kms-phala/1.0";
const TIMEOUT_MS = 30_000;
const GITHUB = "https://github.com";

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
  const { origin } = new URL(firstUrl);
  const followed = await followRedirects(options.fetch, {
    url: firstUrl,
    // Without compression a body has the length that is counted.
    headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": USER_AGENT },
    signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    mayLeadTo: origin === GITHUB ? GITHUB_RELEASE_ORIGINS : new Set([origin]),
  });
  const { url } = followed;
  switch (followed.end) {
    case "answered":
      return await readAnswer(followed.answer, url, maxBytes);
    case "led-astray":
      return unreachable(`a redirect of ${shown(url)} leads to where it must not`);
    case "led-on":
      return unreachable(`more than ${MAX_REDIRECTS} redirects from ${shown(url)}`);
    case "failed":
      return brokenOff(url, followed.error);
  }
}

async function readAnswer(answer: FetchedResponse, url: string, maxBytes: number): Promise<Fetched> {
  const body = downloadOf(answer);
  const refused = refusalOf(answer, url, maxBytes);
  if (refused !== null) {
    // An unread body keeps its connection busy; its content does not matter.
    body.cancel();
    return err(refused);
  }
  try {
    const bytes = await readWhole(body.chunks, maxBytes);
    if (bytes !== null) return ok(bytes);
    body.cancel();
    return err(tooLarge(url));
  } catch (error) {
    return brokenOff(url, error);
  }
}

function refusalOf({ status, headers }: FetchedResponse, url: string, maxBytes: number): PolicySourceError | null {
  if (status === 404) return { code: "policy-not-found", reason: "the release has no such policy" };
  if (status < 200 || status > 299) {
    return {
      code: "policy-status",
      reason: "the policy could not be downloaded",
      detail: `${shown(url)}: status ${status}`,
    };
  }
  // What announces itself as too long is not begun with; what does not is counted while it arrives.
  return Number(headers.get("content-length")) > maxBytes ? tooLarge(url) : null;
}

// Release assets are redirected to addresses whose query is a credential.
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function tooLarge(url: string): PolicySourceError {
  return { code: "policy-too-large", reason: "the policy is too large", detail: shown(url) };
}

function brokenOff(url: string, error: unknown): Fetched {
  return unreachable(`${shown(url)}: ${error instanceof Error ? describeCause(error) : "unknown error"}`);
}

function unreachable(detail: string): { readonly ok: false; readonly error: PolicySourceError } {
  return err({ code: "policy-unreachable", reason: "the policy could not be downloaded", detail });
}

function describeCause(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
