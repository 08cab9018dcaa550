import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseReleasePolicy } from "@mero-tee/policy";
import { describe, expect, test } from "vitest";

import { DOCUMENT_SHAPES, describeDocumentProblem, documentText, parseDocument } from "../src/index.ts";
import { jsonWith, vectorText } from "./release-vectors.ts";

const LOCKED = "kms-phala-attestation-policy.locked-read-only.json";

const VECTORS = [
  { file: "compatibility-catalog.json", kind: "compatibilityCatalog" },
  { file: "kms-app-identity.json", kind: "appIdentity" },
  { file: LOCKED, kind: "attestationPolicy" },
  { file: "kms-phala-compatibility-map.json", kind: "compatibilityMap" },
  { file: "kms-phala-container-metadata.json", kind: "containerMetadata" },
  { file: "kms-phala-release-manifest.json", kind: "kmsReleaseManifest" },
  { file: "measurement-policy-candidates-locked-read-only.json", kind: "measurementCandidates" },
  { file: "mrtd-locked-read-only.json", kind: "mrtdRecord" },
  { file: "profile-provenance-locked-read-only.json", kind: "profileProvenance" },
  { file: "published-mrtds.json", kind: "publishedMrtds" },
] as const;

function read(kind: keyof typeof DOCUMENT_SHAPES, file: string, content: string | Uint8Array) {
  return parseDocument<object>(file, content, DOCUMENT_SHAPES[kind]);
}

/** What was read, in its released form; empty where it was refused. */
function rewritten(result: ReturnType<typeof read>): string {
  return result.ok ? documentText(result.value.value) : "";
}

/** What is wrong with a document, as `path: expected`. */
function problemsOf(kind: keyof typeof DOCUMENT_SHAPES, file: string, content: string): readonly string[] {
  const result = read(kind, file, content);
  return result.ok ? [] : result.error.map(describeDocumentProblem);
}

describe("released documents", () => {
  test.each(VECTORS)("$file is read and written again byte for byte", ({ file, kind }) => {
    const content = vectorText(file);
    const result = read(kind, file, content);
    expect(result).toMatchObject({ ok: true, value: { respelled: [] } });
    expect(rewritten(result)).toBe(content);
  });

  test("the vectors have the digests that they name", () => {
    const sums = readFileSync(new URL("vectors/release/SHA256SUMS", import.meta.url), "utf8")
      .trim()
      .split("\n");
    for (const line of sums) {
      const [digest, file = ""] = line.split("  ");
      expect(createHash("sha256").update(vectorText(file)).digest("hex")).toBe(digest);
    }
    for (const line of sums.filter((each) => each.includes("published-mrtds") || each.includes("policy"))) {
      expect(vectorText("kms-phala-compatibility-map.json")).toContain(line.slice(0, 64));
    }
  });

  test("the policy's values are accepted by the reader of policies, for both roles", () => {
    for (const role of ["kms", "node"] as const) {
      const expected = { profile: "locked-read-only", tag: "2.4.0", isLegacyFile: false } as const;
      expect(parseReleasePolicy(vectorText(LOCKED), expected, role)).toMatchObject({ ok: true });
    }
  });

  test("members nobody knows are kept behind the known ones", () => {
    const content = jsonWith(vectorText("kms-app-identity.json"), "future", { deep: [1, "x", { ok: true }] });
    const result = read("appIdentity", "kms-app-identity.json", content.replace(/^\{/, '{"first": null,'));
    expect(result).toMatchObject({ ok: true, value: { value: { future: { deep: [1, "x", { ok: true }] } } } });
    expect(rewritten(result)).toMatch(/"first": null,\n {2}"future": \{[^}]*\}[^}]*\}\n\}\n$/);
  });

  test("a key __proto__ is a key like any other", () => {
    const content = vectorText("kms-app-identity.json").replace("{", '{"__proto__": {"app_id": "00"},');
    const result = read("appIdentity", "kms-app-identity.json", content);
    expect(result).toMatchObject({ ok: true });
    expect(rewritten(result)).toContain('"__proto__": {\n    "app_id": "00"\n  }');
  });

  test("hex in another spelling is normalised, and said to be", () => {
    const mrtd = "959c4684d26a0a73b2921686237def7a891a201f268cc2c63b8498c80eccb6595ce05e4335de1489b1154655b647cf8e";
    const content = jsonWith(vectorText("mrtd-locked-read-only.json"), "mrtd", `0x${mrtd.toUpperCase()}`);
    const result = read("mrtdRecord", "mrtd.json", content);
    expect(result).toMatchObject({ ok: true, value: { value: { mrtd }, respelled: ["mrtd"] } });
  });

  test("TCB statuses of old documents are given back in Intel's spelling", () => {
    const content = vectorText("published-mrtds.json").replaceAll('"UpToDate"', '"uptodate"');
    const result = read("publishedMrtds", "published-mrtds.json", content);
    expect(rewritten(result)).toBe(vectorText("published-mrtds.json"));
  });
});

