import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";

import type { ReceivedAttestation } from "../answers.ts";
import { isMockQuote, mockReportData } from "../mock-quote.ts";
import { kmsReportData, nodeReportData } from "../report-data.ts";
import { type KmsClientFailure, describeKmsFailure } from "./describe-kms-failure.ts";
import { type QuoteProvider, requestKey } from "./fetch-storage-key.ts";
import type { PeerIdentity } from "./identity.ts";
import { type KmsCallFailure, type KmsClient, createKmsClient } from "./kms-client.ts";
import { type KmsVerifier, askForEvidence, readKmsEvidence } from "./kms-evidence.ts";
import { type KmsProbeCode, type KmsProbeStage, probeCodeOfAttestation, probeCodeOfCall } from "./kms-probe-codes.ts";
import { isSecureKmsUrl } from "./kms-url.ts";
import type { PostPort } from "./post-port.ts";

/** How a probed KMS has to prove itself, as in a node's attestation settings. */
export interface ProbeAttestation {
  readonly verifyKms: KmsVerifier;
  /** 32 bytes sent as binding; otherwise the default one is expected. */
  readonly binding?: Uint8Array<ArrayBuffer>;
  /** Whether a mock quote may stand for a real one; a node's `accept_mock`. */
  readonly acceptMock?: boolean;
  /** Whether this process may accept mock quotes at all; a node's `MEROD_ALLOW_MOCK_KMS_ATTESTATION`. */
  readonly allowMockRuntime?: boolean;
}

/** What a probe asks, whom, and as whom. */
export interface KmsProbeRequest {
  /** Base address; absent or blank where no KMS is configured. */
  readonly kmsUrl?: string;
  readonly fetch: PostPort;
  readonly timeoutMs?: number;
  readonly identity: PeerIdentity;
  readonly quoteProvider: QuoteProvider;
  /** Without it `/attest` is not called, as in a node that has attestation switched off. */
  readonly attestation?: ProbeAttestation;
}

/** The document that a node's probe prints. */
export interface KmsProbeReport {
  readonly ok: boolean;
  readonly stage: KmsProbeStage;
  readonly code: KmsProbeCode;
  /** The tag of the KMS's error, or the whole body where it was not a KMS's. */
  readonly kms_error?: string;
  /** A sentence for an operator. */
  readonly details?: string;
}

/**
 * Goes through a whole key release as a node would and names the result as a node's probe does. The key is wiped
 * unseen.
 *
 * Source: docs/protocol.md.
 */
export async function probeKms(request: KmsProbeRequest): Promise<KmsProbeReport> {
  const { fetch, timeoutMs, identity, quoteProvider, attestation } = request;
  const baseUrl = request.kmsUrl?.trim() ?? "";
  if (baseUrl === "") return failed("transport", "KMS_PROVIDER_NOT_CONFIGURED", "No KMS address is given.");
  const client = createKmsClient({ baseUrl, fetch, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  if (!client.ok) return failedBy("transport", "KMS_ENDPOINT_URL_INVALID", client.error);
  const mustBeSecure = attestation !== undefined && attestation.acceptMock !== true;
  if (mustBeSecure && !isSecureKmsUrl(client.value.baseUrl)) {
    const details = "A KMS that must prove itself is addressed by https, or by http to a loopback IP address.";
    return failed("transport", "KMS_HTTP_INSECURE", details);
  }
  if (attestation !== undefined) {
    const refusal = await probeAttestation(client.value, attestation);
    if (refusal !== null) return refusal;
  }
  const challenge = await client.value.challenge(identity.peerId);
  if (!challenge.ok) return failedCall("challenge", challenge.error);
  const quote = await quoteProvider(nodeReportData(challenge.value.nonce, identity.peerId));
  if (!quote.ok) return failedBy("get_key", "KMS_GET_KEY_REQUEST_FAILED", quote.error);
  const key = await requestKey(client.value, identity, challenge.value, quote.value);
  if (!key.ok) return failedCall("get_key", key.error);
  key.value.wipe();
  return { ok: true, stage: "get_key", code: "OK" };
}

/** The report of a KMS that is not believed; null for one that is. */
async function probeAttestation(client: KmsClient, attestation: ProbeAttestation): Promise<KmsProbeReport | null> {
  const { verifyKms, binding } = attestation;
  const answer = await askForEvidence(client, binding);
  if (!answer.ok) return failedCall("attest", answer.error);
  const { asked, received } = answer.value;
  if (attestation.acceptMock === true && isMockQuote(received.quote)) {
    return judgeMock(received, kmsReportData(asked.nonce, asked.binding), attestation.allowMockRuntime === true);
  }
  const evidence = readKmsEvidence(received, asked);
  const judged = evidence.ok ? await verifyKms(evidence.value) : evidence;
  return judged.ok ? null : failedBy("attest", probeCodeOfAttestation(judged.error), judged.error);
}

function judgeMock(
  received: ReceivedAttestation,
  expected: Uint8Array,
  isRuntimeAllowed: boolean,
): KmsProbeReport | null {
  const inQuote = mockReportData(received.quote);
  if (inQuote === null || !equalBytes(received.claimedReportData, expected) || !equalBytes(inQuote, expected)) {
    const where = inQuote !== null && equalBytes(inQuote, expected) ? "answer" : "quote";
    return failedBy("attest", "KMS_ATTEST_REPORT_DATA_MISMATCH", { code: "kms-report-data-mismatch", where });
  }
  if (isRuntimeAllowed) return null;
  return failedBy("attest", "KMS_ATTEST_MOCK_RUNTIME_NOT_ALLOWED", { code: "kms-quote-mock" });
}

function failedCall(stage: "attest" | "challenge" | "get_key", failure: KmsCallFailure): KmsProbeReport {
  const report = failedBy(stage, probeCodeOfCall(stage, failure), failure);
  const kmsError = failure.code === "kms-refused" ? (failure.tag ?? failure.details) : null;
  return kmsError === null ? report : { ...report, kms_error: kmsError };
}

function failedBy(stage: KmsProbeStage, code: KmsProbeCode, failure: KmsClientFailure): KmsProbeReport {
  return failed(stage, code, describeKmsFailure(failure));
}

function failed(stage: KmsProbeStage, code: KmsProbeCode, details: string): KmsProbeReport {
  return { ok: false, stage, code, details };
}
