import { parseGetKeyRequest } from "@mero-tee/kms-protocol";
import { toHex } from "@mero-tee/tdx-quote/hex";
import type { FastifyBaseLogger, FastifyPluginCallback } from "fastify";
import { z } from "zod";
import { sendRefusal } from "../http/error-answers.ts";
import { hashPeerId } from "../http/request-log.ts";
import { refuseRequest } from "../http/request-refusal.ts";
import { type KeyReleasePorts, type KeyReleaseSettings, type ReleasedKey, releaseKey } from "../key-release.ts";
import { errorResponses } from "./error-schema.ts";

const answerSchema = z.strictObject({ key: z.string().regex(/^[0-9a-f]{64}$/) });

/** What `POST /get-key` needs. */
export interface GetKeyOptions {
  readonly ports: KeyReleasePorts;
  readonly settings: KeyReleaseSettings;
}

/** `POST /get-key`: the key of a node that proved what it is. Source: mero-kms protocol, endpoints. */
export const getKeyRoute: FastifyPluginCallback<GetKeyOptions> = (app, { ports, settings }, done) => {
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.post<{ Body: Uint8Array }>("/get-key", { schema }, async (request, reply) => {
    const asked = parseGetKeyRequest(request.body);
    if (!asked.ok) return sendRefusal(request, reply, refuseRequest(asked.error).error);
    const released = await releaseKey(asked.value, ports, settings);
    if (!released.ok) return sendRefusal(request, reply, released.error);
    logRelease(request.log, asked.value.peerId, released.value);
    // The last line on which the key is bytes; the text of it cannot be erased.
    const key = released.value.key.use(toHex);
    released.value.key.wipe();
    return reply.send({ key });
  });
  done();
};

function logRelease(log: FastifyBaseLogger, peerId: string, { verified }: ReleasedKey): void {
  const peer = hashPeerId(peerId);
  if (verified === null) {
    log.warn({ peer }, "key released on a mock quote, which proves nothing");
    return;
  }
  const { tcbStatus, fmspc, trustAnchor } = verified;
  log.info({ peer, tcbStatus, fmspc, trustAnchor }, "key released");
}
