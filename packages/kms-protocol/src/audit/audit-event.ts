import { PROFILES, type Profile } from "@mero-tee/policy";
import { TCB_STATUSES, type TcbStatus } from "@mero-tee/tdx-quote";
import { hex, integer, list, object, type Shape, word } from "@mero-tee/tdx-quote/json-shape";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { KMS_ERROR_CODES, type KmsErrorCode } from "../kms-errors.ts";

/** What a KMS writes into its audit file. Digests are SHA-256 as 64 lower-case hex digits, times are Unix seconds. */
export type AuditEvent =
  | {
      readonly kind: "start";
      readonly profile: Profile;
      /** `custom`: a simulated root replaces Intel's for this run. */
      readonly trustAnchor: "intel" | "custom";
      /** Bytes of an unfinished last line that a crash had left and that this start cut off. */
      readonly discardedBytes: number;
    }
  | {
      readonly kind: "policy";
      /** Where it came from: `release 2.4.0`, `file`, `environment`. */
      readonly source: string;
      readonly tag: string | null;
      /** Digest of the document; null for a policy that has no document. */
      readonly sha256: string | null;
    }
  | ({
      readonly kind: "release";
      readonly wire: "plain" | "wrapped";
      /** Null for a mock quote, which proves nothing. */
      readonly tcbStatus: TcbStatus | null;
      readonly fmspc: string | null;
      /** The set of measurements that the node matched, where the policy names sets. */
      readonly measurementSet: string | null;
    } & AuditDecision)
  | ({ readonly kind: "refusal"; readonly code: KmsErrorCode } & AuditDecision)
  | {
      readonly kind: "counts";
      /** The first of the refusals counted. */
      readonly since: number;
      readonly refused: readonly { readonly code: KmsErrorCode; readonly count: number }[];
    };

/** What every decision about a key names. */
interface AuditDecision {
  /** The id of the request, as in the log and in `x-request-id`. */
  readonly requestId: string;
  /** Digest of the peer id. */
  readonly peer: string;
  /** Digest of the quote. */
  readonly quote: string;
  /** Digest of the policy document that was in force; null where it has none. */
  readonly policy: string | null;
}

const MAX_NAME_CHARACTERS = 128;
const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Visible ASCII and blanks: a name from a document can neither break a line nor steer a terminal. */
const name: Shape<string> = (value) =>
  typeof value === "string" && value.length <= MAX_NAME_CHARACTERS && /^[\x20-\x7e]*$/.test(value)
    ? ok(value)
    : err({ path: "", reason: `must be at most ${MAX_NAME_CHARACTERS} visible ASCII characters` });

const requestId: Shape<string> = (value) =>
  typeof value === "string" && REQUEST_ID.test(value) ? ok(value) : err({ path: "", reason: "must be a UUID" });

const digest = hex(32);
const count = integer(Number.MAX_SAFE_INTEGER);

function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? ok(null) : shape(value));
}

const decision = { requestId, peer: digest, quote: digest, policy: nullable(digest) };

const SHAPES: { readonly [Kind in AuditEvent["kind"]]: Shape<Extract<AuditEvent, { kind: Kind }>> } = {
  start: object({
    kind: word(["start"]),
    profile: word(PROFILES),
    trustAnchor: word(["intel", "custom"]),
    discardedBytes: count,
  }),
  policy: object({ kind: word(["policy"]), source: name, tag: nullable(name), sha256: nullable(digest) }),
  release: object({
    kind: word(["release"]),
    ...decision,
    wire: word(["plain", "wrapped"]),
    tcbStatus: nullable(word(TCB_STATUSES)),
    fmspc: nullable(hex(6)),
    measurementSet: nullable(name),
  }),
  refusal: object({ kind: word(["refusal"]), ...decision, code: word(KMS_ERROR_CODES) }),
  counts: object({
    kind: word(["counts"]),
    since: count,
    refused: list(object({ code: word(KMS_ERROR_CODES), count }), 1, KMS_ERROR_CODES.length),
  }),
};

const kindOnly = object({ kind: word(["start", "policy", "release", "refusal", "counts"]) });

/** The shape of an {@link AuditEvent}: its members in the one order in which they are written. */
export const auditEvent: Shape<AuditEvent> = (value) => {
  const head = kindOnly(value);
  return head.ok ? SHAPES[head.value.kind](value) : head;
};
