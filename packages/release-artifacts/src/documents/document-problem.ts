/** Every code of a document that cannot be read; closed and documented. */
export const DOCUMENT_CODES = [
  "document-json-malformed",
  "document-schema-version-unsupported",
  "document-field-missing",
  "document-field-malformed",
] as const;

/** One of {@link DOCUMENT_CODES}. */
export type DocumentCode = (typeof DOCUMENT_CODES)[number];

/**
 * What kind of value is wrong, which decides the rule that it breaks: `digest` for measurements and digests, `payload` for
 * compose hashes, `form` for everything else.
 */
export type ProblemKind = "form" | "digest" | "payload";

/** One thing that is wrong with a document: which file, where in it, and what should have been there. */
export interface DocumentProblem {
  readonly code: DocumentCode;
  readonly kind: ProblemKind;
  readonly file: string;
  /** Path inside the JSON such as `profiles.debug.allowed_mrtd[0]`; empty for the document itself. */
  readonly path: string;
  /** `a string of 96 hex digits`; for JSON that is not strict, the reason and the byte. */
  readonly expected: string;
}

/** One sentence about a problem; nothing in it comes from the document but the names of keys, which are quoted if odd. */
export function describeDocumentProblem(problem: DocumentProblem): string {
  const { file, path, expected } = problem;
  switch (problem.code) {
    case "document-json-malformed":
      return `${file} is not strict JSON: ${expected}`;
    case "document-schema-version-unsupported":
      return `${file} has another schema_version than ${expected}`;
    case "document-field-missing":
      return `${file} lacks ${path}, ${expected}`;
    case "document-field-malformed":
      return `${file}: ${path === "" ? "the document" : path} must be ${expected}`;
  }
  return unreachable(problem.code);
}

function unreachable(code: never): never {
  throw new Error(`no sentence for ${String(code)}`);
}
