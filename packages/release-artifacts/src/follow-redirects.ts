import type { FetchedResponse, FetchPort } from "@mero-tee/tdx-quote/collateral";

/** Hosts of GitHub's releases: what its addresses may redirect to, and nothing else. */
export const GITHUB_RELEASE_ORIGINS: ReadonlySet<string> = new Set([
  "https://github.com",
  "https://objects.githubusercontent.com",
  "https://release-assets.githubusercontent.com",
]);

/** A file to ask for. */
interface FollowedRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  /** Origins that a redirect may lead to. */
  readonly mayLeadTo: ReadonlySet<string>;
}

/** Where asking for a file led; `url` is the address that was asked last. */
export type Followed =
  | { readonly end: "answered"; readonly answer: FetchedResponse; readonly url: string }
  | { readonly end: "led-astray"; readonly url: string }
  | { readonly end: "led-on"; readonly url: string }
  | { readonly end: "failed"; readonly url: string; readonly error: unknown };

/** A body on its way. */
export interface Download {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not read to its end. */
  cancel(): void;
}

/** Most redirects that are followed. */
export const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks for a file, and follows redirects to these origins alone, without credentials in the address; never throws.
 *
 * @returns `answered` with anything but a redirect, `led-astray` for a redirect to elsewhere, `led-on` for more than five of them
 */
export async function followRedirects(
  fetch: FetchPort,
  { url: first, headers, signal, mayLeadTo }: FollowedRequest,
): Promise<Followed> {
  let url = first;
  try {
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const answer = await fetch(url, { method: "GET", headers, redirect: "manual", signal });
      if (!REDIRECTS.has(answer.status)) return { end: "answered", answer, url };
      downloadOf(answer).cancel();
      const next = redirectTarget(answer, url, mayLeadTo);
      if (next === null) return { end: "led-astray", url };
      url = next;
    }
    return { end: "led-on", url: first };
  } catch (error) {
    return { end: "failed", url, error };
  }
}

function redirectTarget(answer: FetchedResponse, base: string, mayLeadTo: ReadonlySet<string>): string | null {
  const target = URL.parse(answer.headers.get("location") ?? "", base);
  const hasCredentials = target?.username !== "" || target.password !== "";
  return target === null || hasCredentials || !mayLeadTo.has(target.origin) ? null : target.href;
}

/** The body of an answer, piece by piece. */
export function downloadOf({ body }: FetchedResponse): Download {
  const reader = body?.getReader() ?? null;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      if (value !== undefined) yield value;
    }
  }
  // What is let go of does not matter, nor whether letting go of it works.
  return { chunks: chunks(), cancel: () => void reader?.cancel().catch(() => undefined) };
}
