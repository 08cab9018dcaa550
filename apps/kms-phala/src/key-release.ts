import {
  createKeySealer,
  type GetKeyRequest,
  isMockQuote,
  mockReportData,
  parseChallengeId,
  parsePeerId,
  parseWrapKey,
  peerIdHash,
  type PeerKeyReader,
  type SecretBytes,
  signedPayload,
  wrapBinding,
  wrapTranscript,
} from "@mero-tee/kms-protocol";
import {
  type AppraisalPolicy,
  describeNearestSet,
  evaluate,
  type PolicyMismatches,
  type Profile,
} from "@mero-tee/policy";
import { describeFailure, describeShort, parseQuote, type TdxQuote, type VerifiedQuote } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ChallengeStore } from "./challenge/challenge-store.ts";
import type { ReleaseSlot } from "./admission.ts";
import type { GuestAgent } from "./guest-agent.ts";
import { wrapKeyFor, type WrappedKey } from "./key-wrapping.ts";
import type { PolicyHolder } from "./policy/policy-holder.ts";
import type { QuoteVerification } from "./quote-verification.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** What a key release needs of the world. */
export interface KeyReleasePorts {
  readonly policy: Pick<PolicyHolder, "current">;
  readonly challenges: ChallengeStore;
  readonly evidence: QuoteVerification;
  readonly agent: GuestAgent;
  readonly readPeerKey: PeerKeyReader;
  /** Lets this release go on, at once or in turn; null when there is no room. */
  readonly enter: () => Promise<ReleaseSlot | null>;
}

/** What the operator decided about key releases. */
export interface KeyReleaseSettings {
  readonly profile: Profile;
  readonly keyNamespacePrefix: string;
  readonly acceptMockAttestation: boolean;
  readonly enforceMeasurementPolicy: boolean;
  /** Whether keys leave sealed only. */
  readonly requireKeyWrap: boolean;
}

/** A released key, and on what it rests: `verified` is null for a mock quote that the settings accept. */
export interface ReleasedKey {
  readonly key: PlainKey | WrappedKey;
  readonly verified: VerifiedQuote | null;
  /** The id of the measurement set that the quote matches; null for a policy without sets, and where none was applied. */
  readonly measurementSet: string | null;
}

/** A key for the plain wire; whoever answers with it wipes it. */
interface PlainKey {
  readonly wire: "plain";
  readonly secret: SecretBytes;
}

const HALF_HEX_DIGITS = 64;

/**
 * Decides a key release. The steps run in this order, the first failure answers, and nothing after it runs. Refused by
 * steps 1 to 4, or for want of room, the caller may use the challenge again; from step 5 on it is spent.
 *
 * The numbers are those of the protocol; the comparisons of 14 and 15 cost nothing and run before collateral is
 * fetched and before any elliptic-curve work on the quote.
 *
 * Source: docs/protocol.md.
 */
