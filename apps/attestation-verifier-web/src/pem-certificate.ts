import { parseBase64 } from "@mero-tee/tdx-quote/base64";

const PEM = /^\s*-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*$/;

/**
 * Reads one certificate in PEM form. What it says is for the verifier to judge.
 *
 * @returns its DER; null for anything but exactly one certificate
 * Source: RFC 7468.
 */
export function readPemCertificate(text: string): Uint8Array<ArrayBuffer> | null {
  const body = PEM.exec(text)?.[1];
  return body === undefined ? null : parseBase64(body.replaceAll(/[\r\n]/g, ""));
}