describe("a malformed document is refused with its file, the path inside it and what should be there", () => {
  test.each([
    {
      name: "cut JSON",
      change: (text: string) => text.slice(0, 400),
      says: /^map is not strict JSON: .+ at byte \d+$/,
    },
    {
      name: "a key twice",
      change: (text: string) => text.replace('"tag": "2.4.0"', '"tag": "2.4.0", "tag": "2.4.1"'),
      says: /^map is not strict JSON: duplicate key at byte \d+$/,
    },
    {
      name: "a byte order mark",
      change: (text: string) => `\uFEFF${text}`,
      says: /^map is not strict JSON: .+ at byte 0$/,
    },
    {
      name: "another schema version",
      change: (text: string) => text.replace('"schema_version": 1', '"schema_version": 2'),
      says: /^map has another schema_version than the number 1$/,
    },
    {
      name: "schema version 1.0",
      change: (text: string) => text.replace('"schema_version": 1', '"schema_version": 1.0'),
      says: /^map has another schema_version than the number 1$/,
    },
  ])("$name", ({ change, says }) => {
    const [problem = ""] = problemsOf(
      "compatibilityMap",
      "map",
      change(vectorText("kms-phala-compatibility-map.json")),
    );
    expect(problem).toMatch(says);
  });

  test.each<{ name: string; at: string; value: unknown; says: string }>([
    {
      name: "a missing member",
      at: "tag",
      value: undefined,
      says: "map lacks tag, a version such as 2.4.0 or 2.4.0-rc.1",
    },
    {
      name: "a prefixed tag",
      at: "tag",
      value: "mero-kms-v2.4.0",
      says: "map: tag must be a version such as 2.4.0 or 2.4.0-rc.1",
    },
    {
      name: "a short digest",
      at: "compatibility/kms_policy_sha256",
      value: "00",
      says: "map: compatibility.kms_policy_sha256 must be a string of 64 hex digits",
    },
    {
      name: "an upper-case image digest",
      at: "compatibility/profiles/debug/kms_image_digest",
      value: `sha256:${"A".repeat(64)}`,
      says: "map: compatibility.profiles.debug.kms_image_digest must be sha256: and 64 lower-case hex digits",
    },
    {
      name: "a missing profile",
      at: "compatibility/profiles/debug",
      value: undefined,
      says: "map lacks compatibility.profiles.debug, an object",
    },
    {
      name: "a run id that is a number",
      at: "workflow_run_id",
      value: 7,
      says: "map: workflow_run_id must be a decimal number as a string",
    },
    {
      name: "a time with an offset",
      at: "generated_at",
      value: "2026-01-15T11:40:00+00:00",
      says: "map: generated_at must be a UTC time such as 2026-01-15T10:20:00Z",
    },
    {
      name: "an http URL",
      at: "compatibility/node_policy_url",
      value: "http://github.com/x",
      says: "map: compatibility.node_policy_url must be an https URL",
    },
    {
      name: "a fraction in an unknown member",
      at: "future",
      value: { odd: [0.5] },
      says: "map: future.odd[0] must be no number but a whole one",
    },
    {
      name: "an odd key",
      at: "a\u001b[2J",
      value: 0.5,
      says: 'map: ["a\\u001b[2J"] must be no number but a whole one',
    },
  ])("$name", ({ at, value, says }) => {
    const content = jsonWith(vectorText("kms-phala-compatibility-map.json"), at, value);
    expect(problemsOf("compatibilityMap", "map", content)).toEqual([says]);
  });

  test("every problem is named, not only the first", () => {
    const content = jsonWith(vectorText("kms-phala-compatibility-map.json"), "tag", undefined);
    expect(problemsOf("compatibilityMap", "map", jsonWith(content, "generated_at", "yesterday"))).toHaveLength(2);
  });

  test("a document over the limit is not read", () => {
    expect(problemsOf("compatibilityMap", "map", " ".repeat(5 * 1024 * 1024 + 1))).toEqual([
      "map is not strict JSON: too long at byte 5242880",
    ]);
  });
});
