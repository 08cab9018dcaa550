export { AUDIT_ERROR_CODES, type AuditError, describeAuditError } from "./audit-error.ts";
export type { AuditEvent } from "./audit-event.ts";
export { type AuditReader, type AuditSummary, createAuditReader, verifyAuditFile } from "./audit-reader.ts";
export {
  AUDIT_LINE_LIMIT_BYTES,
  AUDIT_START,
  type AuditHead,
  type AuditRecord,
  makeAuditLine,
  readAuditLine,
} from "./audit-record.ts";
