import {
  type Anchors,
  appraise,
  type AppraisalRequest,
  decideVerdict,
  type ReleaseMaterial,
  type Report,
  type Supply,
} from "@mero-tee/appraisal";
import { DEFAULT_BINDING_LABEL } from "@mero-tee/policy";
import {
  DEFAULT_REPOSITORY,
  GITHUB_ACTIONS_ISSUER,
  laneIdentity,
  sidecarOf,
  type SidecarSuffix,
} from "@mero-tee/release-artifacts";
import { parseTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import {
  createSimulatedPlatform,
  type IssueQuoteOptions,
  type PlatformOptions,
  type SimulatedPlatform,
} from "@mero-tee/tee-simulator";
import { createSimulatedSigstore, type SimulatedRelease, simulatedReleases } from "@mero-tee/tee-simulator/sigstore";
import { createHash } from "node:crypto";

import type { Outcome } from "../../src/worker/protocol.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const NONCE = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const BINDING = new Uint8Array(createHash("sha256").update(DEFAULT_BINDING_LABEL).digest());

/** A simulated platform, its signed releases, and whoever trusts them. */
export interface World {
  readonly platform: SimulatedPlatform;
  readonly anchors: Anchors;
  readonly releases: readonly ReleaseMaterial[];
}

export async function createWorld(adjust: PlatformOptions["adjust"] = () => undefined): Promise<World> {
  const platform = await createSimulatedPlatform({ seed: "web", now: NOW, adjust });
  const sigstore = createSimulatedSigstore({ seed: "web", now: NOW - 86_400 });
  const trustedRoot = parseTrustedRoot(sigstore.trustedRoot);
  if (!trustedRoot.ok) throw new Error(trustedRoot.error.code);
  const identities = { kms: laneIdentity("kms", DEFAULT_REPOSITORY), node: laneIdentity("node", DEFAULT_REPOSITORY) };
  return {
    platform,
    anchors: {
      rootCa: platform.rootCa,
      release: { trustedRoot: trustedRoot.value, issuer: GITHUB_ACTIONS_ISSUER, identities },
      trustAuthority: { issuer: "https://portal.trustauthority.intel.com", rootSha256: [] },
      newestRelease: { kms: null, node: null },
    },
    releases: simulatedReleases(platform, sigstore, NOW - 3600).map(materialOf),
  };
}

function materialOf({ tag, publishedAt, files }: SimulatedRelease): ReleaseMaterial {
  const names = [...files.keys()].filter((name) => sidecarOf(name) === null);
  return {
    tag,
    origin: "published",
    publishedAt,
    withdrawn: null,
    assets: names.map((name) => ({
      name,
      bytes: new Uint8Array(files.get(name) ?? []),
      sidecars: new Map(
        [...files].flatMap(([other, content]): [SidecarSuffix, Uint8Array<ArrayBuffer>][] => {
          const sidecar = sidecarOf(other);
          return sidecar?.asset === name ? [[sidecar.suffix, new Uint8Array(content)]] : [];
        }),
      ),
    })),
  };
}

/** The answer of the simulated KMS to our challenge, as its JSON. */
export async function kmsAnswer({ platform }: World, options: Partial<IssueQuoteOptions> = {}): Promise<string> {
  const reportData = new Uint8Array([...NONCE, ...BINDING]);
  const { quote, eventLog } = await platform.issueQuote({ reportData, role: "kms", ...options });
  const entries: unknown = JSON.parse(eventLog);
  return JSON.stringify({
    quoteB64: toBase64(quote),
    reportDataHex: toHex(reportData),
    eventLog: entries,
    vmConfig: "{}",
  });
}

function given<T>(value: T): Supply<T> {
  return { status: "given", value, source: "a test" };
}

/** Appraises an answer as a live one, with everything that a verdict needs. */
export async function appraiseKms(
  world: World,
  answer: string,
  changes: Partial<AppraisalRequest> = {},
): Promise<{ readonly request: AppraisalRequest; readonly report: Report }> {
  const request: AppraisalRequest = {
    origin: "live",
    kind: "kms",
    target: { url: "https://3f9a1c-8080.dstack-prod5.phala.network", remoteAddress: "203.0.113.7" },
    inputs: [{ name: "answer", bytes: new TextEncoder().encode(answer) }],
    challenge: { nonce: NONCE, source: "verifier", roundTripMs: 812 },
    binding: null,
    applicationHash: null,
    tag: null,
    profile: null,
    tcbStatuses: null,
    collateral: given(await world.platform.collateralText()),
    earlyCollateral: given(await world.platform.collateralText()),
    releases: given(world.releases.filter(({ tag }) => tag?.startsWith("mero-kms-") === true)),
    trustAuthority: { status: "absent", reason: "This site's API does not ask Intel Trust Authority." },
    now: NOW,
    otherClock: NOW,
    ...changes,
  };
  return { request, report: await appraise(request, world.anchors) };
}

/**
 * The same report as if the platform's root were Intel's: what the page shows of real machines cannot be made without one. The
 * verdict is decided again, by the same function.
 */
export function asProduction(report: Report, sentence: string): Report {
  const steps = report.steps
    .filter(({ id }) => id !== "verdict")
    .map((step) =>
      step.id === "dcap.chain"
        ? { ...step, summary: "The machine's certificate was issued under Intel's SGX root CA." }
        : step,
    );
  const required = new Set(steps.filter((step) => step.required).map(({ id }) => id));
  return { ...report, class: "production", steps, sentence, ...decideVerdict(steps, "production", required) };
}

/** What the worker hands to the page at the end. */
export function outcomeOf(request: AppraisalRequest, report: Report, answer: string): Outcome {
  return {
    report,
    request,
    evidence: { name: "mero-evidence.json", text: "{}" },
    roundTripMs: 812,
    quote: null,
    answer,
    token: null,
    differingServerVerdict: null,
    earlier: null,
    isDevelopmentApi: false,
  };
}
