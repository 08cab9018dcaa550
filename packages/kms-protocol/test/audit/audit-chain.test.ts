import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  AUDIT_ERROR_CODES,
  AUDIT_LINE_LIMIT_BYTES,
  AUDIT_START,
  type AuditError,
  type AuditEvent,
  createAuditReader,
  describeAuditError,
  makeAuditLine,
  verifyAuditFile,
} from "../../src/audit/index.ts";
import { chainOf, EVENTS, fileOf, PEER } from "./chain.ts";

const { lines, head } = chainOf(EVENTS);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function line(index: number): string {
  return lines[index] ?? "";
}

/** The lines with one of them rewritten, and everything after it chained anew if asked. */
function edited(index: number, edit: (text: string) => string): readonly string[] {
  return lines.map((text, at) => (at === index ? edit(text) : text));
}

function problemOf(texts: readonly string[], anchor?: string): AuditError["code"] | null {
  return verifyAuditFile(fileOf(texts), anchor).problem?.code ?? null;
}

describe("a chain", () => {
  test("is whole as it was written, one line a record, each with the digest of the line before it", () => {
    expect(verifyAuditFile(fileOf(lines))).toEqual({
      problem: null,
      summary: {
        head,
        bytes: fileOf(lines).length,
        tornBytes: 0,
        firstAt: 1_780_272_000,
        lastAt: 1_780_272_240,
        kinds: { start: 1, policy: 1, release: 1, refusal: 1, counts: 1 },
        hasAnchor: null,
      },
    });
    expect(head).toEqual({ records: 5, digest: sha256(line(4)) });
    const links = lines.map((text): { seq: number; prev: string } => JSON.parse(text));
    expect(links.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    expect(links.map(({ prev }) => prev)).toEqual(["0".repeat(64), ...lines.slice(0, 4).map(sha256)]);
  });

  test("has one spelling of a record, whatever the order in which its members were given", () => {
    const shuffled: AuditEvent = { sha256: "0f".repeat(32), tag: "2.4.0", source: "release 2.4.0", kind: "policy" };
    expect(chainOf([shuffled]).lines).toEqual(chainOf(EVENTS.slice(1, 2)).lines);
  });

  test("reads the same in pieces of any size", () => {
    const file = fileOf(lines);
    for (const size of [1, 7, 511]) {
      const reader = createAuditReader();
      for (let at = 0; at < file.length; at += size) expect(reader.push(file.subarray(at, at + size))).toBeNull();
      expect(reader.summary()).toEqual(verifyAuditFile(file).summary);
    }
  });
});

describe("an attack on a chain", () => {
  const swapped = [line(0), line(2), line(1), line(3), line(4)];
  const rechained = chainOf([...EVENTS.slice(0, 2), ...EVENTS.slice(3)]).lines;

  test.each<{ name: string; texts: readonly string[]; code: AuditError["code"] }>([
    {
      name: "an edit that leaves a well-formed record",
      texts: edited(2, (text) => text.replace(PEER, "11".repeat(32))),
      code: "audit-chain-broken",
    },
    {
      name: "an edited time",
      texts: edited(1, (text) => text.replace('"at":17', '"at":16')),
      code: "audit-chain-broken",
    },
    { name: "a removed record", texts: [line(0), line(1), line(3), line(4)], code: "audit-sequence-broken" },
    { name: "the first records removed", texts: lines.slice(2), code: "audit-sequence-broken" },
    { name: "two records exchanged", texts: swapped, code: "audit-sequence-broken" },
    { name: "a record repeated", texts: [line(0), line(0)], code: "audit-sequence-broken" },
    {
      name: "a record of another chain under the right number",
      texts: [line(0), ...rechained.slice(1, 2), ...rechained.slice(2)].map((text, at) =>
        at === 2 ? text.replace(/"prev":"[0-9a-f]+"/, `"prev":"${"22".repeat(32)}"`) : text,
      ),
      code: "audit-chain-broken",
    },
    { name: "an empty line put in", texts: [line(0), "", line(1)], code: "audit-record-malformed" },
    { name: "blanks put in", texts: edited(4, (text) => text.replace(":", ": ")), code: "audit-record-malformed" },
    {
      name: "a member put in",
      texts: edited(4, (text) => text.replace(/}$/, ',"note":"x"}')),
      code: "audit-record-malformed",
    },
    {
      name: "a member twice",
      texts: edited(4, (text) => text.replace('"at":', '"at":1,"at":')),
      code: "audit-record-malformed",
    },
    {
      name: "another version",
      texts: edited(0, (text) => text.replace('"v":1', '"v":0')),
      code: "audit-record-malformed",
    },
    {
      name: "an unknown kind",
      texts: edited(4, (text) => text.replace('"counts"', '"praise"')),
      code: "audit-record-malformed",
    },
    {
      name: "a code that no KMS has",
      texts: edited(3, (text) => text.replace("measurements-refused", "measurements-liked")),
      code: "audit-record-malformed",
    },
    {
      name: "a record without end",
      texts: [line(0), "x".repeat(AUDIT_LINE_LIMIT_BYTES + 1)],
      code: "audit-record-too-long",
    },
    { name: "everything removed", texts: [], code: "audit-empty" },
  ])("is noticed: $name", ({ texts, code }) => {
    expect(problemOf(texts)).toBe(code);
  });

  test("is noticed at every byte of every record that another one follows", () => {
    const file = fileOf(lines);
    const secured = file.length - line(4).length - 1;
    const unnoticed = Array.from({ length: secured }, (_, at) => at).filter((at) => {
      const altered = file.map((byte, index) => (index === at ? byte ^ 1 : byte));
      return verifyAuditFile(altered).problem === null;
    });
    expect(unnoticed).toEqual([]);
  });

  test("that cuts the last line short is noticed", () => {
    const file = fileOf(lines);
    expect(verifyAuditFile(file.subarray(0, -1)).problem).toEqual({ code: "audit-record-torn", line: 5 });
    expect(verifyAuditFile(file.subarray(0, -20)).summary).toMatchObject({ head: { records: 4 }, hasAnchor: null });
  });

  test("that cuts off whole records at the end is noticed with a digest seen earlier, and only with one", () => {
    const cut = lines.slice(0, 4);
    expect(problemOf(cut)).toBeNull();
    expect(problemOf(cut, head.digest)).toBe("audit-anchor-missing");
    expect(problemOf(lines, head.digest)).toBeNull();
    expect(problemOf(lines, sha256(line(2)))).toBeNull();
  });

  test("that writes the chain anew after an edit is noticed with a digest seen earlier, and only with one", () => {
    expect(problemOf(rechained)).toBeNull();
    expect(problemOf(rechained, head.digest)).toBe("audit-anchor-missing");
  });
});

