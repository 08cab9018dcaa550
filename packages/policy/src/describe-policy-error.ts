import { describeShort } from "@mero-tee/tdx-quote";

import { quoteForeignText } from "./foreign-text.ts";
import type { NearestSet } from "./measurement-set.ts";
import type { AnyPolicyError, PolicyMismatches } from "./policy-error.ts";
import { PROFILES } from "./profile.ts";

/**
 * One sentence about a refusal that an operator can act on.
 *
 * @param error - any refusal of this package
 * @returns plain text; pieces of foreign text in it are quoted as JSON, so that they cannot pass for our words or
 * break a log line
 */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
export function describePolicyError(error: AnyPolicyError): string {
  switch (error.code) {
    case "policy-json-malformed":
      return `The policy is not strict JSON: ${error.reason} at byte ${error.offset}.`;
    case "policy-field-missing":
      return `The policy lacks ${error.field}.`;
    case "policy-field-malformed":
      return `${error.field} must be ${error.expected}.`;
    case "policy-schema-version-unsupported":
      return `The policy has schema version ${error.actual}; this build reads version 1 only.`;
    case "policy-role-mismatch":
      return `The policy is of role ${quoteForeignText(error.actual)}, not ${quoteForeignText(error.expected)}.`;
    case "policy-profile-mismatch":
      return `The policy is for profile ${quoteForeignText(error.actual)}, not ${quoteForeignText(error.expected)}.`;
    case "policy-tag-mismatch":
      return `The policy belongs to release ${quoteForeignText(error.actual)}, not ${quoteForeignText(error.expected)}.`;
    case "policy-not-ready":
      return `The policy declares itself not ready (status ${quoteForeignText(error.status)}).`;
    case "policy-family-incomplete":
      return `The policy's ${error.family}_* lists are incomplete; missing: ${error.missing.join(", ")}.`;
    case "policy-legacy-family-refused":
      return "The policy holds only plain allowed_* lists, which may be a KMS's own; reading them for nodes needs an explicit opt-in.";
    case "policy-roles-overlap":
      return `RTMR3 value ${error.measurement} stands in the node list and in the KMS list, so a KMS could pass as a node.`;
    case "policy-measurement-forbidden":
      return `${error.field} accepts ${error.measurement}, which belongs to a machine that measured no image.`;
    case "policy-tcb-status-unknown":
      return `${error.field} is ${quoteForeignText(error.actual)}, which is not a TCB status of Intel's.`;
    case "policy-tcb-status-revoked":
      return `${error.field} accepts revoked platforms, which no policy may.`;
    case "policy-list-empty":
      return `${error.field} is there but empty, so it would accept nothing; fill it or leave it out.`;
    case "policy-binding-contradiction":
      return `${error.field} gives other bytes than its hexadecimal form.`;
    case "policy-mismatch":
      return `The quote is genuine but not accepted: ${describeMismatches(error)}.`;
    case "profile-unknown":
      return `${quoteForeignText(error.actual)} is not a profile; known are ${PROFILES.join(", ")}.`;
    case "measurement-malformed":
      return `A measurement has 96 hex digits; this text of length ${error.length} is none.`;
    case "tcb-status-unknown":
      return `${quoteForeignText(error.actual)} is not a TCB status of Intel's.`;
    case "root-hash-malformed":
      return `A root hash has 64 lower-case hex digits; this text of length ${error.length} is none.`;
  }
}

/**
 * What a policy does not accept, without saying of what, and without a full stop: the values need not be those of a genuine
 * quote.
 */
export function describeMismatches(error: PolicyMismatches): string {
  return `${listMismatches(error)}${describeNearest(error)}`;
}

/** One name and a few words: which set was probably meant, and what is wrong with it. */
function describeNearest({ nearestSet }: PolicyMismatches): string {
  return nearestSet === undefined ? "" : `. ${describeNearestSet(nearestSet)}`;
}

/** Names the measurement set that comes nearest, without a full stop. Its id has only characters that are safe in a log. */
export function describeNearestSet({ id, differs }: NearestSet): string {
  return `The nearest measurement set is ${id}, which differs in ${differs.join(", ")}`;
}

/** A status alone does not say what is to be updated: the components behind it do. */
function listMismatches({ mismatches, short = [] }: PolicyMismatches): string {
  return mismatches
    .map(({ field, actual }) => {
      const why = field === "tcbStatus" && short.length > 0 ? ` (${describeShort(short)})` : "";
      return `${field} is ${actual}${why}`;
    })
    .join("; ");
}
