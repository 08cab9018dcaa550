import { sha384 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { utf8 } from "../byte-writer.ts";
import { simulatedApplication } from "../measured-boot.ts";
import type { Recipe } from "../recipe.ts";
import {
  DSTACK_RUNTIME_EVENT,
  replayDigests,
  runtimeEventDigest,
  type DstackLogEntry,
  type RuntimeEvent,
} from "../runtime-event.ts";
import { defineDefect, refused, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";

const ACCEPTED: ExpectedOutcome = { ok: true };
const MALFORMED = refused("event-log", "event-log-malformed");
const MISMATCH = refused("event-log", "event-log-mismatch");
const KMS = { role: "kms" } as const;

/** Changes what the guest extends, so that quote and log agree. */
function extended(
  name: string,
  expected: ExpectedOutcome,
  change: (events: readonly RuntimeEvent[]) => readonly RuntimeEvent[],
): Variant {
  return {
    name,
    expected,
    start: KMS,
    change: (recipe) => {
      recipe.log.runtimeEvents = change(recipe.log.runtimeEvents);
      recipe.quote.report.rtmr3 = replayDigests(recipe.log.runtimeEvents.map(runtimeEventDigest));
    },
  };
}

/** Changes the log only. */
function logged(
  name: string,
  expected: ExpectedOutcome,
  change: (entries: DstackLogEntry[]) => DstackLogEntry[],
): Variant {
  return {
    name,
    expected,
    start: KMS,
    change: ({ log }) => {
      log.editEntries = change;
    },
  };
}

function both(first: Variant, second: Variant): Variant {
  return {
    ...first,
    name: second.name,
    expected: second.expected,
    change: (recipe: Recipe) => {
      first.change(recipe);
      second.change(recipe);
    },
  };
}

function dstackCase(id: string, describe: string, ...variants: readonly Variant[]): Defect {
  return defineDefect(id, describe, variants, "dstack");
}

/** Changes the runtime entry of that name. */
function entryNamed(
  name: string,
  change: (entry: DstackLogEntry) => Partial<DstackLogEntry>,
): (entries: DstackLogEntry[]) => DstackLogEntry[] {
  return (entries) => entries.map((entry) => (entry.event === name ? { ...entry, ...change(entry) } : entry));
}

/** Changes the first boot entry. */
function firstBoot(change: Partial<DstackLogEntry>): (entries: DstackLogEntry[]) => DstackLogEntry[] {
  return (entries) => entries.map((entry, index) => (index === 0 ? { ...entry, ...change } : entry));
}

function asVersionTwo(events: readonly RuntimeEvent[]): readonly RuntimeEvent[] {
  return events.map((event) => ({ ...event, version: 2 }));
}

const ALL_VERSION_TWO = extended("version 2", ACCEPTED, asVersionTwo);
const WITHOUT_PREIMAGE = logged("no preimage", MALFORMED, (entries) =>
  entries.map((entry) => {
    if (entry.event !== "app-id") return entry;
    const { preimage: _, ...rest } = entry;
    return rest;
  }),
);

/** A preimage with a space after each colon, hashed as it stands. */
function loosePreimage(entry: DstackLogEntry): Partial<DstackLogEntry> {
  const text = `{"name": "${entry.event}", "payload": "${entry.event_payload}", "type": ${DSTACK_RUNTIME_EVENT}}`;
  return { preimage: bytesToHex(utf8(text)), digest: bytesToHex(sha384(utf8(text))) };
}

/** A second `compose-hash` in front of, or after, the event of that name. */
function secondComposeHash(events: readonly RuntimeEvent[], before: string | null): readonly RuntimeEvent[] {
  const second: RuntimeEvent = { name: "compose-hash", payload: new Uint8Array(32).fill(0x5a) };
  const index = events.findIndex(({ name }) => name === before);
  return index === -1 ? [...events, second] : events.toSpliced(index, 0, second);
}

/** Cases about dstack event logs, judged against the quote of the same guest. */
export const DSTACK_DEFECTS: readonly Defect[] = [
  dstackCase(
    "dstack-ok-v1",
    "digests of version 1",
    logged("version 1", ACCEPTED, (entries) => entries),
  ),
  dstackCase("dstack-ok-v2", "digests of version 2", ALL_VERSION_TWO),
  dstackCase(
    "dstack-ok-mixed",
    "digests of both versions",
    extended("every other event", ACCEPTED, (events) =>
      events.map((event, index) => (index % 2 === 0 ? event : { ...event, version: 2 })),
    ),
  ),
  dstackCase(
    "dstack-ok-empty-digests",
    "no digests on runtime events",
    logged("no digests", ACCEPTED, (entries) =>
      entries.map((entry) => (entry.imr === 3 ? { ...entry, digest: "" } : entry)),
    ),
  ),
  dstackCase(
    "dstack-digest-wrong",
    "a runtime event's digest is not its own",
    logged(
      "app-id",
      refused("event-log", "event-log-digest-mismatch"),
      entryNamed("app-id", () => ({ digest: "5a".repeat(48) })),
    ),
  ),
  dstackCase(
    "dstack-v2-no-preimage",
    "an event of version 2 without its preimage",
    both(ALL_VERSION_TWO, WITHOUT_PREIMAGE),
  ),
  dstackCase(
    "dstack-v2-preimage-not-canonical",
    "an event of version 2 with another serialisation",
    both(ALL_VERSION_TWO, logged("digest of the other serialisation", MALFORMED, entryNamed("app-id", loosePreimage))),
    both(
      ALL_VERSION_TWO,
      logged(
        "digest empty",
        MALFORMED,
        entryNamed("app-id", (entry) => ({ ...loosePreimage(entry), digest: "" })),
      ),
    ),
  ),
  dstackCase(
    "dstack-version-3",
    "an event of a version that does not exist",
    logged(
      "3",
      MALFORMED,
      entryNamed("app-id", () => ({ version: 3 })),
    ),
    logged(
      "0",
      MALFORMED,
      entryNamed("app-id", () => ({ version: 0 })),
    ),
  ),
  dstackCase(
    "dstack-name-colon",
    "the boundary between name and payload moved, which the digest of version 1 does not see",
    both(
      extended("", ACCEPTED, (events) => [...events, { name: "note", payload: utf8("a:b") }]),
      logged(
        "moved",
        MALFORMED,
        entryNamed("note", () => ({ event: "note:a", event_payload: bytesToHex(utf8("b")) })),
      ),
    ),
  ),
  dstackCase(
    "dstack-runtime-in-imr-0",
    "a runtime event in another register",
    logged(
      "imr 0",
      MALFORMED,
      entryNamed("app-id", () => ({ imr: 0 })),
    ),
  ),
  dstackCase(
    "dstack-boot-type-in-imr-3",
    "a boot event in RTMR3",
    logged(
      "type 4",
      MALFORMED,
      entryNamed("app-id", () => ({ event_type: 4 })),
    ),
  ),
  dstackCase("dstack-imr-4", "a register that does not exist", logged("imr 4", MALFORMED, firstBoot({ imr: 4 }))),
  dstackCase(
    "dstack-boot-digest-empty",
    "a boot event without digest",
    logged("first event", MALFORMED, firstBoot({ digest: "" })),
  ),
  dstackCase(
    "dstack-digest-47-bytes",
    "a digest of 47 bytes",
    logged("boot event", MALFORMED, firstBoot({ digest: "5a".repeat(47) })),
    logged(
      "runtime event",
      MALFORMED,
      entryNamed("app-id", ({ digest }) => ({ digest: digest.slice(2) })),
    ),
  ),
  dstackCase(
    "dstack-hex-odd",
    "hex of odd length",
    logged(
      "digest",
      MALFORMED,
      entryNamed("app-id", ({ digest }) => ({ digest: digest.slice(1) })),
    ),
    logged(
      "payload",
      MALFORMED,
      entryNamed("app-id", (entry) => ({ event_payload: entry.event_payload.slice(1) })),
    ),
  ),
  dstackCase(
    "dstack-compose-hash-after-ready",
    "the application extends a second compose hash after system-ready",
    extended(
      "after",
      { ok: true, composeHash: bytesToHex(simulatedApplication("locked-read-only").composeHash) },
      (events) => secondComposeHash(events, null),
    ),
  ),
  dstackCase(
    "dstack-compose-hash-twice-before-ready",
    "two compose hashes before system-ready",
    extended("before", MALFORMED, (events) => secondComposeHash(events, "system-ready")),
  ),
  dstackCase(
    "dstack-event-dropped",
    "an event is missing",
    logged("runtime event", MISMATCH, (entries) => entries.filter(({ event }) => event !== "storage-fs")),
    logged("boot event", MISMATCH, (entries) => entries.slice(1)),
  ),
  dstackCase(
    "dstack-event-appended",
    "an event too many",
    logged("runtime event", MISMATCH, (entries) => [
      ...entries,
      { imr: 3, event_type: DSTACK_RUNTIME_EVENT, digest: "", event: "more", event_payload: "" },
    ]),
  ),
  dstackCase(
    "dstack-payload-changed",
    "the payload of a runtime event changed, its digest left out",
    logged(
      "key-provider",
      MISMATCH,
      entryNamed("key-provider", () => ({ event_payload: "5a", digest: "" })),
    ),
  ),
];
