import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFilePolicySource } from "../../src/policy/policy-file-store.ts";
import { platform } from "../harness.ts";

const DOCUMENT = platform.policyDocumentFor("locked-read-only", { tag: "2.4.0" });
const SHA256 = createHash("sha256").update(DOCUMENT).digest("hex");
const EXPECTED = { profile: "locked-read-only", tag: null, sha256: null, isLegacyFile: false } as const;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-policy-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function load(
  content: string | Uint8Array,
  expected: Partial<Parameters<typeof createFilePolicySource>[1]> = {},
) {
  const path = join(folder, "policy.json");
  await writeFile(path, content);
  return createFilePolicySource(path, { ...EXPECTED, ...expected }).load();
}

describe("a policy file", () => {
  test.each([{}, { tag: "2.4.0" }, { sha256: SHA256 }])("is read with %j", async (expected) => {
    expect(await load(DOCUMENT, expected)).toMatchObject({
      ok: true,
      value: { sha256: SHA256, policy: { tag: "2.4.0" } },
    });
  });

  test.each([
    { name: "another release", content: DOCUMENT, expected: { tag: "2.4.1" }, code: "policy-refused" },
    { name: "another profile", content: DOCUMENT, expected: { profile: "debug" }, code: "policy-refused" },
    {
      name: "other bytes than pinned",
      content: `${DOCUMENT} `,
      expected: { sha256: SHA256 },
      code: "policy-digest-mismatch",
    },
    { name: "no JSON", content: "{", expected: {}, code: "policy-refused" },
    { name: "an empty file", content: "", expected: {}, code: "policy-refused" },
    { name: "too many bytes", content: new Uint8Array(1_048_577).fill(0x20), expected: {}, code: "policy-too-large" },
  ] as const)("is refused for $name", async ({ content, expected, code }) => {
    expect(await load(content, expected)).toMatchObject({ ok: false, error: { code } });
  });

  test("that grows without end is not read to its end", async () => {
    expect(await createFilePolicySource("/dev/zero", EXPECTED).load()).toMatchObject({
      ok: false,
      error: { code: "policy-too-large" },
    });
  });

  test.each(["missing.json", "."])(
    "that cannot be read is not found, and callers do not learn its path (%s)",
    async (name) => {
      const loaded = await createFilePolicySource(join(folder, name), EXPECTED).load();
      expect(loaded).toMatchObject({
        ok: false,
        error: { code: "policy-not-found", reason: "the policy file cannot be read" },
      });
    },
  );
});
