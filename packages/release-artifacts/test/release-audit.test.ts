import { describe, expect, test } from "vitest";

import { changesSince, documentText, NOTHING_SEEN, parseAuditState, withSeen } from "../src/index.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const SEEN = withSeen(
  NOTHING_SEEN,
  "mero-kms-v2.4.0",
  new Map([
    ["x.json", A],
    ["x.json.sig", B],
  ]),
);

describe("what audits remember", () => {
  test.each([
    {
      name: "nothing changed",
      now: [
        ["x.json", A],
        ["x.json.sig", B],
      ],
      changes: [],
    },
    {
      name: "a file with another digest",
      now: [
        ["x.json", B],
        ["x.json.sig", B],
      ],
      changes: [`x.json is ${B}, and was ${A}`],
    },
    { name: "a file that is gone", now: [["x.json", A]], changes: ["x.json.sig is gone"] },
    {
      name: "a file that came",
      now: [
        ["x.json", A],
        ["x.json.sig", B],
        ["y", A],
      ],
      changes: ["y was added"],
    },
    {
      name: "a digest that is not known",
      now: [
        ["x.json", null],
        ["x.json.sig", B],
      ],
      changes: [],
    },
  ] as const)("tells $name", ({ now, changes }) => {
    expect(changesSince(SEEN, "mero-kms-v2.4.0", new Map<string, string | null>(now))).toEqual(changes);
  });

  test("says nothing about a release that was never seen", () => {
    expect(changesSince(SEEN, "mero-kms-v2.5.0", new Map([["x.json", B]]))).toEqual([]);
  });

  test("is what was seen first, whatever comes later", () => {
    expect(withSeen(SEEN, "mero-kms-v2.4.0", new Map([["x.json", B]]))).toBe(SEEN);
  });

  test("is read back as it was written", () => {
    expect(parseAuditState("state.json", documentText(SEEN))).toEqual({ ok: true, value: SEEN });
  });

  test.each([
    ["truncated", documentText(SEEN).slice(0, -20), "document-json-malformed"],
    ["with a key twice", '{"schema_version":1,"schema_version":1,"releases":[]}', "document-json-malformed"],
    ["of another version", '{"schema_version":2,"releases":[]}', "document-schema-version-unsupported"],
    ["with a digest that is none", documentText(SEEN).replace(A, "zz"), "document-field-malformed"],
  ])("is refused when %s", (_, text, code) => {
    expect(parseAuditState("state.json", text)).toMatchObject({ ok: false, error: [{ code, file: "state.json" }] });
  });
});
