import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Evidence } from "./evidence.ts";

/** Remembers which collateral belongs to a quote whose defect lies there: such a quote itself is flawless. */
export interface DefectMemory {
  /** Takes note of a quote: of its evidence where it has a defect, of its health where it has none. */
  note(quote: Uint8Array, evidence: Evidence | null): void;
  /** The evidence of the defect with which that quote was issued last, if it was. */
  recall(quote: Uint8Array): Evidence | undefined;
}

/** @param capacity - how many quotes are kept; the oldest goes first */
export function createDefectMemory(capacity: number): DefectMemory {
  const known = new Map<string, Evidence>();
  return {
    note(quote, evidence) {
      // Healthy quotes are issued by the thousand and have nothing to forget: no need to name them.
      if (evidence === null && known.size === 0) return;
      const name = bytesToHex(sha256(quote));
      known.delete(name);
      if (evidence !== null) known.set(name, evidence);
      const oldest = known.keys().next();
      if (known.size > capacity && oldest.done === false) known.delete(oldest.value);
    },
    recall: (quote) => (known.size === 0 ? undefined : known.get(bytesToHex(sha256(quote)))),
  };
}
