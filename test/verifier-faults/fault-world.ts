import type {
  Check,
  FileCheck,
  LiveCheck,
  Outcome,
  Problem,
  Source,
} from "../../apps/attestation-verifier-web/src/worker/protocol.ts";
import type { ServiceWorld, WorldOptions } from "../../apps/verifier-api/test/service-world.ts";
import { kmsAnswer, type SimulatedWorld, startSimulatedWorld } from "../../apps/verifier-api/test/simulated-world.ts";
import type { Anchors } from "../../packages/appraisal/src/index.ts";
import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, laneIdentity } from "../../packages/release-artifacts/src/index.ts";
import { parseTrustedRoot } from "../../packages/release-artifacts/src/sigstore/index.ts";
import { toBase64 } from "../../packages/tdx-quote/src/base64.ts";
import type { Result } from "../../packages/tdx-quote/src/result.ts";
import { type IssueQuoteOptions, SIMULATED_TAG } from "../../packages/tee-simulator/src/index.ts";
import { DEFAULT_BINDING } from "../../packages/kms-protocol/src/index.ts";
import { kmsRelease, type ReleaseChanges } from "../appraisal/release.ts";
import { reportDataOf } from "../appraisal/world.ts";
import { checkOnPage, fetchAgainOnPage, type Corruption, type PageOptions } from "./page.ts";

/** What a KMS answers, to be changed before it is sent. */
export type KmsAnswer = Record<string, unknown> & { eventLog: Record<string, unknown>[] };

/** How a KMS answers a challenge. */
export type Answering = (nonce: Uint8Array) => Promise<unknown>;

/** What differs from a flawless check of a healthy KMS. */
export interface FaultyCheck {
  /** Default: what a healthy KMS answers. */
  readonly answer?: Answering;
  readonly corrupt?: Readonly<Record<string, Corruption>>;
  readonly api?: WorldOptions;
  /** By how many seconds the reader's device is ahead of everybody else. */
  readonly aheadSeconds?: number;
  readonly check?: Partial<LiveCheck>;
}

/** A simulated platform with everything around it, and a reader's page on it. */
export interface FaultWorld extends SimulatedWorld {
  readonly anchors: Anchors;
  /** Asks a KMS that answers so. */
  ask(faulty?: FaultyCheck): Promise<Result<Outcome, Problem>>;
  /** Asks whatever listens at an address; `service` keeps its memory from one check to the next. */
  askAt(
    url: string,
    service: ServiceWorld,
    faulty?: Omit<FaultyCheck, "answer" | "api">,
  ): Promise<Result<Outcome, Problem>>;
  /** Fetches from one source again; `asked` gets the paths of the API that were asked for. */
  fetchAgain(service: ServiceWorld, outcome: Outcome, source: Source, asked: string[]): Promise<Outcome>;
  /** Judges files. */
  judge(
    check: Partial<FileCheck> & Pick<FileCheck, "files">,
    corrupt?: PageOptions["corrupt"],
  ): Promise<Result<Outcome, Problem>>;
  /** What a KMS of this platform answers. */
  answer(nonce: Uint8Array, options?: Partial<IssueQuoteOptions>): Promise<KmsAnswer>;
  /** Swaps the files of the release for others, signed as the changes say. */
  releaseInstead(changes: ReleaseChanges): Readonly<Record<string, Corruption>>;
  /** Swaps Intel's reference data. */
  collateralInstead(text: string): Readonly<Record<string, Corruption>>;
}

const NOTHING_EXPECTED = { tag: null, profile: null, bindingHex: null, isStrict: false } as const;

/** A member of JSON that has to be an object. */
export function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return Object.fromEntries(Object.entries(value));
}

/** Changes the attester's answer on its way through the API. */
export function attestation(
  change: (held: Record<string, unknown>) => Record<string, unknown>,
): Readonly<Record<string, Corruption>> {
  return {
    "/api/verify": (json) => {
      const held = objectOf(json["attestation"]);
      return { ...json, attestation: { ...held, ...change(held) } };
    },
  };
}

