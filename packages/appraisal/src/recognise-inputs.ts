import { sha256 } from "@noble/hashes/sha2.js";
import { quoteForeignText } from "@mero-tee/policy";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";

import {
  EVENT_LOG_MEMBERS,
  INPUT_LIMIT_BYTES,
  type InputKind,
  QUOTE_MEMBERS,
  type TypedInput,
  typeInput,
  WRAPPERS,
} from "./input-kind.ts";
import type { GivenInput } from "./request.ts";
import { readSideFields, type SideField } from "./side-fields.ts";
import { bytesOfText } from "./text-bytes.ts";

/** One input, and a sentence about what was recognised in it. */
export interface RecognisedInput {
  readonly name: string;
  readonly kind: InputKind;
  /** What it is, or why it is nothing that is known here; nothing in it is executed or comes from the input unquoted. */
  readonly sentence: string;
  readonly byteLength: number;
  /** Hex. */
  readonly sha256: string;
}

/** The event log of a guest, as it came. */
export type GivenEventLog =
  | { readonly format: "dstack"; readonly text: string }
  | { readonly format: "ccel"; readonly bytes: Uint8Array<ArrayBuffer> };

/** Everything that the inputs hold together. Nothing of it is authenticated. */
export interface GatheredEvidence {
  readonly quote: Uint8Array<ArrayBuffer> | null;
  /** A development stand-in in place of a quote. */
  readonly isMock: boolean;
  readonly eventLog: GivenEventLog | null;
  readonly sideFields: readonly SideField[];
  /** Text of a collateral bundle that was given along. */
  readonly collateral: string | null;
}

/** What stood in the way of taking the inputs together. */
export interface RecognitionProblem {
  readonly code: "evidence-missing" | "evidence-unrecognised" | "evidence-conflict";
  readonly sentence: string;
}

/** What was recognised. */
export interface Recognition {
  readonly inputs: readonly RecognisedInput[];
  readonly evidence: GatheredEvidence;
  readonly problem: RecognitionProblem | null;
}

/**
 * Recognises what somebody pasted, dropped or was answered: an attestation of a KMS or a node, a raw quote in any spelling,
 * an event log, collateral, released documents. Told by content alone; two different quotes (or logs) in one go are
 * refused rather than chosen from.
 */
export function recogniseInputs(inputs: readonly GivenInput[]): Recognition {
  const typed = inputs.map((input) => ({ input, found: typeInput(input.bytes) }));
  const parts = typed.map(({ found }) => partsOf(found));
  const recognised = typed.map(({ input, found }, index) => describeInput(input, found, parts[index] ?? NO_PARTS));
  const quotes = distinct(
    parts.flatMap(({ quotes: each }) => each),
    equalBytes,
  );
  const logs = distinct(
    parts.flatMap(({ logs: each }) => each),
    isSameLog,
  );
  const collaterals = distinct(
    parts.flatMap(({ collaterals: each }) => each),
    Object.is,
  );
  const evidence: GatheredEvidence = {
    quote: quotes[0] ?? null,
    isMock: parts.some(({ isMock }) => isMock),
    eventLog: logs[0] ?? null,
    sideFields: parts.flatMap(({ sideFields }) => sideFields),
    collateral: collaterals[0] ?? null,
  };
  const problem = problemOf(recognised, evidence, parts, [quotes.length, logs.length, collaterals.length]);
  return { inputs: recognised, evidence, problem };
}

interface Parts {
  readonly quotes: readonly Uint8Array<ArrayBuffer>[];
  readonly isMock: boolean;
  readonly logs: readonly GivenEventLog[];
  readonly sideFields: readonly SideField[];
  readonly collaterals: readonly string[];
  /** Members that should hold something and do not. */
  readonly unreadable: readonly string[];
}

const NO_PARTS: Parts = { quotes: [], isMock: false, logs: [], sideFields: [], collaterals: [], unreadable: [] };

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
function partsOf(found: TypedInput): Parts {
  switch (found.kind) {
    case "quote":
      return { ...NO_PARTS, quotes: [found.bytes] };
    case "mock-quote":
      return { ...NO_PARTS, quotes: [found.bytes], isMock: true };
    case "ccel":
      return { ...NO_PARTS, logs: [{ format: "ccel", bytes: found.bytes }] };
    case "event-log":
      return { ...NO_PARTS, logs: [{ format: "dstack", text: textOf(found.json) }] };
    case "collateral":
      return { ...NO_PARTS, collaterals: [textOf(found.json)] };
    case "attestation":
      return attestationParts(found.json);
    case "evidence-file":
    case "kms-policy":
    case "published-mrtds":
    case "compatibility-map":
    case "unknown":
      return NO_PARTS;
  }
}

