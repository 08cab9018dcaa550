/**
 * Everything that this API refuses or fails with: the word on the wire, its status, and the title that people read.
 *
 * Source: docs/verifier-api.md; RFC 9457 for the form.
 */
export const PROBLEMS = {
  bad_json: [400, "The body is not what this endpoint takes"],
  bad_query: [400, "The query is not what this endpoint takes"],
  missing_target: [400, "Nothing to verify was named"],
  ambiguous_target: [400, "More than one thing to verify was named"],
  bad_nonce: [400, "The nonce is not 32 bytes"],
  bad_binding: [400, "The binding is not 32 bytes, or not for this kind of target"],
  bad_application_id: [400, "The application id cannot be asked for"],
  bad_application_hash: [400, "The hash of the application cannot be used"],
  bad_tag: [400, "That is no release tag of this family"],
  bad_profile: [400, "That is no image profile"],
  bad_quote: [400, "The quote cannot be read"],
  nonce_mismatch: [400, "The quote does not carry the nonce that was sent"],
  target_refused: [403, "This address is not asked"],
  endpoint_unknown: [404, "There is no such endpoint"],
  release_not_found: [404, "There is no such release"],
  platform_unknown: [404, "Intel does not know this platform"],
  method_not_allowed: [405, "This endpoint takes another method"],
  too_large: [413, "The body is too large"],
  not_json: [415, "The body is not declared as JSON"],
  attestation_unusable: [422, "The answer holds no quote"],
  rate_limited: [429, "Too many requests"],
  internal_error: [500, "This service failed"],
  target_unreachable: [502, "The target cannot be reached"],
  target_bad_status: [502, "The target refused"],
  target_bad_body: [502, "The target's answer cannot be used"],
  target_redirected: [502, "The target redirects, and redirects are not followed"],
  upstream_bad_signature: [502, "A released file is not signed as it must be"],
  release_source_error: [502, "The release host did not answer as it should"],
  collateral_source_error: [502, "The source of collateral did not answer as it should"],
  ita_source_error: [502, "Intel Trust Authority did not answer as it should"],
  not_configured: [503, "This is not configured here"],
  overloaded: [503, "This service is busy"],
  target_timeout: [504, "The target took too long"],
  upstream_timeout: [504, "A service that is needed took too long"],
  loop_detected: [508, "This service was asked by itself"],
} as const;

/** One of the words of {@link PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS;

/** Why an address is not asked. Source: docs/verifier-api.md. */
export const REFUSAL_REASONS = [
  "scheme",
  "userinfo",
  "port",
  "path",
  "host_not_allowed",
  "address_forbidden",
  "dns_mixed",
] as const;

/** One of {@link REFUSAL_REASONS}. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
