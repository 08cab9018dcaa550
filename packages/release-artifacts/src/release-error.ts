import { quoteForeignText } from "@mero-tee/policy";

import type { ArchiveError } from "./archive.ts";
import type { ChecksumProblem } from "./checksums.ts";
import { CATALOG_CODES, type CatalogError } from "./compatibility.ts";
import type { AppComposeError } from "./compose-hash.ts";
import type { TemplateError } from "./compose-template.ts";
import { describeDocumentProblem, DOCUMENT_CODES, type DocumentProblem } from "./documents/document-problem.ts";
import type { DeploymentError } from "./kms-app-compose.ts";
import type { ReleaseUnreadable } from "./load-release.ts";
import { PROMOTION_CODES, type PromotionError } from "./promote-candidates.ts";
import { DOWNLOAD_CODES, type DownloadError } from "./release-download.ts";
import type { ReleaseReferenceError } from "./release-version.ts";
import type { UnreviewedError } from "./review-app-compose.ts";

/** Every error code of releases beside those of signatures; closed and documented. */
export const RELEASE_ERROR_CODES: readonly ReleaseErrorCode[] = [
  "release-tag-malformed",
  "release-unreadable",
  "checksums-malformed",
  "archive-malformed",
  "app-compose-malformed",
  "app-compose-unreviewed",
  "compose-template-malformed",
  "deployment-malformed",
  ...DOCUMENT_CODES,
  ...CATALOG_CODES,
  ...PROMOTION_CODES,
  ...DOWNLOAD_CODES,
];

/** The code of a {@link ReleaseError}. */
export type ReleaseErrorCode = ReleaseError["code"];

/** Any refusal of this package, but those of signatures. */
export type ReleaseError =
  | ReleaseReferenceError
  | ReleaseUnreadable
  | ChecksumProblem
  | ArchiveError
  | AppComposeError
  | UnreviewedError
  | TemplateError
  | DeploymentError
  | DocumentProblem
  | CatalogError
  | PromotionError
  | DownloadError;

/** One sentence about a refusal that an operator can act on; foreign text in it is quoted. */
export function describeReleaseError(error: ReleaseError): string {
  if ("message" in error) return error.message;
  switch (error.code) {
    case "release-tag-malformed":
      return `${quoteForeignText(error.actual)} names no release; write 2.4.0, or a tag such as mero-kms-v2.4.0.`;
    case "release-unreadable":
      return `${quoteForeignText(error.file)} cannot be read: ${quoteForeignText(error.reason, 200)}.`;
    case "checksums-malformed":
      return `The checksum file is refused at line ${error.line}: ${error.reason}.`;
    case "archive-malformed":
      return `The archive is refused: ${error.reason}.`;
    case "app-compose-malformed":
      return `This is no app-compose document: ${error.reason}.`;
    case "app-compose-unreviewed":
      return `${quoteForeignText(error.member)} of the app-compose document is not the reviewed one; expected: ${error.expected}.`;
    case "compose-template-malformed":
      return `This is not the template of a KMS's composition: ${error.reason}.`;
    case "deployment-malformed":
      return `${error.field} must be ${error.expected}.`;
    case "document-json-malformed":
    case "document-schema-version-unsupported":
    case "document-field-missing":
    case "document-field-malformed":
      return `${describeDocumentProblem(error)}.`;
  }
  return error satisfies never;
}
