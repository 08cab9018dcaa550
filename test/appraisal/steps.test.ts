import { DEFAULT_BINDING } from "../../packages/kms-protocol/src/index.ts";
import {
  KMS_PROFILE_EVENT,
  type Measurement,
  RTMR3_NEVER_EXTENDED,
  RTMR3_WITHOUT_ROOT_HASH,
} from "../../packages/policy/src/index.ts";
import { toBase64 } from "../../packages/tdx-quote/src/base64.ts";
import { parseHex } from "../../packages/tdx-quote/src/hex.ts";
import { createSimulatedPlatform, type IssueQuoteOptions } from "../../packages/tee-simulator/src/index.ts";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Anchors,
  type AppraisalRequest,
  type AttesterKind,
  type GivenInput,
  type StepCode,
  type StepId,
  type StepStatus,
  type Verdict,
} from "../../packages/appraisal/src/index.ts";
import { kmsRelease, nodeRelease, type ReleaseChanges } from "./release.ts";
import {
  appraiseWith,
  createWorld,
  given,
  type KmsAnswer,
  kmsAnswer,
  NONCE,
  nodeQuote,
  NOW,
  outcome,
  reportDataOf,
  textInput,
  type World,
  ZEROS,
} from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await createWorld();
}, 120_000);

/** What differs from a flawless appraisal, and what the named step must then say. */
interface Row {
  readonly name: string;
  readonly kind: AttesterKind;
  readonly change: () => Promise<Partial<AppraisalRequest>> | Partial<AppraisalRequest>;
  readonly anchors?: () => Partial<Anchors>;
  readonly step: StepId;
  readonly status: StepStatus;
  readonly code?: StepCode;
  readonly verdict: Verdict;
}

/** The answer of a KMS with something changed in it. */
async function changedAnswer(
  edit: (answer: KmsAnswer) => void,
  options: Partial<IssueQuoteOptions> = {},
): Promise<Partial<AppraisalRequest>> {
  const answer = await kmsAnswer(world.platform, options);
  edit(answer);
  return { inputs: [textInput("answer", JSON.stringify(answer))] };
}

async function defectiveQuote(defect: string): Promise<Partial<AppraisalRequest>> {
  const { platform } = world;
  const { quote } = await platform.issueQuote({ reportData: reportDataOf(NONCE, ZEROS), role: "node", defect });
  return {
    inputs: [{ name: "quote", bytes: new Uint8Array(quote) }],
    collateral: given(await platform.collateralText({ forQuote: quote })),
  };
}

function runtimeEvents(answer: KmsAnswer): Record<string, unknown>[] {
  return answer.eventLog.filter(({ imr }) => imr === 3);
}

function changedRelease(kind: AttesterKind, changes: ReleaseChanges): Partial<AppraisalRequest> {
  const make = kind === "kms" ? kmsRelease : nodeRelease;
  return { releases: given([make(world.platform, world.sigstore, changes)]) };
}

function policyValues(document: Record<string, unknown>): Record<string, unknown> {
  const values = document["policy"];
  if (typeof values !== "object" || values === null) throw new Error("no policy");
  return Object.assign(values);
}

function compatibilityOf(document: Record<string, unknown>): Record<string, unknown> {
  const values = document["compatibility"];
  if (typeof values !== "object" || values === null) throw new Error("no compatibility");
  return Object.assign(values);
}

function publishedProfile(document: Record<string, unknown>, profile: string): Record<string, unknown> {
  const profiles = Object(document["profiles"]);
  return Object.assign(Object(profiles[profile]));
}

