import { createSimulatedSigstore } from "@mero-tee/tee-simulator/sigstore";
import { describe, expect, test } from "vitest";
import { createDocumentPolicySource, type DocumentDemands } from "../../src/policy/document-policy-source.ts";
import { NOW } from "../harness.ts";
import {
  bundleOf,
  DEMANDS,
  type Editable,
  KMS_IDENTITY,
  POLICY,
  policyOf,
  PUBLISHED,
  RUN,
  sha256,
  sign,
  trustedRootOf,
} from "../policy/release-world.ts";

type Files = Readonly<Record<string, string>>;

/** Loads the policy from files in memory; names which were asked for. */
async function load(files: Files, demands: Partial<DocumentDemands> = {}) {
  const asked: string[] = [];
  const loaded = await createDocumentPolicySource({
    label: "test",
    candidates: [{ location: "policy.json", isLegacyFile: false }],
    nodeDocument: "published-mrtds.json",
    demands: { ...DEMANDS, ...demands },
    async read(location) {
      asked.push(location);
      const text = await Promise.resolve(files[location]);
      return text === undefined
        ? { ok: false, error: { code: "policy-not-found", reason: "nothing is there" } }
        : { ok: true, value: new TextEncoder().encode(text) };
    },
  }).load();
  return { loaded, asked };
}

/** A policy with the bundle that a test made for it. */
function withBundle(bundle: string, document: string = POLICY): Files {
  return { "policy.json": document, "policy.json.sigstore.json": bundle };
}

/** A policy with the lane's own signature. */
function signed(document: string = POLICY): Files {
  return withBundle(bundleOf(document), document);
}

describe("a policy that the release workflow signed", () => {
  test.each([
    { name: "with a log that signs time", options: {} },
    { name: "with a log that does not, and a timestamp", options: { log: 2 as const } },
    { name: "in the older form of a bundle", options: { form: "v0.1" as const } },
  ])("is used: $name", async ({ options }) => {
    const { loaded } = await load(withBundle(bundleOf(POLICY, options)));
    expect(loaded).toMatchObject({ ok: true, value: { signer: { identity: KMS_IDENTITY }, sha256: sha256(POLICY) } });
  });

  test("is used when its document names no run, as those of old releases", async () => {
    const document = policyOf((policy) => {
      delete policy["workflow_run_id"];
      delete policy["workflow_run_attempt"];
    });
    expect((await load(signed(document))).loaded).toMatchObject({ ok: true });
  });
});

const OTHER_WORKFLOW = KMS_IDENTITY.replace("release-kms-phala", "ci");

describe("a policy is refused whose signature", () => {
  test.each([
    { name: "another workflow made", options: { identity: OTHER_WORKFLOW }, why: "signer-identity-mismatch" },
    {
      name: "this workflow made on another branch",
      options: { identity: KMS_IDENTITY.replace("heads/master", "heads/evil") },
      why: "signer-identity-mismatch",
    },
    {
      name: "the same workflow of another repository made",
      options: { identity: KMS_IDENTITY.replace("calimero-network", "calimero-netvvork") },
      why: "signer-identity-mismatch",
    },
    {
      name: "an identity made that only contains the right one",
      options: { identity: `https://evil.example/?x=${KMS_IDENTITY}` },
      why: "signer-identity-mismatch",
    },
    {
      name: "somebody made whom another provider vouches for",
      options: { issuer: "https://token.actions.example.com" },
      why: "signer-issuer-mismatch",
    },
    {
      name: "was made when nobody says, with a certificate that has long expired",
      options: { log: 2 as const, timestamp: false, at: NOW - 86_400 },
      why: "signing-time-missing",
    },
    {
      name: "was made after its certificate had expired",
      options: { defect: "signed-too-late" },
      why: "signing-time-outside-certificate",
    },
    { name: "stands in no log", options: { defect: "log-entry-absent" }, why: "log-entry-missing" },
    {
      name: "has a certificate of a stranger",
      options: { defect: "certificate-of-stranger" },
      why: "signing-certificate-untrusted",
    },
    { name: "is an attestation about it", options: { content: "dsse" as const }, why: "of another run" },
  ])("$name", async ({ options, why }) => {
    const { loaded } = await load(withBundle(bundleOf(POLICY, options)));
    expect(loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", reason: expect.stringContaining(why) },
    });
  });

  test.each([
    { name: "another commit", extensions: { ...RUN, sourceRepositoryDigest: "c1".repeat(20) } },
    { name: "another trigger", extensions: { ...RUN, buildTrigger: "workflow_dispatch" } },
    { name: "another runner", extensions: { ...RUN, runnerEnvironment: "self-hosted" } },
    { name: "another run", extensions: { ...RUN, runInvocationUri: `${RUN.runInvocationUri ?? ""}7` } },
    {
      name: "another source repository",
      extensions: { ...RUN, sourceRepositoryUri: "https://github.com/evil/caller" },
    },
    { name: "another source repository", extensions: { runInvocationUri: RUN.runInvocationUri ?? "" } },
  ])("is of $name, by the right workflow ($extensions)", async ({ name, extensions }) => {
    const { loaded } = await load(withBundle(bundleOf(POLICY, { extensions })));
    expect(loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", detail: `its certificate is of ${name}` },
    });
  });

  test("belongs to the policy of another release", async () => {
    const other = policyOf(undefined, "locked-read-only", "2.5.0");
    const { loaded } = await load(withBundle(bundleOf(other)));
    expect(loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", reason: expect.stringContaining("artifact-digest-mismatch") },
    });
  });

  test("was good before somebody edited the policy, although it means the same", async () => {
    const { loaded } = await load(withBundle(bundleOf(POLICY), `${POLICY} `));
    expect(loaded).toMatchObject({ ok: false, error: { code: "policy-signature-refused" } });
  });

  test("another Sigstore vouches for", async () => {
    const other = createSimulatedSigstore({ now: NOW, seed: "somebody else's" });
    const signer = { ...DEMANDS.signer, trustedRoot: trustedRootOf(other.trustedRoot) };
    expect((await load(signed(), { signer })).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused" },
    });
  });

  test("cannot be read", async () => {
    expect((await load(withBundle("{}"))).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", reason: expect.stringContaining("bundle-") },
    });
  });

  test("is over a document that names no commit", async () => {
    const document = policyOf((policy) => delete policy["commit_sha"]);
    expect((await load(signed(document))).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", detail: "the policy names no commit" },
    });
  });
});

