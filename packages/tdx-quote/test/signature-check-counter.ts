import { p256Engine } from "#p256-engine";
import { vi } from "vitest";
import { prepareAnchor } from "../src/prepared-anchor.ts";

/** Counts the signatures that really are verified, while they are: what a judgement remembers costs none. */
export interface SignatureCheckCounter {
  readonly count: () => number;
  readonly reset: () => void;
  readonly stop: () => void;
}

/** An anchor that no chain ends in. */
const ANOTHER_ANCHOR = new Uint8Array(1);

/** Starts counting, with no anchor prepared. Other keys imported before are not seen. */
export function countSignatureChecks(): SignatureCheckCounter {
  let count = 0;
  prepareAnchor(ANOTHER_ANCHOR);
  const importKey = p256Engine.importKey;
  const spy = vi.spyOn(p256Engine, "importKey").mockImplementation(async (publicKey) => {
    const key = await importKey(publicKey);
    if (key === null) return null;
    return {
      verify: (signature, message) => {
        count += 1;
        return key.verify(signature, message);
      },
      verifyNow: (signature, message) => {
        count += 1;
        return key.verifyNow(signature, message);
      },
    };
  });
  return { count: () => count, reset: () => (count = 0), stop: () => spy.mockRestore() };
}