const INPUT_ROWS: readonly Row[] = [
  {
    name: "nothing that came back",
    kind: "kms",
    change: () => ({ inputs: [] }),
    step: "input.parse",
    status: "error",
    code: "evidence-missing",
    verdict: "incomplete",
  },
  {
    name: "two different quotes",
    kind: "node",
    change: async () => ({
      inputs: [
        { name: "one", bytes: await nodeQuote(world.platform) },
        { name: "two", bytes: await nodeQuote(world.platform, { profile: "debug" }) },
      ],
    }),
    step: "input.parse",
    status: "fail",
    code: "evidence-conflict",
    verdict: "failed",
  },
  {
    name: "a quote that stands under two names in one answer, differently",
    kind: "kms",
    change: async () => {
      const other = toBase64(await nodeQuote(world.platform));
      return await changedAnswer((answer) => Object.assign(answer, { quote: other }));
    },
    step: "input.parse",
    status: "fail",
    code: "evidence-conflict",
    verdict: "failed",
  },
  {
    name: "an answer with a key twice",
    kind: "kms",
    change: async () => {
      const text = JSON.stringify(await kmsAnswer(world.platform));
      return { inputs: [textInput("answer", text.replace("{", '{"quoteB64":"",'))] };
    },
    step: "input.parse",
    status: "fail",
    code: "evidence-unrecognised",
    verdict: "failed",
  },
  {
    name: "a mock quote",
    kind: "kms",
    change: () => ({ inputs: [textInput("mock", `MOCK_TDX_QUOTE_V1${"\0".repeat(239)}`)] }),
    step: "quote.parse",
    status: "fail",
    code: "mock-quote",
    verdict: "failed",
  },
  {
    name: "a quote without its last byte",
    kind: "node",
    change: async () => ({ inputs: [{ name: "quote", bytes: (await nodeQuote(world.platform)).slice(0, -1) }] }),
    step: "quote.parse",
    status: "fail",
    code: "quote-truncated",
    verdict: "failed",
  },
  {
    name: "a report data beside the quote that the quote does not have",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.reportDataHex = "00".repeat(64))),
    step: "src.side-fields",
    status: "warn",
    code: "side-field-mismatch",
    verdict: "simulated",
  },
];

const FRESHNESS_ROWS: readonly Row[] = [
  {
    name: "an answer to another challenge",
    kind: "kms",
    change: () => ({ challenge: { nonce: NONCE.with(31, 0), source: "verifier", roundTripMs: null } }),
    step: "fresh.nonce",
    status: "fail",
    code: "nonce-mismatch",
    verdict: "failed",
  },
  {
    name: "a recorded quote with the new challenge beside it",
    kind: "kms",
    change: async () => ({
      ...(await changedAnswer((answer) => (answer.reportDataHex = "ab".repeat(32) + answer.reportDataHex.slice(64)))),
      challenge: { nonce: new Uint8Array(32).fill(0xab), source: "verifier", roundTripMs: 5 },
    }),
    step: "fresh.nonce",
    status: "fail",
    code: "nonce-mismatch",
    verdict: "failed",
  },
  {
    name: "no challenge",
    kind: "node",
    change: () => ({ challenge: null }),
    step: "fresh.nonce",
    status: "skip",
    code: "nonce-missing",
    verdict: "simulated",
  },
  {
    name: "a challenge that a service made",
    kind: "node",
    change: () => ({ challenge: { nonce: NONCE, source: "server", roundTripMs: null } }),
    step: "fresh.nonce",
    status: "warn",
    code: "nonce-not-ours",
    verdict: "simulated",
  },
  {
    name: "a KMS that answers with a binding of its own",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, { reportData: reportDataOf(NONCE, new Uint8Array(32).fill(7)) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a KMS that leaves out the binding that was asked for",
    kind: "kms",
    change: () => ({ binding: new Uint8Array(32).fill(7) }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a node that quotes for a KMS",
    kind: "node",
    change: async () => ({
      inputs: [
        { name: "quote", bytes: await nodeQuote(world.platform, { reportData: reportDataOf(NONCE, DEFAULT_BINDING) }) },
      ],
    }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-mismatch",
    verdict: "failed",
  },
  {
    name: "a release that names another default binding",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) =>
          Object.assign(Object(document["kms"]), {
            default_binding_hex: "07".repeat(32),
            default_binding_b64: toBase64(new Uint8Array(32).fill(7)),
          }),
      }),
    step: "fresh.binding",
    status: "fail",
    code: "binding-policy-mismatch",
    verdict: "failed",
  },
];

