import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { kmsErrorAnswer } from "@mero-tee/kms-protocol";
import { helpLink } from "./help-link.ts";

// What the HTTP parser itself refuses; there is no request yet that could be answered in the usual way.
const STATUSES: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);

/**
 * Answers bytes that are no HTTP request, or that stay away too long, with the protocol's error body, and closes the
 * connection.
 */
export function answerSocketError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUSES.get(error.code ?? "") ?? 400;
  const body = JSON.stringify(kmsErrorAnswer("request-not-json").body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n` +
      `Link: ${helpLink("request-not-json")}\r\nConnection: close\r\n\r\n${body}`,
    // Ended on our side alone, it would stay open for as long as its client sends a byte now and then.
    () => socket.destroy(),
  );
}
