import { beforeAll, describe, expect, test } from "vitest";
import type { TrustAuthorityAnswer } from "../../packages/appraisal/src/index.ts";
import { describeQuote, parseQuote, type QuoteView } from "../../packages/tdx-quote/src/index.ts";
import { createSimulatedPlatform, simulatedApplication } from "../../packages/tee-simulator/src/index.ts";
import { kmsRelease } from "./release.ts";
import {
  appraiseWith,
  createWorld,
  given,
  kmsAnswer,
  nodeQuote,
  NOW,
  outcome,
  textInput,
  type World,
} from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

let world: World;
let quote: Uint8Array<ArrayBuffer>;
let answerWith: (claims: Json) => Promise<TrustAuthorityAnswer>;
let genuine: Json;

function viewOf(bytes: Uint8Array): QuoteView {
  const parsed = parseQuote(bytes);
  if (!parsed.ok) throw new Error(parsed.error.code);
  return describeQuote(parsed.value);
}

beforeAll(async () => {
  world = await createWorld();
  quote = await nodeQuote(world.platform);
  const view = viewOf(quote);
  genuine = {
    tdx_mrtd: view.mrtd,
    tdx_rtmr0: view.rtmr0,
    tdx_rtmr1: view.rtmr1,
    tdx_rtmr2: view.rtmr2,
    tdx_rtmr3: view.rtmr3,
    tdx_report_data: view.reportData,
    tdx_td_attributes: view.tdAttributes,
    tdx_is_debuggable: false,
    attester_tcb_status: "UpToDate",
  };
  const algorithm = { name: "RSA-PSS", hash: "SHA-384", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { n, e } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const keySet = JSON.stringify({ keys: [{ kty: "RSA", kid: "one", n, e }] });
  answerWith = async (claims) => {
    const issuer = world.anchors.trustAuthority.issuer;
    const parts = [
      { alg: "PS384", typ: "JWT", kid: "one" },
      { iss: issuer, iat: NOW, exp: NOW + 300, ...claims },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signed = parts.join(".");
    const padding = { name: "RSA-PSS", saltLength: 48 };
    const signature = await crypto.subtle.sign(padding, keys.privateKey, new TextEncoder().encode(signed));
    return { token: `${signed}.${Buffer.from(signature).toString("base64url")}`, keySet };
  };
}, 120_000);

async function judged(claims: Json) {
  const inputs = [{ name: "quote", bytes: quote }];
  return await appraiseWith(world, "node", { inputs, trustAuthority: given(await answerWith(claims)) });
}

describe("a second opinion", () => {
  test("that agrees is worth nothing while no root is pinned", async () => {
    const report = await judged({ tdx: genuine });
    expect(outcome(report, "ita.token")).toEqual({ status: "info", code: "ita-keys-unpinned" });
    expect(outcome(report, "ita.claims")).toEqual({ status: "info", code: "ita-keys-unpinned" });
    expect(report.verdict).toBe("simulated");
  });

  test.each([
    { name: "another RTMR3", change: { tdx_rtmr3: "00".repeat(48) }, code: "ita-claims-differ" },
    { name: "other report data", change: { tdx_report_data: "00".repeat(64) }, code: "ita-claims-differ" },
    { name: "another owner", change: { tdx_mrowner: "ff".repeat(48) }, code: "ita-claims-differ" },
    { name: "a domain in debug mode", change: { tdx_is_debuggable: true }, code: "ita-debuggable" },
    {
      name: "a status that the release does not allow",
      change: { attester_tcb_status: "OutOfDate" },
      code: "ita-status-differs",
    },
  ])("that speaks of $name fails the appraisal, pinned or not", async ({ change, code }) => {
    for (const claims of [{ tdx: { ...genuine, ...change } }, { ...genuine, ...change }]) {
      const report = await judged(claims);
      expect(outcome(report, "ita.claims")).toEqual({ status: "fail", code });
      expect(report).toMatchObject({ verdict: "failed", because: ["ita.claims"] });
    }
  });

  test("by another baseline is no contradiction", async () => {
    const other = { attester_tcb_status: "OutOfDate", tdx_collateral: { tcb_evaluation_data_number: 99 } };
    expect((await judged({ tdx: { ...genuine, ...other } })).verdict).toBe("simulated");
  });

  test("whose token was forged fails the appraisal", async () => {
    const answer = await answerWith({ tdx: genuine });
    const token = answer.token.replace(/\.[^.]+$/, `.${Buffer.from("no").toString("base64url")}`);
    const report = await appraiseWith(world, "node", { trustAuthority: given({ ...answer, token }) });
    expect(outcome(report, "ita.token")).toEqual({ status: "fail", code: "ita-signature-invalid" });
    expect(report.verdict).toBe("failed");
  });

  test("has nothing to agree with where no reference data came", async () => {
    const report = await appraiseWith(world, "node", {
      inputs: [{ name: "quote", bytes: quote }],
      collateral: { status: "unavailable", reason: "time ran out" },
      trustAuthority: given(await answerWith({ tdx: genuine })),
    });
    const step = report.steps.find(({ id }) => id === "ita.claims");
    expect(step).toMatchObject({ status: "info", code: "ita-keys-unpinned" });
    expect(step?.summary).toContain("no status of this verifier's own");
  });

  test("stands beside what was found here, claim by claim", async () => {
    const report = await judged({
      tdx: { ...genuine, tdx_rtmr3: "00".repeat(48), tdx_collateral: { tcb_evaluation_data_number: 99 } },
    });
    const row = (claim: string): unknown => report.facts.opinion.find((each) => each.claim === claim);
    expect(row("tdx_mrtd")).toMatchObject({ theirs: genuine["tdx_mrtd"], ours: genuine["tdx_mrtd"] });
    expect(row("tdx_rtmr3")).toMatchObject({ theirs: "00".repeat(48), ours: genuine["tdx_rtmr3"] });
    expect(row("tdx_mrseam")).toMatchObject({ theirs: null });
    expect(row("attester_tcb_status")).toMatchObject({ theirs: "UpToDate", ours: "UpToDate" });
    expect(row("tcb_evaluation_data_number")).toMatchObject({ theirs: "99" });
    const baseline = report.steps.find(({ id }) => id === "tcb.baseline");
    expect(baseline?.evidence.find(({ source }) => source === "ita")?.value).toBe("99");
  });

  test("of a forged token stands beside nothing", async () => {
    const answer = await answerWith({ tdx: genuine });
    const report = await appraiseWith(world, "node", {
      trustAuthority: given({ ...answer, token: answer.token.replace(/\.[^.]+$/, ".bm8") }),
    });
    expect(report.facts.opinion).toEqual([]);
  });

  test("that nobody could be asked for keeps nothing from its verdict", async () => {
    const report = await appraiseWith(world, "node", { trustAuthority: { status: "unavailable", reason: "busy" } });
    expect(outcome(report, "ita.token")).toEqual({ status: "error", code: "ita-unavailable" });
    expect(report.verdict).toBe("simulated");
  });
});

describe("what is to come", () => {
  test.each([
    { name: "a machine that will be out of date", tcbStatus: "OutOfDate", status: "warn", code: "tcb-baseline-coming" },
    { name: "a machine that will still do", tcbStatus: "UpToDate", status: "info", code: null },
  ] as const)("$name: tcb.baseline is $status, and the verdict stays", async ({ tcbStatus, status, code }) => {
    const early = await createSimulatedPlatform({ seed: "appraisal", now: NOW, tcbStatus });
    const report = await appraiseWith(world, "node", { earlyCollateral: given(await early.collateralText()) });
    expect(outcome(report, "tcb.baseline")).toEqual({ status, code });
    expect(report.verdict).toBe("simulated");
  });
});

describe("the deployment of a KMS", () => {
  test("has the key provider that its release names", async () => {
    const { name, id }: { name: string; id: string } = JSON.parse(simulatedApplication("locked-read-only").keyProvider);
    const release = kmsRelease(world.platform, world.sigstore, {
      policy: (document) => Object.assign(Object(document["policy"]), { kms_key_provider: { name, id } }),
    });
    const report = await appraiseWith(world, "kms", { releases: given([release]) });
    expect(outcome(report, "app.key-provider")).toEqual({ status: "pass", code: null });
    expect(report.facts).toMatchObject({ keyProvider: { name, id }, profile: "locked-read-only" });
  });

  test("has the compose hash that its hardware carries", async () => {
    const composeHash = Buffer.from(simulatedApplication("locked-read-only").composeHash).toString("hex");
    const answer = await kmsAnswer(world.platform, {
      report: { mrConfigId: `01${composeHash}${"00".repeat(15)}` },
    });
    const report = await appraiseWith(world, "kms", { inputs: [textInput("answer", JSON.stringify(answer))] });
    expect(outcome(report, "app.mrconfigid")).toEqual({ status: "pass", code: null });
    expect(report.facts.composeHash).toBe(composeHash);
  });

  // Mistake 10.
  test("is drawn event by event, each value the next one's beginning", async () => {
    const report = await appraiseWith(world, "kms");
    for (const { events, replayed, quoted } of report.facts.replay) {
      expect(events.every(({ before }, index) => index === 0 || before === events[index - 1]?.after)).toBe(true);
      expect(events.at(-1)?.after).toBe(replayed);
      expect(replayed).toBe(quoted);
    }
    const names = report.facts.replay.at(-1)?.events.filter(({ isAfterReady }) => isAfterReady);
    expect(names?.map(({ name }) => name)).toEqual(["calimero.kms.profile"]);
  });
});
