import { sha384 } from "@noble/hashes/sha2.js";
import { replayEventLog, type EventLog, type EventLogEvent } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ImageError } from "./image-error.ts";
import { MEASURED_SECTIONS, type MeasuredSection, type UkiMeasurement } from "./uki.ts";

/** TCG event types of a boot. Source: TCG PC Client Platform Firmware Profile, table "Events". */
const EVENT = {
  separator: 0x0000_0004,
  tag: 0x0000_0006,
  bootApplication: 0x8000_0003,
  gpt: 0x8000_0006,
  action: 0x8000_0007,
} as const;

/** Id of the tagged event in which the kernel's EFI stub measures its initrd. Source: Linux, drivers/firmware/efi/libstub/efistub.h. */
const INITRD_EVENT_TAG = 0x8f3b_22ec;

/** What is put in the place of a template's own digests. */
export interface MeasuredBoot {
  readonly uki: UkiMeasurement;
  /** SHA-384 of the GPT event's data; null for a UKI without a disk. */
  readonly gptDigest: string | null;
}

/** Registers that an image explains alone, given the constant events of its machine type; null without the disk's GPT. */
export interface PredictedRegisters {
  readonly rtmr1: string | null;
  readonly rtmr2: string;
}

function unknownEvent({ index, name, register }: EventLogEvent): Result<never, ImageError> {
  const detail = `event ${index} of the template (${name}, ${register}) is neither constant nor made of the image`;
  return err({ code: "template-event-unknown", detail });
}

function incomplete(what: string): Result<never, ImageError> {
  return err({ code: "template-incomplete", detail: `the template lacks ${what}` });
}

/** Whether an event is the same at every boot: its digest is that of its data, which is an action or a separator. */
function isConstant({ type, digestMatches }: EventLogEvent): boolean {
  return (type === EVENT.action || type === EVENT.separator) && digestMatches === true;
}

function predictRtmr1(
  events: readonly EventLogEvent[],
  boot: MeasuredBoot,
): Result<readonly EventLogEvent[], ImageError> {
  const applications = [boot.uki.digest, boot.uki.kernelDigest];
  const tables = boot.gptDigest === null ? [] : [boot.gptDigest];
  const predicted: EventLogEvent[] = [];
  for (const event of events) {
    const ours = event.type === EVENT.bootApplication ? applications : event.type === EVENT.gpt ? tables : null;
    const digest = ours === null ? (isConstant(event) ? event.digest : undefined) : ours.shift();
    if (digest === undefined) return unknownEvent(event);
    predicted.push({ ...event, digest });
  }
  if (tables.length > 0) return incomplete("a partition table");
  if (applications.length > 0) return incomplete("the UKI or its kernel among what was booted");
  return ok(predicted);
}

/** What systemd-stub extends before a section's content: the section's name with its NUL. */
const NAME_DIGESTS: ReadonlyMap<string, MeasuredSection> = new Map(
  MEASURED_SECTIONS.map((name) => [toHex(sha384(new TextEncoder().encode(`${name}\0`))), name]),
);

function isInitrdTag({ type, payload = "" }: EventLogEvent): boolean {
  const tag = new Uint8Array(4);
  new DataView(tag.buffer).setUint32(0, INITRD_EVENT_TAG, true);
  return type === EVENT.tag && payload.startsWith(toHex(tag));
}

function predictRtmr2(
  events: readonly EventLogEvent[],
  { uki }: MeasuredBoot,
): Result<readonly EventLogEvent[], ImageError> {
  const digests = new Map(uki.sections.map(({ name, digest }) => [name, digest]));
  const initrd = digests.get(".initrd");
  const predicted: EventLogEvent[] = [];
  let expected: MeasuredSection | undefined;
  for (const event of events) {
    const named = NAME_DIGESTS.get(event.digest);
    let digest: string | undefined;
    if (expected !== undefined) {
      digest = digests.get(expected);
      digests.delete(expected);
      expected = undefined;
    } else if (named !== undefined && digests.has(named)) {
      digest = event.digest;
      expected = named;
    } else if (isInitrdTag(event)) {
      digest = initrd;
    } else if (isConstant(event)) {
      digest = event.digest;
    }
    if (digest === undefined) return unknownEvent(event);
    predicted.push({ ...event, digest });
  }
  const [missing] = digests.keys();
  return missing === undefined ? ok(predicted) : incomplete(`the section ${missing}`);
}

/**
 * Predicts RTMR1 and RTMR2 of an image: the events of one machine's boot, with the image's own digests in their places.
 * Every event must be constant or one that the image explains, so that nothing of the template's own image remains.
 *
 * @param template - the event log of a VM of the same machine type that booted another image of this kind
 * Errors: `template-event-unknown`, `template-incomplete`.
 * Source: TCG PC Client Platform Firmware Profile; systemd-stub(7), "TPM PCR notes"; Intel TDX Virtual Firmware Design Guide
 * (registers of a log).
 */
export function predictRegisters(template: EventLog, boot: MeasuredBoot): Result<PredictedRegisters, ImageError> {
  const rtmr2 = predictRtmr2(of(template, "rtmr2"), boot);
  if (!rtmr2.ok) return rtmr2;
  const rtmr1 = boot.gptDigest === null ? null : predictRtmr1(of(template, "rtmr1"), boot);
  if (rtmr1 !== null && !rtmr1.ok) return rtmr1;
  const replayed = replayEventLog({ ...template, events: [...(rtmr1?.value ?? []), ...rtmr2.value] });
  return ok({ rtmr1: rtmr1 === null ? null : replayed.rtmr1, rtmr2: replayed.rtmr2 });
}

function of({ events }: EventLog, register: "rtmr1" | "rtmr2"): readonly EventLogEvent[] {
  return events.filter((event) => event.register === register);
}
