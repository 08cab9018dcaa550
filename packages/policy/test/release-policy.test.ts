import { describe, expect, test } from "vitest";

import {
  type ExpectedRelease,
  MEASUREMENT_FIELDS,
  POLICY_DOCUMENT_LIMIT_BYTES,
  type PolicyRole,
  RTMR3_NEVER_EXTENDED,
  RTMR3_WITHOUT_ROOT_HASH,
  emptyPolicyFields,
  parseReleasePolicy,
} from "../src/index.ts";
import { type Json, changedDocument, measurement, releasedDocument } from "./released-document.ts";

const EXPECTED: ExpectedRelease = { profile: "locked-read-only", tag: "2.4.0", isLegacyFile: false };
const LEGACY: ExpectedRelease = { ...EXPECTED, isLegacyFile: true };
const ROLES: readonly PolicyRole[] = ["node", "kms"];

type Document = ReturnType<typeof releasedDocument>;

/** A document of the time before prefixed keys. */
function legacyLists(document: Document): void {
  const plain = Object.entries(document.policy).filter(([key]) => key.startsWith("allowed_"));
  document.policy = Object.fromEntries(plain);
}

/** A refusal that says what it expected. */
function malformed(field: string, expected: unknown = expect.stringMatching(/./)): unknown {
  return { code: "policy-field-malformed", field, expected };
}

describe("the released document", () => {
  test("gives a KMS the values of nodes", () => {
    const { policy: lists } = releasedDocument();
    const policy = parseReleasePolicy(JSON.stringify(releasedDocument()), EXPECTED, "node");
    expect(policy).toEqual({
      ok: true,
      value: {
        source: "release-file",
        role: "node",
        profile: "locked-read-only",
        tag: "2.4.0",
        generatedAt: Date.UTC(2026, 0, 15, 11, 40, 0) / 1000,
        tcbStatuses: ["UpToDate"],
        mrtd: lists["node_allowed_mrtd"],
        rtmr0: lists["node_allowed_rtmr0"],
        rtmr1: lists["node_allowed_rtmr1"],
        rtmr2: lists["node_allowed_rtmr2"],
        rtmr3: lists["node_allowed_rtmr3"],
      },
    });
  });

  test("gives a node the values of the KMS", () => {
    const { policy: lists } = releasedDocument();
    const policy = parseReleasePolicy(JSON.stringify(releasedDocument()), LEGACY, "kms");
    const binding = Buffer.from("2323feace9fd1751a89ab2bebb8aba145f343a3688e3d1655ed428eb0766e396", "hex");
    expect(policy).toMatchObject({
      ok: true,
      value: {
        source: "legacy-file",
        role: "kms",
        mrtd: lists["kms_allowed_mrtd"],
        rtmr3: lists["kms_allowed_rtmr3"],
        defaultBinding: new Uint8Array(binding),
        rtmr3Mode: "event-log",
        composeHashes: lists["kms_allowed_event_payload"],
      },
    });
  });

  test("may be read from bytes", () => {
    const bytes = new TextEncoder().encode(JSON.stringify(releasedDocument()));
    expect(parseReleasePolicy(bytes, EXPECTED, "node").ok).toBe(true);
  });
});

