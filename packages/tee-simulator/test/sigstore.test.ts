import {
  describeSigstoreError,
  parseDetachedSignature,
  parseSigstoreBundle,
  publicTrustedRoot,
  SIGSTORE_ERROR_CODES,
  type SigstoreBundle,
  verifyDetachedSignature,
  verifySigstore,
} from "@mero-tee/release-artifacts/sigstore";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { buildSignedFiles, createSimulatedSigstore, SIGSTORE_DEFECTS } from "../src/sigstore/index.ts";
import { EXPECTED, FILE, FORMS, SIGNED_AT, sigstore, verdictOn, WHO } from "./sigstore-world.ts";

function bundleOf(json: string): SigstoreBundle {
  const bundle = parseSigstoreBundle(json);
  if (!bundle.ok) throw new Error(describeSigstoreError(bundle.error));
  return bundle.value;
}

describe("a flawless signature of the simulated Sigstore", () => {
  test.each(FORMS)("is accepted as $name", async ({ options }) => {
    const { bundle } = sigstore.sign(FILE, { ...WHO, ...options });
    expect(await verdictOn(bundle)).toMatchObject({
      ok: true,
      value: {
        form: options.content === "message-signature" ? "message-signature" : "dsse",
        ...WHO,
        identityKind: "uri",
        integratedTime: options.log === 1 ? SIGNED_AT : null,
        times: expect.objectContaining({ length: Number(options.log === 1) + Number(options.timestamp) }),
        logEntries: [{ logIndex: options.log === 1 ? 1_000_021 : 21 }],
      },
    });
  });

  test("tells what the certificate says about the run", async () => {
    const extensions = {
      githubWorkflowTrigger: "push",
      githubWorkflowName: "Release mero-kms",
      sourceRepositoryDigest: "a".repeat(40),
      runnerEnvironment: "github-hosted",
      runInvocationUri: "https://github.com/example/release/actions/runs/7/attempts/1",
    };
    const { bundle } = sigstore.sign(FILE, { ...WHO, extensions });
    expect(await verdictOn(bundle)).toMatchObject({ ok: true, value: { extensions } });
  });

  test("tells what an attestation says, and needs only the digest of the file for it", async () => {
    const { bundle } = sigstore.sign(FILE, {
      ...WHO,
      content: "dsse",
      predicateType: "https://slsa.dev/provenance/v1",
    });
    expect(await verifySigstore({ sha256: sha256(FILE) }, bundleOf(bundle), EXPECTED)).toMatchObject({
      ok: true,
      value: {
        form: "dsse",
        statement: { predicateType: "https://slsa.dev/provenance/v1", subjects: [{ name: "artifact" }] },
      },
    });
  });

  test("over the file itself needs the file", async () => {
    const { bundle } = sigstore.sign(FILE, WHO);
    expect(await verifySigstore({ sha256: sha256(FILE) }, bundleOf(bundle), EXPECTED)).toMatchObject({
      ok: false,
      error: { code: "artifact-content-required" },
    });
  });

  test("is the same every time, and another with another seed", () => {
    expect(sigstore.sign(FILE, WHO)).toEqual(sigstore.sign(FILE, WHO));
    const other = createSimulatedSigstore({ now: SIGNED_AT, seed: "another" });
    expect(other.trustedRoot).not.toBe(sigstore.trustedRoot);
  });

  test("means nothing to those who trust another instance", async () => {
    const { bundle } = createSimulatedSigstore({ now: SIGNED_AT, seed: "another" }).sign(FILE, WHO);
    expect(await verdictOn(bundle)).toMatchObject({ ok: false, error: { code: "log-unknown" } });
    const own = sigstore.sign(FILE, WHO).bundle;
    expect(await verdictOn(own, { ...EXPECTED, trustedRoot: publicTrustedRoot() })).toMatchObject({
      ok: false,
      error: { code: "log-unknown" },
    });
  });

  test("is refused when a trusted root names nobody", async () => {
    const { bundle } = sigstore.sign(FILE, WHO);
    const nobody = { transparencyLogs: [], certificateAuthorities: [], certificateLogs: [], timestampAuthorities: [] };
    const { trustedRoot } = EXPECTED;
    for (const [part, code] of [
      ["transparencyLogs", "log-unknown"],
      ["certificateAuthorities", "signing-certificate-untrusted"],
      ["certificateLogs", "sct-log-unknown"],
    ] as const) {
      const verdict = await verdictOn(bundle, { ...EXPECTED, trustedRoot: { ...trustedRoot, [part]: nobody[part] } });
      expect(verdict).toMatchObject({ ok: false, error: { code } });
    }
  });
});

