import { nodeReportData, type PeerId } from "@mero-tee/kms-protocol";
import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import type { SimulatedPlatform } from "@mero-tee/tee-simulator";
import { Pool } from "undici";
import { makePeer, signRequest, type Peer } from "../test/peers.ts";

/** Requests at once: a closed loop, in which each caller waits for its answer. */
const CALLERS = 8;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A client that keeps its connections. */
export interface LoadClient {
  post(path: string, body: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export function createLoadClient(url: string): LoadClient {
  const pool = new Pool(url, { connections: CALLERS });
  return {
    async post(path, body) {
      const answer = await pool.request({
        method: "POST",
        path,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every answer of the services is an object
      return { status: answer.statusCode, body: (await answer.body.json()) as Answer["body"] };
    },
    close: () => pool.close(),
  };
}

/** Runs jobs, {@link CALLERS} at a time. */
export async function inLoop(jobs: number, run: (job: number) => Promise<void>): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < jobs) {
      next += 1;
      await run(next - 1);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** What a node knows after its challenge. */
export interface Challenged {
  readonly peer: Peer;
  readonly challengeId: string;
  readonly nonce: Uint8Array;
}

function required(answer: Answer, member: string): string {
  const value = answer.body[member];
  if (answer.status !== 200 || typeof value !== "string") {
    throw new Error(`no ${member} but ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return value;
}

/** Nodes of a bench: each of them asks more than once. */
export function makePeers(count: number): readonly Peer[] {
  return Array.from({ length: count }, makePeer);
}

export async function takeChallenge(client: LoadClient, peer: Peer): Promise<Challenged> {
  const answer = await client.post("/challenge", { peerId: peer.peerId });
  const nonce = parseBase64(required(answer, "nonceB64"));
  if (nonce === null) throw new Error("a nonce that is no base64");
  return { peer, challengeId: required(answer, "challengeId"), nonce };
}

/** A get-key request with a quote that was signed for its challenge. */
export interface KeyRequest {
  readonly challengeId: string;
  readonly quoteB64: string;
  readonly peerId: PeerId;
  readonly peerPublicKeyB64: string;
  readonly signatureB64: string;
}

export async function makeRequest(platform: SimulatedPlatform, challenged: Challenged): Promise<KeyRequest> {
  const { peer, challengeId, nonce } = challenged;
  const { quote } = await platform.issueQuote({ reportData: nodeReportData(nonce, peer.peerId) });
  return {
    challengeId,
    quoteB64: toBase64(quote),
    peerId: peer.peerId,
    peerPublicKeyB64: peer.publicKeyB64,
    signatureB64: signRequest(peer, challengeId, nonce, quote),
  };
}

export async function getKey(client: LoadClient, request: KeyRequest): Promise<void> {
  required(await client.post("/get-key", request), "key");
}
