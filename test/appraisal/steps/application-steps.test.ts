import { DEFAULT_BINDING } from "../../../packages/kms-protocol/src/index.ts";
import { KMS_PROFILE_EVENT } from "../../../packages/policy/src/index.ts";
import type { AppraisalRequest } from "../../../packages/appraisal/src/index.ts";
import { toBase64 } from "../../../packages/tdx-quote/src/base64.ts";
import { parseHex } from "../../../packages/tdx-quote/src/hex.ts";
import { kmsAnswer, NONCE, reportDataOf, textInput, ZEROS } from "../world.ts";
import {
  changedAnswer,
  changedRelease,
  policyValues,
  runtimeEvents,
  type StepRow,
  testSteps,
  world,
} from "./step-rows.ts";

/** A guest whose application did something after it started. */
async function extendedGuest(
  events: readonly (readonly [name: string, payload: Uint8Array])[],
): Promise<Partial<AppraisalRequest>> {
  const guest = world.platform.bootGuest("locked-read-only");
  for (const [name, payload] of events) guest.extend(name, payload);
  const { quote, eventLog } = await guest.quote(reportDataOf(NONCE, DEFAULT_BINDING));
  return { inputs: [textInput("answer", `{"quoteB64":"${toBase64(quote)}","eventLog":${eventLog}}`)] };
}

/**
 * MRCONFIGID of form 2 of the healthy guest: Keccak-256 (not SHA3-256) over compose hash, app id, the byte 1 for a key provider
 * "kms", and its id. Computed by another implementation of Keccak, and to be computed again if the simulated application changes.
 */
const COMBINED = `02d614f2e790469283186c3b035f1eb5a6a973fac2488cd35bb27045c59b878b4c${"00".repeat(15)}`;

/** A guest whose hardware carries {@link COMBINED}, and whose log says something else of one event. */
async function carrying(name: string, change: (payload: Uint8Array) => Uint8Array): Promise<Partial<AppraisalRequest>> {
  const log = runtimeEvents(await kmsAnswer(world.platform));
  const events = log.map(({ event, event_payload: text }) => {
    const payload = parseHex(String(text)) ?? ZEROS;
    return { name: String(event), payload: event === name ? change(payload) : payload };
  });
  return await changedAnswer(() => undefined, { report: { mrConfigId: COMBINED }, runtimeEvents: events });
}

const flipped = (payload: Uint8Array): Uint8Array => payload.map((byte, index) => (index === 0 ? byte ^ 1 : byte));

function otherProvider(payload: Uint8Array): Uint8Array {
  const provider: { id: string } = JSON.parse(new TextDecoder().decode(payload));
  return new TextEncoder().encode(JSON.stringify({ ...provider, id: `00${provider.id}` }));
}

const APPLICATION_ROWS: readonly StepRow[] = [
  {
    name: "a second compose hash from the application",
    kind: "kms",
    change: async () => await extendedGuest([["compose-hash", new Uint8Array(32).fill(1)]]),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-ambiguous",
    verdict: "failed",
  },
  {
    name: "a log without any compose hash",
    kind: "kms",
    change: async () => await changedAnswer(() => undefined, { runtimeEvents: [] }),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-missing",
    verdict: "failed",
  },
  {
    name: "a compose hash of 31 bytes",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, {
        runtimeEvents: [{ name: "compose-hash", payload: new Uint8Array(31) }],
      }),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-malformed",
    verdict: "failed",
  },
  {
    name: "hardware that carries another compose hash",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, { report: { mrConfigId: `01${"ab".repeat(32)}${"00".repeat(15)}` } }),
    step: "app.mrconfigid",
    status: "fail",
    code: "mrconfigid-contradicts",
    verdict: "failed",
  },
  {
    name: "hardware that carries a hash of compose hash, app id and key provider",
    kind: "kms",
    change: async () => await carrying("none", flipped),
    step: "app.mrconfigid",
    status: "pass",
    verdict: "simulated",
  },
  ...(
    [
      { what: "compose hash", event: "compose-hash", change: flipped },
      { what: "app id", event: "app-id", change: flipped },
      { what: "key provider", event: "key-provider", change: otherProvider },
    ] as const
  ).map(({ what, event, change }): StepRow => ({
    name: `hardware that carries such a hash of another ${what}`,
    kind: "kms",
    change: async () => await carrying(event, change),
    step: "app.mrconfigid",
    status: "fail",
    code: "mrconfigid-contradicts",
    verdict: "failed",
  })),
  {
    name: "a key provider that the release does not name",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) => Object.assign(policyValues(document), { kms_key_provider: { name: "kms", id: "00" } }),
      }),
    step: "app.key-provider",
    status: "fail",
    code: "key-provider-mismatch",
    verdict: "failed",
  },
  {
    name: "a log that names no key provider, although the release does",
    kind: "kms",
    change: async () => {
      const log = runtimeEvents(await kmsAnswer(world.platform));
      const silent = log.filter(({ event }) => event !== "key-provider");
      const events = silent.map(({ event, event_payload: payload }) => ({
        name: String(event),
        payload: parseHex(String(payload)) ?? ZEROS,
      }));
      return {
        ...(await changedAnswer(() => undefined, { runtimeEvents: events })),
        ...changedRelease("kms", {
          policy: (document) => Object.assign(policyValues(document), { kms_key_provider: { name: "kms", id: "00" } }),
        }),
      };
    },
    step: "app.key-provider",
    status: "fail",
    code: "key-provider-missing",
    verdict: "failed",
  },
  {
    name: "an application that says it is another profile",
    kind: "kms",
    change: async () =>
      await extendedGuest([[KMS_PROFILE_EVENT, new TextEncoder().encode(`${KMS_PROFILE_EVENT}=debug`)]]),
    step: "rel.profile",
    status: "fail",
    code: "profile-event-contradicts",
    verdict: "failed",
  },
];

testSteps(APPLICATION_ROWS);
