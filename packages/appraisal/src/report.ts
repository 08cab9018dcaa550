import type { Profile } from "@mero-tee/policy";
import type { EventLogRegister, MeasurementRegister, QuoteView, ShortComponent, TcbStatus } from "@mero-tee/tdx-quote";

import type { RecognisedInput } from "./recognise-inputs.ts";
import type { AttesterKind } from "./request.ts";
import type { Step, StepId } from "./step.ts";

/**
 * What an appraisal comes to. `verified` and `caution`: genuine, the latter with reservations. `incomplete`: nothing was
 * found wrong, and not everything was looked at. `failed`: something does not hold. `simulated`: a stand-in that proves nothing.
 */
export const VERDICTS = ["verified", "caution", "incomplete", "failed", "simulated"] as const;

/** One of {@link VERDICTS}. */
export type Verdict = (typeof VERDICTS)[number];

/**
 * Whose hardware root the evidence stands on: Intel's, a simulated one that was given, none at all (`mock`), or nobody could
 * tell (`unknown`: not parsed, or a chain that ends elsewhere).
 */
export type EnvironmentClass = "production" | "simulated" | "mock" | "unknown";

/** One event on its way into a register. */
export interface ReplayEvent {
  readonly index: number;
  readonly type: number;
  readonly name: string;
  readonly digest: string;
  /** Hex; null where the log was stripped of it. */
  readonly payload: string | null;
  /** Whether the digest covers name and payload; where not, the payload is not authenticated. */
  readonly isPayloadAuthenticated: boolean;
  /** Register before and after, 96 hex digits each. */
  readonly before: string;
  readonly after: string;
  /** Behind the first `system-ready`: written by the application. */
  readonly isAfterReady: boolean;
}

/** The way of one register from zero to its replayed value. */
export interface RegisterReplayTrace {
  readonly register: EventLogRegister;
  readonly events: readonly ReplayEvent[];
  readonly replayed: string;
  readonly quoted: string;
  readonly matches: boolean;
}

/** One register beside what the release allows. */
export interface RegisterComparison {
  readonly register: MeasurementRegister;
  /** From the quote, 96 hex digits. */
  readonly observed: string;
  /** Values of the profile that was found, or that comes closest; the value with the longest common beginning first. */
  readonly allowed: readonly string[];
  /** `not-compared`: RTMR3 of a KMS, which holds instance data and is judged by its log. */
  readonly outcome: "match" | "mismatch" | "not-compared";
  /** First character, from 0, in which the first allowed value differs; null where it does not, or there is none. */
  readonly firstDifference: number | null;
  /** In how many of the 96 characters it differs. */
  readonly differingCharacters: number;
}

/** How one asset of the release was signed. */
export interface AssetSignature {
  readonly asset: string;
  /** Of the bytes received. */
  readonly sha256: string;
  readonly form: "bundle" | "unwitnessed" | "none";
  readonly identity: string | null;
  readonly issuer: string | null;
  readonly commit: string | null;
  readonly logIndex: string | null;
  /** Unix seconds. */
  readonly integratedTime: number | null;
}

/** One certificate of the chain from the machine to the root. */
export interface ChainCertificate {
  /** Common names; empty where there is not exactly one. */
  readonly subject: string;
  readonly issuer: string;
  /** Hex. */
  readonly serial: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Of the DER, hex. */
  readonly sha256: string;
}

/** One thing that Intel Trust Authority says, beside what this verifier found. */
export interface OpinionRow {
  /** Name of the claim. */
  readonly claim: string;
  /** Null: the token does not say. */
  readonly theirs: string | null;
  /** Null: nothing was found here. */
  readonly ours: string | null;
}

/** Typed facts behind the steps, for views that draw them. Authenticated only as far as the steps that name them hold. */
export interface ReportFacts {
  readonly quote: QuoteView | null;
  /** SHA-256 of the quote's bytes, hex. */
  readonly quoteSha256: string | null;
  readonly platform: { readonly fmspc: string; readonly pceId: string; readonly ca: "platform" | "processor" } | null;
  /** Leaf first; empty where the chain does not hold. */
  readonly chain: readonly ChainCertificate[];
  readonly tcb: {
    readonly status: TcbStatus;
    readonly platform: TcbStatus;
    readonly module: TcbStatus | null;
    readonly qe: TcbStatus;
    readonly short: readonly ShortComponent[];
    readonly advisoryIds: readonly string[];
    readonly evaluationDataNumber: number;
  } | null;
  /** Empty where there is no readable log. */
  readonly replay: readonly RegisterReplayTrace[];
  /** Empty where there is no release to compare with. */
  readonly registers: readonly RegisterComparison[];
  readonly release: { readonly tag: string | null; readonly publishedAt: string | null } | null;
  /** The profile that all compared registers agree on. */
  readonly profile: Profile | null;
  /** The profile that comes closest where none matches; never to be shown as a match. */
  readonly closestProfile: Profile | null;
  readonly composeHash: string | null;
  readonly appId: string | null;
  readonly instanceId: string | null;
  readonly keyProvider: { readonly name: string; readonly id: string } | null;
  readonly signatures: readonly AssetSignature[];
  /** Empty without a token whose signature holds. */
  readonly opinion: readonly OpinionRow[];
}

/** The outcome of one appraisal; a new run makes a new one. */
export interface Report {
  readonly schemaVersion: 1;
  readonly verdict: Verdict;
  /** The steps that decided it; for `verified` every required step. */
  readonly because: readonly StepId[];
  /** One sentence for people. */
  readonly sentence: string;
  /** Further sentences that stand under the verdict whatever its colour. */
  readonly notes: readonly string[];
  readonly class: EnvironmentClass;
  readonly kind: AttesterKind | null;
  readonly target: { readonly url: string; readonly remoteAddress: string | null } | null;
  /** Unix seconds. */
  readonly judgedAt: number;
  /** First instant at which something that the hardware verdict stands on ends, Unix seconds; null where there is none. */
  readonly validUntil: number | null;
  readonly recognised: readonly RecognisedInput[];
  readonly steps: readonly Step[];
  readonly facts: ReportFacts;
}
