import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFilePolicySource } from "../../src/policy/policy-file-store.ts";
import { bundleOf, DEMANDS, KMS_IDENTITY, POLICY, PUBLISHED, sha256 } from "./release-world.ts";

const SHA256 = sha256(POLICY);
const EXPECTED = { ...DEMANDS, tag: null, isSignatureRequired: false };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-policy-"));
});

afterEach(async () => {
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
    expect(await load(POLICY, expected)).toMatchObject({
      ok: true,
      value: { sha256: SHA256, policy: { tag: "2.4.0" } },
    });
  });

  test.each([
    { name: "another release", content: POLICY, expected: { tag: "2.4.1" }, code: "policy-refused" },
    { name: "another profile", content: POLICY, expected: { profile: "debug" }, code: "policy-refused" },
    {
      name: "other bytes than pinned",
      content: `${POLICY} `,
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

  test.each([
    { name: "missing.json", code: "policy-not-found" },
    { name: ".", code: "policy-unreadable" },
  ])("that cannot be read is $code, and callers do not learn its path ($name)", async ({ name, code }) => {
    const loaded = await createFilePolicySource(join(folder, name), EXPECTED).load();
    expect(loaded).toMatchObject({ ok: false, error: { code, reason: "the policy file cannot be read" } });
  });
});

describe("beside a policy file", () => {
  const demands = { isSignatureRequired: true, nodeSha256: sha256(PUBLISHED) };

  test("stand its signature and the measurements of the node release", async () => {
    await writeFile(join(folder, "policy.json.sigstore.json"), bundleOf(POLICY));
    await writeFile(join(folder, "published-mrtds.json"), PUBLISHED);
    expect(await load(POLICY, demands)).toMatchObject({
      ok: true,
      value: { signer: { identity: KMS_IDENTITY }, nodePolicySha256: sha256(PUBLISHED) },
    });
  });

  test("no signature is no signature", async () => {
    expect(await load(POLICY, demands)).toMatchObject({ ok: false, error: { code: "policy-unsigned" } });
  });

  test("a signature that cannot be read is not passed over", async () => {
    await mkdir(join(folder, "policy.json.sigstore.json"));
    await writeFile(join(folder, "policy.json.bundle.json"), bundleOf(POLICY));
    expect(await load(POLICY, { isSignatureRequired: false })).toMatchObject({
      ok: false,
      error: { code: "policy-unreadable", reason: "the signature of the policy cannot be read" },
    });
  });

  test("a signature without end is not read to its end", async () => {
    await writeFile(join(folder, "policy.json.sigstore.json"), new Uint8Array(262_145));
    expect(await load(POLICY, demands)).toMatchObject({ ok: false, error: { code: "policy-too-large" } });
  });
});
