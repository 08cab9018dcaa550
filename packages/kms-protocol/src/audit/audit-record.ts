import { sha256Hex } from "@mero-tee/tdx-quote/sha2";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { hex, integer, object } from "@mero-tee/tdx-quote/json-shape";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { AuditError } from "./audit-error.ts";
import { type AuditEvent, auditEvent } from "./audit-event.ts";

/** Version of the format of a line. */
const AUDIT_VERSION = 1;

/** Longest record, in bytes, without its line feed. */
export const AUDIT_LINE_LIMIT_BYTES = 8_192;

/** One line of an audit file. */
export interface AuditRecord {
  readonly v: typeof AUDIT_VERSION;
  /** Its number, from 0. */
  readonly seq: number;
  /** SHA-256 of the line before it without its line feed, lower-case hex; 64 zeros for the first. */
  readonly prev: string;
  /** When it was written, Unix seconds by the clock of the machine: a claim, which may go back. */
  readonly at: number;
  readonly event: AuditEvent;
}

/** How far a chain has come. */
export interface AuditHead {
  /** Number of records. */
  readonly records: number;
  /** SHA-256 of the last line without its line feed, lower-case hex; 64 zeros before the first. */
  readonly digest: string;
}

/** The head of a chain without records. */
export const AUDIT_START: AuditHead = { records: 0, digest: "0".repeat(64) };

const recordShape = object({
  v: integer(AUDIT_VERSION),
  seq: integer(Number.MAX_SAFE_INTEGER),
  prev: hex(32),
  at: integer(Number.MAX_SAFE_INTEGER),
  event: auditEvent,
});

/**
 * Reads the next line of a chain. There is one spelling of each record: a line that says the same in another one (other
 * order, blanks, more members) is refused, so nobody can hide anything in it.
 *
 * @param head - the chain before it
 * @param line - without its line feed
 * Errors: `audit-record-too-long`, `audit-record-malformed`, `audit-sequence-broken`, `audit-chain-broken`.
 */
export function readAuditLine(
  head: AuditHead,
  line: Uint8Array,
): Result<{ readonly record: AuditRecord; readonly head: AuditHead }, AuditError> {
  const number = head.records + 1;
  if (line.length > AUDIT_LINE_LIMIT_BYTES) return err({ code: "audit-record-too-long", line: number });
  const record = parseRecord(line);
  if (!record.ok) return err({ code: "audit-record-malformed", line: number, reason: record.error });
  const { seq, prev } = record.value;
  if (encodeRecord(record.value) !== new TextDecoder().decode(line)) {
    return err({ code: "audit-record-malformed", line: number, reason: "another spelling of its content" });
  }
  if (seq !== head.records) {
    return err({ code: "audit-sequence-broken", line: number, reason: `${seq} instead of ${head.records}` });
  }
  if (prev !== head.digest) return err({ code: "audit-chain-broken", line: number });
  return ok({ record: record.value, head: { records: number, digest: sha256Hex(line) } });
}

/**
 * Makes the next line of a chain, without its line feed. What {@link readAuditLine} would refuse is refused here: a writer
 * must never write what breaks its own chain.
 *
 * @param at - Unix seconds
 * Errors: `audit-record-too-long`, `audit-record-malformed`.
 */
export function makeAuditLine(
  head: AuditHead,
  at: number,
  event: AuditEvent,
): Result<{ readonly line: Uint8Array<ArrayBuffer>; readonly head: AuditHead }, AuditError> {
  const number = head.records + 1;
  const encoder = new TextEncoder();
  const draft = encodeRecord({ v: AUDIT_VERSION, seq: head.records, prev: head.digest, at, event });
  // Read back, its members stand in the order of their shape, whoever made it.
  const record = parseRecord(encoder.encode(draft));
  if (!record.ok) return err({ code: "audit-record-malformed", line: number, reason: record.error });
  const line = encoder.encode(encodeRecord(record.value));
  if (line.length > AUDIT_LINE_LIMIT_BYTES) return err({ code: "audit-record-too-long", line: number });
  return ok({ line, head: { records: number, digest: sha256Hex(line) } });
}

/** The error is the rest of a sentence. */
function parseRecord(line: Uint8Array): Result<AuditRecord, string> {
  const document = parseStrictJson(line, { maxDepth: 4 });
  if (!document.ok) return err(`${document.error.reason} at byte ${document.error.offset}`);
  const shaped = recordShape(document.value);
  if (!shaped.ok) return err(`${shaped.error.path} ${shaped.error.reason}`);
  const { v, ...members } = shaped.value;
  return v === AUDIT_VERSION ? ok({ v, ...members }) : err(`version ${v} is not known`);
}

function encodeRecord({ v, seq, prev, at, event }: AuditRecord): string {
  return JSON.stringify({ v, seq, prev, at, event });
}
