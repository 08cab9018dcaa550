import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";

import { judgeRsaChain, verifyPssSha256 } from "../rsa-chain.ts";
import { parseLaunchEndorsement } from "./launch-endorsement.ts";

/** What Google says about a firmware, or what is wrong with its saying so, as a clause. */
export type FirmwareEndorsement =
  /** Sizes of memory, in GiB, of the machines on which the firmware measures as that MRTD. */
  { readonly ramGib: readonly number[] } | { readonly problem: string };

/**
 * Verifies that Google endorses firmware that measures as an MRTD: the certificate in the endorsement leads to the given root, its key
 * signed what is said, and the MRTD is among it.
 *
 * @param mrtd - 96 lower-case hex digits
 * @param root - `GCE-cc-tcb-root_1`, DER, from a source that the caller trusts
 * @param now - Unix seconds
 * Source: Google Cloud, verify a Confidential VM's firmware; gce-tcb-verifier; RFC 5280, section 6.1; RFC 8017, section 8.1.2.
 */
export async function verifyLaunchEndorsement(
  bytes: Uint8Array,
  mrtd: string,
  { root, now }: { readonly root: Uint8Array; readonly now: number },
): Promise<FirmwareEndorsement> {
  const endorsement = parseLaunchEndorsement(bytes);
  if (endorsement === null) return { problem: "it is no launch endorsement of TDX firmware" };
  const { signed, signature, certificate, authorities, machines } = endorsement;
  const chain = [certificate, ...authorities.filter((authority) => !equalBytes(authority, root)), root];
  const judged = await judgeRsaChain(chain, [toHex(sha256(root))], now);
  if ("problem" in judged) return { problem: `the chain of its signer does not hold: ${judged.problem}` };
  if (!(await verifyPssSha256(judged.leafSpki, signature, signed))) return { problem: "its signature is wrong" };
  const ramGib = machines.filter((machine) => machine.mrtd === mrtd).map((machine) => machine.ramGib);
  return ramGib.length > 0 ? { ramGib } : { problem: "it is of firmware that measures otherwise" };
}
