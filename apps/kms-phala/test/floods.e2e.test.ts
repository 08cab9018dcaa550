import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Deployment, type Part, startDeployment } from "./e2e/deployment.ts";
import { printSince } from "./e2e/until.ts";
import { makePeer } from "./peers.ts";

// A real KMS process and a real guest agent on loopback; bounded by count. Every request of the deployment ends by itself
// well before the 30 s after which a node gives up, and counts as failed then.
const START_MS = 60_000;
const CONNECTIONS = 40;
const REQUESTS = 400;
const BOOTS = 8;

let deployment: Deployment;
let kms: Part;

beforeAll(async () => {
  deployment = await startDeployment({ replicas: 1 });
  const [first] = deployment.replicas;
  if (first === undefined) throw new Error("no replica");
  kms = first;
}, START_MS);

afterAll(() => deployment.close());

/** Sends so many requests over so many connections, and counts what came back. */
async function flood(
  count: number,
  connections: number,
  send: (index: number) => Promise<Answer>,
): Promise<Readonly<Record<string, number>>> {
  const seen: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const { status } = await send(next);
      seen[String(status)] = (seen[String(status)] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return seen;
}

function attestBody(): { readonly nonceB64: string } {
  return { nonceB64: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64") };
}

/** Boots nodes one after the other; the statuses of their last answers. */
async function bootNodes(count: number): Promise<readonly (number | null)[]> {
  const statuses: (number | null)[] = [];
  for (let index = 0; index < count; index += 1) {
    const peer = makePeer();
    const attested = await deployment.post(kms, "/attest", attestBody());
    const prepared = attested.status === 200 ? await deployment.prepare(kms, peer) : null;
    const answer = prepared === null ? attested : await deployment.post(kms, "/get-key", prepared.body);
    statuses.push(answer.status);
  }
  return statuses;
}

const allServed = Array.from({ length: BOOTS }, () => 200);

describe("a KMS process under floods", () => {
  test(
    "of /challenge, /attest and bad /get-key at once, within the stated bound, serves every node",
    { timeout: 90_000 },
    async () => {
      const victim = makePeer();
      const prepared = await deployment.prepare(kms, victim);
      if (prepared === null) throw new Error("no challenge");
      const start = performance.now();
      const [challenges, quotes, strangers, badKeys, boots] = await Promise.all([
        flood(REQUESTS, CONNECTIONS, (index) =>
          deployment.post(kms, "/challenge", { peerId: index % 2 === 0 ? victim.peerId : makePeer().peerId }),
        ),
        flood(REQUESTS / 2, CONNECTIONS, () => deployment.post(kms, "/attest", attestBody())),
        flood(REQUESTS, CONNECTIONS, (index) =>
          deployment.post(kms, "/get-key", {
            ...prepared.body,
            peerId: index % 2 === 0 ? victim.peerId : makePeer().peerId,
            challengeId: index.toString(16).padStart(32, "f"),
          }),
        ),
        // Genuine challenges in the victim's name, whose answers nobody signed.
        flood(REQUESTS / 4, CONNECTIONS / 4, async () => {
          const taken = await deployment.post(kms, "/challenge", { peerId: victim.peerId });
          const { challengeId }: { challengeId: string } = JSON.parse(taken.body);
          return deployment.post(kms, "/get-key", { ...prepared.body, challengeId });
        }),
        bootNodes(BOOTS),
      ]);
      printSince(`${BOOTS} boots beside ${REQUESTS * 2.75} hostile requests`, start);
      expect(boots).toEqual(allServed);
      expect(challenges).toEqual({ 200: REQUESTS });
      expect(quotes).toEqual({ 200: REQUESTS / 2 });
      expect(strangers).toEqual({ 401: REQUESTS });
      expect(badKeys).toEqual({ 401: REQUESTS / 4 });
      // The victim's own challenge has survived all of it.
      expect((await deployment.post(kms, "/get-key", prepared.body)).status).toBe(200);
    },
  );

  test(
    "of /attest beyond the bound refuses some of it, and no node that asks for its key",
    { timeout: 90_000 },
    async () => {
      const victim = makePeer();
      const prepared = await deployment.prepare(kms, victim);
      if (prepared === null) throw new Error("no challenge");
      deployment.agent.child.signal("SIGSTOP");
      // While the guest agent makes no quotes, all of them are open at once: 8 in flight, 256 in the line, the rest refused.
      const refused = Promise.withResolvers<Answer>();
      const held = flood(340, 340, async () => {
        const answer = await deployment.post(kms, "/attest", attestBody());
        if (answer.status === 429) refused.resolve(answer);
        return answer;
      });
      expect(Number((await refused.promise).retryAfter)).toBeGreaterThan(0);
      deployment.agent.child.signal("SIGCONT");
      expect((await deployment.post(kms, "/get-key", prepared.body)).status).toBe(200);
      const seen = await held;
      expect(Object.keys(seen).filter((status) => !["200", "429", "503"].includes(status))).toEqual([]);
      expect(seen["200"] ?? 0).toBeGreaterThan(0);
      expect(await bootNodes(2)).toEqual([200, 200]);
    },
  );
});
