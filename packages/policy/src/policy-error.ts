import type { ShortComponent } from "@mero-tee/tdx-quote";

import type { MeasurementError } from "./measurement.ts";
import type { NearestSet } from "./measurement-set.ts";
import type { PolicyField } from "./appraisal-policy.ts";
import type { ProfileError } from "./profile.ts";
import type { RootHashError } from "./node-rtmr3.ts";
import type { TcbStatusError } from "./tcb-status-word.ts";

/** Every error code of this package; closed and documented. */
export const POLICY_ERROR_CODES = [
  "policy-json-malformed",
  "policy-field-missing",
  "policy-field-malformed",
  "policy-schema-version-unsupported",
  "policy-role-mismatch",
  "policy-profile-mismatch",
  "policy-tag-mismatch",
  "policy-not-ready",
  "policy-family-incomplete",
  "policy-legacy-family-refused",
  "policy-roles-overlap",
  "policy-measurement-forbidden",
  "policy-tcb-status-unknown",
  "policy-tcb-status-revoked",
  "policy-list-empty",
  "policy-binding-contradiction",
  "policy-mismatch",
  "profile-unknown",
  "measurement-malformed",
  "tcb-status-unknown",
  "root-hash-malformed",
] as const;

/** One of {@link POLICY_ERROR_CODES}. */
export type PolicyErrorCode = (typeof POLICY_ERROR_CODES)[number];

/**
 * Why a source of reference values is refused as a whole. `field` names the place: a path in the document such as
 * `policy.node_allowed_mrtd[2]`, or an environment variable. Texts from outside are cut to 64 characters.
 */
export type PolicyError =
  | { readonly code: "policy-json-malformed"; readonly reason: string; readonly offset: number }
  | { readonly code: "policy-field-missing"; readonly field: string }
  | { readonly code: "policy-field-malformed"; readonly field: string; readonly expected: string }
  | { readonly code: "policy-schema-version-unsupported"; readonly actual: string }
  | { readonly code: "policy-role-mismatch"; readonly expected: string; readonly actual: string }
  | { readonly code: "policy-profile-mismatch"; readonly expected: string; readonly actual: string }
  | { readonly code: "policy-tag-mismatch"; readonly expected: string; readonly actual: string }
  | { readonly code: "policy-not-ready"; readonly status: string }
  | { readonly code: "policy-family-incomplete"; readonly family: string; readonly missing: readonly string[] }
  | { readonly code: "policy-legacy-family-refused" }
  | { readonly code: "policy-roles-overlap"; readonly measurement: string }
  | { readonly code: "policy-measurement-forbidden"; readonly field: string; readonly measurement: string }
  | { readonly code: "policy-tcb-status-unknown"; readonly field: string; readonly actual: string }
  | { readonly code: "policy-tcb-status-revoked"; readonly field: string }
  | { readonly code: "policy-list-empty"; readonly field: string }
  | { readonly code: "policy-binding-contradiction"; readonly field: string };

/** One value of a quote that its policy does not list. */
export interface PolicyMismatch {
  readonly field: PolicyField;
  /** What the quote shows. */
  readonly actual: string;
  /** What the policy lists; empty lists accept nothing. A policy with sets is compared with the nearest one: its value. */
  readonly allowed: readonly string[];
}

/** A genuine quote that is not accepted: every mismatch, in the order tcbStatus, mrtd, rtmr0..rtmr3; never empty. */
export interface PolicyMismatches {
  readonly code: "policy-mismatch";
  readonly mismatches: readonly PolicyMismatch[];
  /** A policy with sets: the one that comes nearest, unless a set matches and only the TCB status does not. */
  readonly nearestSet?: NearestSet;
  /** The security versions behind the TCB status, where a quote was judged. */
  readonly short?: readonly ShortComponent[];
}

/** Any refusal of this package. */
export type AnyPolicyError =
  PolicyError | PolicyMismatches | ProfileError | MeasurementError | TcbStatusError | RootHashError;
