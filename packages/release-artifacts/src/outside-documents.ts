import type { Profile } from "@mero-tee/policy";
import { parseRfc3339Utc } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { DocumentProblem } from "./documents/document-problem.ts";
import {
  flag,
  list,
  object,
  optional,
  parseDocument,
  type Shape,
  schemaVersion,
  text,
} from "./documents/document-shape.ts";
import { measurement, profileName, type Registers, time } from "./documents/release-fields.ts";
import type { AntiFakeChecks, TcbWaiver } from "./rules/evidence.ts";

type Read<T> = Result<T, readonly DocumentProblem[]>;

interface WaiversDocument {
  readonly schema_version: 1;
  readonly waivers: readonly { readonly status: string; readonly advisory: string; readonly expires_at: string }[];
}

const waiversDocument: Shape<WaiversDocument> = object<WaiversDocument>({
  schema_version: schemaVersion,
  waivers: list(object<WaiversDocument["waivers"][number]>({ status: text, advisory: text, expires_at: time })),
});

/**
 * Reads exceptions for TCB statuses. Whether somebody who may signed them is for the caller to verify.
 *
 * Source: docs/releases.md, rule M-08.
 */
export function parseTcbWaivers(file: string, content: string | Uint8Array): Read<readonly TcbWaiver[]> {
  const read = parseDocument(file, content, waiversDocument);
  if (!read.ok) return err(read.error);
  return ok(
    read.value.value.waivers.map(({ status, advisory, expires_at: expires }) => ({
      status,
      advisory,
      expiresAt: parseRfc3339Utc(expires) ?? 0,
    })),
  );
}

/** A key service, as a guest's event log names it. */
export interface KeyProvider {
  readonly name: string;
  readonly id: string;
}

const keyProvider: Shape<KeyProvider> = object<KeyProvider>({ name: text, id: text });

/** Reads `kms-key-provider-PROFILE.json`: the key service that a probed KMS ran under. */
export function parseKeyProvider(file: string, content: string | Uint8Array): Read<KeyProvider> {
  const read = parseDocument(file, content, keyProvider);
  return read.ok ? ok(read.value.value) : err(read.error);
}

const predictionDocument: Shape<{ readonly predicted?: Partial<Registers> }> = object<{
  readonly predicted?: Partial<Registers>;
}>({
  predicted: optional(
    object<Partial<Registers>>({
      mrtd: optional(measurement),
      rtmr0: optional(measurement),
      rtmr1: optional(measurement),
      rtmr2: optional(measurement),
      rtmr3: optional(measurement),
    }),
  ),
});

/**
 * Reads the registers that were computed from an image's bytes, out of the file that describes the image.
 *
 * Source: docs/releases.md, rule M-11.
 */
export function parseImagePrediction(file: string, content: string | Uint8Array): Read<Partial<Registers>> {
  const read = parseDocument(file, content, predictionDocument);
  return read.ok ? ok(read.value.value.predicted ?? {}) : err(read.error);
}

interface ClientVerification {
  readonly schema_version: 1;
  readonly profile: Profile;
  readonly checks: {
    readonly positive: { readonly passed: boolean };
    readonly wrong_nonce: { readonly rejected: boolean };
    readonly tampered_quote: { readonly rejected: boolean };
    readonly wrong_expected_application_hash: { readonly rejected: boolean };
  };
}

const rejected: Shape<{ readonly rejected: boolean }> = object<{ readonly rejected: boolean }>({ rejected: flag });

const clientVerification: Shape<ClientVerification> = object<ClientVerification>({
  schema_version: schemaVersion,
  profile: profileName,
  checks: object<ClientVerification["checks"]>({
    positive: object<{ readonly passed: boolean }>({ passed: flag }),
    wrong_nonce: rejected,
    tampered_quote: rejected,
    wrong_expected_application_hash: rejected,
  }),
});

/**
 * Reads `node-client-verification-PROFILE.json`: what became of genuine evidence of a node, and of three forgeries of it.
 *
 * Source: docs/releases.md, rule E-03.
 */
export function parseClientVerification(file: string, content: string | Uint8Array): Read<AntiFakeChecks> {
  const read = parseDocument(file, content, clientVerification);
  if (!read.ok) return err(read.error);
  const { profile, checks } = read.value.value;
  return ok({
    profile,
    positivePassed: checks.positive.passed,
    wrongNonceRejected: checks.wrong_nonce.rejected,
    tamperedQuoteRejected: checks.tampered_quote.rejected,
    wrongApplicationHashRejected: checks.wrong_expected_application_hash.rejected,
  });
}

/** What a live node got from a live KMS. */
export interface KeyRequestOutcome {
  readonly kms: Profile;
  readonly node: Profile;
  /** Null for a key; else the KMS's word for its refusal, or the probe's own code where the KMS said nothing. */
  readonly refusedWith: string | null;
}

interface KeyRequestDocument {
  readonly schema_version: 1;
  readonly kms_profile: Profile;
  readonly node_profile: Profile;
  readonly probe: { readonly ok: boolean; readonly code: string; readonly kms_error?: string };
}

const keyRequestDocument: Shape<KeyRequestDocument> = object<KeyRequestDocument>({
  schema_version: schemaVersion,
  kms_profile: profileName,
  node_profile: profileName,
  probe: object<KeyRequestDocument["probe"]>({ ok: flag, code: text, kms_error: optional(text) }),
});

/**
 * Reads `node-kms-probe-result-KMS-NODE.json`. What was expected is for the rules to say, whatever a prober wrote beside it.
 *
 * Source: docs/releases.md, rule E-05.
 */
export function parseKeyRequest(file: string, content: string | Uint8Array): Read<KeyRequestOutcome> {
  const read = parseDocument(file, content, keyRequestDocument);
  if (!read.ok) return err(read.error);
  const { kms_profile: kms, node_profile: node, probe } = read.value.value;
  return ok({ kms, node, refusedWith: probe.ok ? null : (probe.kms_error ?? probe.code) });
}
