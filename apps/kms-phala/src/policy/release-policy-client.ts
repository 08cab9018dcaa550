import { POLICY_DOCUMENT_LIMIT_BYTES, type Profile } from "@mero-tee/policy";
import type { FetchedResponse, FetchPort } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { readPolicyDocument } from "./policy-document.ts";
import type { PolicySource, PolicySourceError } from "./policy-source.ts";

const RELEASES_URL = "https://github.com/calimero-network/mero-tee/releases/download";
const USER_AGENT = "mero-kms-phala/1.0";
const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Settings of {@link createReleasePolicySource}. */
export interface ReleasePolicyOptions {
  /** Without prefix, already parsed: it becomes part of the URL. */
  readonly version: string;
  readonly profile: Profile;
  /** Pins the exact bytes; lower-case hex, or null. */
  readonly sha256: string | null;
  readonly fetch: FetchPort;
  readonly timeoutMs?: number;
}

type Fetched = Result<Uint8Array, PolicySourceError>;

/**
 * The policy of a release, downloaded: the file of the profile, and only where the release has none (404) the one
 * unprofiled file of old releases. A connection that fails is no 404: whoever can break connections must not be able to
 * choose the older file.
 */
export function createReleasePolicySource(options: ReleasePolicyOptions): PolicySource {
  const { version, profile, sha256 } = options;
  const release = `${RELEASES_URL}/mero-kms-v${encodeURIComponent(version)}`;
  const candidates = [
    { url: `${release}/kms-phala-attestation-policy.${profile}.json`, isLegacyFile: false },
    { url: `${release}/kms-phala-attestation-policy.json`, isLegacyFile: true },
  ];
  return {
    label: `release ${version}`,
    isRetried: true,
    async load() {
      for (const { url, isLegacyFile } of candidates) {
        const bytes = await download(url, options);
        if (bytes.ok) return readPolicyDocument(bytes.value, { profile, tag: version, sha256, isLegacyFile });
        if (bytes.error.code !== "policy-not-found") return bytes;
      }
      return err({ code: "policy-not-found", reason: "the release has no policy for this profile" });
    },
  };
}

async function download(firstUrl: string, options: ReleasePolicyOptions): Promise<Fetched> {
  const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  let url = firstUrl;
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const answer = await options.fetch(url, {
        method: "GET",
        headers: { accept: "application/json", "user-agent": USER_AGENT },
        redirect: "manual",
        signal,
      });
      if (!REDIRECT_STATUSES.has(answer.status)) return await readAnswer(answer, url);
      await discard(answer);
      const next = redirectTarget(answer, url);
      if (next === null) return unreachable(`a redirect of ${withoutQuery(url)} does not lead to an https URL`);
      url = next;
    }
    return unreachable(`more than ${MAX_REDIRECTS} redirects from ${firstUrl}`);
  } catch (error) {
    return unreachable(`${withoutQuery(url)}: ${error instanceof Error ? describeCause(error) : "unknown error"}`);
  }
}

function redirectTarget(answer: FetchedResponse, base: string): string | null {
  const location = answer.headers.get("location");
  if (location === null || !URL.canParse(location, base)) return null;
  const target = new URL(location, base);
  return target.protocol === "https:" ? target.href : null;
}

async function readAnswer(answer: FetchedResponse, url: string): Promise<Fetched> {
  if (answer.status === 404) {
    await discard(answer);
    return err({ code: "policy-not-found", reason: "the release has no such policy" });
  }
  if (answer.status < 200 || answer.status > 299) {
    await discard(answer);
    const detail = `${withoutQuery(url)}: status ${answer.status}`;
    return err({ code: "policy-status", reason: "the policy could not be downloaded", detail });
  }
  return readBody(answer);
}

async function readBody(answer: FetchedResponse): Promise<Fetched> {
  const reader = answer.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (reader === undefined) return ok(new Uint8Array(0));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return ok(Buffer.concat(chunks, length));
    length += value?.length ?? 0;
    if (length > POLICY_DOCUMENT_LIMIT_BYTES) {
      await reader.cancel();
      return err({ code: "policy-too-large", reason: "the policy is too large" });
    }
    if (value !== undefined) chunks.push(value);
  }
}

// An unread body keeps its connection busy; its content does not matter.
async function discard(answer: FetchedResponse): Promise<void> {
  await answer.body?.getReader().cancel();
}

// Release assets are redirected to addresses whose query is a credential.
function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

function unreachable(detail: string): { readonly ok: false; readonly error: PolicySourceError } {
  return err({ code: "policy-unreachable", reason: "the policy could not be downloaded", detail });
}

function describeCause(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
