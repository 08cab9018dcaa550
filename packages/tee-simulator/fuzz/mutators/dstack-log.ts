import { bytesToHex } from "@noble/hashes/utils.js";
import { type DstackLogEntry, runtimeLogEntry } from "../../src/runtime-event.ts";
import type { Draw } from "../draw.ts";
import { decodeText, encodeText, type Mutator } from "../target.ts";
import { parseToEdit } from "./json-spans.ts";

type Entry = Record<string, unknown>;

/** The entries of a log, out of whatever it is wrapped in; null when it is JSON no more or holds none. */
function readEntries(text: string, depth = 0): Entry[] | null {
  let value = parseToEdit(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    value = Reflect.get(value, "event_log") ?? Reflect.get(value, "eventLog");
  }
  if (typeof value === "string" && depth < 4) return readEntries(value, depth + 1);
  return Array.isArray(value)
    ? value.filter((entry): entry is Entry => typeof entry === "object" && entry !== null)
    : null;
}

/** Changes the entries of a log and writes them as one plain array. */
function entriesMutator(name: string, change: (entries: Entry[], draw: Draw, other: Entry[]) => void): Mutator {
  return {
    name,
    apply: (input, draw, other) => {
      const entries = readEntries(decodeText(input));
      if (entries === null) return input;
      change(entries, draw, readEntries(decodeText(other)) ?? []);
      return encodeText(JSON.stringify(entries));
    },
  };
}

function entryMutator(name: string, change: (entry: Entry, draw: Draw) => void): Mutator {
  return entriesMutator(name, (entries, draw) => {
    const entry = draw.pick(entries);
    if (entry !== undefined) change(entry, draw);
  });
}

const FIELDS = ["imr", "event_type", "digest", "event", "event_payload", "version", "preimage"] as const;

const NAMES: readonly string[] = [
  "",
  "app-id",
  "compose-hash",
  "init-script-hash",
  "boot-mr-done",
  "system-ready",
  "a:b",
  "caf\u00e9 \u{1f600}",
  "\ud800",
  '"\\\u0000\u007f',
  "n".repeat(256),
  "n".repeat(257),
];

const VALUES: readonly unknown[] = [
  0,
  1,
  2,
  3,
  4,
  -1,
  1.5,
  134217729,
  2 ** 32,
  "",
  "00",
  "zz",
  "0",
  null,
  true,
  [],
  {},
];

/** A runtime event with every field right. */
function runtimeEntry(draw: Draw): DstackLogEntry {
  const name = draw.pick(NAMES) ?? "";
  const payload = draw.bytes(draw.pick([0, 20, 32, draw.below(200)]) ?? 0);
  return runtimeLogEntry({ name, payload, ...(draw.oneIn(2) ? { version: 2 } : {}) });
}

/** Changes that know the fields of an event, the digests of runtime events, and what a log may be wrapped in. */
export const DSTACK_MUTATORS: readonly Mutator[] = [
  entryMutator("change a field", (entry, draw) => {
    entry[draw.pick(FIELDS) ?? "imr"] = draw.pick(VALUES);
  }),
  entryMutator("drop a field", (entry, draw) => {
    delete entry[draw.pick(FIELDS) ?? "imr"];
  }),
  entryMutator("change name or payload without a digest", (entry, draw) => {
    entry["digest"] = "";
    if (draw.oneIn(2)) entry["event"] = draw.pick(NAMES);
    else entry["event_payload"] = bytesToHex(draw.bytes(draw.below(64)));
  }),
  entryMutator("change the case of hex", (entry, draw) => {
    const field = draw.pick(["digest", "event_payload", "preimage"] as const) ?? "digest";
    const value = entry[field];
    if (typeof value === "string") entry[field] = value.toUpperCase();
  }),
  entryMutator("use the other spelling of a field", (entry, draw) => {
    const [spelling, alias] = draw.oneIn(2) ? ["event_type", "eventType"] : ["event_payload", "eventPayload"];
    entry[alias ?? ""] = draw.oneIn(3) ? draw.pick(VALUES) : entry[spelling ?? ""];
    if (draw.oneIn(2)) delete entry[spelling ?? ""];
  }),
  entriesMutator("add a runtime event", (entries, draw) => {
    entries.splice(draw.below(entries.length + 1), 0, { ...runtimeEntry(draw) });
  }),
  entriesMutator("double, drop or move an event", (entries, draw) => {
    const from = draw.below(entries.length);
    const entry = entries[from];
    if (entry === undefined) return;
    if (draw.oneIn(2)) entries.splice(from, 1);
    if (draw.oneIn(2)) entries.splice(draw.below(entries.length + 1), 0, { ...entry });
  }),
  entriesMutator("take events of another log", (entries, draw, other) => {
    const start = draw.below(other.length);
    entries.splice(draw.below(entries.length + 1), 0, ...other.slice(start, start + 1 + draw.below(8)));
  }),
  entriesMutator("repeat an event", (entries, draw) => {
    const entry = draw.pick(entries);
    if (entry !== undefined) entries.push(...Array.from({ length: draw.below(draw.oneIn(32) ? 200 : 8) }, () => entry));
  }),
  {
    name: "wrap the log",
    apply: (input, draw) => {
      const text = decodeText(input);
      const key = draw.oneIn(2) ? "event_log" : "eventLog";
      const wrapped = draw.pick([
        JSON.stringify(text),
        JSON.stringify({ [key]: text, quote: "00" }),
        `{"${key}":${text}}`,
        `{"event_log":${text},"eventLog":${text}}`,
        JSON.stringify({ event_log: text, eventLog: draw.oneIn(2) ? text : "" }),
      ]);
      return encodeText(wrapped ?? text);
    },
  },
];