const HARDWARE_ROWS: readonly Row[] = [
  {
    name: "a platform of another root",
    kind: "node",
    change: () => ({}),
    anchors: () => ({ rootCa: world.platform.rootCa.slice(0, -1) }),
    step: "dcap.chain",
    status: "fail",
    code: "chain-root-untrusted",
    verdict: "failed",
  },
  {
    name: "a revoked machine",
    kind: "node",
    change: async () => await defectiveQuote("pck-revoked"),
    step: "dcap.crl",
    status: "fail",
    code: "certificate-revoked",
    verdict: "failed",
  },
  {
    name: "an altered signature",
    kind: "node",
    change: async () => {
      const quote = await nodeQuote(world.platform);
      // XFAM, inside the signed body: header 48 bytes, field at 128.
      const at = 48 + 128 + 2;
      return { inputs: [{ name: "quote", bytes: quote.with(at, (quote[at] ?? 0) ^ 1) }] };
    },
    step: "dcap.sig",
    status: "fail",
    code: "quote-signature-invalid",
    verdict: "failed",
  },
  {
    name: "a revoked signer of reference data",
    kind: "node",
    change: async () => await defectiveQuote("tcb-signing-revoked"),
    step: "dcap.crl",
    status: "fail",
    code: "certificate-revoked",
    verdict: "failed",
  },
  {
    name: "a TDX module of another signer",
    kind: "node",
    change: async () => await defectiveQuote("tdx-module-mrsigner"),
    step: "td.module",
    status: "fail",
    code: "tdx-module-mismatch",
    verdict: "failed",
  },
  {
    name: "performance counters that the domain uses",
    kind: "node",
    change: async () => await defectiveQuote("td-perfmon"),
    step: "td.attributes",
    status: "warn",
    code: "td-perfmon-enabled",
    verdict: "simulated",
  },
  {
    name: "a forged quoting enclave",
    kind: "node",
    change: async () => await defectiveQuote("qe-mrsigner-mismatch"),
    step: "dcap.qe",
    status: "fail",
    code: "qe-mrsigner-mismatch",
    verdict: "failed",
  },
  {
    name: "collateral that was written again",
    kind: "node",
    change: async () => {
      const bundle: { tcb_info: string } = JSON.parse(await world.platform.collateralText());
      return { collateral: given(JSON.stringify({ ...bundle, tcb_info: `${bundle.tcb_info} ` })) };
    },
    step: "dcap.collateral",
    status: "fail",
    verdict: "failed",
  },
  {
    name: "expired collateral",
    kind: "node",
    change: () => ({ now: NOW + 90 * 86_400 }),
    step: "dcap.collateral",
    status: "fail",
    code: "tcb-info-expired",
    verdict: "failed",
  },
  {
    name: "collateral of another machine model",
    kind: "node",
    change: async () => {
      const sibling = await createSimulatedPlatform({ seed: "appraisal", now: NOW, fmspc: "53494d000001" });
      return { collateral: given(await sibling.collateralText()) };
    },
    step: "dcap.collateral",
    status: "fail",
    code: "fmspc-mismatch",
    verdict: "failed",
  },
  {
    name: "collateral that did not come",
    kind: "node",
    change: () => ({ collateral: { status: "unavailable", reason: "time ran out" } }),
    step: "dcap.collateral",
    status: "error",
    code: "collateral-not-obtained",
    verdict: "simulated",
  },
  {
    name: "collateral that is none",
    kind: "node",
    change: () => ({ collateral: given("{}") }),
    step: "dcap.collateral",
    status: "error",
    code: "collateral-malformed",
    verdict: "simulated",
  },
  {
    name: "a domain in debug mode",
    kind: "node",
    change: async () => await defectiveQuote("td-debug"),
    step: "td.attributes",
    status: "fail",
    code: "td-debug-enabled",
    verdict: "failed",
  },
  {
    name: "a revoked patch level",
    kind: "node",
    change: async () => await ofPlatform({ tcbStatus: "Revoked" }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-revoked",
    verdict: "failed",
  },
  {
    name: "an old patch level that the release does not allow",
    kind: "node",
    change: async () => await ofPlatform({ tcbStatus: "OutOfDate" }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "an old patch level that the release allows",
    kind: "node",
    change: async () => ({
      ...(await ofPlatform({ tcbStatus: "OutOfDate" })),
      ...changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), {
            allowed_tcb_statuses: ["UpToDate", "OutOfDate"],
          }),
      }),
    }),
    step: "tcb.status",
    status: "warn",
    code: "tcb-status-tolerated",
    verdict: "simulated",
  },
  {
    name: "an old patch level, and no release to say whether that will do",
    kind: "node",
    change: async () => ({
      ...(await ofPlatform({ tcbStatus: "OutOfDate" })),
      releases: { status: "unavailable", reason: "time ran out" },
    }),
    step: "tcb.status",
    status: "skip",
    code: "tcb-status-unjudged",
    verdict: "simulated",
  },
  {
    name: "a patch level that only the reader does not allow",
    kind: "node",
    change: () => ({ tcbStatuses: [] }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "a release that allows no patch level at all",
    kind: "node",
    change: () =>
      changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), { allowed_tcb_statuses: [] }),
      }),
    step: "tcb.status",
    status: "fail",
    code: "tcb-status-not-allowed",
    verdict: "failed",
  },
  {
    name: "a coming baseline that did not come",
    kind: "node",
    change: () => ({ earlyCollateral: { status: "unavailable", reason: "time ran out" } }),
    step: "tcb.baseline",
    status: "error",
    code: "tcb-baseline-unknown",
    verdict: "simulated",
  },
];

