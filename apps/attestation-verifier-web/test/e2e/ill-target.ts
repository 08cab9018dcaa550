import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

export const JSON_TYPE = { "content-type": "application/json" } as const;

/** A machine that does not answer as it should, until it is well. */
export interface IllTarget {
  readonly url: string;
  /** What it does; null: it passes every question on to a healthy KMS. */
  answer: ((response: ServerResponse) => void) | null;
  stop(): void;
}

/** Starts one in front of a healthy KMS. */
export async function startIllTarget(healthy: string): Promise<IllTarget> {
  const server = createServer((request, response) => {
    if (target.answer !== null) return target.answer(response);
    void (async () => {
      const body = await buffer(request);
      const answer = await fetch(healthy + (request.url ?? "/"), { method: "POST", headers: JSON_TYPE, body });
      response.writeHead(answer.status, JSON_TYPE).end(await answer.text());
    })().catch(() => response.destroy());
  });
  const target: IllTarget = { url: await listen(server), answer: null, stop: () => stop(server) };
  return target;
}

/** Listens where nobody may ever connect. */
export async function countConnections(): Promise<{ readonly url: string; connections: number; stop(): void }> {
  const server = createServer((_request, response) => void response.end("{}"));
  const counted = { url: await listen(server), connections: 0, stop: () => stop(server) };
  server.on("connection", () => (counted.connections += 1));
  return counted;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}
