import { type BoundedBuffer, createBoundedBuffer } from "./bounded-buffer.ts";

/** How the reading of an answer ended. */
export type AnswerEnd =
  | {
      readonly kind: "whole";
      readonly status: number;
      readonly body: BoundedBuffer;
      /** Whether the next answer on the connection can only be the next request's. */
      readonly isReusable: boolean;
    }
  | { readonly kind: "too-large" }
  | { readonly kind: "malformed"; readonly reason: string };

/** Reads one answer. After an end it is given nothing more. */
export interface AnswerReader {
  /** Takes bytes as they came; null while more must come. */
  push(piece: Buffer): AnswerEnd | null;
  /** No more bytes will come. */
  end(): AnswerEnd;
}

/** How the end of a body is found. Source: RFC 9112, section 6.3. */
type Framing = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" | "to-the-end" };

interface Head {
  readonly status: number;
  readonly framing: Framing;
  readonly isKept: boolean;
}

// An agent sends a few lines.
const HEAD_BYTES = 16_384;
const LINE_BYTES = 1_024;
const HEAD_END = "\r\n\r\n";

/**
 * Makes the reader of one HTTP/1.1 answer. Whatever is ambiguous is refused: two lengths, a length beside chunks, another coding
 * than chunks, folded lines, interim answers. Nothing is kept beyond `limitBytes` of the body and {@link HEAD_BYTES} of the rest.
 *
 * Source: RFC 9112, sections 2 to 7.
 */
export function createAnswerReader(limitBytes: number): AnswerReader {
  let earlier: BoundedBuffer | null = null;
  let head: Head | null = null;
  let body: BodyReader | null = null;

  const pushBody = (piece: Buffer): AnswerEnd | null => {
    const read = body?.push(piece) ?? null;
    if (read === null || head === null || body === null) return null;
    // It may be a part of a key, and nobody else has it.
    if (typeof read === "string") body.bytes.wipe();
    if (read === "too-large") return { kind: "too-large" };
    if (read === "malformed") return { kind: "malformed", reason: "the answer's chunks are malformed" };
    // What follows the answer was not asked for.
    return {
      kind: "whole",
      status: head.status,
      body: body.bytes,
      isReusable: head.isKept && read.taken === piece.length,
    };
  };
  return {
    push(piece) {
      if (head !== null) return pushBody(piece);
      const before = earlier?.length ?? 0;
      const part = piece.subarray(0, HEAD_BYTES - before);
      earlier?.append(part);
      // A head that comes in one piece, as nearly all do, is read where it is.
      const seen = earlier?.taken() ?? part;
      const end = seen.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1), "latin1");
      if (end === -1 && seen.length < HEAD_BYTES) {
        if (earlier === null) {
          earlier = createBoundedBuffer(HEAD_BYTES);
          earlier.append(part);
        }
        return null;
      }
      head = end === -1 ? null : parseHead(seen.toString("latin1", 0, end));
      // The beginning of a body, which may be a key, was copied with it.
      earlier?.wipe();
      if (head === null) return { kind: "malformed", reason: "the head of the answer is malformed" };
      if (head.framing.kind === "length" && head.framing.bytes > limitBytes) return { kind: "too-large" };
      body = createBodyReader(head.framing, limitBytes);
      return pushBody(piece.subarray(end + HEAD_END.length - before));
    },
    end() {
      if (head?.framing.kind !== "to-the-end" || body === null) {
        body?.bytes.wipe();
        return { kind: "malformed", reason: "the connection was closed without a whole answer" };
      }
      return { kind: "whole", status: head.status, body: body.bytes, isReusable: false };
    },
  };
}

function parseHead(text: string): Head | null {
  const [first = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.([01]) ([2-5][0-9]{2})(?: [^\0\r\n]*)?$/.exec(first);
  if (status === null) return null;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)$/.exec(line);
    if (field === null) return null;
    const [, name = "", value = ""] = field;
    const known = name.toLowerCase();
    // Repeated, the ones that matter become a list, which none of them may be.
    const earlier = fields.get(known);
    fields.set(known, earlier === undefined ? value.trim() : `${earlier},${value.trim()}`);
  }
  const framing = framingOf(Number(status[2]), fields.get("content-length"), fields.get("transfer-encoding"));
  if (framing === null) return null;
  const isKept = status[1] === "1" && framing.kind !== "to-the-end" && !/close/i.test(fields.get("connection") ?? "");
  return { status: Number(status[2]), framing, isKept };
}

function framingOf(status: number, length: string | undefined, coding: string | undefined): Framing | null {
  if (length !== undefined && (coding !== undefined || !/^[0-9]{1,15}$/.test(length))) return null;
  if (status === 204 || status === 304) return { kind: "length", bytes: 0 };
  if (length !== undefined) return { kind: "length", bytes: Number(length) };
  if (coding === undefined) return { kind: "to-the-end" };
  return coding.toLowerCase() === "chunked" ? { kind: "chunked" } : null;
}

interface BodyReader {
  readonly bytes: BoundedBuffer;
  /** Takes bytes; null while more must come, and how many of these were the body's when that has ended. */
  push(piece: Buffer): { readonly taken: number } | "too-large" | "malformed" | null;
}

function createBodyReader(framing: Framing, limitBytes: number): BodyReader {
  const bytes = createBoundedBuffer(limitBytes);
  if (framing.kind === "chunked") return { bytes, push: createChunkReader(bytes) };
  const length = framing.kind === "length" ? framing.bytes : Infinity;
  return {
    bytes,
    push(piece) {
      const part = piece.subarray(0, Math.min(piece.length, length - bytes.length));
      if (!bytes.append(part)) return "too-large";
      return bytes.length === length ? { taken: part.length } : null;
    },
  };
}

/** Source: RFC 9112, section 7.1; extensions and trailers are read over. */
function createChunkReader(bytes: BoundedBuffer): BodyReader["push"] {
  let line = "";
  let lineBytes = 0;
  let state: "size" | "data" | "data-end" | "trailer" = "size";
  let left = 0;

  /** What a whole line means; false for one that may not stand here. */
  const takeLine = (): boolean => {
    if (state === "data-end") {
      state = "size";
      return line === "";
    }
    if (state === "trailer") return true;
    const size = /^([0-9A-Fa-f]{1,8})(?:[ \t]*;.*)?$/.exec(line)?.[1];
    if (size === undefined) return false;
    left = Number.parseInt(size, 16);
    state = left === 0 ? "trailer" : "data";
    lineBytes = 0;
    return true;
  };
  return (piece) => {
    for (let at = 0; at < piece.length;) {
      if (state === "data") {
        const part = piece.subarray(at, at + left);
        if (!bytes.append(part)) return "too-large";
        at += part.length;
        left -= part.length;
        if (left === 0) state = "data-end";
        continue;
      }
      const feed = piece.indexOf("\n", at, "latin1");
      const end = feed === -1 ? piece.length : feed + 1;
      lineBytes += end - at;
      if (lineBytes > LINE_BYTES) return "malformed";
      line += piece.toString("latin1", at, end);
      at = end;
      if (feed === -1) return null;
      if (!line.endsWith("\r\n")) return "malformed";
      line = line.slice(0, -2);
      if (state === "trailer" && line === "") return { taken: at };
      if (!takeLine()) return "malformed";
      line = "";
    }
    return null;
  };
}