/** A node of a platform that is not the healthy one, with its collateral; the root is the same. */
async function ofPlatform(options: {
  readonly tcbStatus: "OutOfDate" | "Revoked";
}): Promise<Partial<AppraisalRequest>> {
  const platform = await createSimulatedPlatform({ seed: "appraisal", now: NOW, ...options });
  return {
    inputs: [{ name: "quote", bytes: await nodeQuote(platform) }],
    collateral: given(await platform.collateralText()),
  };
}

const LOG_ROWS: readonly Row[] = [
  {
    name: "no log",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.eventLog = [])),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "an answer without a log",
    kind: "kms",
    change: async () => await changedAnswer((answer) => Reflect.deleteProperty(answer, "eventLog")),
    step: "log.parse",
    status: "skip",
    code: "event-log-missing",
    verdict: "simulated",
  },
  {
    name: "a payload that was changed under its digest",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const event = runtimeEvents(answer).find((each) => each["event"] === "compose-hash");
        Object.assign(event ?? {}, { event_payload: "00".repeat(32) });
      }),
    step: "log.parse",
    status: "fail",
    code: "event-log-digest-mismatch",
    verdict: "failed",
  },
  {
    name: "a payload that was changed, without a digest",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const event = runtimeEvents(answer).find((each) => each["event"] === "compose-hash");
        Object.assign(event ?? {}, { event_payload: "00".repeat(32), digest: "" });
      }),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "two events in the other order",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.eventLog = answer.eventLog.toReversed())),
    step: "log.rtmr0",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "an event that was left out",
    kind: "kms",
    change: async () =>
      await changedAnswer(
        (answer) => (answer.eventLog = answer.eventLog.filter(({ event }) => event !== "system-ready")),
      ),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "a log of more events than are read",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const [first] = answer.eventLog;
        answer.eventLog = Array.from({ length: 5001 }, () => ({ ...first, event_payload: "" }));
      }),
    step: "log.parse",
    status: "fail",
    code: "event-log-too-long",
    verdict: "failed",
  },
  {
    name: "a node's log that is another machine's",
    kind: "node",
    change: async () => {
      const other = await world.platform.issueQuote({ reportData: new Uint8Array(64), role: "node", profile: "debug" });
      return {
        inputs: [
          { name: "quote", bytes: await nodeQuote(world.platform) },
          { name: "ccel", bytes: new Uint8Array(other.ccel) },
        ],
      };
    },
    step: "log.rtmr2",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "a node's own log, which does not record register 3",
    kind: "node",
    change: async () => {
      const own = await world.platform.issueQuote({ reportData: reportDataOf(NONCE, ZEROS), role: "node" });
      const inputs: readonly GivenInput[] = [
        { name: "quote", bytes: new Uint8Array(own.quote) },
        { name: "ccel", bytes: new Uint8Array(own.ccel) },
      ];
      return { inputs };
    },
    step: "log.rtmr3",
    status: "skip",
    code: "event-log-register-silent",
    verdict: "simulated",
  },
];

