/**
 * The part of the Fetch API that this command needs, typed so that undici's `fetch` fits, and a test's function too.
 *
 * Source: WHATWG Fetch standard.
 */
export type HttpPort = (url: string, init: HttpPortInit) => Promise<HttpPortResponse>;

/** The options of a request. Redirects are never followed: they could lead to any host. */
interface HttpPortInit {
  readonly method: "GET" | "POST";
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

/** An answer: its body is read piece by piece, so that a limit holds before the memory is spent. */
export interface HttpPortResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): HttpBodyReader } | null;
}

/** The default reader of a byte stream. */
interface HttpBodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** The one way out to the network. The client is loaded with the first request: most commands make none. */
export function createHttpPort(): HttpPort {
  let port: Promise<HttpPort> | null = null;
  return async (url, init) => {
    port ??= loadHttpPort();
    return await (
      await port
    )(url, init);
  };
}

async function loadHttpPort(): Promise<HttpPort> {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  return async (url, init) => await fetch(url, { ...init, dispatcher });
}
