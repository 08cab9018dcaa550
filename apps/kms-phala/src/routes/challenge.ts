import { type ChallengeAnswer, parseChallengeRequest, parsePeerId, type PeerId } from "@mero-tee/kms-protocol";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FastifyPluginCallback } from "fastify";
import { z } from "zod";
import type { ChallengeStore } from "../challenge/challenge-store.ts";
import { sendRefusal } from "../http/error-answers.ts";
import { hashPeerId } from "../http/request-log.ts";
import { refuseRequest } from "../http/request-refusal.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { errorResponses } from "./error-schema.ts";

const answerSchema = z.strictObject({
  challengeId: z.string().regex(/^[0-9a-f]{32}$/),
  nonceB64: z.string().length(44),
  expiresAt: z.int(),
});

/** Decides `POST /challenge`. Source: docs/protocol.md. */
async function issueChallenge(
  body: Uint8Array,
  challenges: ChallengeStore,
  note: (peerId: PeerId) => void,
): Promise<Result<ChallengeAnswer, Refusal>> {
  const request = parseChallengeRequest(body);
  if (!request.ok) return refuseRequest(request.error);
  const peerId = parsePeerId(request.value.peerId);
  if (!peerId.ok) return refuse("peer-id-malformed", "peerId is not the peer id of an Ed25519 key");
  note(peerId.value);
  const challenge = await challenges.issue(peerId.value);
  if (!challenge.ok) return refuse(challenge.error);
  const { challengeId, nonce, expiresAt } = challenge.value;
  return ok({ challengeId, nonceB64: toBase64(nonce), expiresAt });
}

const requestSchema = z.looseObject({ peerId: z.string() });
const DOCS = { summary: "A challenge for one peer.", body: requestSchema };

/** `POST /challenge`: a challenge for one peer. */
export const challengeRoute: FastifyPluginCallback<{ readonly challenges: ChallengeStore }> = (app, options, done) => {
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.post<{ Body: Uint8Array }>("/challenge", { schema, config: { docs: DOCS } }, async (request, reply) => {
    const answer = await issueChallenge(request.body, options.challenges, (peerId) => {
      request.decision = { peer: hashPeerId(peerId) };
    });
    return answer.ok ? answer.value : sendRefusal(request, reply, answer.error);
  });
  done();
};