export async function releaseKey(
  request: GetKeyRequest,
  ports: KeyReleasePorts,
  settings: KeyReleaseSettings,
): Promise<Result<ReleasedKey, Refusal>> {
  const peerId = parsePeerId(request.peerId); // 1
  if (!peerId.ok) return refuse("peer-id-malformed", "peerId is not the peer id of an Ed25519 key");
  const { wrapKeyB64 } = request;
  if (wrapKeyB64 === undefined && settings.requireKeyWrap) {
    return refuse("key-wrap-required", "this KMS releases keys only sealed to a wrapKeyB64");
  }
  const challengeIdBytes = parseChallengeId(request.challengeId); // 2
  if (challengeIdBytes === null) return refuse("challenge-id-malformed");
  const policy = ports.policy.current(); // 3
  if (!policy.ok) return refuse("policy-not-ready", policy.error.reason);
  const quoteBytes = parseBase64(request.quoteB64); // 4
  if (quoteBytes === null) return refuse("quote-not-base64", "quoteB64 is not canonical base64");
  const wrapKey = wrapKeyB64 === undefined ? undefined : parseWrapKey(wrapKeyB64);
  if (wrapKey === null) return refuse("wrap-key-malformed", "wrapKeyB64 is not base64 of 32 bytes");
  // What was made up is refused here: it must not stand in line before those who were given a challenge.
  const opened = ports.challenges.open(request.challengeId, peerId.value); // 5, without spending
  if (!opened.ok) return refuse(opened.error);

  const slot = await ports.enter();
  if (slot === null) return refuse("rate-limited", "too many key releases in flight");
  try {
    const challenge = await opened.value.spend(); // 5
    if (!challenge.ok) return refuse(challenge.error);
    let isReleased = false;
    try {
      const publicKeyBytes = parseBase64(request.peerPublicKeyB64); // 6
      if (publicKeyBytes === null) return refuse("public-key-not-base64");
      const signature = parseBase64(request.signatureB64); // 7
      if (signature === null) return refuse("signature-not-base64");
      const publicKey = ports.readPeerKey(publicKeyBytes); // 8
      if (!publicKey.ok) return refuse("public-key-malformed", `the public key is refused: ${publicKey.error.defect}`);
      if (publicKey.value.peerId !== peerId.value) return refuse("peer-identity-mismatch"); // 9
      const { nonce } = challenge.value;
      const { challengeId } = request;
      const payload = signedPayload({ challengeId, nonce, quote: quoteBytes, peerId: peerId.value });
      if (!(await publicKey.value.verify(payload, signature))) return refuse("signature-invalid"); // 10
      const isMock = isMockQuote(quoteBytes);
      if (isMock && !settings.acceptMockAttestation) return refuse("mock-quote-refused"); // 11
      const evidence = isMock ? readMockQuote(quoteBytes) : readQuote(quoteBytes); // 12
      if (!evidence.ok) return evidence;
      const { reportDataHex, quote } = evidence.value;
      if (reportDataHex.slice(0, HALF_HEX_DIGITS) !== toHex(nonce)) return refuse("quote-nonce-mismatch"); // 14
      // The field alone chooses the form, so a quote made for one wire is worth nothing on the other.
      const peerHalf = wrapKey === undefined ? peerIdHash(peerId.value) : wrapBinding(peerId.value, wrapKey);
      if (reportDataHex.slice(HALF_HEX_DIGITS) !== toHex(peerHalf)) return refuse("quote-peer-mismatch"); // 15
      const verified = quote === null ? ok(null) : await verifyEvidence(quote, ports.evidence); // 13, 16
      if (!verified.ok) return verified;
      const isJudged = verified.value !== null && settings.enforceMeasurementPolicy;
      const accepted = isJudged ? applyPolicy(verified.value, policy.value) : ok(null); // 17, 18
      if (!accepted.ok) return accepted;
      const grounds = { verified: verified.value, measurementSet: accepted.value };
      // Here, and not when its bytes were read: whether a point is usable takes curve arithmetic.
      const sealer = wrapKey === undefined ? undefined : await createKeySealer(wrapKey);
      if (sealer === null) return refuse("wrap-key-low-order", "wrapKeyB64 is a point of low order");
      const path = `${settings.keyNamespacePrefix}/${settings.profile}/${peerId.value}`;
      const key = await ports.agent.deriveKey(path); // 19
      if (!key.ok) return refuse("key-derivation-failed", undefined, `${key.error.code}: ${key.error.reason}`);
      if (wrapKey === undefined || sealer === undefined) {
        isReleased = true;
        return ok({ key: { wire: "plain", secret: key.value }, ...grounds });
      }
      const facts = { challengeId: challengeIdBytes, nonce, peerId: peerId.value, quote: quoteBytes, wrapKey };
      const wrapped = await wrapKeyFor(wrapTranscript(facts), key.value, sealer, ports.agent);
      isReleased = wrapped.ok;
      return wrapped.ok ? ok({ key: wrapped.value, ...grounds }) : wrapped;
    } finally {
      if (isReleased) challenge.value.release();
      else challenge.value.fail();
    }
  } finally {
    slot();
  }
}

interface Evidence {
  readonly reportDataHex: string;
  /** Null for a mock quote: there is nothing to verify. */
  readonly quote: TdxQuote | null;
}

function readMockQuote(bytes: Uint8Array): Result<Evidence, Refusal> {
  const reportData = mockReportData(bytes);
  if (reportData === null) return refuse("quote-malformed", "the mock quote is cut short");
  return ok({ reportDataHex: toHex(reportData), quote: null });
}

function readQuote(bytes: Uint8Array): Result<Evidence, Refusal> {
  const quote = parseQuote(bytes);
  if (!quote.ok) return refuse("quote-malformed", describeFailure(quote.error), quote.error.code);
  return ok({ reportDataHex: quote.value.report.reportData, quote: quote.value });
}

async function verifyEvidence(quote: TdxQuote, evidence: QuoteVerification): Promise<Result<VerifiedQuote, Refusal>> {
  // The chain that names the platform is part of 16, but nothing may be fetched for a platform that nobody vouches for.
  const platform = await evidence.platformOf(quote);
  if (!platform.ok) return refuse("quote-not-genuine", describeFailure(platform.error), platform.error.code);
  const collateral = await evidence.collateralFor(platform.value); // 13
  if (!collateral.ok) {
    const cause = `${collateral.error.code}: ${describeFailure(collateral.error)}`;
    return refuse("collateral-unavailable", "collateral for this platform is not at hand", cause);
  }
  const verified = await evidence.verify(quote, collateral.value); // 16
  if (verified.ok) return verified;
  return refuse("quote-not-genuine", describeFailure(verified.error), verified.error.code);
}

function applyPolicy(verified: VerifiedQuote, policy: AppraisalPolicy): Result<string | null, Refusal> {
  const accepted = evaluate(verified, policy);
  return accepted.ok ? ok(accepted.value.measurementSet?.id ?? null) : refuseMismatch(accepted.error);
}

// The mismatches come in the order of the checks, and the first one answers.
function refuseMismatch({ mismatches: [first], nearestSet, short = [] }: PolicyMismatches): {
  readonly ok: false;
  readonly error: Refusal;
} {
  if (first === undefined) return refuse("measurements-refused");
  const { field, actual } = first;
  if (field === "tcbStatus") {
    // The log names what is to be updated; the wire's answer stays as it is.
    const cause = short.length === 0 ? undefined : describeShort(short);
    return refuse("tcb-status-refused", `TCB status ${actual} is not allowed`, cause);
  }
  const cause = nearestSet === undefined ? undefined : describeNearestSet(nearestSet);
  return refuse("measurements-refused", `${field} is ${actual}, which is not allowed`, cause);
}
