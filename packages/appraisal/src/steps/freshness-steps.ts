import { DEFAULT_BINDING, NONCE_BYTES } from "@mero-tee/kms-protocol";
import { DEFAULT_BINDING_LABEL } from "@mero-tee/policy";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";

import type { Case } from "../case.ts";
import { fail, info, item, pass, skip, warn } from "../finding.ts";
import type { EvidenceItem, Finding } from "../step.ts";

const HALF_DIGITS = 2 * NONCE_BYTES;
const NO_BINDING = new Uint8Array(NONCE_BYTES);

/** The two halves of a quote's own report data; null without a quote. */
function halvesOf({ view }: Case): { readonly first: Uint8Array; readonly second: Uint8Array } | null {
  if (view === null) return null;
  const [first, second] = [view.reportData.slice(0, HALF_DIGITS), view.reportData.slice(HALF_DIGITS)].map((half) =>
    parseHex(half, NONCE_BYTES),
  );
  return first === undefined || second === undefined || first === null || second === null ? null : { first, second };
}

/** `fresh.nonce`. */
export function judgeNonce(opened: Case): Finding {
  const { challenge } = opened.request;
  const halves = halvesOf(opened);
  if (halves === null) return skip("There is no quote.", "evidence-missing");
  const quoted = item("First half of report data", toHex(halves.first), "quote", "hex");
  if (challenge === null) {
    return skip("Nobody knows which challenge was sent, so nobody can say when this was produced.", "nonce-missing", [
      quoted,
    ]);
  }
  const evidence: EvidenceItem[] = [
    item("Challenge", toHex(challenge.nonce), "user", "hex"),
    quoted,
    item("Challenge made by", challenge.source, "user"),
    ...(challenge.roundTripMs === null ? [] : [item("Milliseconds to the answer", challenge.roundTripMs, "user")]),
  ];
  if (!equalBytes(challenge.nonce, halves.first)) {
    return fail("nonce-mismatch", "The quote answers another challenge than the one that was sent.", evidence);
  }
  if (challenge.source === "server" || challenge.source === "file") {
    const maker = challenge.source === "server" ? "a service in between" : "whoever made this file";
    return warn(
      "nonce-not-ours",
      `The quote answers a challenge that ${maker} chose: it says when to them, and to nobody else.`,
      evidence,
    );
  }
  return pass("The quote answers the challenge that was sent for it.", evidence);
}

/** `fresh.binding`. */
export async function judgeBinding(opened: Case): Promise<Finding> {
  const halves = halvesOf(opened);
  if (halves === null) return skip("There is no quote.", "evidence-missing");
  const { kind, request } = opened;
  const quoted = item("Second half of report data", toHex(halves.second), "quote", "hex");
  if (kind === null) return info(`The second half of the report data is ${interpretationOf(halves.second)}.`, [quoted]);
  if (kind === "node" && request.applicationId !== undefined && request.applicationHash === null) {
    return skip(
      "The node was asked to bind an application, and nobody said which hash its bytecode has.",
      "application-hash-missing",
      [quoted, item("Application asked for", request.applicationId, "user")],
    );
  }
  const expected = kind === "kms" ? (request.binding ?? DEFAULT_BINDING) : (request.applicationHash ?? NO_BINDING);
  const evidence = [quoted, item("Expected", toHex(expected), "user", "hex")];
  if (!equalBytes(expected, halves.second)) {
    return fail(
      "binding-mismatch",
      `The second half of the report data is ${interpretationOf(halves.second)}, not what was asked for.`,
      evidence,
    );
  }
  const named = kind === "kms" && request.binding === null ? await bindingOfRelease(opened) : null;
  if (named !== null && !equalBytes(named, DEFAULT_BINDING)) {
    return fail("binding-policy-mismatch", "The release names another default binding than this verifier knows.", [
      ...evidence,
      item("Named by the release", toHex(named), "release", "hex"),
    ]);
  }
  return pass(`The second half of the report data is ${interpretationOf(halves.second)}, as asked for.`, evidence);
}

async function bindingOfRelease(opened: Case): Promise<Uint8Array | null> {
  const choice = await opened.release();
  if (choice?.outcome !== "chosen" || !choice.release.values.ok) return null;
  const { profiles } = choice.release.values.value;
  const others = profiles.flatMap(({ defaultBinding }) => (defaultBinding === null ? [] : [defaultBinding]));
  return others.find((binding) => !equalBytes(binding, DEFAULT_BINDING)) ?? others[0] ?? null;
}

function interpretationOf(half: Uint8Array): string {
  if (equalBytes(half, DEFAULT_BINDING)) return `the default binding of a KMS (SHA-256 of "${DEFAULT_BINDING_LABEL}")`;
  return equalBytes(half, NO_BINDING) ? "all zero" : "a value that says nothing by itself";
}
