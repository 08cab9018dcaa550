/** Every reason for which an image is not measured; closed and documented in `docs/errors.md`. */
export const IMAGE_ERROR_CODES = [
  "disk-truncated",
  "gpt-invalid",
  "partition-unexpected",
  "esp-invalid",
  "esp-file-unexpected",
  "pe-invalid",
  "uki-section-invalid",
  "command-line-invalid",
  "test-image",
  "profile-mismatch",
  "root-partition-mismatch",
  "template-event-unknown",
  "template-incomplete",
] as const;

/** One of {@link IMAGE_ERROR_CODES}. */
export type ImageErrorCode = (typeof IMAGE_ERROR_CODES)[number];

/** Why an image, or an event log that should be its template, is refused; `detail` is a sentence without final period. */
export interface ImageError {
  readonly code: ImageErrorCode;
  readonly detail: string;
}

/** Refuses an image. */
export function refuseImage(code: ImageErrorCode, detail: string): { readonly ok: false; readonly error: ImageError } {
  return { ok: false, error: { code, detail } };
}
