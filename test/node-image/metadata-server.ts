import { createServer } from "node:http";

const PATH = "/computeMetadata/v1/instance/attributes/";

/** As the value of an attribute: the server never answers. */
export const SILENT: unique symbol = Symbol("never answers");

export type Attributes = Readonly<Record<string, string | Uint8Array | typeof SILENT>>;

/** A server on loopback that stands for the host's metadata server. */
export interface MetadataServer {
  /** What comes before `/instance/attributes`. */
  readonly base: string;
  give(attributes: Attributes): void;
  close(): void;
}

/** Starts a metadata server without attributes, on a free port unless one is named; like the host's, it answers only who names its header. */
export async function startMetadataServer(port = 0): Promise<MetadataServer> {
  let attributes: Attributes = {};
  const server = createServer((request, response) => {
    const value = attributes[request.url?.slice(PATH.length) ?? ""];
    if (value === SILENT) return;
    const isAsked = request.headers["metadata-flavor"] === "Google" && request.url?.startsWith(PATH) === true;
    response.writeHead(isAsked && value !== undefined ? 200 : 404);
    response.end(isAsked ? value : "");
  });
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    base: `http://127.0.0.1:${address.port}/computeMetadata/v1`,
    give: (given) => {
      attributes = given;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
