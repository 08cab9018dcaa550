import { type GetKeyAnswer, parseGetKeyRequest, type WrappedKeyAnswer } from "@mero-tee/kms-protocol";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import type { FastifyBaseLogger, FastifyPluginCallback } from "fastify";
import { z } from "zod";
import type { Admission } from "../admission.ts";
import type { IdentifyCaller } from "../http/caller.ts";
import { sendRefusal } from "../http/error-answers.ts";
import { hashPeerId } from "../http/request-log.ts";
import { refuseRequest } from "../http/request-refusal.ts";
import { type KeyReleasePorts, type KeyReleaseSettings, type ReleasedKey, releaseKey } from "../key-release.ts";
import { errorResponses } from "./error-schema.ts";

const plainSchema = z.strictObject({ key: z.string().regex(/^[0-9a-f]{64}$/) });
const wrappedSchema = z.strictObject({
  wrapped: z.strictObject({ encB64: z.string().length(44), ciphertextB64: z.string().length(64) }),
  kmsQuoteB64: z.string().min(1),
});
const answerSchema = z.union([plainSchema, wrappedSchema]);

/** What `POST /get-key` needs. */
export interface GetKeyOptions {
  readonly ports: Omit<KeyReleasePorts, "enter">;
  readonly settings: KeyReleaseSettings;
  /** Bounds the releases in flight. */
  readonly releases: Admission;
  readonly callerOf: IdentifyCaller;
}

/** `POST /get-key`: the key of a node that proved what it is. Source: mero-kms protocol, endpoints. */
export const getKeyRoute: FastifyPluginCallback<GetKeyOptions> = (app, options, done) => {
  const { settings, releases } = options;
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.post<{ Body: Uint8Array }>("/get-key", { schema }, async (request, reply) => {
    const asked = parseGetKeyRequest(request.body);
    if (!asked.ok) return sendRefusal(request, reply, refuseRequest(asked.error).error);
    const caller = options.callerOf(request, reply);
    const ports = { ...options.ports, enter: () => releases.enter(caller) };
    const released = await releaseKey(asked.value, ports, settings);
    if (!released.ok) return sendRefusal(request, reply, released.error);
    logRelease(request.log, asked.value.peerId, released.value);
    return reply.send(answerOf(released.value));
  });
  done();
};

function answerOf({ key }: ReleasedKey): GetKeyAnswer | WrappedKeyAnswer {
  if (key.wire === "wrapped") {
    const { sealed, kmsQuote } = key;
    const wrapped = { encB64: toBase64(sealed.enc), ciphertextB64: toBase64(sealed.ciphertext) };
    return { wrapped, kmsQuoteB64: toBase64(kmsQuote) };
  }
  // The last line on which the key is bytes; the text of it cannot be erased.
  const text = key.secret.use(toHex);
  key.secret.wipe();
  return { key: text };
}

function logRelease(log: FastifyBaseLogger, peerId: string, { key, verified, measurementSet }: ReleasedKey): void {
  const peer = hashPeerId(peerId);
  const { wire } = key;
  if (verified === null) {
    log.warn({ peer, wire }, "key released on a mock quote, which proves nothing");
    return;
  }
  const { tcbStatus, fmspc, trustAnchor } = verified;
  log.info({ peer, wire, tcbStatus, fmspc, trustAnchor, measurementSet }, "key released");
}
