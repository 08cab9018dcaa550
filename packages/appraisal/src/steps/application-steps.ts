import { keccak_256 } from "@noble/hashes/sha3.js";
import { quoteForeignText } from "@mero-tee/policy";
import { appId, findRuntimeEvent, listRuntimeEvents, type EventLog } from "@mero-tee/tdx-quote";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";

import type { Case } from "../case.ts";
import { fail, info, item, pass, skip, warn } from "../finding.ts";
import { readKeyProvider } from "../key-provider.ts";
import type { Finding } from "../step.ts";

const COMPOSE_HASH_BYTES = 32;

function logOf({ log }: Case): EventLog | null {
  return log?.ok === true && log.value.format === "dstack" ? log.value : null;
}

function notUnderDstack({ kind }: Case): Finding {
  if (kind === "node") return skip("A node does not run under dstack.");
  return skip("There is no log of a dstack guest.", "event-log-missing");
}

/** `app.compose-hash`. */
export function judgeComposeHash(opened: Case): Finding {
  const log = logOf(opened);
  if (log === null) return notUnderDstack(opened);
  const everywhere = listRuntimeEvents(log, "compose-hash", "whole-log");
  const early = listRuntimeEvents(log, "compose-hash", "before-ready");
  const evidence = everywhere.map((payload) => item("Payload of compose-hash", toHex(payload), "log", "hex"));
  const [first] = early;
  if (everywhere.length > 1) {
    const summary = `The log has ${everywhere.length} compose hashes; the application may have added any but the first.`;
    return fail("compose-hash-ambiguous", summary, evidence);
  }
  if (first === undefined) {
    return fail("compose-hash-missing", "The log has no compose hash from before the application started.", evidence);
  }
  if (first.length !== COMPOSE_HASH_BYTES) {
    return fail(
      "compose-hash-malformed",
      `The compose hash has ${first.length} bytes, not ${COMPOSE_HASH_BYTES}.`,
      evidence,
    );
  }
  const event = log.events.find(({ name }) => name === "compose-hash");
  return pass("The log that leads to RTMR3 has exactly one compose hash, from before the application started.", [
    ...evidence,
    item("Event", event?.index ?? 0, "log"),
    item("Digest of the event, made over this payload", event?.digest ?? "", "log", "hex"),
  ]);
}

/** Forms of MRCONFIGID. Source: dstack, MRCONFIGID of a guest. */
const COMPOSE_HASH_FORM = 1;
const COMBINED_FORM = 2;
/** Numbers of dstack's kinds of key provider: none, KMS, local, TPM. */
const KEY_PROVIDER_KINDS: readonly number[] = [0, 1, 2, 3];

/** `app.mrconfigid`. */
export function judgeMrConfigId(opened: Case): Finding {
  const { view, composeHash } = opened;
  const log = logOf(opened);
  const bytes = parseHex(view?.mrConfigId ?? "");
  if (log === null || bytes === null || composeHash === null) return notUnderDstack(opened);
  const evidence = [item("MRCONFIGID", toHex(bytes), "quote", "hex")];
  const [form] = bytes;
  const carried = toHex(bytes.subarray(1, 1 + COMPOSE_HASH_BYTES));
  if (bytes.every((byte) => byte === 0))
    return info("MRCONFIGID is zero: this platform carries no copy in hardware.", evidence);
  if (form === COMPOSE_HASH_FORM) {
    return carried === composeHash
      ? pass("The hardware carries the same compose hash.", evidence)
      : fail("mrconfigid-contradicts", "The hardware carries another compose hash than the log.", evidence);
  }
  if (form === COMBINED_FORM) {
    const matches = combinedForms(log, composeHash).includes(carried);
    return matches
      ? pass(
          "The hardware carries a hash of compose hash, app id and key provider, which agrees with the log.",
          evidence,
        )
      : fail(
          "mrconfigid-contradicts",
          "The hardware carries a hash that compose hash, app id and key provider of the log do not have.",
          evidence,
        );
  }
  return info(`MRCONFIGID has form ${form}, which is not read here.`, evidence);
}

/** Keccak-256 over compose hash, app id, kind of the key provider as one byte, and its id, for each kind there is. */
function combinedForms(log: EventLog, composeHash: string): readonly string[] {
  const id = appId(log);
  const provider = readKeyProvider(log);
  if (!id.ok || id.value === null || provider === null || "problem" in provider) return [];
  const parts = [parseHex(composeHash), parseHex(id.value), parseHex(provider.id)];
  const [hash, app, providerId] = parts;
  if (!hash || !app || !providerId) return [];
  return KEY_PROVIDER_KINDS.map((kind) =>
    toHex(keccak_256.create().update(hash).update(app).update(Uint8Array.of(kind)).update(providerId).digest()),
  );
}

/** `app.key-provider`. */
export async function judgeKeyProvider(opened: Case): Promise<Finding> {
  const log = logOf(opened);
  if (log === null) return notUnderDstack(opened);
  const provider = readKeyProvider(log);
  const id = appId(log);
  const instance = findRuntimeEvent(log, "instance-id", "before-ready");
  const evidence = [
    ...(id.ok && id.value !== null
      ? [item("App id: whoever may authorise new code for it can obtain its keys", id.value, "log", "hex")]
      : []),
    ...(instance.ok && instance.value !== null ? [item("Instance id", toHex(instance.value), "log", "hex")] : []),
  ];
  const expected = await expectedProvider(opened);
  if (provider === null) {
    return expected === null
      ? info("The log names no key provider.", evidence, "key-provider-missing")
      : fail("key-provider-missing", "The log names no key provider, and the release names one.", evidence);
  }
  if ("problem" in provider)
    return fail("key-provider-malformed", `The key provider in the log ${provider.problem}.`, evidence);
  const shown = [...evidence, item("Name", provider.name, "log"), item("Id", provider.id, "log")];
  if (expected !== null) {
    const signed = [...shown, item("Named by the release", `${expected.name} ${expected.id}`, "release")];
    return expected.name === provider.name && expected.id === provider.id
      ? pass("The keys come from the provider that the release names.", signed)
      : fail("key-provider-mismatch", "The keys come from another provider than the release names.", signed);
  }
  if (provider.name !== "kms") {
    const summary = `The keys come from ${quoteForeignText(provider.name)} rather than from a key management service.`;
    return warn("key-provider-not-kms", summary, shown);
  }
  return info("The release does not say who holds the root key.", shown);
}

async function expectedProvider(opened: Case): Promise<{ readonly name: string; readonly id: string } | null> {
  const comparison = await opened.comparison();
  return (comparison?.matching[0] ?? comparison?.closest)?.reference.keyProvider ?? null;
}
