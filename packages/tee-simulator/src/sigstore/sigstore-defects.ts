import { LOG_DEFECTS } from "./log-defects.ts";
import { SIGNER_DEFECTS } from "./signer-defects.ts";
import type { SigstoreDefect } from "./sigstore-defect.ts";

/** Every defect that the simulated Sigstore can make. */
export const SIGSTORE_DEFECTS: readonly SigstoreDefect[] = [...SIGNER_DEFECTS, ...LOG_DEFECTS];

/** The defect of that id; one that does not exist is a `RangeError`. */
export function findSigstoreDefect(id: string): SigstoreDefect {
  const defect = SIGSTORE_DEFECTS.find((candidate) => candidate.id === id);
  if (defect === undefined) throw new RangeError(`no defect ${id}`);
  return defect;
}