/** An answer, also inside `data` or `attestation`; every member that can carry a quote is read, so that none hides. */
function attestationParts(json: JsonValue): Parts {
  const holders = [json, ...WRAPPERS.map((name) => memberOf(json, name))].filter(isJsonObject);
  const texts = holders.flatMap((holder) => QUOTE_MEMBERS.map((name) => [name, holder.get(name)] as const));
  const carried = texts.flatMap(([name, value]) =>
    typeof value === "string" ? [{ name, bytes: bytesOfText(value) }] : [],
  );
  const quotes = carried.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
  const typed = quotes.map((bytes) => typeInput(bytes));
  const logs = holders.flatMap((holder) => EVENT_LOG_MEMBERS.map((name) => holder.get(name)));
  return {
    ...NO_PARTS,
    quotes,
    isMock: typed.some(({ kind }) => kind === "mock-quote"),
    logs: logs.flatMap((log): GivenEventLog[] => {
      if (typeof log === "string") return log.trim() === "" ? [] : [{ format: "dstack", text: respelled(log) }];
      return log === undefined || log === null ? [] : [{ format: "dstack", text: textOf(log) }];
    }),
    sideFields: holders.flatMap(readSideFields),
    unreadable: carried.flatMap(({ name, bytes }) => (bytes === null ? [name] : [])),
  };
}

/** The same log is one log, whatever white space its sender puts into it; what is no JSON stays for the parser to refuse. */
function respelled(log: string): string {
  const json = parseStrictJson(log, { maxBytes: INPUT_LIMIT_BYTES });
  return json.ok ? textOf(json.value) : log;
}

function memberOf(json: JsonValue, name: string): JsonValue | undefined {
  return isJsonObject(json) ? json.get(name) : undefined;
}

function textOf(json: JsonValue): string {
  return JSON.stringify(toPlainJson(json));
}

function distinct<T>(values: readonly T[], isSame: (one: T, other: T) => boolean): readonly T[] {
  return values.filter((value, index) => values.findIndex((other) => isSame(other, value)) === index);
}

function isSameLog(one: GivenEventLog, other: GivenEventLog): boolean {
  if (one.format === "dstack") return other.format === "dstack" && one.text === other.text;
  return other.format === "ccel" && equalBytes(one.bytes, other.bytes);
}

function problemOf(
  inputs: readonly RecognisedInput[],
  evidence: GatheredEvidence,
  parts: readonly Parts[],
  [quotes = 0, logs = 0, collaterals = 0]: readonly number[],
): RecognitionProblem | null {
  if (quotes > 1)
    return { code: "evidence-conflict", sentence: `There are ${quotes} different quotes; give one at a time.` };
  if (logs > 1)
    return { code: "evidence-conflict", sentence: `There are ${logs} different event logs; give one at a time.` };
  if (collaterals > 1) {
    return {
      code: "evidence-conflict",
      sentence: `There are ${collaterals} different collateral bundles; give one at a time.`,
    };
  }
  const strange = inputs.find(({ kind }) => kind === "unknown");
  if (strange !== undefined) return { code: "evidence-unrecognised", sentence: strange.sentence };
  const unreadable = parts.flatMap((part) => part.unreadable);
  if (unreadable.length > 0) {
    return { code: "evidence-unrecognised", sentence: `\`${unreadable.join("`, `")}\` is neither hex nor base64.` };
  }
  if (evidence.quote !== null) return null;
  return {
    code: "evidence-missing",
    sentence: inputs.length === 0 ? "Nothing was given." : "There is no quote in what was given.",
  };
}

const WHAT_IT_IS: Readonly<Record<Exclude<InputKind, "unknown">, string>> = {
  quote: "a TDX quote",
  "mock-quote": "a mock quote, a development stand-in that proves nothing",
  attestation: "an attestation",
  "event-log": "an event log in dstack's JSON",
  ccel: "an event log in CCEL form",
  collateral: "a collateral bundle",
  "evidence-file": "an evidence file of this verifier",
  "kms-policy": "an attestation policy of a KMS release",
  "published-mrtds": "the measurements of a node release",
  "compatibility-map": "the compatibility map of a KMS release",
};

function describeInput({ name, bytes }: GivenInput, found: TypedInput, parts: Parts): RecognisedInput {
  const shown = quoteForeignText(name);
  return {
    name,
    kind: found.kind,
    sentence:
      found.kind === "unknown"
        ? `${shown} was not recognised: ${found.reason}.`
        : `${shown} is ${WHAT_IT_IS[found.kind]}${contentsOf(found, parts)}, ${bytes.length.toLocaleString("en")} bytes.`,
    byteLength: bytes.length,
    sha256: toHex(sha256(bytes)),
  };
}

function contentsOf(found: TypedInput, { quotes, logs }: Parts): string {
  if (found.kind === "quote") return ` of version ${found.bytes[0] ?? 0}, ${found.spelling}`;
  if (found.kind !== "attestation") return "";
  const [quote] = quotes;
  const held = [
    ...(quote === undefined ? [] : [`a quote of ${quote.length.toLocaleString("en")} bytes`]),
    ...(logs.length === 0 ? [] : ["an event log"]),
  ];
  return held.length === 0 ? "" : ` with ${held.join(" and ")}`;
}
