import { DEFAULT_BINDING } from "../../packages/kms-protocol/src/index.ts";
import { GITHUB_ACTIONS_ISSUER, laneIdentity } from "../../packages/release-artifacts/src/index.ts";
import { parseTrustedRoot } from "../../packages/release-artifacts/src/sigstore/index.ts";
import { toBase64 } from "../../packages/tdx-quote/src/base64.ts";
import { toHex } from "../../packages/tdx-quote/src/hex.ts";
import {
  createSimulatedPlatform,
  type IssueQuoteOptions,
  type SimulatedPlatform,
} from "../../packages/tee-simulator/src/index.ts";
import { createSimulatedSigstore, type SimulatedSigstore } from "../../packages/tee-simulator/src/sigstore/index.ts";
import {
  type Anchors,
  type AppraisalRequest,
  appraise,
  type AttesterKind,
  type GivenInput,
  type ReleaseMaterial,
  type Report,
  type StepId,
  type StepStatus,
  type Supply,
} from "../../packages/appraisal/src/index.ts";
import { kmsRelease, nodeRelease, REPOSITORY } from "./release.ts";

/** 2026-11-01T00:00:00Z. */
export const NOW = 1_793_491_200;

/** A simulated platform and a simulated Sigstore, their releases, and what a verifier of that world trusts. */
export interface World {
  readonly platform: SimulatedPlatform;
  readonly sigstore: SimulatedSigstore;
  readonly releases: Readonly<Record<AttesterKind, ReleaseMaterial>>;
  readonly anchors: Anchors;
}

export async function createWorld(): Promise<World> {
  const platform = await createSimulatedPlatform({ seed: "appraisal", now: NOW });
  const sigstore = createSimulatedSigstore({ seed: "appraisal", now: NOW - 86_400 });
  const trustedRoot = parseTrustedRoot(sigstore.trustedRoot);
  if (!trustedRoot.ok) throw new Error(trustedRoot.error.code);
  const anchors: Anchors = {
    rootCa: platform.rootCa,
    release: {
      trustedRoot: trustedRoot.value,
      issuer: GITHUB_ACTIONS_ISSUER,
      identities: { kms: laneIdentity("kms", REPOSITORY), node: laneIdentity("node", REPOSITORY) },
    },
    trustAuthority: { issuer: "https://portal.trustauthority.intel.com", rootSha256: [] },
    newestRelease: { kms: null, node: null },
  };
  const releases = { kms: kmsRelease(platform, sigstore), node: nodeRelease(platform, sigstore) };
  return { platform, sigstore, releases, anchors };
}

export const NONCE: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
export const ZEROS: Uint8Array<ArrayBuffer> = new Uint8Array(32);

export function reportDataOf(first: Uint8Array, second: Uint8Array): Uint8Array {
  const reportData = new Uint8Array(64);
  reportData.set(first);
  reportData.set(second, 32);
  return reportData;
}

export function textInput(name: string, text: string): GivenInput {
  return { name, bytes: new TextEncoder().encode(text) };
}

export function given<T>(value: T): Supply<T> {
  return { status: "given", value, source: "a test" };
}

/** What a KMS answers to `POST /attest`, to be changed before it is sent. */
export interface KmsAnswer {
  quoteB64: string;
  reportDataHex: string;
  eventLog: Record<string, unknown>[];
  vmConfig: string;
}

/** Makes the answer of a KMS. */
export async function kmsAnswer(
  platform: SimulatedPlatform,
  options: Partial<IssueQuoteOptions> = {},
): Promise<KmsAnswer> {
  const reportData = reportDataOf(NONCE, DEFAULT_BINDING);
  const { quote, eventLog } = await platform.issueQuote({ reportData, role: "kms", ...options });
  const entries: Record<string, unknown>[] = JSON.parse(eventLog);
  return { quoteB64: toBase64(quote), reportDataHex: toHex(reportData), eventLog: entries, vmConfig: "{}" };
}

/** Makes the quote of a node. */
export async function nodeQuote(
  platform: SimulatedPlatform,
  options: Partial<IssueQuoteOptions> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { quote } = await platform.issueQuote({ reportData: reportDataOf(NONCE, ZEROS), role: "node", ...options });
  return new Uint8Array(quote);
}

/** A request of the best kind: live, with our own challenge, current collateral and the signed release. */
export async function requestFor(
  { platform, releases }: World,
  kind: AttesterKind,
  changes: Partial<AppraisalRequest> = {},
): Promise<AppraisalRequest> {
  const inputs =
    changes.inputs ??
    (kind === "kms"
      ? [textInput("answer", JSON.stringify(await kmsAnswer(platform)))]
      : [{ name: "quote", bytes: await nodeQuote(platform) }]);
  return {
    origin: "live",
    kind,
    target: { url: "https://kms.example.com", remoteAddress: null },
    challenge: { nonce: NONCE, source: "verifier", roundTripMs: 20 },
    binding: null,
    applicationHash: null,
    tag: null,
    profile: null,
    tcbStatuses: null,
    collateral: given(await platform.collateralText()),
    earlyCollateral: { status: "absent", reason: "not asked for" },
    releases: given([releases[kind]]),
    trustAuthority: { status: "absent", reason: "not asked for" },
    now: NOW,
    otherClock: NOW,
    ...changes,
    inputs,
  };
}

/** Appraises a request that differs from a flawless one. */
export async function appraiseWith(
  world: World,
  kind: AttesterKind,
  changes: Partial<AppraisalRequest> = {},
  anchors: Partial<Anchors> = {},
): Promise<Report> {
  return await appraise(await requestFor(world, kind, changes), { ...world.anchors, ...anchors });
}

/** Status and code of one step. */
export function outcome(report: Report, id: StepId): { readonly status: StepStatus; readonly code: string | null } {
  const step = report.steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return { status: step.status, code: step.code ?? null };
}
