import type { AuditError } from "./audit-error.ts";
import type { AuditEvent } from "./audit-event.ts";
import { AUDIT_LINE_LIMIT_BYTES, AUDIT_START, type AuditHead, readAuditLine } from "./audit-record.ts";

/** What a whole chain came to. */
export interface AuditSummary {
  readonly head: AuditHead;
  /** Bytes of whole lines. */
  readonly bytes: number;
  /** Bytes after the last line feed: an unfinished line. */
  readonly tornBytes: number;
  /** Time of the first and of the last record, Unix seconds; null without records. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** Records by kind. */
  readonly kinds: Readonly<Record<AuditEvent["kind"], number>>;
  /** Whether a record has the digest that was asked for; null when none was. */
  readonly hasAnchor: boolean | null;
}

/** Reads a chain as it comes, in pieces of any size. */
export interface AuditReader {
  /** Takes the next bytes; the first error stands, and nothing after it is read. */
  push(bytes: Uint8Array): AuditError | null;
  summary(): AuditSummary;
}

const LINE_FEED = 0x0a;

/**
 * Makes a reader of audit files. It holds one line at a time, so a file may be as large as it likes.
 *
 * @param anchor - a digest seen earlier (64 lower-case hex digits) that some record must have
 */
export function createAuditReader(anchor?: string): AuditReader {
  const kinds = { start: 0, policy: 0, release: 0, refusal: 0, counts: 0 };
  // One byte more than the longest line: enough to see that a line is too long.
  const line = new Uint8Array(AUDIT_LINE_LIMIT_BYTES + 1);
  let length = 0;
  let head: AuditHead = AUDIT_START;
  let bytes = 0;
  let firstAt: number | null = null;
  let lastAt: number | null = null;
  let hasAnchor = false;
  let problem: AuditError | null = null;

  const endLine = (): AuditError | null => {
    const read = readAuditLine(head, line.subarray(0, length));
    if (!read.ok) return read.error;
    const { record } = read.value;
    ({ head } = read.value);
    bytes += length + 1;
    length = 0;
    firstAt ??= record.at;
    lastAt = record.at;
    kinds[record.event.kind] += 1;
    hasAnchor ||= head.digest === anchor;
    return null;
  };
  const take = (piece: Uint8Array): AuditError | null => {
    for (const byte of piece) {
      if (byte === LINE_FEED) {
        const failed = endLine();
        if (failed !== null) return failed;
      } else {
        if (length === line.length) return { code: "audit-record-too-long", line: head.records + 1 };
        line[length] = byte;
        length += 1;
      }
    }
    return null;
  };
  return {
    push: (piece) => (problem ??= take(piece)),
    summary: () => ({
      head,
      bytes,
      tornBytes: length,
      firstAt,
      lastAt,
      kinds: { ...kinds },
      hasAnchor: anchor === undefined ? null : hasAnchor,
    }),
  };
}

/**
 * Judges a whole audit file that is not being written to any more.
 *
 * Errors: every code of an audit file. The summary says how far the chain is whole.
 */
export function verifyAuditFile(
  file: Uint8Array,
  anchor?: string,
): { readonly summary: AuditSummary; readonly problem: AuditError | null } {
  const reader = createAuditReader(anchor);
  const broken = reader.push(file);
  const summary = reader.summary();
  const { records } = summary.head;
  if (broken !== null) return { summary, problem: broken };
  if (summary.tornBytes > 0) return { summary, problem: { code: "audit-record-torn", line: records + 1 } };
  if (records === 0) return { summary, problem: { code: "audit-empty", line: 0 } };
  if (summary.hasAnchor === false) return { summary, problem: { code: "audit-anchor-missing", line: 0 } };
  return { summary, problem: null };
}
