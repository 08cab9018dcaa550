import type { Problem } from "../problem.ts";
import { PROBLEMS } from "../wire/problems.ts";
import type { ProblemBody } from "../wire/problem-schema.ts";
import { problemPath } from "./site-headers.ts";

/** A problem on its way to the caller. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Writes a problem. `error` repeats it as one text: clients of the first version look for nothing else.
 *
 * Source: RFC 9457; docs/verifier-api.md.
 */
export function problemAnswer(
  { code, detail, reason, retryAfterSeconds }: Problem,
  site: string,
  requestId: string,
): ProblemAnswer {
  const [status, title] = PROBLEMS[code];
  const body: ProblemBody = {
    type: site + problemPath(code),
    title,
    status,
    detail,
    instance: requestId,
    code,
    error: `${title}: ${detail}`,
    ...(reason === undefined ? {} : { reason }),
  };
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    },
    body: JSON.stringify(body),
  };
}