describe("what is read of a policy before its signature held", () => {
  test("is nothing: a document that is no policy at all is refused for its signature", async () => {
    const { loaded } = await load(withBundle(bundleOf(POLICY), "{"));
    expect(loaded).toMatchObject({ ok: false, error: { code: "policy-signature-refused" } });
  });
});

describe("the older forms of signatures", () => {
  const { bundle, cosignBundle, signature, certificate } = sign(POLICY);

  test("a bundle of cosign's counts where there is no other", async () => {
    const { loaded } = await load({ "policy.json": POLICY, "policy.json.bundle.json": cosignBundle ?? "" });
    expect(loaded).toMatchObject({ ok: true, value: { signer: { identity: KMS_IDENTITY } } });
  });

  test("and does not stand in for one that is refused", async () => {
    const files = { ...withBundle(bundle.replace("v0.3", "v0.9")), "policy.json.bundle.json": cosignBundle ?? "" };
    const { loaded, asked } = await load(files);
    expect(loaded).toMatchObject({ ok: false, error: { code: "policy-signature-refused" } });
    expect(asked).not.toContain("policy.json.bundle.json");
  });

  test("is judged like every other: of another workflow, it is refused", async () => {
    const other = sign(POLICY, { identity: OTHER_WORKFLOW }).cosignBundle ?? "";
    expect((await load({ "policy.json": POLICY, "policy.json.bundle.json": other })).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused", reason: expect.stringContaining("signer-identity-mismatch") },
    });
  });

  test("a bare signature with its certificate proves no time and is not even asked for", async () => {
    const files = { "policy.json": POLICY, "policy.json.sig": signature, "policy.json.pem": certificate };
    const { loaded, asked } = await load(files);
    expect(loaded).toMatchObject({ ok: false, error: { code: "policy-unsigned" } });
    expect(asked).toEqual(["policy.json", "policy.json.sigstore.json", "policy.json.bundle.json"]);
  });

  test("put under the name of a bundle it is refused", async () => {
    expect((await load(withBundle(signature))).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused" },
    });
  });
});

describe("a policy without a signature", () => {
  test("is refused where one is demanded, and used where none is", async () => {
    expect((await load({ "policy.json": POLICY })).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-unsigned" },
    });
    expect((await load({ "policy.json": POLICY }, { isSignatureRequired: false })).loaded).toMatchObject({
      ok: true,
      value: { signer: null },
    });
  });

  test("is not one with a signature that does not hold: that is refused in any case", async () => {
    const files = withBundle(bundleOf(POLICY, { identity: OTHER_WORKFLOW }));
    expect((await load(files, { isSignatureRequired: false })).loaded).toMatchObject({
      ok: false,
      error: { code: "policy-signature-refused" },
    });
  });
});