describe("a changed document that is still accepted", () => {
  test.each<{ name: string; change: (document: Document) => void; expected?: ExpectedRelease }>([
    { name: "no schema version", change: (d) => delete d["schema_version"] },
    { name: "no status", change: (d) => delete d["status"] },
    { name: "no time", change: (d) => delete d["generated_at"] },
    { name: "no kms object", change: (d) => delete (d as Json)["kms"] },
    { name: "unknown members", change: (d) => Object.assign(d, { later: { allowed_mrtd: 7 } }) },
    { name: "no role in the historical file", change: (d) => delete d["role"], expected: LEGACY },
    { name: "no profile in the historical file", change: (d) => delete d["profile"], expected: LEGACY },
    {
      name: "no tag where none is expected",
      change: (d) => delete d["tag"],
      expected: { profile: "locked-read-only", isLegacyFile: false },
    },
    { name: "a tag given with its prefix", change: () => {}, expected: { ...EXPECTED, tag: "mero-kms-v2.4.0" } },
    {
      name: "more than one compose hash",
      change: (d) => (d.policy["kms_allowed_event_payload"] = ["11".repeat(32), "22".repeat(32)]),
    },
    { name: "no compose hash", change: (d) => delete d.policy["kms_allowed_event_payload"] },
    {
      name: "a tag that holds the prefix elsewhere",
      change: (d) => (d["tag"] = "2.4.0-mero-kms-v1"),
      expected: { ...EXPECTED, tag: "2.4.0-mero-kms-v1" },
    },
  ])("$name", ({ change, expected }) => {
    const text = changedDocument(change);
    for (const role of ROLES) expect(parseReleasePolicy(text, expected ?? EXPECTED, role)).toMatchObject({ ok: true });
  });

  test("has its values normalised and without repeats", () => {
    const value = measurement("ab");
    const text = changedDocument((document) => {
      document.policy["node_allowed_mrtd"] = [`0x${value.toUpperCase()}`, value];
      document.policy["node_allowed_tcb_statuses"] = ["uptodate", "UpToDate", "sw-hardening needed"];
    });
    const policy = parseReleasePolicy(text, EXPECTED, "node");
    expect(policy).toMatchObject({ value: { mrtd: [value], tcbStatuses: ["UpToDate", "SWHardeningNeeded"] } });
  });

  test("may have a register of zeros that is not RTMR3", () => {
    const text = changedDocument((document) => (document.policy["node_allowed_rtmr2"] = [RTMR3_NEVER_EXTENDED]));
    expect(parseReleasePolicy(text, EXPECTED, "node")).toMatchObject({ value: { rtmr2: [RTMR3_NEVER_EXTENDED] } });
  });

  test("may be a mebibyte long", () => {
    const text = JSON.stringify(releasedDocument());
    const longest = text + " ".repeat(POLICY_DOCUMENT_LIMIT_BYTES - text.length);
    expect(parseReleasePolicy(longest, EXPECTED, "node").ok).toBe(true);
    expect(parseReleasePolicy(`${longest} `, EXPECTED, "node")).toMatchObject({
      error: { code: "policy-json-malformed", offset: POLICY_DOCUMENT_LIMIT_BYTES },
    });
  });

  test("accepts no compose hash where none is listed, and its form with a prefix", () => {
    const listed = changedDocument((document) => {
      document.policy["kms_allowed_event_payload"] = [`0x${"AB".repeat(32)}`];
    });
    const unlisted = changedDocument((document) => delete document.policy["kms_allowed_event_payload"]);
    expect(parseReleasePolicy(unlisted, EXPECTED, "kms")).toMatchObject({ value: { composeHashes: [] } });
    expect(parseReleasePolicy(listed, EXPECTED, "kms")).toMatchObject({
      value: { composeHashes: ["ab".repeat(32)] },
    });
  });

  test("accepts only UpToDate where no status list stands, whatever another family says", () => {
    const text = changedDocument((document) => {
      delete document.policy["node_allowed_tcb_statuses"];
      document.policy["allowed_tcb_statuses"] = ["OutOfDate"];
      document.policy["kms_allowed_tcb_statuses"] = ["OutOfDate"];
    });
    expect(parseReleasePolicy(text, EXPECTED, "node")).toMatchObject({ value: { tcbStatuses: ["UpToDate"] } });
  });

  test.each(["tcb_statuses", ...MEASUREMENT_FIELDS])("keeps an empty %s list empty: it accepts nothing", (field) => {
    const text = changedDocument((document) => {
      document.policy[`node_allowed_${field}`] = [];
    });
    const policy = parseReleasePolicy(text, EXPECTED, "node");
    expect(policy.ok && emptyPolicyFields(policy.value)).toEqual([field === "tcb_statuses" ? "tcbStatus" : field]);
  });

  test("has no empty list as released", () => {
    const policy = parseReleasePolicy(JSON.stringify(releasedDocument()), EXPECTED, "node");
    expect(policy.ok && emptyPolicyFields(policy.value)).toEqual([]);
  });

  test.each<{ name: string; change: (kms: Json) => void; first: number | undefined }>([
    { name: "hex alone", change: (kms) => delete kms["default_binding_b64"], first: 0x23 },
    { name: "base64 alone", change: (kms) => delete kms["default_binding_hex"], first: 0x23 },
    {
      name: "hex with a prefix",
      change: (kms) =>
        Object.assign(kms, { default_binding_hex: `0x${String(kms["default_binding_hex"]).toUpperCase()}` }),
      first: 0x23,
    },
    {
      name: "no binding",
      change: (kms) => {
        delete kms["default_binding_hex"];
        delete kms["default_binding_b64"];
      },
      first: undefined,
    },
  ])("gives the binding from $name", ({ change, first }) => {
    const policy = parseReleasePolicy(
      changedDocument((document) => change(document.kms)),
      EXPECTED,
      "kms",
    );
    expect(policy.ok && policy.value.defaultBinding?.[0]).toBe(first);
  });

  test("compares RTMR3 exactly where no mode is named", () => {
    const text = changedDocument((document) => delete document.policy["kms_rtmr3_mode"]);
    expect(parseReleasePolicy(text, EXPECTED, "kms")).toMatchObject({ value: { rtmr3Mode: "exact" } });
  });
});

