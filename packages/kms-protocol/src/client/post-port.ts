/**
 * The part of the Fetch API that the client needs, typed so that the browser's `fetch`, Node's and undici's all fit, and
 * a test's function too.
 *
 * Source: WHATWG Fetch standard.
 */
export type PostPort = (url: string, init: PostInit) => Promise<PostResponse>;

/** The options of a request. `redirect: "manual"` is a duty of the port: a KMS never redirects, an attacker may. */
export interface PostInit {
  readonly method: "POST";
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/** An answer: its body is read piece by piece, so that a limit holds before the memory is spent. */
export interface PostResponse {
  readonly status: number;
  readonly body: { getReader(): PostBodyReader } | null;
}

/** The default reader of a byte stream. */
export interface PostBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
