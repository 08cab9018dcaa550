import { createWrapKeyPair, nodeReportData, nodeWrapReportData, type ReceivedChallenge } from "@mero-tee/kms-protocol";
import {
  requestKey,
  requestWrappedKey,
  type KmsClient,
  type KmsVerifier,
  type PeerIdentity,
} from "@mero-tee/kms-protocol/client";
import { PROFILES, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { refusalOfCli, refusalOfKms, type Refusal } from "../failure-view.ts";
import type { SimulatedQuoteRequest, SimulatorClient } from "../simulator-client.ts";
import type { Narrator } from "./narrator.ts";

/** The world of an attacker: a KMS, machines to quote, and what was overheard. */
export interface AttackSetting {
  readonly client: KmsClient;
  readonly simulator: SimulatorClient;
  readonly identity: PeerIdentity;
  readonly profile: Profile;
  readonly verifyKms: KmsVerifier;
  /** A release that succeeded: its challenge is spent. */
  readonly overheard: { readonly challenge: ReceivedChallenge; readonly quote: Uint8Array };
}

interface Attack {
  readonly id: string;
  readonly title: string;
  /** The tag with which the KMS must refuse. */
  readonly tag: string;
  readonly why: string;
  /** Quotes for a fresh challenge; absent: repeat what was overheard. */
  readonly quote?: {
    readonly request: Omit<SimulatedQuoteRequest, "reportData" | "role">;
    /** What the attacker does to the quote afterwards. */
    readonly tamper?: (quote: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  };
  /** The attacker puts a wrap key of his own into a request whose quote names another. */
  readonly swapsWrapKey?: true;
}

/** MRTD within a version 4 quote: 48 bytes of header, and 136 into the TD report. Source: Intel TDX DCAP Quoting Library API. */
const MRTD_OFFSET = 48 + 136;

function attacksFor(profile: Profile): readonly Attack[] {
  const otherProfile = PROFILES.find((name) => name !== profile) ?? profile;
  return [
    {
      id: "replay-refused",
      title: "the same request, sent again",
      tag: "invalid_challenge",
      why: "a challenge counts once",
    },
    {
      id: "other-image-refused",
      title: "a genuine machine, another image",
      tag: "measurement_policy_rejected",
      why: `its ${otherProfile} image measures differently`,
      quote: { request: { profile: otherProfile } },
    },
    {
      id: "changed-quote-refused",
      title: "a quote with one bit changed",
      tag: "attestation_verification_failed",
      why: "the signature no longer fits the measurement",
      quote: { request: { profile }, tamper: withMrtdBitFlipped },
    },
    {
      id: "debug-td-refused",
      title: "a machine in debug mode",
      tag: "attestation_verification_failed",
      why: "its host could read the key from memory",
      quote: { request: { profile, defect: "td-debug" } },
    },
    {
      id: "swapped-wrap-key-refused",
      title: "the key, sealed to somebody else",
      tag: "peer_id_mismatch",
      why: "the node's quote names the one key to seal to",
      quote: { request: { profile } },
      swapsWrapKey: true,
    },
  ];
}

function withMrtdBitFlipped(quote: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return quote.with(MRTD_OFFSET, (quote[MRTD_OFFSET] ?? 0) ^ 1);
}

/** Tries what must not work. A KMS that gives in, or refuses for another reason, fails the boot. */
export async function tryAttacks(setting: AttackSetting, narrator: Narrator): Promise<Result<null, Refusal>> {
  for (const attack of attacksFor(setting.profile)) {
    const tag = await refusalTagOf(attack, setting);
    if (!tag.ok) return tag;
    if (tag.value !== attack.tag) {
      const message = `${attack.title}: the KMS was expected to refuse with ${attack.tag}, and ${tag.value === null ? "did not refuse" : `said ${tag.value}`}.`;
      return err(refusalOfCli(cliFailure("boot-failed", message)));
    }
    narrator.step({ id: attack.id, title: attack.title, evidence: `${attack.tag}: ${attack.why}` });
  }
  return ok(null);
}

/** How the KMS refused; null if it gave a key. */
async function refusalTagOf(attack: Attack, setting: AttackSetting): Promise<Result<string | null, Refusal>> {
  const { client, simulator, identity, verifyKms, overheard } = setting;
  let { challenge, quote } = overheard;
  if (attack.quote !== undefined) {
    const fresh = await client.challenge(identity.peerId);
    if (!fresh.ok) return err(refusalOfKms("challenge", fresh.error));
    const { nonce } = fresh.value;
    const reportData =
      attack.swapsWrapKey === true
        ? nodeWrapReportData(nonce, identity.peerId, (await createWrapKeyPair()).wrapKey)
        : nodeReportData(nonce, identity.peerId);
    const made = await simulator.quote({ reportData, role: "node", ...attack.quote.request });
    if (!made.ok) return err(refusalOfKms("quote", made.error));
    challenge = fresh.value;
    quote = attack.quote.tamper?.(made.value) ?? made.value;
  }
  const key =
    attack.swapsWrapKey === true
      ? await requestWrappedKey({ client, identity, challenge, quote, pair: await createWrapKeyPair(), verifyKms })
      : await requestKey(client, identity, challenge, quote);
  if (key.ok) {
    key.value.wipe();
    return ok(null);
  }
  return key.error.code === "kms-refused" ? ok(key.error.tag ?? "") : err(refusalOfKms("get-key", key.error));
}
