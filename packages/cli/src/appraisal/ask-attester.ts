import type { AttesterKind, GivenInput } from "@mero-tee/appraisal";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { HttpPort } from "../http-client.ts";
import { boundedBody, reasonOf } from "../json-client.ts";

/** A question to a KMS or a node. */
export interface AttestationQuestion {
  readonly kind: AttesterKind;
  /** Base address, without a slash at the end. */
  readonly url: string;
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  /** KMS: 32 bytes in place of the default binding. */
  readonly binding: Uint8Array | null;
  /** Node: the application to bind; absent: none. */
  readonly applicationId?: string | undefined;
}

/** Longest time, and longest answer, of an attestation. */
const TIMEOUT_MS = 30_000;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

/**
 * Asks for an attestation. The answer comes back as the bytes that were sent, for the appraisal to judge; nothing is
 * followed, and nothing is read beyond the limits.
 *
 * Errors: why there is no answer, as a clause; nothing of the answer is in it.
 */
export async function askAttester(
  fetch: HttpPort,
  { kind, url, nonce, binding, applicationId }: AttestationQuestion,
): Promise<Result<GivenInput, string>> {
  const path = kind === "kms" ? "/attest" : "/admin-api/tee/attest";
  const body =
    kind === "kms"
      ? { nonceB64: toBase64(nonce), ...(binding === null ? {} : { bindingB64: toBase64(binding) }) }
      : { nonce: toHex(nonce), ...(applicationId === undefined ? {} : { applicationId }) };
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) return err(`it answered with status ${response.status}`);
    const bytes = await boundedBody(response, ANSWER_LIMIT_BYTES);
    if (bytes === null) return err(`its answer is longer than ${ANSWER_LIMIT_BYTES} bytes`);
    return ok({ name: "answer", bytes });
  } catch (error) {
    return err(reasonOf(error, TIMEOUT_MS));
  }
}
