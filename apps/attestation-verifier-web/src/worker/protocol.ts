import type { AppraisalRequest, AttesterKind, RecognisedInput, Report, Step, StepId } from "@mero-tee/appraisal";
import type { Profile } from "@mero-tee/policy";

/** One file or pasted text, whole. */
export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What the reader expects, the same for an address and for files. */
export interface Expectation {
  readonly tag: string | null;
  readonly profile: Profile | null;
  /** 32 bytes, lower-case hex. */
  readonly bindingHex: string | null;
  /** Only the TCB status UpToDate, whatever the signed policy allows. */
  readonly isStrict: boolean;
}

/** Ask an address, and judge its answer. */
export interface LiveCheck {
  readonly origin: "live";
  readonly kind: AttesterKind;
  readonly url: string;
  readonly expected: Expectation;
  readonly applicationId: string | null;
  /** Hash of that application's bytecode, 32 bytes, lower-case hex; null if nobody knows it. */
  readonly applicationHashHex: string | null;
  readonly asksIntel: boolean;
}

/** Judge what the reader has. */
export interface FileCheck {
  readonly origin: "file";
  readonly kind: AttesterKind | null;
  readonly files: readonly GivenFile[];
  readonly expected: Expectation;
  /** The challenge that was sent, 32 bytes in hex; null if nobody knows it. */
  readonly nonceHex: string | null;
  /** What the node was to bind: the hash of an application's bytecode, 32 bytes in hex; null if it was asked for none. */
  readonly applicationHashHex: string | null;
  /** Whether collateral and releases that the files lack may be asked of the API. */
  readonly fetchesMissing: boolean;
}

export type Check = LiveCheck | FileCheck;

/** A root that the reader loaded for this tab; everything under it is simulated. */
export interface TestRoot {
  readonly rootDer: Uint8Array<ArrayBuffer>;
}

/** What a check fetches besides the evidence; each can be fetched again by itself. */
export const SOURCES = ["collateral", "early-collateral", "releases", "opinion"] as const;

/** One of {@link SOURCES}. */
export type Source = (typeof SOURCES)[number];

/** What the page asks of the worker. */
export type Question =
  | { readonly type: "recognise"; readonly id: number; readonly files: readonly GivenFile[] }
  | { readonly type: "check"; readonly id: number; readonly check: Check; readonly testRoot: TestRoot | null }
  | {
      readonly type: "fetch-again";
      readonly id: number;
      readonly outcome: Outcome;
      readonly source: Source;
      readonly testRoot: TestRoot | null;
    }
  | { readonly type: "tags"; readonly id: number; readonly kind: AttesterKind };

/** Why there is no report; words only of this page, or codes. */
export interface Problem {
  /** A code of the API, or one of this page: `unreachable`, `unreadable`, `exception`. */
  readonly code: string;
  /** Facts for the reader, for instance the rule that refused an address. */
  readonly facts: readonly string[];
  readonly retryAfterSeconds: number | null;
}

/** The evidence file made of a run. */
interface SavedEvidence {
  readonly name: string;
  readonly text: string;
}

/** What an evidence file that was opened again came to at the time when it was saved. */
interface EarlierVerdict {
  readonly report: Report;
  readonly changedSteps: readonly StepId[];
  readonly digestMatches: boolean;
}

/** Everything that a finished check shows. Never changed afterwards. */
export interface Outcome {
  readonly report: Report;
  /** What was judged. */
  readonly request: AppraisalRequest;
  readonly evidence: SavedEvidence | null;
  /** Between question and answer; null for files. */
  readonly roundTripMs: number | null;
  readonly quote: Uint8Array<ArrayBuffer> | null;
  /** The attester's JSON as it came. */
  readonly answer: string | null;
  readonly token: string | null;
  /** The verdict of the API's own run where it is another one. */
  readonly differingServerVerdict: string | null;
  readonly earlier: EarlierVerdict | null;
  /** Whether the API may ask private addresses. */
  readonly isDevelopmentApi: boolean;
}

/** What the worker says. */
export type Answer =
  | { readonly type: "recognised"; readonly id: number; readonly inputs: readonly RecognisedInput[] }
  | { readonly type: "steps"; readonly id: number; readonly steps: readonly Step[] }
  | { readonly type: "finished"; readonly id: number; readonly outcome: Outcome }
  | { readonly type: "refused"; readonly id: number; readonly problem: Problem }
  | { readonly type: "tags"; readonly id: number; readonly tags: readonly string[] };
