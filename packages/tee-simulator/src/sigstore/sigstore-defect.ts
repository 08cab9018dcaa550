import type { SigstoreErrorCode } from "@mero-tee/release-artifacts/sigstore";
import { flipBit } from "../byte-writer.ts";
import type { SigstoreParties } from "./sigstore-parties.ts";
import type { ContentForm, Json, SigstoreRecipe } from "./sigstore-recipe.ts";

/** One thing that is wrong with a signature, and what a verifier must say; written down from the rules, never computed. */
export interface SigstoreDefect {
  readonly id: string;
  readonly code: SigstoreErrorCode;
  /** Starts from another kind of signature than the default. */
  readonly start?: { readonly content?: ContentForm; readonly log?: 1 | 2; readonly timestamp?: boolean };
  readonly change: (recipe: SigstoreRecipe, parties: SigstoreParties) => void;
}

/** A member of JSON under construction, which must be there. */
export function inside(json: Json | undefined, ...path: readonly (string | number)[]): { [key: string]: Json } {
  let at = json;
  for (const step of path) {
    if (Array.isArray(at)) at = typeof step === "number" ? at[step] : undefined;
    else at = typeof at === "object" && at !== null && typeof step === "string" ? at[step] : undefined;
  }
  if (typeof at !== "object" || at === null || Array.isArray(at)) throw new TypeError(`no object at ${path.join(".")}`);
  return at;
}

/** A copy with the lowest bit of its last byte changed. */
export function flipLast(bytes: Uint8Array): Uint8Array {
  return flipBit(bytes, bytes.length - 1);
}

/** Signatures that carry a timestamp, come from the second generation of logs, or are attestations. */
export const WITH_TIMESTAMP = { timestamp: true } as const;
export const SECOND_LOG = { log: 2 } as const;
export const ATTESTATION = { content: "dsse" } as const;
