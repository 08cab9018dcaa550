import { assert, nat, property, string, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { AUDIT_START, makeAuditLine, readAuditLine, verifyAuditFile } from "../../src/audit/index.ts";
import { chainOf, EVENTS, fileOf } from "./chain.ts";

const file = fileOf(chainOf(EVENTS).lines);

test("any bytes are judged, and never crash the reader", () => {
  assert(
    property(uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
      expect(verifyAuditFile(bytes).problem).not.toBeNull();
    }),
  );
});

test("any splice into a chain breaks it or changes its head, and what is said of its sound part is true", () => {
  const whole = verifyAuditFile(file).summary.head;
  assert(
    property(nat(file.length), uint8Array({ minLength: 1, maxLength: 40 }), (at, splice) => {
      const spliced = new Uint8Array([...file.subarray(0, at), ...splice, ...file.subarray(at)]);
      const { summary, problem } = verifyAuditFile(spliced);
      // No line follows the last one, so another number in it makes another record, with another digest.
      expect(problem !== null || summary.head.digest !== whole.digest).toBe(true);
      expect(verifyAuditFile(spliced.subarray(0, summary.bytes)).summary.head).toEqual(summary.head);
    }),
  );
});

test("a policy under any name is either written so that it reads back, or not at all", () => {
  assert(
    property(string({ unit: "binary", maxLength: 140 }), (source) => {
      const event = { kind: "policy", source, tag: null, sha256: null } as const;
      const made = makeAuditLine(AUDIT_START, 0, event);
      if (!made.ok) return;
      expect(readAuditLine(AUDIT_START, made.value.line)).toMatchObject({
        ok: true,
        value: { record: { event }, head: made.value.head },
      });
    }),
  );
});