describe("a signature with one thing wrong", () => {
  test.each(SIGSTORE_DEFECTS)("is refused for $id as $code", async ({ id, code, start }) => {
    const { bundle } = sigstore.sign(FILE, { ...WHO, ...start, defect: id });
    const verdict = await verdictOn(bundle);
    expect(verdict).toMatchObject({ ok: false, error: { code } });
    const sentence = verdict.ok ? "" : describeSigstoreError(verdict.error);
    expect(sentence).toMatch(/^[ -~]+\.$/);
    expect(sentence).not.toContain("undefined");
  });

  test("an entry with neither promise nor proof is not in the log", async () => {
    const bundle = bundleOf(sigstore.sign(FILE, WHO).bundle);
    const [entry] = bundle.logEntries;
    const bare = { ...bundle, logEntries: [{ ...entry, signedEntryTimestamp: null, inclusionProof: null }] as const };
    expect(await verifySigstore({ bytes: FILE }, bare, EXPECTED)).toMatchObject({
      ok: false,
      error: { code: "log-inclusion-missing" },
    });
  });

  test("a refusal is short, however long the text at fault", () => {
    const refused = parseSigstoreBundle(JSON.stringify({ mediaType: "m".repeat(100_000) }));
    expect(refused).toMatchObject({ ok: false, error: { code: "bundle-media-type-unsupported" } });
    expect(JSON.stringify(refused).length).toBeLessThan(2000);
  });

  test("a defect that does not exist is the caller's mistake", () => {
    expect(() => sigstore.sign(FILE, { ...WHO, defect: "nothing" })).toThrow(RangeError);
  });

  test("every code of the verification has its attack", () => {
    const elsewhere: readonly string[] = [
      "detached-signature-malformed",
      "trusted-root-malformed",
      "trusted-root-media-type-unsupported",
      "identity-pattern-invalid",
      "artifact-content-required",
      "log-inclusion-missing",
    ];
    const attacked = new Set<string>([...SIGSTORE_DEFECTS.map(({ code }) => code), ...elsewhere]);
    expect(SIGSTORE_ERROR_CODES.filter((code) => !attacked.has(code))).toEqual([]);
  });
});

describe("the bounds of a certificate", () => {
  test.each([
    { at: -1, code: "signing-time-outside-certificate" },
    { at: 0, code: null },
    { at: 1, code: null },
    { at: 599, code: null },
    { at: 600, code: null },
    { at: 601, code: "signing-time-outside-certificate" },
  ])("a log time $at seconds into it gives $code", async ({ at, code }) => {
    const recipe = sigstore.recipe(FILE, WHO);
    recipe.integratedTime = SIGNED_AT + at;
    const verdict = await verdictOn(buildSignedFiles(recipe).bundle);
    expect(verdict.ok ? null : verdict.error.code).toBe(code);
  });
});

describe("the inclusion proof", () => {
  test.each([1, 2, 3, 7, 8, 9, 43, 64])("is followed for each leaf of a tree of %i", async (treeSize) => {
    const places = [...new Set([0, 1, treeSize >> 1, treeSize - 2, treeSize - 1])];
    for (const treeIndex of places.filter((place) => place >= 0 && place < treeSize)) {
      const recipe = Object.assign(sigstore.recipe(FILE, WHO), { treeSize, treeIndex });
      expect(await verdictOn(buildSignedFiles(recipe).bundle)).toMatchObject({ ok: true });
    }
  });
});

describe("the expected identity", () => {
  const { bundle } = sigstore.sign(FILE, WHO);

  test.each([
    { name: "the exact one", identity: { exact: WHO.identity }, code: null },
    { name: "a part of it", identity: { exact: WHO.identity.slice(0, -1) }, code: "signer-identity-mismatch" },
    {
      name: "a pattern for all of it",
      identity: { pattern: String.raw`https://github\.com/example/release/\.github/workflows/.+@refs/heads/master` },
      code: null,
    },
    {
      name: "an anchored pattern",
      identity: { pattern: String.raw`^https://github\.com/example/release/[A-Za-z0-9._/-]+@refs/heads/master$` },
      code: null,
    },
    { name: "a pattern for a part", identity: { pattern: "refs/heads/master" }, code: "signer-identity-mismatch" },
    {
      name: "alternatives, of which one matches a part",
      identity: { pattern: "https://other.example|refs/heads/master" },
      code: "signer-identity-mismatch",
    },
    { name: "a pattern that opens the anchors", identity: { pattern: "x)|(?:" }, code: "identity-pattern-invalid" },
    { name: "no pattern", identity: { pattern: "(" }, code: "identity-pattern-invalid" },
    { name: "an empty pattern", identity: { pattern: "" }, code: "signer-identity-mismatch" },
  ])("as $name gives $code", async ({ identity, code }) => {
    const verdict = await verdictOn(bundle, { ...EXPECTED, identity });
    expect(verdict.ok ? null : verdict.error.code).toBe(code);
  });

  test("comes with an issuer that is compared to its last slash", async () => {
    expect(await verdictOn(bundle, { ...EXPECTED, issuer: `${WHO.issuer}/` })).toMatchObject({
      ok: false,
      error: { code: "signer-issuer-mismatch", expected: `${WHO.issuer}/`, actual: WHO.issuer },
    });
  });
});

