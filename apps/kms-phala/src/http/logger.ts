import type { FastifyServerOptions } from "fastify";
import type { LogLevel } from "../config/scalars.ts";

/** Where log lines go; each is one JSON document. */
export interface LogStream {
  write(line: string): void;
}

// Nothing below logs these members. This is the second net, for the day somebody does.
const SECRET_MEMBERS = [
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
];

/** Logger options: one level, one stream, and members that are never printed at the top of a line or one level below. */
export function loggerOptions(
  level: LogLevel,
  stream: LogStream | undefined,
): Exclude<FastifyServerOptions["logger"], boolean | undefined> {
  return {
    level,
    redact: { paths: SECRET_MEMBERS.flatMap((member) => [member, `*.${member}`]), censor: "[redacted]" },
    ...(stream === undefined ? {} : { stream }),
  };
}
