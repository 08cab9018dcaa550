import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_BINDING } from "../../packages/kms-protocol/src/index.ts";
import { expectOk, stopLane } from "../release/lane-stop.ts";
import { at, listAt, textAt } from "../release/mero-tee.ts";
import { createMachineClient } from "./machine-client.ts";
import { freshNonce, keep, type Probe, trustFlags, verifyProbedQuote, writeCandidates } from "./probe.ts";

/** A probe of a KMS that runs under dstack. */
export interface KmsProbe extends Probe {
  /** The app-compose document that it was deployed with. */
  readonly appCompose: string;
  /** Commit whose workflow ran the probe. */
  readonly commit: string;
  /** The label by which the run is found, and by nothing else. */
  readonly label: string;
}

/**
 * Probes a KMS: it must be up, quote a fresh nonce on a genuine machine, and be explained by its event log down to the composition
 * that was deployed. Leaves that composition, its candidates, its identity and everything that was seen.
 *
 * Source: docs/releases.md.
 */
export async function probeKms(probe: KmsProbe): Promise<string> {
  const { meroTee, fetch, url, profile } = probe;
  const machine = createMachineClient(fetch, url);
  await keep(probe, `app-compose-${profile}.json`, await readFile(probe.appCompose));
  const health = await machine.awaitUp("/health", probe.patience);
  await keep(probe, `health-${profile}.json`, health);
  if (textAt(health, "status") !== "alive") stopLane("probe-refused", `${url} does not call itself alive.`);

  const nonce = freshNonce();
  const question = { nonceB64: nonce.toString("base64") };
  await keep(probe, `attest-request-${profile}.json`, question);
  const answer = await keep(probe, `attest-response-${profile}.json`, await machine.ask("/attest", question));
  const verified = await verifyProbedQuote(probe, answer, Buffer.concat([nonce, DEFAULT_BINDING]));

  const identity = ["--identity-out", join(probe.out, `kms-app-identity-${profile}.json`), "--profile", profile];
  const replay = ["event-log", "replay", answer, "--quote", answer, ...identity, ...trustFlags(probe)];
  const replayed = expectOk(await meroTee(replay)).document;
  const composeHash = textAt(replayed, "composeHash");
  expectOk(await meroTee(["compose-hash", probe.appCompose, "--expected", composeHash]));

  const facts = { answer, nonce, tcbStatus: verified.tcbStatus };
  await writeCandidates(probe, `kms-policy-candidates-${profile}.json`, facts);
  await keep(probe, `kms-key-provider-${profile}.json`, keyProviderOf(replayed));
  await keep(probe, `probe-run-${profile}.json`, { head_sha: probe.commit, label: probe.label });
  return `${verified.tcbStatus}, compose hash ${composeHash.slice(0, 12)}`;
}

/** The key service that the guest runs under, as it measured it. */
function keyProviderOf(replayed: unknown): { readonly name: string; readonly id: string } {
  const event = listAt(replayed, "events").find((each) => textAt(each, "name") === "key-provider");
  if (at(event, "digestMatches") !== true)
    stopLane("probe-refused", "The event log proves no key service (event key-provider).");
  const provider: unknown = JSON.parse(Buffer.from(textAt(event, "payload"), "hex").toString("utf8"));
  return { name: textAt(provider, "name"), id: textAt(provider, "id") };
}
