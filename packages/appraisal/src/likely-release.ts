import { parseQuote } from "@mero-tee/tdx-quote";

import type { AttesterKind, ReleaseAsset } from "./request.ts";

/** Most releases that are looked through for the one that fits. Source: docs/verifier.md. */
export const RELEASE_SEARCH_LIMIT = 12;

const DECODER = new TextDecoder();

/**
 * Makes a quick look at a release's files: whether they name what this machine measured. It only saves downloads; which release
 * is compared with is for the appraisal, and a wrong guess here leaves it with less to choose from.
 *
 * @param quote - null where there is none yet: then the first release is as good as any
 * @param attestation - the attester's answer as text
 */
export function likelyRelease(
  kind: AttesterKind,
  quote: Uint8Array<ArrayBuffer> | null,
  attestation: string,
): (assets: readonly ReleaseAsset[]) => boolean {
  const marks = kind === "kms" ? composeHashes(attestation) : rtmr3(quote);
  return (assets) => {
    if (marks.length === 0) return true;
    const texts = assets.map(({ bytes }) => DECODER.decode(bytes).toLowerCase());
    return marks.some((mark) => texts.some((text) => text.includes(mark)));
  };
}

/** Every 32-byte value in hex of the answer: one of them is the compose hash, if there is one. */
function composeHashes(attestation: string): readonly string[] {
  return [...new Set(attestation.toLowerCase().match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? [])];
}

function rtmr3(quote: Uint8Array<ArrayBuffer> | null): readonly string[] {
  const parsed = quote === null ? null : parseQuote(quote);
  return parsed?.ok === true ? [parsed.value.report.rtmr3] : [];
}