describe("a document that is refused", () => {
  test.each<{ name: string; change: (document: Document) => void; error: unknown; expected?: ExpectedRelease }>([
    {
      name: "another schema version",
      change: (d) => (d["schema_version"] = 2),
      error: { code: "policy-schema-version-unsupported", actual: "2" },
    },
    {
      name: "a schema version as text",
      change: (d) => (d["schema_version"] = "1"),
      error: malformed("schema_version"),
    },
    { name: "a null schema version", change: (d) => (d["schema_version"] = null), error: malformed("schema_version") },
    {
      name: "a list as schema version",
      change: (d) => (d["schema_version"] = [1]),
      error: malformed("schema_version"),
    },
    {
      name: "another role",
      change: (d) => (d["role"] = "node"),
      error: { code: "policy-role-mismatch", expected: "kms", actual: "node" },
    },
    {
      name: "another role in the historical file",
      change: (d) => (d["role"] = "node"),
      expected: LEGACY,
      error: { code: "policy-role-mismatch", expected: "kms", actual: "node" },
    },
    { name: "no role", change: (d) => delete d["role"], error: { code: "policy-field-missing", field: "role" } },
    { name: "a role that is no text", change: (d) => (d["role"] = ["kms"]), error: malformed("role") },
    {
      name: "another profile",
      change: (d) => (d["profile"] = "debug"),
      error: { code: "policy-profile-mismatch", expected: "locked-read-only", actual: "debug" },
    },
    {
      name: "no profile",
      change: (d) => delete d["profile"],
      error: { code: "policy-field-missing", field: "profile" },
    },
    {
      name: "no profile in the historical file for another profile",
      change: (d) => delete d["profile"],
      expected: { ...LEGACY, profile: "debug" },
      error: { code: "policy-field-missing", field: "profile" },
    },
    {
      name: "no role in the historical file for another profile",
      change: (d) => {
        delete d["role"];
        d["profile"] = "debug";
      },
      expected: { ...LEGACY, profile: "debug" },
      error: { code: "policy-field-missing", field: "role" },
    },
    {
      name: "another release",
      change: (d) => (d["tag"] = "2.3.9"),
      error: { code: "policy-tag-mismatch", expected: "2.4.0", actual: "2.3.9" },
    },
    {
      name: "a tag with its prefix in the document",
      change: (d) => (d["tag"] = "mero-kms-v2.4.0"),
      error: { code: "policy-tag-mismatch", expected: "2.4.0", actual: "mero-kms-v2.4.0" },
    },
    { name: "no tag", change: (d) => delete d["tag"], error: { code: "policy-field-missing", field: "tag" } },
    {
      name: "no tag in the historical file",
      change: (d) => delete d["tag"],
      expected: LEGACY,
      error: { code: "policy-field-missing", field: "tag" },
    },
    {
      name: "a document that is not ready",
      change: (d) => (d["status"] = "policy_not_ready"),
      error: { code: "policy-not-ready", status: "policy_not_ready" },
    },
    {
      name: "an unknown status",
      change: (d) => (d["status"] = "Ready"),
      error: { code: "policy-not-ready", status: "Ready" },
    },
    {
      name: "a time of another form",
      change: (d) => (d["generated_at"] = "2026-01-15"),
      error: malformed("generated_at"),
    },
    {
      name: "a day that does not exist",
      change: (d) => (d["generated_at"] = "2026-02-30T00:00:00Z"),
      error: malformed("generated_at"),
    },
    {
      name: "an hour that does not exist",
      change: (d) => (d["generated_at"] = "2026-02-20T99:00:00Z"),
      error: malformed("generated_at"),
    },
    {
      name: "no policy object",
      change: (d) => delete (d as Json)["policy"],
      error: { code: "policy-field-missing", field: "policy" },
    },
    { name: "a policy that is a list", change: (d) => Object.assign(d, { policy: [] }), error: malformed("policy") },
    { name: "a kms member that is no object", change: (d) => Object.assign(d, { kms: "x" }), error: malformed("kms") },
    {
      name: "a list that is no list",
      change: (d) => (d.policy["node_allowed_mrtd"] = measurement("11")),
      error: malformed("policy.node_allowed_mrtd"),
    },
    {
      name: "a null list",
      change: (d) => (d.policy["node_allowed_tcb_statuses"] = null),
      error: malformed("policy.node_allowed_tcb_statuses"),
    },
    {
      name: "an entry that is no text",
      change: (d) => (d.policy["node_allowed_tcb_statuses"] = ["UpToDate", 1]),
      error: malformed("policy.node_allowed_tcb_statuses[1]"),
    },
    {
      name: "a malformed measurement",
      change: (d) => (d.policy["node_allowed_rtmr1"] = [measurement("11"), "11"]),
      error: malformed("policy.node_allowed_rtmr1[1]"),
    },
    {
      name: "a malformed measurement in a family that is not used",
      change: (d) => (d.policy["allowed_rtmr1"] = ["11"]),
      error: malformed("policy.allowed_rtmr1[0]"),
    },
    {
      name: "an unknown TCB status",
      change: (d) => (d.policy["node_allowed_tcb_statuses"] = ["Fine"]),
      error: { code: "policy-tcb-status-unknown", field: "policy.node_allowed_tcb_statuses[0]", actual: "Fine" },
    },
    {
      name: "Revoked as accepted status",
      change: (d) => (d.policy["kms_allowed_tcb_statuses"] = ["UpToDate", "revoked"]),
      error: { code: "policy-tcb-status-revoked", field: "policy.kms_allowed_tcb_statuses[1]" },
    },
    {
      name: "RTMR3 of a node that measured nothing",
      change: (d) => (d.policy["node_allowed_rtmr3"] = [RTMR3_NEVER_EXTENDED]),
      error: { code: "policy-measurement-forbidden", field: "policy.node_allowed_rtmr3[0]" },
    },
    {
      name: "RTMR3 of a node without root hash",
      change: (d) => (d.policy["node_allowed_rtmr3"] = [`0x${RTMR3_WITHOUT_ROOT_HASH.toUpperCase()}`]),
      error: { code: "policy-measurement-forbidden", measurement: RTMR3_WITHOUT_ROOT_HASH },
    },
    {
      name: "RTMR3 of a KMS that measured nothing",
      change: (d) => (d.policy["kms_allowed_rtmr3"] = [RTMR3_NEVER_EXTENDED]),
      error: { code: "policy-measurement-forbidden", field: "policy.kms_allowed_rtmr3[0]" },
    },
    {
      name: "an RTMR3 of the KMS among those of nodes",
      change: (d) => (d.policy["node_allowed_rtmr3"] = [measurement("11"), ...[d.policy["kms_allowed_rtmr3"]].flat()]),
      error: { code: "policy-roles-overlap" },
    },
    {
      name: "an RTMR3 of the plain lists among those of nodes",
      change: (d) => {
        d.policy["allowed_rtmr3"] = [measurement("22")];
        d.policy["node_allowed_rtmr3"] = [measurement("22").toUpperCase()];
      },
      error: { code: "policy-roles-overlap", measurement: measurement("22") },
    },
    {
      name: "an unknown RTMR3 mode",
      change: (d) => (d.policy["kms_rtmr3_mode"] = "none"),
      error: malformed("policy.kms_rtmr3_mode"),
    },
    {
      name: "a malformed compose hash",
      change: (d) => (d.policy["kms_allowed_event_payload"] = ["11".repeat(31)]),
      error: malformed("policy.kms_allowed_event_payload[0]"),
    },
    {
      name: "a compose hash after other text",
      change: (d) => (d.policy["kms_allowed_event_payload"] = [`11${"11".repeat(32)}`]),
      error: malformed("policy.kms_allowed_event_payload[0]"),
    },
    {
      name: "a compose hash before other text",
      change: (d) => (d.policy["kms_allowed_event_payload"] = [`0x${"11".repeat(32)}11`]),
      error: malformed("policy.kms_allowed_event_payload[0]"),
    },
    {
      name: "a binding with 0x in its middle",
      change: (d) => (d.kms["default_binding_hex"] = `110x${"11".repeat(31)}`),
      error: malformed("kms.default_binding_hex"),
    },
    {
      name: "a binding of another length in hex",
      change: (d) => (d.kms["default_binding_hex"] = "11".repeat(31)),
      error: malformed("kms.default_binding_hex"),
    },
    {
      name: "a binding of another length in base64",
      change: (d) => (d.kms["default_binding_b64"] = "AAAA"),
      error: malformed("kms.default_binding_b64"),
    },
    {
      name: "a binding without padding",
      change: (d) => (d.kms["default_binding_b64"] = String(d.kms["default_binding_b64"]).replace("=", "")),
      error: malformed("kms.default_binding_b64"),
    },
    {
      name: "two different bindings",
      change: (d) => (d.kms["default_binding_hex"] = "11".repeat(32)),
      error: { code: "policy-binding-contradiction", field: "kms.default_binding_b64" },
    },
  ])("$name", ({ change, expected, error }) => {
    const text = changedDocument(change);
    for (const role of ROLES) {
      expect(parseReleasePolicy(text, expected ?? EXPECTED, role)).toMatchObject({ ok: false, error });
    }
  });

  test.each([
    { name: "no JSON", text: "{" },
    { name: "text after the document", text: `${JSON.stringify(releasedDocument())}x` },
    { name: "a repeated key", text: JSON.stringify(releasedDocument()).replace("{", '{"role":"kms",') },
    { name: "more than a mebibyte", text: JSON.stringify({ padding: "x".repeat(POLICY_DOCUMENT_LIMIT_BYTES) }) },
  ])("$name", ({ text }) => {
    expect(parseReleasePolicy(text, EXPECTED, "node")).toMatchObject({ error: { code: "policy-json-malformed" } });
  });

  test.each(["[]", "null", '"kms"', "1", "true"])("%s instead of an object", (text) => {
    expect(parseReleasePolicy(text, EXPECTED, "node")).toMatchObject({
      error: malformed("the policy document", "an object"),
    });
  });
});