export async function startFaultWorld(): Promise<FaultWorld> {
  const world = await startSimulatedWorld();
  const { platform, simulator, clock } = world;
  const trustedRoot = parseTrustedRoot(simulator.sigstore().trustedRoot);
  if (!trustedRoot.ok) throw new Error(trustedRoot.error.code);
  const authority = await simulator.trustAuthority();
  const anchors: Anchors = {
    rootCa: platform.rootCa,
    release: {
      trustedRoot: trustedRoot.value,
      issuer: GITHUB_ACTIONS_ISSUER,
      identities: {
        kms: laneIdentity("kms", DEFAULT_REPOSITORY),
        node: laneIdentity("node", DEFAULT_REPOSITORY),
      },
    },
    trustAuthority: { issuer: authority.issuer, rootSha256: [authority.rootSha256] },
    newestRelease: { kms: null, node: null },
  };
  const present = (): number => Math.floor(clock.ms / 1000);
  const run = async (
    service: ServiceWorld,
    check: Check,
    { corrupt = {}, aheadSeconds = 0 }: Pick<FaultyCheck, "corrupt" | "aheadSeconds">,
  ): Promise<Result<Outcome, Problem>> =>
    await checkOnPage(service, check, { anchors, now: present() + aheadSeconds, serverNow: present(), corrupt });
  const fetchAgain: FaultWorld["fetchAgain"] = async (service, outcome, source, asked) =>
    await fetchAgainOnPage(service, outcome, source, { anchors, now: present(), serverNow: present(), asked });
  const askAt: FaultWorld["askAt"] = async (url, service, faulty = {}) =>
    await run(
      service,
      {
        origin: "live",
        kind: "kms",
        url,
        expected: NOTHING_EXPECTED,
        applicationId: null,
        applicationHashHex: null,
        asksIntel: true,
        ...faulty.check,
      },
      faulty,
    );
  return {
    ...world,
    anchors,
    askAt,
    fetchAgain,
    async ask({ answer, api, ...faulty } = {}) {
      const kms = await world.kms(answer === undefined ? undefined : async ({ nonce }) => await answer(nonce));
      return await askAt(kms.url, world.serve(api), faulty);
    },
    async judge(check, corrupt = {}) {
      const whole: FileCheck = {
        origin: "file",
        kind: null,
        expected: NOTHING_EXPECTED,
        nonceHex: null,
        applicationHashHex: null,
        fetchesMissing: false,
        ...check,
      };
      return await run(world.serve(), whole, { corrupt });
    },
    async answer(nonce, options = {}) {
      const healthy = await kmsAnswer(platform, nonce);
      const reportData = reportDataOf(nonce, DEFAULT_BINDING);
      const { quote, eventLog } = await platform.issueQuote({ reportData, role: "kms", ...options });
      const entries: Record<string, unknown>[] = JSON.parse(eventLog);
      return { ...healthy, quoteB64: toBase64(quote), eventLog: entries };
    },
    releaseInstead(changes) {
      const { assets } = kmsRelease(platform, simulator.sigstore(), { version: SIMULATED_TAG, ...changes });
      const swap: Corruption = (json) => {
        const asset = assets.find(({ name }) => name === json["asset"]);
        const bundle = asset?.sidecars.get(".sigstore.json");
        return {
          ...json,
          bytes_b64: toBase64(asset?.bytes ?? new Uint8Array(0)),
          bundle: bundle === undefined ? null : JSON.parse(new TextDecoder().decode(bundle)),
          sig_b64: null,
          cert_pem: null,
        };
      };
      return { "/api/policy": swap, "/api/compat-map": swap };
    },
    collateralInstead(text) {
      const bundle = objectOf(JSON.parse(text));
      // A second opinion about a machine that is judged by other data is left out.
      return {
        "/api/verify": (json) => ({
          ...json,
          collateral: { ...objectOf(json["collateral"]), ...bundle },
          ita_token: null,
        }),
      };
    },
  };
}
