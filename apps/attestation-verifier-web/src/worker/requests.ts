import type { AppraisalRequest, Supply } from "@mero-tee/appraisal";
import { parseHex } from "@mero-tee/tdx-quote/hex";

import type { Expectation } from "./protocol.ts";

/** An appraisal request without anything to appraise: every supply absent, for the reason given. */
export function emptyRequest(expected: Expectation, now: number, reason: string): AppraisalRequest {
  const absent: Supply<never> = { status: "absent", reason };
  return {
    origin: "file",
    kind: null,
    target: null,
    inputs: [],
    challenge: null,
    binding: expected.bindingHex === null ? null : parseHex(expected.bindingHex, 32),
    applicationHash: null,
    tag: expected.tag,
    profile: expected.profile,
    tcbStatuses: expected.isStrict ? ["UpToDate"] : null,
    collateral: absent,
    earlyCollateral: absent,
    releases: absent,
    trustAuthority: absent,
    now,
    otherClock: null,
  };
}

/** A text that came, or the reason why it did not. */
export function supplyOf(text: string | null, source: string, reason: string): Supply<string> {
  return text === null ? { status: "unavailable", reason } : { status: "given", value: text, source };
}