describe("families of lists", () => {
  test.each(MEASUREMENT_FIELDS)("one missing %s list is never filled from another family", (field) => {
    for (const role of ROLES) {
      const key = `${role}_allowed_${field}`;
      const text = changedDocument((document) => delete document.policy[key]);
      expect(parseReleasePolicy(text, { ...EXPECTED, allowLegacyFallback: true }, role)).toEqual({
        ok: false,
        error: { code: "policy-family-incomplete", family: `${role}_allowed`, missing: [key] },
      });
    }
  });

  test("plain lists are read for nodes only with the opt-in", () => {
    const text = changedDocument(legacyLists);
    expect(parseReleasePolicy(text, LEGACY, "node")).toEqual({
      ok: false,
      error: { code: "policy-legacy-family-refused" },
    });
    const { policy: lists } = releasedDocument();
    expect(parseReleasePolicy(text, { ...LEGACY, allowLegacyFallback: true }, "node")).toMatchObject({
      ok: true,
      value: { mrtd: lists["allowed_mrtd"], rtmr3: lists["allowed_rtmr3"] },
    });
  });

  test("plain lists are the KMS's own for nodes, without an opt-in", () => {
    const { policy: lists } = releasedDocument();
    expect(parseReleasePolicy(changedDocument(legacyLists), LEGACY, "kms")).toMatchObject({
      ok: true,
      value: { mrtd: lists["allowed_mrtd"], rtmr3: lists["allowed_rtmr3"] },
    });
  });

  test.each([
    "kms_allowed_event_payload",
    "kms_allowed_tcb_statuses",
    "node_allowed_tcb_statuses",
    "node_allowed_later",
  ])("one %s key closes the way to the plain lists", (key) => {
    const text = changedDocument((document) => {
      legacyLists(document);
      document.policy[key] = [];
    });
    for (const role of ROLES) {
      expect(parseReleasePolicy(text, { ...LEGACY, allowLegacyFallback: true }, role)).toMatchObject({
        error: { code: "policy-family-incomplete", family: `${role}_allowed` },
      });
    }
  });

  test("a key that only ends like a prefixed one leaves the plain lists open", () => {
    const text = changedDocument((document) => {
      legacyLists(document);
      document.policy["former_node_allowed_mrtd"] = [];
    });
    expect(parseReleasePolicy(text, { ...LEGACY, allowLegacyFallback: true }, "node").ok).toBe(true);
  });

  test("plain lists must be complete as well", () => {
    const text = changedDocument((document) => {
      legacyLists(document);
      delete document.policy["allowed_rtmr0"];
      delete document.policy["allowed_rtmr2"];
    });
    expect(parseReleasePolicy(text, { ...LEGACY, allowLegacyFallback: true }, "node")).toEqual({
      ok: false,
      error: { code: "policy-family-incomplete", family: "allowed", missing: ["allowed_rtmr0", "allowed_rtmr2"] },
    });
  });
});
