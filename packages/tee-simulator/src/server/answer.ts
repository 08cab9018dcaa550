/**
 * What a handler says to a request, before any byte is written.
 *
 * `disconnect` drops the connection without an answer, `hang` leaves the peer waiting until it gives up or the server
 * closes: both exist for injected failures.
 */
export type Answer = HttpAnswer | "disconnect" | "hang";

/** A complete HTTP answer; its length is known before it is sent, so no answer is ever chunked. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/**
 * A JSON answer in ASCII only: other characters travel as `\u` escapes.
 *
 * The JavaScript SDK of the dstack guest agent counts characters where `Content-Length` counts bytes, so one non-ASCII
 * character makes it wait until its time-out.
 */
export function jsonAnswer(value: unknown, status: number = 200): HttpAnswer {
  return { status, headers: { "Content-Type": "application/json" }, body: asciiJson(value) };
}

/** The error form of every endpoint of the simulator: `{ "error": text, "code"?: kebab-case }`. */
export function errorAnswer(status: number, error: string, code?: string): HttpAnswer {
  return jsonAnswer(code === undefined ? { error } : { error, code }, status);
}

/** A text answer with the given media type. */
export function textAnswer(body: string, contentType: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { "Content-Type": contentType, ...headers }, body };
}

/** A binary answer with the given media type. */
export function bytesAnswer(
  body: Uint8Array,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status: 200, headers: { "Content-Type": contentType, ...headers }, body };
}

/** JSON text in which every character outside ASCII is a `\u` escape; `undefined` becomes `null`. */
function asciiJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
