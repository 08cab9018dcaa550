import {
  createWrapKeyPair,
  nodeWrapReportData,
  type ReceivedChallenge,
  type SecretBytes,
} from "@mero-tee/kms-protocol";
import {
  createKmsClient,
  fetchWrappedStorageKey,
  generateIdentity,
  requestWrappedKey,
  type KmsClient,
  type KmsVerifier,
  type PeerIdentity,
} from "@mero-tee/kms-protocol/client";
import type { Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import type { Ports } from "../context.ts";
import { refusalOfCli, refusalOfKms, type Refusal } from "../failure-view.ts";
import { keyFingerprint } from "../key-fingerprint.ts";
import { createKmsJudge } from "../kms-judge.ts";
import { loadPolicy } from "../policy-file.ts";
import { loadRootCa } from "../root-ca-file.ts";
import { createSimulatorClient, type SimulatorClient } from "../simulator-client.ts";
import { tryAttacks } from "./attacks.ts";
import { checkKms } from "./check-kms.ts";
import { eavesdrop, type Eavesdropper } from "./eavesdropper.ts";
import type { BootedEvent, Narrator, ReadyEvent } from "./narrator.ts";
import { openStorage, type SealedRecord, type Storage } from "./storage.ts";

/** A machine of the simulated platform that boots: who it is, and whom it talks to. */
interface Machine {
  readonly client: KmsClient;
  readonly simulator: SimulatorClient;
  readonly identity: PeerIdentity;
  readonly profile: Profile;
  readonly verifyKms: KmsVerifier;
  /** Reads whatever the KMS answers. */
  readonly eavesdropper: Eavesdropper;
}

/** A release that was taken step by step, and what an eavesdropper would have of it. */
interface Release {
  readonly key: SecretBytes;
  readonly overheard: { readonly challenge: ReceivedChallenge; readonly quote: Uint8Array<ArrayBuffer> };
}

/**
 * Boots one node through the whole key release, step by step, and then shows what the KMS refuses.
 *
 * @returns the fingerprint of the key; the key itself is wiped
 * Errors: whatever step failed first; nothing after it runs.
 */
export async function bootNode(
  ports: Ports,
  ready: ReadyEvent,
  profile: Profile,
  narrator: Narrator,
): Promise<Result<BootedEvent, Refusal>> {
  const rootCa = await loadRootCa(ports.files, ready.rootCaFile);
  if (!rootCa.ok) return err(refusalOfCli(rootCa.error));
  const policy = await loadPolicy(ports.files, { path: ready.policyFile, profile, role: "kms" });
  if (!policy.ok) return policy;
  const eavesdropper = eavesdrop(ports.fetch);
  const client = createKmsClient({ baseUrl: ready.kmsUrl, fetch: eavesdropper.fetch });
  if (!client.ok) return err(refusalOfKms("transport", client.error));
  const simulator = createSimulatorClient(ports.fetch, ready.simulatorUrl);
  const judgement = { policy: policy.value, rootCa: rootCa.value, now: ports.nowSeconds() };
  const machine: Machine = {
    client: client.value,
    simulator,
    identity: await generateIdentity(),
    profile,
    verifyKms: createKmsJudge(ports, { ...judgement, serviceUrl: ready.simulatorUrl }),
    eavesdropper,
  };

  narrator.chapter("The node asks the KMS who it is, before it says anything itself");
  const trust = { policy: policy.value, rootCa: rootCa.value, collateralUrl: ready.simulatorUrl };
  const checked = await checkKms(ports, client.value, trust, narrator);
  if (!checked.ok) return checked;

  narrator.chapter("The KMS asks the node the same");
  const release = await takeKey(machine, narrator);
  if (!release.ok) return release;
  const { key, overheard } = release.value;
  const fingerprint = key.use(keyFingerprint);

  narrator.chapter("The node opens its storage");
  const used = await useStorage(machine, key, fingerprint, narrator);
  key.wipe();
  if (!used.ok) return used;

  narrator.chapter("What does not work");
  const attacked = await tryAttacks({ ...machine, overheard }, narrator);
  if (!attacked.ok) return attacked;
  return ok({ peerId: machine.identity.peerId, keyFingerprint: fingerprint });
}

async function takeKey(machine: Machine, narrator: Narrator): Promise<Result<Release, Refusal>> {
  const { client, simulator, identity, profile, verifyKms, eavesdropper } = machine;
  const challenge = await client.challenge(identity.peerId);
  if (!challenge.ok) return err(refusalOfKms("challenge", challenge.error));
  narrator.step({
    id: "challenge-taken",
    title: "a challenge, made for this node",
    evidence: `${challenge.value.challengeId}, good once and not for long`,
  });
  const pair = await createWrapKeyPair();
  const reportData = nodeWrapReportData(challenge.value.nonce, identity.peerId, pair.wrapKey);
  const quote = await simulator.quote({ reportData, profile, role: "node" });
  if (!quote.ok) return err(refusalOfKms("quote", quote.error));
  narrator.step({
    id: "node-quoted",
    title: "the machine quotes itself",
    evidence: `${quote.value.length} bytes: what was booted, tied to challenge, peer id and a one-time key`,
  });
  const request = { client, identity, challenge: challenge.value, quote: quote.value, pair, verifyKms };
  const key = await requestWrappedKey(request);
  if (!key.ok) return err(refusalOfKms("get-key", key.error));
  narrator.step({
    id: "node-signed",
    title: "the node signs the request",
    evidence: "with its identity key, so that nobody asks in its name",
  });
  narrator.step({
    id: "key-released",
    title: "the KMS releases the storage key",
    evidence: `fingerprint ${key.value.use(keyFingerprint)}; quote, TCB status and measurements were right`,
  });
  const overheardAnswer = eavesdropper.lastAnswer();
  if (key.value.use((bytes) => isShownBy(overheardAnswer, bytes))) return failed("The key can be read on its way.");
  narrator.step({
    id: "key-sealed",
    title: "it travelled sealed",
    evidence: "to that one-time key: nobody on the way can read it; a KMS quote vouches for it",
  });
  return ok({ key: key.value, overheard: { challenge: challenge.value, quote: quote.value } });
}

/** Whether a text holds bytes in any spelling that an answer could use. */
function isShownBy(text: string, bytes: Uint8Array): boolean {
  const all = Buffer.from(bytes);
  const spellings = [all.toString("hex"), all.toString("base64"), all.toString("base64url"), all.join(",")];
  return spellings.some((spelling) => text.toLowerCase().includes(spelling.toLowerCase()));
}

const RECORD = "what the node keeps to itself";

async function useStorage(
  machine: Machine,
  key: SecretBytes,
  fingerprint: string,
  narrator: Narrator,
): Promise<Result<null, Refusal>> {
  const sealed = await (await key.use(openStorage)).seal(RECORD);
  narrator.step({
    id: "storage-sealed",
    title: "a record is encrypted",
    evidence: `${sealed.ciphertext.length} bytes of AES-256-GCM, under a key derived from it`,
  });

  const again = await fetchKeyAs(machine);
  if (!again.ok) return again;
  const sameFingerprint = again.value.use(keyFingerprint);
  const reopened = await reads(await again.value.use(openStorage), sealed);
  again.value.wipe();
  if (sameFingerprint !== fingerprint || reopened !== RECORD)
    return failed("After a restart the node got another key.");
  narrator.step({
    id: "storage-reopened",
    title: "after a restart it is readable",
    evidence: `a second conversation gives the same key, ${sameFingerprint}; it was never stored`,
  });

  const stranger = await fetchKeyAs({ ...machine, identity: await generateIdentity() });
  if (!stranger.ok) return stranger;
  const otherFingerprint = stranger.value.use(keyFingerprint);
  const leaked = await reads(await stranger.value.use(openStorage), sealed);
  stranger.value.wipe();
  if (otherFingerprint === fingerprint || leaked !== null) return failed("Another node got the same key.");
  narrator.step({
    id: "storage-closed-to-others",
    title: "to another node it is not",
    evidence: `the same image under another identity gets another key, ${otherFingerprint}`,
  });
  return ok(null);
}

async function fetchKeyAs(machine: Machine): Promise<Result<SecretBytes, Refusal>> {
  const { client, simulator, identity, profile, verifyKms } = machine;
  const key = await fetchWrappedStorageKey({
    client,
    identity,
    verifyKms,
    quoteProvider: (reportData) => simulator.quote({ reportData, profile, role: "node" }),
  });
  return key.ok ? key : err(refusalOfKms(key.error.stage, key.error.failure));
}

async function reads(storage: Storage, sealed: SealedRecord): Promise<string | null> {
  const opened = await storage.open(sealed);
  return opened.ok ? opened.value : null;
}

function failed(message: string): Result<never, Refusal> {
  return err(refusalOfCli(cliFailure("boot-failed", message)));
}