describe("a signed policy that is not the one that was asked for", () => {
  test.each([
    { name: "of another profile", document: policyOf(undefined, "debug"), demands: {}, code: "policy-refused" },
    {
      name: "of another release",
      document: policyOf(undefined, "locked-read-only", "2.3.9"),
      demands: {},
      code: "policy-refused",
    },
    {
      name: "of a release before this image, where no release is asked for",
      document: policyOf(undefined, "locked-read-only", "2.3.9"),
      demands: { tag: null, oldest: "2.4.0" },
      code: "policy-too-old",
    },
    {
      name: "of a candidate of the release that this image is",
      document: policyOf(undefined, "locked-read-only", "2.4.0-rc.1"),
      demands: { tag: null, oldest: "2.4.0" },
      code: "policy-too-old",
    },
    {
      name: "of what is no release",
      document: policyOf(({ policy }) => delete policy["node_measurement_sets"], "locked-read-only", "newest"),
      demands: { tag: null, oldest: "0.0.0" },
      code: "policy-too-old",
    },
    { name: "not pinned", document: POLICY, demands: { sha256: sha256(`${POLICY} `) }, code: "policy-digest-mismatch" },
    {
      name: "not ready",
      document: policyOf((policy) => (policy["status"] = "policy_not_ready")),
      demands: {},
      code: "policy-refused",
    },
  ])("is refused: $name", async ({ document, demands, code }) => {
    expect((await load(signed(document), demands)).loaded).toMatchObject({ ok: false, error: { code } });
  });

  test.each(["2.4.0", "2.4.1", "2.10.0", "3.0.0-rc.1"])(
    "a policy of %s is new enough for an image built as 2.4.0",
    async (tag) => {
      const document = policyOf(undefined, "locked-read-only", tag);
      expect((await load(signed(document), { tag: null, oldest: "2.4.0" })).loaded).toMatchObject({ ok: true });
    },
  );
});

/** A signed policy with the measurements of the node release. */
function withNodeRelease(document: string): Files {
  return { ...signed(document), "published-mrtds.json": PUBLISHED };
}

/** A register's value that no simulated node has. */
const FOREIGN = "ee".repeat(48);

describe("a pinned node release", () => {
  const nodeSha256 = sha256(PUBLISHED);

  test("agrees with the policy of its release", async () => {
    expect((await load(withNodeRelease(POLICY), { nodeSha256 })).loaded).toMatchObject({
      ok: true,
      value: { nodePolicySha256: nodeSha256 },
    });
  });

  test.each<{ name: string; edit: (document: Editable) => void }>([
    ...["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((register) => ({
      name: `one more value of ${register}`,
      edit: ({ policy }: Editable): void => {
        const list: unknown = policy[`node_allowed_${register}`];
        policy[`node_allowed_${register}`] = [...(Array.isArray(list) ? list : []), FOREIGN];
      },
    })),
    {
      name: "one more TCB status",
      edit: ({ policy }) => (policy["node_allowed_tcb_statuses"] = ["UpToDate", "OutOfDate"]),
    },
    {
      name: "one more set",
      edit: ({ policy }) => {
        const sets: unknown = policy["node_measurement_sets"];
        const [first] = Array.isArray(sets) ? sets : [];
        const id = "2.4.0/locked-read-only/simulated/foreign";
        policy["node_measurement_sets"] = [first, { ...first, id, rtmr1: FOREIGN }];
      },
    },
    {
      name: "one set less",
      edit: ({ policy }) => delete policy["node_measurement_sets"],
    },
    {
      name: "another node release",
      edit: (document) => (document["node_policy"] = { url: "https://x.example/", sha256: "0".repeat(64) }),
    },
    { name: "no node release", edit: (document) => delete document["node_policy"] },
  ])("refuses a policy that the release workflow signed with $name", async ({ edit }) => {
    const document = policyOf(edit);
    expect((await load(withNodeRelease(document))).loaded).toMatchObject({ ok: true });
    expect((await load(withNodeRelease(document), { nodeSha256 })).loaded).toMatchObject({
      ok: false,
      error: { code: "node-policy-mismatch" },
    });
  });

  test.each([
    { name: "is missing", published: undefined, code: "policy-not-found" },
    { name: "was edited", published: `${PUBLISHED} `, code: "node-policy-digest-mismatch" },
  ])("is not made up for when it $name", async ({ published, code }) => {
    const all = { ...signed(), ...(published === undefined ? {} : { "published-mrtds.json": published }) };
    expect((await load(all, { nodeSha256 })).loaded).toMatchObject({ ok: false, error: { code } });
  });

  test.each([
    { name: "what is no such document", published: "{}" },
    { name: "what is no JSON", published: "measurements" },
  ])("is refused when $name is pinned", async ({ published }) => {
    const all = { ...signed(), "published-mrtds.json": published };
    expect((await load(all, { nodeSha256: sha256(published) })).loaded).toMatchObject({
      ok: false,
      error: { code: "node-policy-malformed" },
    });
  });
});