/** A guest whose application did something after it started. */
async function extendedGuest(
  events: readonly (readonly [name: string, payload: Uint8Array])[],
): Promise<Partial<AppraisalRequest>> {
  const guest = world.platform.bootGuest("locked-read-only");
  for (const [name, payload] of events) guest.extend(name, payload);
  const { quote, eventLog } = await guest.quote(reportDataOf(NONCE, DEFAULT_BINDING));
  return { inputs: [textInput("answer", `{"quoteB64":"${toBase64(quote)}","eventLog":${eventLog}}`)] };
}

const APPLICATION_ROWS: readonly Row[] = [
  {
    name: "a second compose hash from the application",
    kind: "kms",
    change: async () => await extendedGuest([["compose-hash", new Uint8Array(32).fill(1)]]),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-ambiguous",
    verdict: "failed",
  },
  {
    name: "a log without any compose hash",
    kind: "kms",
    change: async () => await changedAnswer(() => undefined, { runtimeEvents: [] }),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-missing",
    verdict: "failed",
  },
  {
    name: "a compose hash of 31 bytes",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, {
        runtimeEvents: [{ name: "compose-hash", payload: new Uint8Array(31) }],
      }),
    step: "app.compose-hash",
    status: "fail",
    code: "compose-hash-malformed",
    verdict: "failed",
  },
  {
    name: "hardware that carries another compose hash",
    kind: "kms",
    change: async () =>
      await changedAnswer(() => undefined, { report: { mrConfigId: `01${"ab".repeat(32)}${"00".repeat(15)}` } }),
    step: "app.mrconfigid",
    status: "fail",
    code: "mrconfigid-contradicts",
    verdict: "failed",
  },
  {
    name: "a key provider that the release does not name",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) => Object.assign(policyValues(document), { kms_key_provider: { name: "kms", id: "00" } }),
      }),
    step: "app.key-provider",
    status: "fail",
    code: "key-provider-mismatch",
    verdict: "failed",
  },
  {
    name: "a log that names no key provider, although the release does",
    kind: "kms",
    change: async () => {
      const log = runtimeEvents(await kmsAnswer(world.platform));
      const silent = log.filter(({ event }) => event !== "key-provider");
      const events = silent.map(({ event, event_payload: payload }) => ({
        name: String(event),
        payload: parseHex(String(payload)) ?? ZEROS,
      }));
      return {
        ...(await changedAnswer(() => undefined, { runtimeEvents: events })),
        ...changedRelease("kms", {
          policy: (document) => Object.assign(policyValues(document), { kms_key_provider: { name: "kms", id: "00" } }),
        }),
      };
    },
    step: "app.key-provider",
    status: "fail",
    code: "key-provider-missing",
    verdict: "failed",
  },
  {
    name: "an application that says it is another profile",
    kind: "kms",
    change: async () =>
      await extendedGuest([[KMS_PROFILE_EVENT, new TextEncoder().encode(`${KMS_PROFILE_EVENT}=debug`)]]),
    step: "rel.profile",
    status: "fail",
    code: "profile-event-contradicts",
    verdict: "failed",
  },
];

