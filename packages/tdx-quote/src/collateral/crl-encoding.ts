import { parseBase64 } from "../base64.ts";
import { parseHex } from "../hex.ts";

const DER_SEQUENCE = 0x30;
const PEM_CRL = /^-----BEGIN X509 CRL-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END X509 CRL-----$/;

/**
 * Brings a CRL to DER. Services send DER, PEM or the hex of DER, and their content types do not say which, so the content
 * decides: DER begins with the byte 0x30, hex of DER with the characters `30`, of which the first is 0x33.
 *
 * @returns the DER bytes (unparsed, unauthenticated); null when the content is none of the three
 * Source: Intel PCS API v4, pckcrl (`encoding=der|pem`); Intel PCCS, rootcacrl (hex).
 */
export function crlToDer(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (content[0] === DER_SEQUENCE) return content;
  const text = trimAsciiSpace(new TextDecoder("utf-8", { ignoreBOM: true }).decode(content));
  const base64 = PEM_CRL.exec(text)?.[1];
  const der = base64 === undefined ? parseHex(text) : parseBase64(base64.replaceAll(/[\r\n]/g, ""));
  return der?.[0] === DER_SEQUENCE ? der : null;
}

/** Not `trim()`, which takes Unicode spaces and byte order marks along, and not a regular expression, which is quadratic. */
function trimAsciiSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && ASCII_SPACE.has(text.charAt(start))) start += 1;
  while (end > start && ASCII_SPACE.has(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

const ASCII_SPACE: ReadonlySet<string> = new Set([" ", "\t", "\r", "\n"]);
