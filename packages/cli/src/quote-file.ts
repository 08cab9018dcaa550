import type { Result } from "@mero-tee/tdx-quote/result";

import type { CliFailure } from "./cli-failure.ts";
import type { FileStore } from "./file-store.ts";
import { QUOTE_INPUT_LIMIT_BYTES, recogniseQuote } from "./quote-input.ts";

/**
 * Loads the bytes of a quote from a file in any of the accepted forms. Errors: those of {@link FileStore.read} and
 * `input-unrecognised`.
 */
export async function loadQuoteBytes(
  files: FileStore,
  path: string,
): Promise<Result<Uint8Array<ArrayBuffer>, CliFailure>> {
  const content = await files.read(path, QUOTE_INPUT_LIMIT_BYTES);
  return content.ok ? recogniseQuote(content.value) : content;
}
