import { KMS_ERROR_CODES, KMS_ERRORS, type KmsErrorCode } from "@mero-tee/kms-protocol";
import { CODES_PAGE } from "@mero-tee/release-artifacts";

/**
 * The `Link` header of a refusal: where people read what it means.
 *
 * An answer that one reason alone has leads to that reason. Where several share status and tag, a link to one of them would
 * tell a caller which it was, so it leads to the table of tags; the log has the code.
 *
 * Source: RFC 8288, section 3; link relation `help` of the IANA registry.
 */
export function helpLink(code: KmsErrorCode): string {
  return `<${CODES_PAGE}#${anchorOf(code)}>; rel="help"`;
}

function anchorOf(code: KmsErrorCode): string {
  const [status, tag] = KMS_ERRORS[code];
  const reasons = KMS_ERROR_CODES.filter((other) => KMS_ERRORS[other][0] === status && KMS_ERRORS[other][1] === tag);
  return reasons.length === 1 ? code : "tags-on-the-wire";
}
