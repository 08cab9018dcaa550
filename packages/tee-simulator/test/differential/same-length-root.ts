import { INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import {
  buildCertificate,
  crlDistributionPoint,
  replaceExtension,
  type CertificateRecipe,
} from "../../src/certificate.ts";
import { derIa5String } from "../../src/der-writer.ts";
import type { Evidence, Recipe, SimulatedPlatform } from "../../src/index.ts";
import { createSignatureMemo } from "../../src/key-ring.ts";

/** Signatures of roots tried so far: a platform tries the same ones for every case. */
const sign = createSignatureMemo(4096);

const NETSCAPE_COMMENT = "2.16.840.1.113730.1.13";

const ROOT_URL = "https://";

/** A shorter mark than usual, because Intel's root has no room for the long one. */
const MARK = "Simulated.";

/**
 * Makes a simulated root exactly as long as Intel's, by the length of a URL that nobody follows: a verifier that has Intel's root
 * compiled in can then be given this one in its place, byte for byte.
 *
 * Throws RangeError for a root that cannot get that length.
 */
function giveRootIntelsLength(root: CertificateRecipe): void {
  replaceExtension(root, { oid: NETSCAPE_COMMENT, critical: false, value: derIa5String(MARK) });
  const lengthWith = (url: string): number => {
    replaceExtension(root, crlDistributionPoint(url));
    return buildCertificate(root, sign).length;
  };
  const missing = INTEL_SGX_ROOT_CA.length - lengthWith(ROOT_URL);
  // The DER of a signature is a byte or two shorter now and then, so several lengths and texts are tried.
  for (const letter of "abcdefghijklmnop") {
    for (const spare of [0, 1, -1, 2, -2]) {
      if (lengthWith(ROOT_URL + letter.repeat(Math.max(0, missing + spare))) === INTEL_SGX_ROOT_CA.length) return;
    }
  }
  throw new RangeError("the root cannot be made as long as Intel's");
}

/** The same platform, whose evidence stands under a root of that length, whatever a case did to the root before. */
export function withRootOfIntelsLength(platform: SimulatedPlatform): SimulatedPlatform {
  const buildEvidence = (recipe: Recipe): Evidence => {
    giveRootIntelsLength(recipe.root);
    return platform.buildEvidence(recipe);
  };
  return { ...platform, buildEvidence };
}
