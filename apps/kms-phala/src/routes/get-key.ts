import { hash } from "node:crypto";
import {
  type GetKeyAnswer,
  type GetKeyRequest,
  parseGetKeyRequest,
  type WrappedKeyAnswer,
} from "@mero-tee/kms-protocol";
import type { AuditHead } from "@mero-tee/kms-protocol/audit";
import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FastifyBaseLogger, FastifyPluginCallback } from "fastify";
import { z } from "zod";
import type { Admission } from "../admission.ts";
import type { AuditTrail } from "../audit/audit-trail.ts";
import type { IdentifyCaller } from "../http/caller.ts";
import { sendRefusal } from "../http/error-answers.ts";
import { hashPeerId } from "../http/request-log.ts";
import { refuseRequest } from "../http/request-refusal.ts";
import { type KeyReleasePorts, type KeyReleaseSettings, type ReleasedKey, releaseKey } from "../key-release.ts";
import type { PolicyIdentity } from "../policy/policy-identity.ts";
import { type Refusal, refuse } from "../refusal.ts";
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
  readonly audit: AuditTrail;
  /** Told about each key that is about to leave. */
  readonly onReleased: (peer: string, released: ReleasedKey) => void;
  /** Which policy is in force. */
  readonly policyIdentity: () => PolicyIdentity | null;
}

const requestSchema = z.looseObject({
  challengeId: z.string(),
  quoteB64: z.string(),
  peerId: z.string(),
  peerPublicKeyB64: z.string(),
  signatureB64: z.string(),
  wrapKeyB64: z.string().optional(),
});
const DOCS = { summary: "The storage key of a node that proves what it is.", body: requestSchema };

/** `POST /get-key`: the key of a node that proved what it is. Source: docs/protocol.md. */
export const getKeyRoute: FastifyPluginCallback<GetKeyOptions> = (app, options, done) => {
  const { releases } = options;
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.post<{ Body: Uint8Array }>("/get-key", { schema, config: { docs: DOCS } }, async (request, reply) => {
    const asked = parseGetKeyRequest(request.body);
    if (!asked.ok) return sendRefusal(request, reply, refuseRequest(asked.error).error);
    const caller = options.callerOf(request, reply);
    const ports = { ...options.ports, enter: () => releases.enter(caller) };
    const policy = options.policyIdentity()?.sha256 ?? null;
    request.decision = { peer: hashPeerId(asked.value.peerId), policy };
    const decided = await decide(asked.value, ports, { ...options, requestId: request.id, policy });
    if (!decided.ok) return sendRefusal(request, reply, decided.error);
    const { released, record } = decided.value;
    const { measurementSet, verified } = released;
    request.decision = {
      ...request.decision,
      wire: released.key.wire,
      tcbStatus: verified?.tcbStatus ?? null,
      measurementSet,
      ...(record === null ? {} : { audit: record }),
    };
    options.onReleased(request.decision.peer, released);
    logRelease(request.log, request.decision.peer, released);
    return answerOf(released);
  });
  done();
};

interface Decided {
  readonly released: ReleasedKey;
  /** The head of the audit file with the record of this release; null without an audit file. */
  readonly record: AuditHead | null;
}

/** Decides, and writes down what was decided: a key that could not be recorded does not leave. */
async function decide(
  asked: GetKeyRequest,
  ports: KeyReleasePorts,
  {
    audit,
    settings,
    requestId,
    policy,
  }: GetKeyOptions & { readonly requestId: string; readonly policy: string | null },
): Promise<Result<Decided, Refusal>> {
  const released = await releaseKey(asked, ports, settings);
  const facts = () => ({
    requestId,
    policy,
    peer: sha256(asked.peerId),
    quote: sha256(parseBase64(asked.quoteB64) ?? ""),
  });
  if (!released.ok) {
    const { code } = released.error;
    audit.refused(code, () => ({ kind: "refusal", code, ...facts() }));
    return released;
  }
  const { key, verified, measurementSet } = released.value;
  const { tcbStatus = null, fmspc = null } = verified ?? {};
  const record = await audit.released(() => ({
    kind: "release",
    ...facts(),
    wire: key.wire,
    tcbStatus,
    fmspc,
    measurementSet,
  }));
  if (record.ok) return ok({ released: released.value, record: record.value });
  if (key.wire === "plain") key.secret.wipe();
  return refuse("audit-unavailable", "the release could not be recorded", record.error.reason);
}

function sha256(content: string | Uint8Array): string {
  return hash("sha256", content);
}

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

function logRelease(log: FastifyBaseLogger, peer: string, { key, verified, measurementSet }: ReleasedKey): void {
  const { wire } = key;
  if (verified === null) {
    log.warn({ peer, wire }, "key released on a mock quote, which proves nothing");
    return;
  }
  const { tcbStatus, fmspc, trustAnchor } = verified;
  log.info({ peer, wire, tcbStatus, fmspc, trustAnchor, measurementSet }, "key released");
}
