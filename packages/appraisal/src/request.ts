import type { Profile } from "@mero-tee/policy";
import type { SidecarBytes } from "@mero-tee/release-artifacts";
import type { ExpectedIdentity, TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import type { TcbStatus } from "@mero-tee/tdx-quote";

/** What is appraised: the key management service under dstack, or a node on its own image. */
export const ATTESTER_KINDS = ["kms", "node"] as const;

/** One of {@link ATTESTER_KINDS}. */
export type AttesterKind = (typeof ATTESTER_KINDS)[number];

/** Bytes as they came, with the name of the file or field that they came in. */
export interface GivenInput {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Something that the caller was to fetch. `absent`: nobody asked for it, or it does not exist. `unavailable`: it was asked for
 * and did not come; a second try may do.
 */
export type Supply<T> =
  | { readonly status: "given"; readonly value: T; /** Where it came from, for the reader. */ readonly source: string }
  | { readonly status: "absent"; readonly reason: string }
  | { readonly status: "unavailable"; readonly reason: string };

/** The challenge, and who made it: an answer to somebody else's is at most `caution`. */
export interface Challenge {
  /** 32 bytes. */
  readonly nonce: Uint8Array<ArrayBuffer>;
  /**
   * `verifier`: this program; `user`: typed or kept by whoever asks; `server`: a service in between; `file`: an evidence file,
   * so whoever made that.
   */
  readonly source: "verifier" | "user" | "server" | "file";
  /** Milliseconds between question and answer; null where nobody measured them. */
  readonly roundTripMs: number | null;
}

/** One asset of a release with what stands beside it, as received; nothing of it is trusted before its signature holds. */
export interface ReleaseAsset {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sidecars: SidecarBytes;
}

/** A release as the caller found it. */
export interface ReleaseMaterial {
  /** `mero-kms-v2.4.0`, `mero-tee-v2.4.0`; null for files that the user gave. */
  readonly tag: string | null;
  /** `user`: reference values that the reader supplied, which nobody has to have signed. */
  readonly origin: "published" | "user";
  /** RFC 3339; null where the source does not say. */
  readonly publishedAt: string | null;
  /** Why it was withdrawn; null where it was not, as far as the source says. */
  readonly withdrawn: string | null;
  /** The newest release that the same source lists; it may keep newer ones back. */
  readonly newestListed?: string;
  readonly assets: readonly ReleaseAsset[];
}

/** What Intel Trust Authority answered, as received. */
export interface TrustAuthorityAnswer {
  /** Compact JWS. */
  readonly token: string;
  /** The key set document, `{"keys":[…]}`, as JSON text. */
  readonly keySet: string;
}

/** One thing to appraise, with everything that was gathered for it. No step fetches anything, or looks at a clock. */
export interface AppraisalRequest {
  /** `live`: the answer to a question just asked; `file`: something that somebody handed over. */
  readonly origin: "live" | "file";
  /** Null: to be told from the evidence. */
  readonly kind: AttesterKind | null;
  /** The address that was asked; null for a file. */
  readonly target: { readonly url: string; readonly remoteAddress: string | null } | null;
  readonly inputs: readonly GivenInput[];
  /** Why nothing came back, as a clause, where nothing did. */
  readonly noAnswer?: string;
  /** Null: nobody knows what was asked, so nobody knows how old the answer is. */
  readonly challenge: Challenge | null;
  /** KMS: the 32 bytes that were asked for in place of the default binding. */
  readonly binding: Uint8Array<ArrayBuffer> | null;
  /** Node: the id of the application that it was asked to bind; absent: none was asked for. */
  readonly applicationId?: string;
  /** Node: the hash of that application's bytecode as the reader knows it, 32 bytes; null without an application means zero. */
  readonly applicationHash: Uint8Array<ArrayBuffer> | null;
  /** Release that the reader expects, bare or prefixed. */
  readonly tag: string | null;
  /** Profile that the reader expects. */
  readonly profile: Profile | null;
  /** A reader may be stricter than the signed policy, never looser. */
  readonly tcbStatuses: readonly TcbStatus[] | null;
  /** Text of a collateral bundle. */
  readonly collateral: Supply<string>;
  /** Text of the bundle that Intel calls `early`. */
  readonly earlyCollateral: Supply<string>;
  /** Newest first; of the tag where one was asked for. `absent` with a tag says that there is no such release. */
  readonly releases: Supply<readonly ReleaseMaterial[]>;
  readonly trustAuthority: Supply<TrustAuthorityAnswer>;
  /** Instant of judgement, Unix seconds. */
  readonly now: number;
  /** What another machine's clock said at that instant, Unix seconds. */
  readonly otherClock: number | null;
}

/** Whose releases of a lane count. */
export interface ReleaseSigners {
  readonly trustedRoot: TrustedRoot;
  /** When that was taken from Sigstore, RFC 3339; for the reader of an evidence file. */
  readonly trustedRootTakenAt?: string;
  readonly issuer: string;
  /** Exact identities (or, for forks, patterns) of the two lanes. */
  readonly identities: Readonly<Record<AttesterKind, ExpectedIdentity>>;
}

/** What an appraisal trusts before it has looked at anything; compiled in, never delivered with the evidence. */
export interface Anchors {
  /** DER of the hardware root. Any other than Intel's makes everything `simulated`; absent: Intel's. */
  readonly rootCa?: Uint8Array;
  readonly release: ReleaseSigners;
  readonly trustAuthority: {
    /** Address of the portal, compared exactly with `iss`. */
    readonly issuer: string;
    /** SHA-256 of DER of the roots of token signers, lower-case hex; empty: its tokens are at most `info`. */
    readonly rootSha256: readonly string[];
  };
  /** The newest release of each lane that this build knows; an answer that leads to an older one is at most `caution`. */
  readonly newestRelease: Readonly<Record<AttesterKind, KnownRelease | null>>;
}

/** A release that this build knows. */
export interface KnownRelease {
  readonly tag: string;
  /** When there was no newer one as far as this build knows, RFC 3339. */
  readonly knownAt: string;
}