describe("a writer", () => {
  test.each<{ name: string; event: AuditEvent }>([
    { name: "a name that breaks the line", event: { kind: "policy", source: "x\n{}", tag: null, sha256: null } },
    { name: "a name that steers a terminal", event: { kind: "policy", source: "\u{1b}[2J", tag: null, sha256: null } },
    { name: "a name without end", event: { kind: "policy", source: "x".repeat(129), tag: null, sha256: null } },
    { name: "a digest that is none", event: { kind: "policy", source: "file", tag: null, sha256: "planted" } },
    { name: "a request id that a caller made up", event: { ...releaseEvent(), requestId: "planted" } },
    { name: "a peer id in the place of its digest", event: { ...releaseEvent(), peer: "12D3KooWplanted" } },
  ])("never writes $name", ({ event }) => {
    expect(makeAuditLine(AUDIT_START, 0, event)).toMatchObject({
      ok: false,
      error: { code: "audit-record-malformed" },
    });
  });
});

test.each([
  { change: ['"kind":"start"', '"kind":"stop"'], reason: /^event\.kind must be one of / },
  { change: ['"discardedBytes":', '"discardedBytes":-'], reason: /^event\.discardedBytes must be an integer / },
] as const)("a record says where it departs from its form: $reason", ({ change: [from, to], reason }) => {
  expect(line(0)).toContain(from);
  expect(verifyAuditFile(fileOf([line(0).replace(from, to)])).problem).toMatchObject({
    code: "audit-record-malformed",
    reason: expect.stringMatching(reason),
  });
});

function releaseEvent(): Extract<AuditEvent, { kind: "release" }> {
  const found = EVENTS.find((event) => event.kind === "release");
  if (found === undefined) throw new Error("no release among the events");
  return found;
}

test("each reason has a sentence of its own", () => {
  const sentences = AUDIT_ERROR_CODES.map((code) => describeAuditError({ code, line: 7, reason: "why" }));
  expect(new Set(sentences).size).toBe(AUDIT_ERROR_CODES.length);
});
