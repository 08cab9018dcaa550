import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

/** Signatures that the simulated Sigstore made; a test beside them makes them anew. */
const FOLDER = new URL("../../tee-simulator/test/vectors/sigstore/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), "utf8");

const IDENTITY = "https://github.com/example/release/.github/workflows/release.yaml@refs/heads/master";
const ISSUER = "https://token.actions.githubusercontent.com";
const CONTENTS = {
  "file.txt": read("release-file.txt"),
  "other.txt": "another file\n",
  "bundle.json": read("release-file.txt.sigstore.json"),
  "cosign.json": read("release-file.txt.bundle.json"),
  "attestation.json": read("attestation.sigstore.json"),
  "second-log.json": read("second-log.sigstore.json"),
  "root.json": read("trusted_root.json"),
  "text.txt": "hello",
};
const UNKNOWN = { verified: false, form: null, identity: null, issuer: null, integratedTime: null, logIndex: null };

interface Line {
  readonly file?: string;
  readonly bundle?: string;
  readonly who?: readonly string[];
  readonly issuer?: string;
  readonly root?: readonly string[];
}

function run({ file, bundle, who, issuer, root }: Line, flags: readonly string[] = ["--json"]) {
  const words = ["sigstore", "verify", file ?? "file.txt", "--bundle", bundle ?? "bundle.json", "--issuer"];
  const rest = [...(who ?? ["--identity", IDENTITY]), ...(root ?? ["--trusted-root", "root.json"]), ...flags];
  const files = memoryFiles({ ...CONTENTS, "-": CONTENTS["file.txt"] });
  return runInWorld([...words, issuer ?? ISSUER, ...rest], { files, now: "2027-01-15T09:00:00Z" });
}

describe("sigstore verify accepts", () => {
  const SIGNED = { form: "message-signature", integratedTime: "2027-01-15T08:00:00Z", logIndex: 1_000_021 };

  test.each([
    { name: "a bundle", line: {}, fields: SIGNED },
    { name: "a file on standard input", line: { file: "-" }, fields: SIGNED },
    { name: "cosign's older bundle", line: { bundle: "cosign.json" }, fields: SIGNED },
    {
      name: "a pattern",
      line: { who: ["--identity-regex", String.raw`https://github\.com/example/.+`] },
      fields: SIGNED,
    },
    { name: "an attestation, and says so", line: { bundle: "attestation.json" }, fields: { ...SIGNED, form: "dsse" } },
    {
      name: "an entry of a log that signs no time",
      line: { bundle: "second-log.json" },
      fields: { ...SIGNED, integratedTime: null, logIndex: 21 },
    },
  ])("$name", async ({ line, fields }) => {
    const outcome = await run(line);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    const expected = { schemaVersion: 1, verified: true, ...fields, identity: IDENTITY, issuer: ISSUER, failure: null };
    expect(documentOf(outcome)).toEqual(expected);
  });

  test("and tells people who, when and where", async () => {
    const { exitCode, stdout, stderr } = await run({}, []);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("✓ Signed");
    for (const words of [IDENTITY, ISSUER, "2027-01-15T08:00:00Z by the log", "1000021 in ", "the file itself"]) {
      expect(stdout).toContain(words);
    }
    expect((await run({ bundle: "attestation.json" }, [])).stdout).toContain("attestation of type");
  });
});

describe("sigstore verify refuses", () => {
  test.each([
    { name: "another file", line: { file: "other.txt" }, code: "artifact-digest-mismatch" },
    { name: "what is no bundle", line: { bundle: "text.txt" }, code: "bundle-malformed" },
    { name: "another signer", line: { who: ["--identity", `${IDENTITY}s`] }, code: "signer-identity-mismatch" },
    { name: "a pattern for a part", line: { who: ["--identity-regex", "github"] }, code: "signer-identity-mismatch" },
    { name: "another issuer", line: { issuer: `${ISSUER}/` }, code: "signer-issuer-mismatch" },
    { name: "another instance than the public one", line: { root: [] }, code: "log-unknown" },
    {
      name: "a trusted root that is none",
      line: { root: ["--trusted-root", "text.txt"] },
      code: "trusted-root-malformed",
    },
  ])("$name as $code", async ({ line, code }) => {
    const outcome = await run(line);
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ ...UNKNOWN, failure: { code, stage: "sigstore" } });
  });

  test.each([
    { name: "a file", line: { file: "absent" } },
    { name: "a bundle", line: { bundle: "absent" } },
    { name: "a trusted root", line: { root: ["--trusted-root", "absent"] } },
  ])("to go on without $name", async ({ line }) => {
    const outcome = await run(line);
    expect(outcome.exitCode).toBe(11);
    expect(documentOf(outcome)).toMatchObject({ ...UNKNOWN, failure: { code: "file-missing" } });
  });

  test.each([
    { name: "no identity", who: [], code: "usage-invalid" },
    { name: "two identities", who: ["--identity", IDENTITY, "--identity-regex", ".*"], code: "usage-invalid" },
    { name: "a pattern that is none", who: ["--identity-regex", "("], code: "identity-pattern-invalid" },
  ])("to guess with $name", async ({ who, code }) => {
    const outcome = await run({ who });
    expect(outcome.exitCode).toBe(2);
    expect(documentOf(outcome)).toMatchObject({ ...UNKNOWN, failure: { code } });
  });
});

test("a trusted root of this release that has grown old is told", async () => {
  const line = [
    "sigstore",
    "verify",
    "file.txt",
    "--bundle",
    "bundle.json",
    "--identity",
    IDENTITY,
    "--issuer",
    ISSUER,
  ];
  const files = memoryFiles(CONTENTS);
  const old = await runInWorld(line, { files, now: "2028-06-01T00:00:00Z" });
  expect(old.stderr).toContain("The trusted root of this release is from");
  expect((await runInWorld(line, { files, now: "2027-01-15T09:00:00Z" })).stderr).toBe("");
});