/** A release, duly signed, that lists an RTMR3 which names no image and no root hash that would contradict it. */
function rowOfNoImage(name: string, rtmr3: Measurement): Row {
  return {
    name,
    kind: "node",
    change: async () => ({
      tag: "2.4.0",
      inputs: [{ name: "q", bytes: await nodeQuote(world.platform, { report: { rtmr3 } }) }],
      ...changedRelease("node", {
        published: (document) => {
          const values = publishedProfile(document, "locked-read-only");
          values["allowed_rtmr3"] = [rtmr3];
          delete values["root_hash"];
        },
      }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-measurement-forbidden",
    verdict: "failed",
  };
}

const RELEASE_ROWS: readonly Row[] = [
  rowOfNoImage(
    "a node that found no root hash, and a release that lists what it measured instead",
    RTMR3_WITHOUT_ROOT_HASH,
  ),
  rowOfNoImage("a node that never extended RTMR3, and a release that lists the zeros", RTMR3_NEVER_EXTENDED),
  {
    name: "a release with a measurement set of a node that never extended RTMR3",
    kind: "node",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("node", {
        published: (document) => {
          const values = publishedProfile(document, "locked-read-only");
          document["measurement_sets"] = [
            {
              id: "2.4.0/locked-read-only/c3-standard-4",
              profile: "locked-read-only",
              machine_type: "c3-standard-4",
              ...Object.fromEntries(
                ["mrtd", "rtmr0", "rtmr1", "rtmr2"].map((name) => [name, [values[`allowed_${name}`]].flat()[0]]),
              ),
              rtmr3: RTMR3_NEVER_EXTENDED,
              td_attributes: "0000001000000000",
              xfam: "e702060000000000",
            },
          ];
        },
      }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-measurement-forbidden",
    verdict: "failed",
  },
  {
    name: "nobody's release",
    kind: "kms",
    change: () => ({ releases: { status: "absent", reason: "none was asked for" } }),
    step: "rel.select",
    status: "skip",
    code: "release-missing",
    verdict: "simulated",
  },
  {
    name: "releases that did not come",
    kind: "kms",
    change: () => ({ releases: { status: "unavailable", reason: "time ran out" } }),
    step: "rel.select",
    status: "error",
    code: "release-unavailable",
    verdict: "simulated",
  },
  {
    name: "a release that does not exist",
    kind: "kms",
    change: () => ({ tag: "9.9.9" }),
    step: "rel.select",
    status: "fail",
    code: "release-unknown",
    verdict: "failed",
  },
  {
    name: "releases of which none has what runs",
    kind: "kms",
    change: () => ({ releases: given([]) }),
    step: "rel.select",
    status: "skip",
    code: "release-unmatched",
    verdict: "simulated",
  },
  {
    name: "a release that was withdrawn",
    kind: "kms",
    change: () => changedRelease("kms", { withdrawn: "it leaks" }),
    step: "rel.select",
    status: "warn",
    code: "release-withdrawn",
    verdict: "simulated",
  },
  {
    name: "a release that this build knows a newer one than",
    kind: "node",
    change: () => ({}),
    anchors: () => ({
      newestRelease: { kms: null, node: { tag: "mero-tee-v2.5.0", publishedAt: "2026-11-01T00:00:00Z" } },
    }),
    step: "rel.select",
    status: "warn",
    code: "release-outdated",
    verdict: "simulated",
  },
  {
    name: "an old release that nobody names, while this build knows a newer one",
    kind: "node",
    change: () => ({ releases: given([{ ...world.releases.node, tag: null }]) }),
    anchors: () => ({
      newestRelease: { kms: null, node: { tag: "mero-tee-v2.5.0", publishedAt: "2026-11-01T00:00:00Z" } },
    }),
    step: "rel.select",
    status: "warn",
    code: "release-outdated",
    verdict: "simulated",
  },
  {
    name: "an unsigned release",
    kind: "node",
    change: () => changedRelease("node", { signing: { forms: [] } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-unsigned",
    verdict: "failed",
  },
  {
    name: "a release with a signature and nothing that proves when",
    kind: "node",
    change: () => changedRelease("node", { signing: { forms: [".sig", ".pem"] } }),
    step: "rel.sigstore",
    status: "warn",
    code: "release-unwitnessed",
    verdict: "simulated",
  },
  {
    name: "a release that another workflow signed",
    kind: "node",
    change: () =>
      changedRelease("node", {
        signing: { identity: "https://github.com/evil/x/.github/workflows/r.yaml@refs/heads/master" },
      }),
    step: "rel.sigstore",
    status: "fail",
    code: "signer-identity-mismatch",
    verdict: "failed",
  },
  {
    name: "a release whose files were signed at another commit",
    kind: "node",
    change: () => changedRelease("node", { signing: { commit: "1".repeat(40) } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-run-mismatch",
    verdict: "failed",
  },
  {
    name: "a release that somebody ran by hand",
    kind: "node",
    change: () => changedRelease("node", { signing: { trigger: "workflow_dispatch" } }),
    step: "rel.sigstore",
    status: "fail",
    code: "release-run-mismatch",
    verdict: "failed",
  },
  {
    name: "a release file that was changed after it was signed",
    kind: "node",
    change: () => {
      const release = nodeRelease(world.platform, world.sigstore);
      const assets = release.assets.map((asset) => ({
        ...asset,
        bytes: new TextEncoder().encode(`${new TextDecoder().decode(asset.bytes)}\n`),
      }));
      return { releases: given([{ ...release, assets }]) };
    },
    step: "rel.sigstore",
    status: "fail",
    code: "artifact-digest-mismatch",
    verdict: "failed",
  },
  {
    name: "a policy whose tag is not that of its release",
    kind: "kms",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("kms", { policy: (document) => Object.assign(document, { tag: "2.3.0" }) }),
    }),
    step: "rel.sigstore",
    status: "fail",
    code: "policy-tag-mismatch",
    verdict: "failed",
  },
  {
    name: "a KMS release without one of its policies",
    kind: "kms",
    change: () => {
      const release = kmsRelease(world.platform, world.sigstore);
      return { tag: "2.4.0", releases: given([{ ...release, assets: release.assets.slice(1) }]) };
    },
    step: "rel.sigstore",
    status: "fail",
    code: "release-asset-absent",
    verdict: "failed",
  },
  {
    name: "a node with another kernel",
    kind: "node",
    change: async () => ({
      inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { report: { rtmr1: "ab".repeat(48) } }) }],
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    name: "the registers of two profiles mixed",
    kind: "node",
    change: async () => {
      const { rtmr2 } = world.platform.measurementsFor("node", "debug");
      return { inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { report: { rtmr2 } }) }] };
    },
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    name: "a release that does not say what a register may be",
    kind: "node",
    change: () => ({
      tag: "2.4.0",
      ...changedRelease("node", {
        published: (document) => Object.assign(publishedProfile(document, "locked-read-only"), { allowed_rtmr1: [] }),
      }),
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-list-empty",
    verdict: "failed",
  },
  {
    name: "a release whose root hash leads to another register",
    kind: "node",
    change: () =>
      changedRelease("node", {
        published: (document) =>
          Object.assign(publishedProfile(document, "locked-read-only"), { root_hash: "ab".repeat(32) }),
      }),
    step: "rel.measurements",
    status: "fail",
    code: "root-hash-contradicts",
    verdict: "failed",
  },
  {
    name: "another composition on the same platform",
    kind: "kms",
    change: async () => ({
      tag: "2.4.0",
      ...(await changedAnswer(() => undefined, {
        runtimeEvents: [{ name: "compose-hash", payload: new Uint8Array(32) }],
      })),
    }),
    step: "rel.measurements",
    status: "fail",
    code: "measurement-mismatch",
    verdict: "failed",
  },
  {
    name: "a debug image",
    kind: "node",
    change: async () => ({ inputs: [{ name: "quote", bytes: await nodeQuote(world.platform, { profile: "debug" }) }] }),
    step: "rel.profile",
    status: "warn",
    code: "profile-not-production",
    verdict: "simulated",
  },
  {
    name: "another profile than the one that was asked for",
    kind: "node",
    change: () => ({ profile: "debug" }),
    step: "rel.profile",
    status: "fail",
    code: "profile-unexpected",
    verdict: "failed",
  },
  {
    name: "a release in which two profiles are the same",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        policy: (document) => {
          const locked = policyValues(
            JSON.parse(world.platform.policyDocumentFor("locked-read-only", { tag: "2.4.0" })),
          );
          Object.assign(policyValues(document), { kms_allowed_event_payload: locked["kms_allowed_event_payload"] });
        },
      }),
    step: "rel.profile",
    status: "fail",
    code: "profile-ambiguous",
    verdict: "failed",
  },
  {
    name: "a map of another node release",
    kind: "kms",
    change: () =>
      changedRelease("kms", {
        map: (document) => Object.assign(compatibilityOf(document), { node_image_tag: "mero-tee-v2.3.0" }),
      }),
    step: "rel.compat",
    status: "fail",
    code: "compat-contradiction",
    verdict: "failed",
  },
  {
    name: "a KMS release without its map",
    kind: "kms",
    change: () => {
      const release = kmsRelease(world.platform, world.sigstore);
      return { releases: given([{ ...release, assets: release.assets.slice(0, -1) }]) };
    },
    step: "rel.compat",
    status: "skip",
    code: "compat-missing",
    verdict: "simulated",
  },
  {
    name: "values that the reader gave",
    kind: "node",
    change: async () => {
      const [published] = world.releases.node.assets;
      return {
        releases: { status: "absent", reason: "not asked for" },
        inputs: [
          { name: "quote", bytes: await nodeQuote(world.platform) },
          { name: "published-mrtds.json", bytes: published?.bytes ?? new Uint8Array(0) },
        ],
      };
    },
    step: "rel.sigstore",
    status: "warn",
    code: "release-user-supplied",
    verdict: "simulated",
  },
];

const ENVIRONMENT_ROWS: readonly Row[] = [
  {
    name: "a clock that is six minutes off",
    kind: "node",
    change: () => ({ otherClock: NOW - 360 }),
    step: "env.clock",
    status: "warn",
    code: "clock-implausible",
    verdict: "simulated",
  },
];

describe.each([
  { group: "inputs", rows: INPUT_ROWS },
  { group: "freshness", rows: FRESHNESS_ROWS },
  { group: "hardware", rows: HARDWARE_ROWS },
  { group: "the event log", rows: LOG_ROWS },
  { group: "the application", rows: APPLICATION_ROWS },
  { group: "the release", rows: RELEASE_ROWS },
  { group: "the environment", rows: ENVIRONMENT_ROWS },
])("in $group", ({ rows }) => {
  test.each(rows)("$name: $step is $status", async ({ kind, change, anchors, step, status, code, verdict }) => {
    const report = await appraiseWith(world, kind, await change(), anchors?.());
    expect(outcome(report, step)).toMatchObject({ status, ...(code === undefined ? {} : { code }) });
    expect(report.verdict).toBe(verdict);
    expect(report.steps.filter((each) => each.code === "step-exception")).toEqual([]);
  });
});

describe("when nobody says what it is", () => {
  test("a KMS is told by its binding and its compose hash", async () => {
    const report = await appraiseWith(world, "kms", { kind: null });
    expect(report.kind).toBe("kms");
    expect(outcome(report, "rel.measurements").status).toBe("pass");
  });

  test("a node is not guessed: the release stays unchosen", async () => {
    const report = await appraiseWith(world, "node", { kind: null });
    expect(report.kind).toBeNull();
    expect(outcome(report, "rel.select")).toEqual({ status: "skip", code: "release-missing" });
    expect(outcome(report, "fresh.binding").status).toBe("info");
  });
});

describe("a search among releases", () => {
  test("takes the newest that fits, and one whose signatures hold before one whose do not", async () => {
    const forged = { ...nodeRelease(world.platform, world.sigstore, { version: "9.0.0", signing: { forms: [] } }) };
    const report = await appraiseWith(world, "node", { releases: given([forged, world.releases.node]) });
    expect(report.facts.release?.tag).toBe("mero-tee-v2.4.0");
    expect(outcome(report, "rel.sigstore").status).toBe("pass");
  });
});
