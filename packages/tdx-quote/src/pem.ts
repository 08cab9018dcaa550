import { parseBase64, toBase64 } from "./base64.ts";
import { parseCertificate, type Certificate, type CertificateError } from "./certificate.ts";
import { err, ok, type Result } from "./result.ts";

/** Largest accepted chain, in bytes of PEM. */
const PEM_CHAIN_LIMIT_BYTES = 64 * 1024;

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** Certificates parsed before, for chains that come together: they share their root, often more. */
export type KnownCertificates = Map<string, { readonly block: string; readonly certificate: Certificate }>;

/** The beginning of a block, which has the serial number; to hash all of a block takes longer than to compare it once it is found. */
const BLOCK_ID_CHARACTERS = 96;

/**
 * Reads a chain of PEM certificates, in the order given.
 *
 * Nothing but `CERTIFICATE` blocks: the first one starts the text, each line ends with LF or CRLF, the lines of a block
 * together are canonical base64, and between and after blocks stand only spaces, tabs and line ends (after the last also NULs,
 * which platforms put at the end of a quote). A text of nothing but such bytes is an empty chain, for the chain rules to refuse.
 *
 * @param known - new ones are added
 * Errors: what is wrong, in words, of the PEM or of the first certificate that does not parse.
 * Source: RFC 7468, sections 2 and 3 (the strict form).
 */
export function parsePemCertificates(
  text: string | Uint8Array,
  known: KnownCertificates = new Map(),
): Result<readonly Certificate[], CertificateError> {
  if (text.length > PEM_CHAIN_LIMIT_BYTES) return err({ reason: "chain longer than 64 KiB" });
  const pem = withoutTail(typeof text === "string" ? text : new TextDecoder("utf-8", { ignoreBOM: true }).decode(text));
  const certificates: Certificate[] = [];
  let at = 0;
  while (at < pem.length) {
    if (!pem.startsWith(BEGIN, at)) return err({ reason: "text outside of CERTIFICATE blocks" });
    const end = pem.indexOf(END, at);
    if (end < 0) return err({ reason: "BEGIN CERTIFICATE without its END" });
    const certificate = parseCertificateBlock(pem.slice(at + BEGIN.length, end), known);
    if (!certificate.ok) return certificate;
    certificates.push(certificate.value);
    const afterEnd = end + END.length;
    at = skipSpace(pem, afterEnd);
    if (at === afterEnd && at < pem.length) return err({ reason: "text after END CERTIFICATE" });
  }
  return ok(certificates);
}

/** Spells a certificate as PEM, in lines of 64 characters. Source: RFC 7468, section 2. */
export function toPem(der: Uint8Array): string {
  const lines = toBase64(der).replaceAll(/.{1,64}/g, "$&\n");
  return `${BEGIN}\n${lines}${END}\n`;
}

/** The text without white space and NULs at its end. */
function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && "\0\t\n\r ".includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** The first place from `at` on that is not white space, in a text that ends with none. */
function skipSpace(text: string, at: number): number {
  let next = at;
  while (next < text.length && "\t\n\r ".includes(text.charAt(next))) next += 1;
  return next;
}

function parseCertificateBlock(block: string, known: KnownCertificates): Result<Certificate, CertificateError> {
  const id = block.slice(0, BLOCK_ID_CHARACTERS);
  const similar = known.get(id);
  if (similar?.block === block) return ok(similar.certificate);
  const der = parseBlock(block);
  if (der === null) return err({ reason: "a CERTIFICATE block is not canonical base64 in lines" });
  const certificate = parseCertificate(der);
  if (certificate.ok) known.set(id, { block, certificate: certificate.value });
  return certificate;
}

/** The bytes between the BEGIN and the END of a block; null unless both stand on lines of their own. */
function parseBlock(block: string): Uint8Array<ArrayBuffer> | null {
  const lines = block.replaceAll("\r\n", "\n").split("\n");
  const body = lines.slice(1, -1);
  if (lines.length < 3 || lines[0] !== "" || lines.at(-1) !== "" || body.includes("")) return null;
  return parseBase64(body.join(""));
}
