import type { FastifyServerOptions } from "fastify";
import type { LogLevel } from "../config/scalars.ts";

/** Where log lines go; each is one JSON document. */
export interface LogStream {
  write(line: string): void;
}

// Nothing below logs these members. This is the second net, for the day somebody does.
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  "body",
  "headers",
  "key",
  "nonce",
  "nonceB64",
  "nonceHex",
  "quote",
  "quoteB64",
  "signature",
  "signatureB64",
  "peerPublicKeyB64",
  "peerId",
]);
const CENSOR = "[redacted]";

/** Logger options: one level, one stream, and members that are never printed at the top of a line or one level below. */
export function loggerOptions(
  level: LogLevel,
  stream: LogStream | undefined,
): Exclude<FastifyServerOptions["logger"], boolean | undefined> {
  return {
    level,
    // The logger's own redaction takes as long as the rest of a line.
    formatters: { log: (line) => hideSecrets(line, hideBelow) },
    ...(stream === undefined ? {} : { stream }),
  };
}

/** The same members with the secret ones censored; a copy. */
function hideSecrets(
  members: object,
  shownAs: (value: unknown) => unknown = (value) => value,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) shown[name] = SECRET_MEMBERS.has(name) ? CENSOR : shownAs(value);
  return shown;
}

function hideBelow(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (!Object.keys(value).some((name) => SECRET_MEMBERS.has(name))) return value;
  const shown = hideSecrets(value);
  if (!(value instanceof Error)) return shown;
  // What an error says of itself is not among its enumerable members: the rest is read through.
  const censored: unknown = Object.create(value, Object.getOwnPropertyDescriptors(shown));
  return censored;
}
