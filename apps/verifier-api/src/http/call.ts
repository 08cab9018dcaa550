import type { Result } from "@mero-tee/tdx-quote/result";
import type { Problem } from "../problem.ts";

/** One request to an endpoint, after everything that all endpoints have in common. */
export interface Call {
  readonly request: Request;
  readonly url: URL;
  readonly requestId: string;
  /** Whom it counts for. */
  readonly client: string;
  /** The origin of the page that asks, where a browser says so and it is not this site's. */
  readonly foreignOrigin: string | null;
  /** Adds a fact to the log line of the request: no secrets, no addresses. */
  note(name: string, value: string | number): void;
}

/** An answer with status 200. */
export interface Answer {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly cacheControl: string;
}

/** What an endpoint does. */
export type Handle = (call: Call) => Promise<Result<Answer, Problem>>;

/** Public data that changes rarely. */
export const CACHE_SHORT = "public, max-age=300, stale-while-revalidate=86400";

/** An answer that is one caller's own. */
export const NO_STORE = "no-store";

/** An answer in JSON. */
export function jsonAnswer(value: unknown, cacheControl: string): Answer {
  return { body: JSON.stringify(value), cacheControl };
}
