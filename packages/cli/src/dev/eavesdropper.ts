import type { HttpPort, HttpPortResponse } from "../http-client.ts";

/** Somebody who reads a connection and changes nothing. */
export interface Eavesdropper {
  /** The connection, with its reader on it. */
  readonly fetch: HttpPort;
  /** The body of the last answer, as text. */
  lastAnswer(): string;
}

/** Puts an eavesdropper on a connection. */
export function eavesdrop(fetch: HttpPort): Eavesdropper {
  let pieces: Uint8Array[] = [];
  return {
    async fetch(url, init) {
      const response = await fetch(url, init);
      pieces = [];
      return copying(response, pieces);
    },
    lastAnswer: () => new TextDecoder().decode(Buffer.concat(pieces)),
  };
}

function copying(response: HttpPortResponse, pieces: Uint8Array[]): HttpPortResponse {
  const { body } = response;
  if (body === null) return response;
  return {
    status: response.status,
    headers: response.headers,
    body: {
      getReader() {
        const reader = body.getReader();
        return {
          async read() {
            const piece = await reader.read();
            // A copy, since whoever reads a key wipes what it came in.
            if (piece.value !== undefined) pieces.push(Uint8Array.from(piece.value));
            return piece;
          },
          cancel: () => reader.cancel(),
        };
      },
    },
  };
}
