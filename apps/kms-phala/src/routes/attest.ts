import { type AttestAnswer, decodeAttestRequest, kmsReportData, parseAttestRequest } from "@mero-tee/kms-protocol";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FastifyPluginCallback } from "fastify";
import { z } from "zod";
import type { Admission, Caller } from "../admission.ts";
import type { GuestAgent } from "../guest-agent.ts";
import { sendRefusal } from "../http/error-answers.ts";
import type { IdentifyCaller } from "../http/caller.ts";
import { refuseRequest } from "../http/request-refusal.ts";
import { refuse, type Refusal } from "../refusal.ts";
import { errorResponses } from "./error-schema.ts";

const answerSchema = z.strictObject({
  quoteB64: z.string().min(1),
  reportDataHex: z.string().regex(/^[0-9a-f]{128}$/),
  eventLog: z.array(z.unknown()),
  vmConfig: z.string(),
});

/** What `POST /attest` needs. */
export interface AttestOptions {
  readonly agent: GuestAgent;
  /** Bounds the quotes in flight: the endpoint is open to everybody and a quote is expensive. */
  readonly quotes: Admission;
  readonly callerOf: IdentifyCaller;
}

/** Decides `POST /attest`. Source: docs/protocol.md. */
async function attest(
  body: Uint8Array,
  caller: Caller,
  { agent, quotes }: AttestOptions,
): Promise<Result<AttestAnswer, Refusal>> {
  const request = parseAttestRequest(body);
  if (!request.ok) return refuseRequest(request.error);
  const asked = decodeAttestRequest(request.value);
  if (!asked.ok) {
    const { code, field, problem } = asked.error;
    return refuse(code, `${field} is ${problem === "reserved" ? "reserved for the KMS" : "not base64 of 32 bytes"}`);
  }
  const slot = await quotes.enter(caller);
  if (slot === null) return refuse("rate-limited", "too many quotes in flight");
  try {
    const quoted = await agent.quote(kmsReportData(asked.value.nonce, asked.value.binding));
    if (!quoted.ok) {
      const cause = `${quoted.error.code}: ${quoted.error.reason}`;
      return refuse("attestation-unavailable", "the guest agent gave no usable quote", cause);
    }
    const { quote, bytes, eventLog, vmConfig } = quoted.value;
    // The report data is read from the quote's own bytes, which is what a verifier will see.
    return ok({ quoteB64: toBase64(bytes), reportDataHex: quote.report.reportData, eventLog, vmConfig });
  } finally {
    slot();
  }
}

const requestSchema = z.looseObject({ nonceB64: z.string(), bindingB64: z.string().nullish() });
const DOCS = { summary: "A quote of this KMS over the caller's nonce.", body: requestSchema };

/** `POST /attest`: a fresh quote of this KMS over the asker's nonce. Works while no policy is loaded. */
export const attestRoute: FastifyPluginCallback<AttestOptions> = (app, options, done) => {
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.post<{ Body: Uint8Array }>("/attest", { schema, config: { docs: DOCS } }, async (request, reply) => {
    const answer = await attest(request.body, options.callerOf(request, reply), options);
    return answer.ok ? reply.send(answer.value) : sendRefusal(request, reply, answer.error);
  });
  done();
};
