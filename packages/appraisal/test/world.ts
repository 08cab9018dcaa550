import { DEFAULT_BINDING } from "@mero-tee/kms-protocol";
import { GITHUB_ACTIONS_ISSUER, laneIdentity } from "@mero-tee/release-artifacts";
import { parseTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { createSimulatedPlatform, type SimulatedPlatform } from "@mero-tee/tee-simulator";
import { createSimulatedSigstore, type SimulatedSigstore } from "@mero-tee/tee-simulator/sigstore";
import type { Anchors, AppraisalRequest, AttesterKind, GivenInput } from "../src/index.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const REPOSITORY = "calimero-network/mero-tee";

/** A simulated platform and a simulated Sigstore, and what a verifier of that world trusts. */
export interface World {
  readonly platform: SimulatedPlatform;
  readonly sigstore: SimulatedSigstore;
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
  return { platform, sigstore, anchors };
}

const NONCE: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: 32 }, (_, index) => index + 1);

function reportDataOf(first: Uint8Array, second: Uint8Array): Uint8Array {
  const reportData = new Uint8Array(64);
  reportData.set(first);
  reportData.set(second, 32);
  return reportData;
}

function textInput(name: string, text: string): GivenInput {
  return { name, bytes: new TextEncoder().encode(text) };
}

/** What a KMS answers to `POST /attest`. */
export async function kmsAnswer(platform: SimulatedPlatform): Promise<GivenInput> {
  const reportData = reportDataOf(NONCE, DEFAULT_BINDING);
  const { quote, eventLog } = await platform.issueQuote({ reportData, role: "kms" });
  const answer = {
    quoteB64: toBase64(quote),
    reportDataHex: toHex(reportData),
    eventLog: JSON.parse(eventLog),
    vmConfig: "{}",
  };
  return textInput("answer", JSON.stringify(answer));
}

/** A request of the best kind: live, with our own challenge and current collateral. */
export async function liveRequest(
  platform: SimulatedPlatform,
  kind: AttesterKind,
  input: GivenInput,
): Promise<AppraisalRequest> {
  return {
    origin: "live",
    kind,
    target: { url: "https://kms.example.com", remoteAddress: null },
    inputs: [input],
    challenge: { nonce: NONCE, source: "verifier", roundTripMs: 20 },
    binding: null,
    applicationHash: null,
    tag: null,
    profile: null,
    tcbStatuses: null,
    collateral: { status: "given", value: await platform.collateralText(), source: "the simulated platform" },
    earlyCollateral: { status: "absent", reason: "not asked for" },
    releases: { status: "absent", reason: "none was asked for" },
    trustAuthority: { status: "absent", reason: "not asked for" },
    now: NOW,
    otherClock: NOW,
  };
}
