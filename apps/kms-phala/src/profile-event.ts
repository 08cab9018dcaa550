import { kmsProfileEvent, type Profile } from "@mero-tee/policy";
import { type EventLog, listRuntimeEvents, parseEventLog, verifyReplay } from "@mero-tee/tdx-quote";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import type { GuestAgent } from "./guest-agent.ts";

/**
 * What came of the profile event. `foreign`: this boot already measured another profile, which is never legitimate.
 * `absent`: the event cannot be shown to be there, and the reason why.
 */
export type ProfileEventOutcome =
  | { readonly kind: "present" }
  | { readonly kind: "emitted" }
  | { readonly kind: "foreign" }
  | { readonly kind: "absent"; readonly reason: string };

/**
 * Makes sure that RTMR3 says once which profile this KMS runs as: looks for the event in a fresh quote's log, asks the
 * guest agent for it when it is missing, and looks again, since an agent's word is not the register (newer agents have
 * no such method at all).
 */
export async function recordProfileEvent(agent: GuestAgent, profile: Profile): Promise<ProfileEventOutcome> {
  const before = await readEvents(agent, profile);
  if (before.kind !== "none") return before;
  const event = kmsProfileEvent(profile);
  const emitted = await agent.emitEvent(event.name, event.payload);
  if (!emitted.ok) return { kind: "absent", reason: `${emitted.error.code}: ${emitted.error.reason}` };
  const after = await readEvents(agent, profile);
  if (after.kind === "present") return { kind: "emitted" };
  if (after.kind === "none") return { kind: "absent", reason: "the guest agent did not record the event" };
  return after;
}

async function readEvents(
  agent: GuestAgent,
  profile: Profile,
): Promise<ProfileEventOutcome | { readonly kind: "none" }> {
  const quoted = await agent.quote(new Uint8Array(64));
  if (!quoted.ok) return { kind: "absent", reason: `${quoted.error.code}: ${quoted.error.reason}` };
  const log = parseEventLog(quoted.value.eventLogText, "dstack");
  if (!log.ok) return { kind: "absent", reason: `the event log is refused: ${log.error.code}` };
  const found = judgeEvents(log.value, profile);
  if (found.kind === "foreign") return found;
  // The text of a log proves nothing: an event counts when the log explains the register in the quote.
  const replay = verifyReplay(log.value, quoted.value.quote.report, ["rtmr3"]);
  if (!replay.ok) return { kind: "absent", reason: "the event log does not explain RTMR3 of the quote" };
  return found;
}

function judgeEvents(log: EventLog, profile: Profile): ProfileEventOutcome | { readonly kind: "none" } {
  const event = kmsProfileEvent(profile);
  const payloads = listRuntimeEvents(log, event.name, "whole-log");
  if (payloads.some((payload) => !equalBytes(payload, event.payload))) return { kind: "foreign" };
  if (payloads.length > 1) return { kind: "absent", reason: `the event is there ${payloads.length} times` };
  return payloads.length === 1 ? { kind: "present" } : { kind: "none" };
}
