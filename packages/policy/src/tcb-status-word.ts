import { TCB_STATUSES, type TcbStatus } from "@mero-tee/tdx-quote";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { excerpt } from "./foreign-text.ts";

/** A word that is none of Intel's TCB statuses. */
export interface TcbStatusError {
  readonly code: "tcb-status-unknown";
  /** The word, cut to 64 characters. */
  readonly actual: string;
}

/** The statuses that count where a policy does not say. Source: docs/protocol.md. */
export const DEFAULT_TCB_STATUSES: readonly TcbStatus[] = ["UpToDate"];

const BY_LETTERS: ReadonlyMap<string, TcbStatus> = new Map(
  TCB_STATUSES.map((status) => [lettersAndDigits(status), status]),
);

/**
 * Reads a TCB status in any spelling: everything but letters and digits is dropped and case does not count, since old
 * documents hold `uptodate` and settings hold `up-to-date`. `Revoked` is a status too; lists of accepted statuses
 * refuse it on their own.
 *
 * Errors: `tcb-status-unknown`.
 * Source: Intel PCS API v4, `tcbStatus`; docs/releases.md.
 */
export function parseTcbStatus(word: string): Result<TcbStatus, TcbStatusError> {
  const status = BY_LETTERS.get(lettersAndDigits(word));
  return status === undefined ? err({ code: "tcb-status-unknown", actual: excerpt(word) }) : ok(status);
}

function lettersAndDigits(word: string): string {
  return word.replaceAll(/[^0-9A-Za-z]/g, "").toLowerCase();
}
