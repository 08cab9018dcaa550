import type { Measurement } from "@mero-tee/policy";
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
import { measurement, type Registers, time } from "./documents/release-fields.ts";
import type { TcbWaiver } from "./rules/evidence.ts";

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
 * Source: mero-tee release families, rule M-08.
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

interface EndorsementsDocument {
  readonly schema_version: 1;
  readonly endorsements: readonly { readonly mrtd: Measurement; readonly verified: boolean; readonly reason: string }[];
}

const endorsementsDocument: Shape<EndorsementsDocument> = object<EndorsementsDocument>({
  schema_version: schemaVersion,
  endorsements: list(
    object<EndorsementsDocument["endorsements"][number]>({ mrtd: measurement, verified: flag, reason: text }),
  ),
});

/**
 * Reads what came of verifying Google's launch endorsements: null for an MRTD whose endorsement is valid, else what is wrong.
 *
 * Source: mero-tee release families, rule M-10.
 */
export function parseLaunchEndorsements(
  file: string,
  content: string | Uint8Array,
): Read<ReadonlyMap<string, string | null>> {
  const read = parseDocument(file, content, endorsementsDocument);
  if (!read.ok) return err(read.error);
  const { endorsements } = read.value.value;
  return ok(new Map(endorsements.map(({ mrtd, verified, reason }) => [mrtd, verified ? null : reason])));
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
 * Source: mero-tee release families, rule M-11.
 */
export function parseImagePrediction(file: string, content: string | Uint8Array): Read<Partial<Registers>> {
  const read = parseDocument(file, content, predictionDocument);
  return read.ok ? ok(read.value.value.predicted ?? {}) : err(read.error);
}
