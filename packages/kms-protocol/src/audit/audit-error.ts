/** Every reason for which an audit file is refused: closed, and documented in `docs/errors.md`. */
export const AUDIT_ERROR_CODES = [
  "audit-empty",
  "audit-record-too-long",
  "audit-record-malformed",
  "audit-sequence-broken",
  "audit-chain-broken",
  "audit-record-torn",
  "audit-anchor-missing",
] as const;

/** One of {@link AUDIT_ERROR_CODES}. */
type AuditErrorCode = (typeof AUDIT_ERROR_CODES)[number];

/** Why an audit file is refused, and where. */
export interface AuditError {
  readonly code: AuditErrorCode;
  /** The line at fault, counted from 1; 0 where no line is. */
  readonly line: number;
  /** What is wrong, in words of ours. */
  readonly reason?: string;
}

/** One sentence that an operator can act on. */
export function describeAuditError({ code, line, reason = "" }: AuditError): string {
  switch (code) {
    case "audit-empty":
      return "The file has no record; a KMS writes its first before it listens.";
    case "audit-record-too-long":
      return `Line ${line} is longer than any record.`;
    case "audit-record-malformed":
      return `Line ${line} is not a record as a KMS writes it: ${reason}.`;
    case "audit-sequence-broken":
      return `Line ${line} has the wrong number (${reason}): records are missing, added or in another order.`;
    case "audit-chain-broken":
      return `Line ${line} does not follow from the line before it: one of the two was changed or exchanged.`;
    case "audit-record-torn":
      return `Line ${line} is cut short: the file was copied while it was written, or its end is missing.`;
    case "audit-anchor-missing":
      return "The chain is whole, but no record has the digest that was asked for: the end was cut off, or this is another chain.";
    default:
      return code satisfies never;
  }
}
