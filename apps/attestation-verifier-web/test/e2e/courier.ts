import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

/** What a corrupt courier does to an answer of the API: JSON in, JSON out. */
export type Corruption = (json: Record<string, unknown>, path: string) => unknown;

/** A server between browser and verifier. An honest one passes everything on. */
export interface CourierServer {
  readonly url: string;
  /** Everything that the browser sent to the API since the last call of `reset`: method, path and body. */
  readonly asked: readonly { readonly path: string; readonly body: string }[];
  /** Changes the answers of the paths that begin so, until `reset`. */
  corrupt(path: string, change: Corruption): void;
  /** Answers the paths that begin so itself, until `reset`. */
  answer(path: string, status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  reset(): void;
  stop(): Promise<void>;
}

interface Fixed {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Starts a courier in front of a verifier; `extra` are texts that it serves itself, by path. */
export async function startCourier(behind: string, extra: Readonly<Record<string, string>>): Promise<CourierServer> {
  const corruptions = new Map<string, Corruption>();
  const fixed = new Map<string, Fixed>();
  const asked: { path: string; body: string }[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const body = await buffer(request);
    if (path.startsWith("/api/")) asked.push({ path, body: body.toString() });
    const own = [...fixed].find(([prefix]) => path.startsWith(prefix))?.[1];
    if (own !== undefined) return void response.writeHead(own.status, own.headers).end(own.body);
    const text = extra[path];
    if (text !== undefined) return void response.writeHead(200, { "content-type": "application/json" }).end(text);
    const answer = await fetch(behind + path, {
      method: request.method ?? "GET",
      headers: { "content-type": request.headers["content-type"] ?? "text/plain" },
      ...(request.method === "POST" ? { body } : {}),
      redirect: "manual",
    });
    const headers = new Headers(answer.headers);
    for (const name of ["content-length", "transfer-encoding", "connection", "content-encoding"]) headers.delete(name);
    const change = [...corruptions].find(([prefix]) => path.startsWith(prefix))?.[1];
    const bytes = Buffer.from(await answer.arrayBuffer());
    const changed = change === undefined ? bytes : JSON.stringify(await change(JSON.parse(bytes.toString()), path));
    response.writeHead(answer.status, Object.fromEntries(headers)).end(changed);
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    asked,
    corrupt: (path, change) => void corruptions.set(path, change),
    answer: (path, status, body, headers = { "content-type": "application/json" }) =>
      void fixed.set(path, { status, body, headers }),
    reset() {
      corruptions.clear();
      fixed.clear();
      asked.length = 0;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
