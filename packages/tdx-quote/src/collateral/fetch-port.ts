/**
 * The part of the Fetch API that the collateral client needs, typed so that the browser's `fetch`, Node's and undici's
 * all fit, and a test's function too.
 *
 * Source: WHATWG Fetch standard.
 */
export type FetchPort = (url: string, init: FetchPortInit) => Promise<FetchedResponse>;

/** The options of a request. `redirect: "manual"` is a duty of the port: a redirect could lead to any host. */
export interface FetchPortInit {
  readonly method: "GET";
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/** An answer: its body is read piece by piece, so that a limit holds before the memory is spent. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): FetchedBodyReader } | null;
}

/** The default reader of a byte stream. */
export interface FetchedBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
