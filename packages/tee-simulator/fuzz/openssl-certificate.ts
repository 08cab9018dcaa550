import { X509Certificate } from "node:crypto";
import type { Certificate } from "@mero-tee/tdx-quote";

/** OpenSSL's reading of the same bytes; null where it refuses them. */
export function readByOpenSsl(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    // Only whether it reads them matters.
    return null;
  }
}

/** `04 || x || y`, hex; null for every key that is none on P-256. */
function pointOf(certificate: X509Certificate): string | null {
  try {
    const { crv, x = "", y = "" } = certificate.publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Uint8Array.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    return crv === "P-256" ? point.toString("hex") : null;
  } catch {
    // A key that OpenSSL cannot load is no P-256 key.
    return null;
  }
}

/** Whether OpenSSL's text of a Name has that common name. It escapes in ways of its own; plain names are enough to compare. */
function hasCommonName(text: string | undefined, name: string | null): boolean {
  if (name === null || !/^[A-Za-z0-9 ,+="<>;]+$/.test(name) || name !== name.trim()) return true;
  const escaped = name.replaceAll(/[,+"<>;]/g, String.raw`\$&`);
  return (text ?? "").split(/\n|(?<!\\)\+/).some((line) => line.trim() === `CN=${escaped}`);
}

/** The fields that OpenSSL reads differently; none is as it should be. A key that is unsupported here says nothing. */
export function differencesFromOpenSsl(ours: Certificate, theirs: X509Certificate): readonly string[] {
  const isSame: Readonly<Record<string, boolean>> = {
    bytes: Buffer.compare(theirs.raw, ours.der) === 0,
    serial: theirs.serialNumber.toLowerCase() === ours.serialHex,
    notBefore: theirs.validFromDate.getTime() === ours.notBefore * 1000,
    notAfter: theirs.validToDate.getTime() === ours.notAfter * 1000,
    subject: hasCommonName(theirs.subject, ours.subjectCommonName),
    issuer: hasCommonName(theirs.issuer, ours.issuerCommonName),
    "public key": ours.publicKey === null || pointOf(theirs) === Buffer.from(ours.publicKey).toString("hex"),
  };
  return Object.keys(isSame).filter((field) => isSame[field] === false);
}
