import { parseBase64 } from "@mero-tee/tdx-quote/base64";

const PEM = /^-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*$/;

/**
 * The DER of one certificate written as text: PEM, or base64 of PEM, which cosign writes.
 *
 * @returns null for anything else, also for more than one certificate
 * Source: RFC 7468, section 5.
 */
export function parseCertificateText(text: string): Uint8Array<ArrayBuffer> | null {
  const body = PEM.exec(text)?.[1] ?? PEM.exec(unwrapped(text))?.[1];
  return body === undefined ? null : parseBase64(body.replaceAll(/[\r\n]/g, ""));
}

/** The text inside base64 that may end with a line end; empty when it is none. */
function unwrapped(text: string): string {
  const bytes = parseBase64(text.trimEnd());
  return bytes === null ? "" : new TextDecoder().decode(bytes);
}
