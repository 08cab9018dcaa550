import { AUDIT_START, type AuditEvent, type AuditHead, makeAuditLine } from "../../src/audit/index.ts";

export const PEER: string = "b1049d6b17b1dac7b6ce1fbe07dc7a7863a45ee5a7bcb06f1c6bcfb626174582";
const QUOTE = "ef8800e74a052de77cdbe2171ddf9c8aa7022cedfcf286395418c4589acfcbaa";
const POLICY = "0f".repeat(32);
const DECISION = { requestId: "0d4c2f2e-8d5c-4f0e-9a70-2f0a4a5b6c7d", peer: PEER, quote: QUOTE, policy: POLICY };

/** One event of each kind. */
export const EVENTS: readonly AuditEvent[] = [
  { kind: "start", profile: "locked-read-only", trustAnchor: "intel", discardedBytes: 0 },
  { kind: "policy", source: "release 2.4.0", tag: "2.4.0", sha256: POLICY },
  {
    kind: "release",
    ...DECISION,
    wire: "wrapped",
    tcbStatus: "UpToDate",
    fmspc: "b0c06f000000",
    measurementSet: "gcp-2.4.0",
  },
  { kind: "refusal", code: "measurements-refused", ...DECISION },
  { kind: "counts", since: 1_780_272_000, refused: [{ code: "challenge-unknown", count: 20_000 }] },
];

/** A chain of these events, a minute apart. */
export function chainOf(events: readonly AuditEvent[]): {
  readonly lines: readonly string[];
  readonly head: AuditHead;
} {
  const lines: string[] = [];
  let head = AUDIT_START;
  for (const [index, event] of events.entries()) {
    const made = makeAuditLine(head, 1_780_272_000 + 60 * index, event);
    if (!made.ok) throw new Error(made.error.code);
    lines.push(new TextDecoder().decode(made.value.line));
    ({ head } = made.value);
  }
  return { lines, head };
}

/** The file of these lines. */
export function fileOf(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}