describe("cosign's older bundle", () => {
  test("says the same as the bundle of the same event", async () => {
    const { bundle, cosignBundle } = sigstore.sign(FILE, WHO);
    const newer = await verdictOn(bundle);
    expect(newer.ok).toBe(true);
    expect(await verdictOn(cosignBundle ?? "")).toEqual(newer);
  });

  test.each([
    {
      name: "another time",
      from: `"integratedTime":${SIGNED_AT}`,
      to: `"integratedTime":1`,
      code: "log-promise-invalid",
    },
    { name: "another place", from: `"logIndex":1000021`, to: `"logIndex":1`, code: "log-promise-invalid" },
    { name: "another log", from: /"logID":".{2}/, to: `"logID":"fe`, code: "log-unknown" },
    { name: "no promise", from: `"SignedEntryTimestamp"`, to: `"Signed"`, code: "bundle-malformed" },
    { name: "a body of base64 rubbish", from: /"body":"[^"]+"/, to: `"body":"AAAA"`, code: "bundle-malformed" },
    { name: "no certificate", from: /"cert":"[^"]+"/, to: `"cert":"AAAA"`, code: "bundle-malformed" },
    {
      name: "another signature",
      from: /"base64Signature":"[^"]{8}/,
      to: `"base64Signature":"AAAAAAAA`,
      code: "log-body-mismatch",
    },
  ])("with $name gives $code", async ({ from, to, code }) => {
    const { cosignBundle } = sigstore.sign(FILE, WHO);
    const verdict = await verdictOn((cosignBundle ?? "").replace(from, to));
    expect(verdict.ok ? null : verdict.error.code).toBe(code);
  });

  test("is not made of what no log promised", () => {
    expect(sigstore.sign(FILE, { ...WHO, log: 2 }).cosignBundle).toBeNull();
    expect(sigstore.sign(FILE, { ...WHO, content: "dsse" }).cosignBundle).toBeNull();
  });
});

async function detached(files: { readonly signature: string; readonly certificate: string }, options = EXPECTED) {
  const parsed = parseDetachedSignature(files);
  return parsed.ok ? await verifyDetachedSignature(FILE, parsed.value, options) : parsed;
}

describe("a signature without a bundle", () => {
  test("is told from a witnessed one", async () => {
    expect(await detached(sigstore.sign(FILE, WHO))).toMatchObject({
      ok: true,
      value: { form: "unwitnessed", ...WHO },
    });
  });

  test("may have its certificate in base64 once more, as cosign writes it", async () => {
    const { signature, certificate } = sigstore.sign(FILE, WHO);
    expect(await detached({ signature, certificate: btoa(certificate) })).toMatchObject({ ok: true });
  });

  test.each([
    "certificate-is-ca",
    "certificate-of-stranger",
    "sct-absent",
    "signature-by-other-key",
    "signed-by-somebody-else",
    "signed-by-other-issuer",
  ])("is refused for %s like the bundle", async (defect) => {
    const code = SIGSTORE_DEFECTS.find(({ id }) => id === defect)?.code;
    expect(await detached(sigstore.sign(FILE, { ...WHO, defect }))).toMatchObject({ ok: false, error: { code } });
  });

  test.each([
    { name: "a signature that is no base64", change: { signature: "-" } },
    { name: "no signature", change: { signature: "" } },
    { name: "two certificates", change: { certificate: sigstore.sign(FILE, WHO).certificate.repeat(2) } },
  ])("is refused with $name", async ({ change }) => {
    expect(await detached({ ...sigstore.sign(FILE, WHO), ...change })).toMatchObject({
      ok: false,
      error: { code: "detached-signature-malformed" },
    });
  });

  test("is refused with a pattern that is none", async () => {
    expect(await detached(sigstore.sign(FILE, WHO), { ...EXPECTED, identity: { pattern: "(" } })).toMatchObject({
      ok: false,
      error: { code: "identity-pattern-invalid" },
    });
  });
});
