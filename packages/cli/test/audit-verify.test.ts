import { AUDIT_START, type AuditEvent, makeAuditLine } from "@mero-tee/kms-protocol/audit";
import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld, type Outcome } from "./run-cli.ts";

const FIELDS = ["schemaVersion", "verified", "records", "head", "anchored", "firstAt", "lastAt", "kinds", "failure"];
const EVENTS: readonly AuditEvent[] = [
  { kind: "start", profile: "locked-read-only", trustAnchor: "intel", discardedBytes: 0 },
  { kind: "policy", source: "file", tag: "2.4.0", sha256: "0f".repeat(32) },
  { kind: "counts", since: 1_780_272_000, refused: [{ code: "challenge-unknown", count: 3 }] },
];

const lines: string[] = [];
let head = AUDIT_START;
for (const event of EVENTS) {
  const made = makeAuditLine(head, 1_780_272_000, event);
  if (!made.ok) throw new Error(made.error.code);
  lines.push(`${new TextDecoder().decode(made.value.line)}\n`);
  ({ head } = made.value);
}
const whole = lines.join("");
const middle: { prev: string } = JSON.parse(lines[2] ?? "");

async function verify(content: string, ...args: readonly string[]): Promise<Outcome> {
  return await runInWorld(["audit", "verify", "audit.jsonl", ...args], {
    files: memoryFiles({ "audit.jsonl": content }),
  });
}

describe("audit verify", () => {
  test("says of a whole file what is in it, and prints its head", async () => {
    const outcome = await verify(whole, "--json");
    expect(outcome.exitCode).toBe(0);
    expect(Object.keys(documentOf(outcome))).toEqual(FIELDS);
    expect(documentOf(outcome)).toEqual({
      schemaVersion: 1,
      verified: true,
      records: 3,
      head: head.digest,
      anchored: null,
      firstAt: "2026-06-01T00:00:00Z",
      lastAt: "2026-06-01T00:00:00Z",
      kinds: { start: 1, policy: 1, release: 0, refusal: 0, counts: 1 },
      failure: null,
    });
    expect((await verify(whole)).stdout).toContain(head.digest);
  });

  test.each([
    {
      name: "an edited record",
      content: whole.replace('"count":3', '"count":3,"x":1'),
      code: "audit-record-malformed",
    },
    { name: "an edited digest", content: whole.replace("0f0f", "1f0f"), code: "audit-chain-broken" },
    { name: "a removed record", content: `${lines[0] ?? ""}${lines[2] ?? ""}`, code: "audit-sequence-broken" },
    {
      name: "exchanged records",
      content: `${lines[0] ?? ""}${lines[2] ?? ""}${lines[1] ?? ""}`,
      code: "audit-sequence-broken",
    },
    { name: "an end cut short", content: whole.slice(0, -1), code: "audit-record-torn" },
    { name: "an empty file", content: "", code: "audit-empty" },
    { name: "a line without end", content: "x".repeat(9_000), code: "audit-record-too-long" },
  ])("refuses $name with its code and exit code 10", async ({ content, code }) => {
    const outcome = await verify(content, "--json");
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ verified: false, failure: { code, stage: "audit" } });
    expect((await verify(content)).stdout).toContain(code);
  });

  test("notices a cut-off end with a digest seen earlier, and without one says that it cannot", async () => {
    const cut = lines.slice(0, 2).join("");
    expect((await verify(cut)).exitCode).toBe(0);
    expect((await verify(cut)).stdout).toContain("nothing shows that the end was not cut off");
    const noticed = await verify(cut, "--anchor", head.digest, "--json");
    expect(noticed.exitCode).toBe(10);
    expect(documentOf(noticed)).toMatchObject({ anchored: false, failure: { code: "audit-anchor-missing" } });
    // What was the head then is in the middle now.
    const grown = await verify(whole, "--anchor", `0x${middle.prev.toUpperCase()}`, "--json");
    expect(grown.exitCode).toBe(0);
    expect(documentOf(grown)).toMatchObject({ anchored: true });
  });

  test.each([
    { name: "a file that is not there", args: ["audit", "verify", "absent", "--json"], exitCode: 11 },
    {
      name: "a digest that is none",
      args: ["audit", "verify", "audit.jsonl", "--anchor", "5f", "--json"],
      exitCode: 2,
    },
  ])("ends with $exitCode for $name", async ({ args, exitCode }) => {
    const outcome = await runInWorld(args, { files: memoryFiles({ "audit.jsonl": whole }) });
    expect(outcome.exitCode).toBe(exitCode);
  });
});
