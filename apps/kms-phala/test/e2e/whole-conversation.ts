import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  createKmsClient,
  createKmsVerifier,
  fetchWrappedStorageKey,
  identityFromSeed,
} from "@mero-tee/kms-protocol/client";
import { parseReleasePolicy } from "@mero-tee/policy";
import { encodeCollateral, failure, parseCollateral } from "@mero-tee/tdx-quote";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { startDstackAgent } from "@mero-tee/tee-simulator/server";
import { makePeer } from "../peers.ts";
import type { Deployment, Part } from "./deployment.ts";

/** What a node came away with, on both wires, and what it should have. */
export interface Conversation {
  readonly plain: { readonly status: number | null; readonly key: string };
  readonly expectedPlain: string;
  /** The key that came sealed, or the failure with its stage. */
  readonly wrapped: string;
  readonly expectedWrapped: string;
}

/** Seconds, as nodes and platforms count. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * A node that asks for its key on the plain wire, and one that judges the KMS's quotes by the policy of the simulated release first
 * and takes a sealed key only.
 */
export async function converse(deployment: Deployment, replica: Part): Promise<Conversation> {
  const { platform, agent } = deployment;
  // The agent of another process is a platform made at another second, with other certificates than this one.
  const socketPath = join(await mkdtemp(join(tmpdir(), "kms-agent-")), "dstack.sock");
  const guest = platform.bootGuest("locked-read-only");
  const own = await startDstackAgent({ socketPath, guest, now, onBug: (error) => console.error(error) });
  agent.proxy.leadTo({ path: socketPath });
  try {
    return await askTwice(deployment, replica);
  } finally {
    await own.close();
    await rm(dirname(socketPath), { recursive: true });
  }
}

async function askTwice(deployment: Deployment, replica: Part): Promise<Conversation> {
  const { platform } = deployment;
  const peer = makePeer();
  const prepared = await deployment.prepare(replica, peer);
  const answer = await deployment.post(replica, "/get-key", prepared?.body ?? {});
  const { key = "" }: { key?: string } = answer.status === 200 ? JSON.parse(answer.body) : {};

  const policy = parseReleasePolicy(
    new TextEncoder().encode(platform.policyDocumentFor("locked-read-only")),
    { profile: "locked-read-only", isLegacyFile: false },
    "kms",
  );
  const client = createKmsClient({ baseUrl: `http://127.0.0.1:${replica.proxy.port}/`, fetch });
  const identity = await identityFromSeed(new Uint8Array(32).fill(9));
  if (!policy.ok || !client.ok || !identity.ok) throw new Error("the node cannot start");
  const wrapped = await fetchWrappedStorageKey({
    client: client.value,
    identity: identity.value,
    quoteProvider: async (reportData) => ok((await platform.issueQuote({ reportData })).quote),
    verifyKms: createKmsVerifier({
      policy: policy.value,
      now: now(),
      rootCa: new Uint8Array(platform.rootCa),
      async collateralFor() {
        const collateral = parseCollateral(encodeCollateral(await platform.collateral()));
        return collateral.ok ? collateral : err(failure("fetch", "fetch-failed"));
      },
    }),
  });
  return {
    plain: { status: answer.status, key },
    expectedPlain: deployment.keyOf(peer),
    wrapped: wrapped.ok
      ? wrapped.value.use((bytes) => Buffer.from(bytes).toString("hex"))
      : `${wrapped.error.stage}: ${wrapped.error.failure.code}`,
    expectedWrapped: deployment.keyOf(identity.value),
  };
}
