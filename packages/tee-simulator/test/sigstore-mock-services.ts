import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, rekorHandler } from "@sigstore/mock";

/** Sigstore's own mock of Fulcio and Rekor, and an OpenID provider, on loopback. */
export interface MockServices {
  readonly url: string;
  readonly trustedRoot: string;
  /** The claims of the next tokens. */
  readonly claims: Record<string, string>;
  /** What each service was asked, in order: its path. */
  readonly asked: string[];
  /** The service of a path answers with this status. */
  readonly fail: (path: string, status: number) => void;
  readonly close: () => Promise<void>;
}

const LOG_NAME = "rekor.mock.example";
const OPEN = { start: "2020-01-01T00:00:00Z" };

function base64(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function trustedLog(baseUrl: string, publicKey: Uint8Array) {
  const keyId = createHash("sha256").update(publicKey).digest("base64");
  const key = { rawBytes: base64(publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: OPEN };
  return { baseUrl, hashAlgorithm: "SHA2_256", publicKey: key, logId: { keyId } };
}

function keys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** Starts the services. Fulcio answers only who shows that it holds the key; the mock itself does not look. */
export async function startMockServices(bearer: string): Promise<MockServices> {
  const clock = new Date((Math.floor(Date.now() / 1000) + 60) * 1000);
  const certificateLog = await initializeCTLog(keys(), clock);
  const authority = await initializeCA(keys(), certificateLog, clock);
  const log = await initializeTLog(`https://${LOG_NAME}`, keys(), clock);
  const handlers = [fulcioHandler(authority), rekorHandler(log)];
  const claims: Record<string, string> = {};
  const asked: string[] = [];
  const failures = new Map<string, number>();

  const answer = async (request: IncomingMessage): Promise<{ readonly status: number; readonly text: string }> => {
    const url = new URL(request.url ?? "/", "http://loopback");
    asked.push(url.pathname);
    const failure = failures.get(url.pathname);
    if (failure !== undefined) return { status: failure, text: "{}" };
    if (url.pathname === "/token") {
      const isAsked =
        request.headers.authorization === `bearer ${bearer}` && url.searchParams.get("audience") === "sigstore";
      const encoded = [{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
      return isAsked
        ? { status: 200, text: JSON.stringify({ value: [...encoded, "x"].join(".") }) }
        : { status: 401, text: "{}" };
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks).toString("utf8");
    const handler = handlers.find(({ path }) => path === url.pathname);
    if (handler === undefined) return { status: 404, text: "{}" };
    if (url.pathname.endsWith("signingCert") && !holdsKey(body, claims["sub"] ?? ""))
      return { status: 400, text: "{}" };
    const { statusCode, response } = await handler.fn(body);
    return { status: statusCode, text: typeof response === "string" ? response : JSON.stringify(response) };
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, text } = await answer(request);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(text);
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the services have no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    trustedRoot: JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [trustedLog(`https://${LOG_NAME}`, log.publicKey)],
      certificateAuthorities: [
        {
          uri: "https://mock.example",
          subject: { organization: "mock", commonName: "mock" },
          certChain: { certificates: [{ rawBytes: base64(authority.rootCertificate) }] },
          validFor: OPEN,
        },
      ],
      ctlogs: [trustedLog("https://ctfe.mock.example", certificateLog.publicKey)],
      timestampAuthorities: [],
    }),
    claims,
    asked,
    fail: (path, status) => void failures.set(path, status),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether a request for a certificate carries a signature over the subject by the key that it names. Source: Fulcio API v2. */
function holdsKey(body: string, subject: string): boolean {
  const { publicKeyRequest } = JSON.parse(body);
  const key = createPublicKey(publicKeyRequest.publicKey.content);
  return verify("sha256", Buffer.from(subject), key, Buffer.from(publicKeyRequest.proofOfPossession, "base64"));
}
