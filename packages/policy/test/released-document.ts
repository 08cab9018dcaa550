import { readFileSync } from "node:fs";

const file = new URL("vectors/release-policy/kms-phala-attestation-policy.locked-read-only.json", import.meta.url);

/** JSON that a test takes apart. */
export type Json = Record<string, unknown>;

/** The released example document, fresh for every change. */
export function releasedDocument(): Json & { policy: Json; kms: Json } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file beside this one
  return JSON.parse(readFileSync(file, "utf8")) as Json & { policy: Json; kms: Json };
}

/** The released example as text after a change. */
export function changedDocument(change: (document: Json & { policy: Json; kms: Json }) => void): string {
  const document = releasedDocument();
  change(document);
  return JSON.stringify(document);
}

/** A measurement of one repeated byte. */
export function measurement(byte: string): string {
  return byte.repeat(48);
}
