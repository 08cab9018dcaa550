import { concatBytes, utf8 } from "./byte-writer.ts";

/** Writes one DER value: identifier octet, length in the fewest bytes, contents. Source: X.690, section 8.1. */
export function derValue(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = concatBytes(...contents);
  return concatBytes(Uint8Array.of(tag), derLength(content.length), content);
}

function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Uint8Array.of(0x80 + digits.length, ...digits);
}

/** SEQUENCE of the given encodings. */
export function derSequence(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return derValue(0x30, ...parts);
}

/** SET of the given encodings; the caller gives them in DER order. */
export function derSet(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return derValue(0x31, ...parts);
}

/** Context-specific constructed tag `[number]` around the given encodings. */
export function derContext(number: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return derValue(0xa0 + number, ...parts);
}

/** INTEGER from an unsigned big-endian number: leading zeros dropped, one added where the high bit is set. */
export function derUnsigned(bigEndian: Uint8Array): Uint8Array<ArrayBuffer> {
  let start = 0;
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start += 1;
  const digits = bigEndian.length === 0 ? Uint8Array.of(0) : bigEndian.subarray(start);
  return (digits[0] ?? 0) >= 0x80 ? derValue(0x02, Uint8Array.of(0), digits) : derValue(0x02, digits);
}

/** INTEGER from a non-negative safe integer. */
export function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return derUnsigned(Uint8Array.from(digits));
}

/** BOOLEAN: FF is true, as DER demands. */
export function derBoolean(value: boolean): Uint8Array<ArrayBuffer> {
  return derValue(0x01, Uint8Array.of(value ? 0xff : 0x00));
}

/** ENUMERATED with a value below 128. */
export function derEnumerated(value: number): Uint8Array<ArrayBuffer> {
  return derValue(0x0a, Uint8Array.of(value));
}

/** OCTET STRING. */
export function derOctetString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return derValue(0x04, bytes);
}

/** BIT STRING of whole bytes. */
export function derBitString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return derValue(0x03, Uint8Array.of(0), bytes);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function derOid(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derValue(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 + (rest % 128));
  return digits;
}

/** UTF8String. */
export function derUtf8String(text: string): Uint8Array<ArrayBuffer> {
  return derValue(0x0c, utf8(text));
}

/** PrintableString; the caller keeps to its alphabet. */
export function derPrintableString(text: string): Uint8Array<ArrayBuffer> {
  return derValue(0x13, utf8(text));
}

/** IA5String; the caller keeps to ASCII. */
export function derIa5String(text: string): Uint8Array<ArrayBuffer> {
  return derValue(0x16, utf8(text));
}
