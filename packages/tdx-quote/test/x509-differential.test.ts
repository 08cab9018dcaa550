import { X509Certificate as OpenSslCertificate } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../src/certificate.ts";
import { parseCrl } from "../src/crl.ts";
import { toHex } from "../src/hex.ts";
import { mutated } from "./mutation.ts";
import { X509Certificate, X509Crl } from "./peculiar-x509.ts";
import { CERTIFICATES, CRLS } from "./x509-corpus.ts";

/** What all readers of a certificate can be asked for. */
interface CertificateFields {
  readonly serial: bigint;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Null when this reader refuses. */
function fieldsHere(der: Uint8Array): CertificateFields | null {
  const read = parseCertificate(der);
  if (!read.ok) return null;
  const { serialHex, notBefore, notAfter } = read.value;
  return { serial: BigInt(`0x${serialHex}`), notBefore, notAfter };
}

/** Throws when OpenSSL refuses. */
function fieldsByOpenSsl(der: Uint8Array): CertificateFields {
  const { serialNumber, validFromDate, validToDate } = new OpenSslCertificate(der);
  return {
    serial: BigInt(`0x${serialNumber}`),
    notBefore: validFromDate.getTime() / 1000,
    notAfter: validToDate.getTime() / 1000,
  };
}

/** `04 || x || y`; null when OpenSSL has no P-256 key to show. */
function keyByOpenSsl(der: Uint8Array): string | null {
  try {
    const { kty, crv, x = "", y = "" } = new OpenSslCertificate(der).publicKey.export({ format: "jwk" });
    const point = Buffer.concat([Uint8Array.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    return kty === "EC" && crv === "P-256" ? point.toString("hex") : null;
  } catch {
    // A key that OpenSSL does not support is asked for here, and not when the certificate is read.
    return null;
  }
}

/** Null when this library refuses: it decodes extensions that are judged only after a certificate is read. */
function peculiar(
  der: Uint8Array,
): { readonly certificate: InstanceType<typeof X509Certificate>; readonly extensions: unknown } | null {
  try {
    const certificate = new X509Certificate(der);
    const extensions = certificate.extensions.map(({ type, critical, value }) => [
      type,
      critical,
      toHex(new Uint8Array(value)),
    ]);
    return { certificate, extensions };
  } catch {
    return null;
  }
}

/** What OpenSSL puts a backslash before. */
const unescaped = (text: string | undefined): string | undefined => text?.replaceAll(/\\(.)/g, "$1");

const readable = fc
  .oneof(fc.constantFrom(...CERTIFICATES), mutated(CERTIFICATES))
  .filter((der) => fieldsHere(der) !== null);

describe("a certificate that is accepted here", () => {
  test("is accepted by OpenSSL with the same serial and validity", () => {
    fc.assert(
      fc.property(readable, (der) => {
        expect(fieldsByOpenSsl(der)).toEqual(fieldsHere(der));
      }),
      { numRuns: 500 },
    );
  });

  test("has a P-256 key where OpenSSL has it, and the same", () => {
    fc.assert(
      fc.property(readable, (der) => {
        const read = parseCertificate(der);
        const key = read.ok ? read.value.publicKey : null;
        expect(key === null ? null : toHex(key)).toBe(keyByOpenSsl(der));
      }),
      { numRuns: 500 },
    );
  });

  test("has the common names that OpenSSL sees, where it has any here", () => {
    fc.assert(
      fc.property(readable, (der) => {
        const read = parseCertificate(der);
        const { subject, issuer } = new OpenSslCertificate(der);
        const seen = [subject, issuer].map((name) => unescaped(/^CN=(.*)$/m.exec(name ?? "")?.[1]));
        const here = read.ok ? [read.value.subjectCommonName, read.value.issuerCommonName] : [];
        expect(here.map((name, index) => name ?? seen[index])).toEqual(seen);
      }),
      { numRuns: 500 },
    );
  });

  test("has the same serial, validity and extensions for @peculiar/x509, unless that refuses an extension", () => {
    fc.assert(
      fc.property(readable, (der) => {
        const read = parseCertificate(der);
        const other = peculiar(der);
        const extensions = read.ok
          ? read.value.extensions.map(({ oid, critical, value }) => [oid, critical, toHex(value)])
          : [];
        expect(other === null ? extensions : other.extensions).toEqual(extensions);
        const fields =
          other === null
            ? fieldsHere(der)
            : {
                serial: BigInt(`0x${other.certificate.serialNumber}`),
                notBefore: other.certificate.notBefore.getTime() / 1000,
                notAfter: other.certificate.notAfter.getTime() / 1000,
              };
        expect(fields).toEqual(fieldsHere(der));
      }),
      { numRuns: 500 },
    );
  });

  test.each(CERTIFICATES.map((der, index) => ({ der, index })))(
    "is read by all three when it is sound ($index)",
    ({ der }) => {
      expect(fieldsHere(der)).not.toBeNull();
      expect(fieldsByOpenSsl(der)).toEqual(fieldsHere(der));
      expect(peculiar(der)).not.toBeNull();
    },
  );
});

describe("a CRL that is accepted here", () => {
  test.each(CRLS.map((der, index) => ({ der, index })))(
    "revokes what it revokes for @peculiar/x509 ($index)",
    ({ der }) => {
      const read = parseCrl(der);
      const other = new X509Crl(der);
      if (!read.ok) throw new Error(read.error.reason);
      const { thisUpdate, nextUpdate, revokes } = read.value;
      expect([thisUpdate, nextUpdate]).toEqual([
        other.thisUpdate.getTime() / 1000,
        (other.nextUpdate?.getTime() ?? 0) / 1000,
      ]);
      for (const { serialNumber } of other.entries) {
        const magnitude = serialNumber.toLowerCase().replace(/^(?:00)+/, "");
        expect([magnitude, revokes(magnitude)]).toEqual([magnitude, true]);
      }
      expect(revokes("0123456789abcdef")).toBe(false);
    },
  );

  test("is accepted by @peculiar/x509 with the same window and at least one serial in common with each entry", () => {
    const accepted = mutated(CRLS).filter((der) => parseCrl(der).ok);
    fc.assert(
      fc.property(accepted, (der) => {
        const read = parseCrl(der);
        const other = new X509Crl(der);
        const serials = other.entries.map(({ serialNumber }) => serialNumber.toLowerCase().replace(/^(?:00)+/, ""));
        expect(serials.filter((serial) => read.ok && !read.value.revokes(serial))).toEqual([]);
        expect(read.ok ? read.value.thisUpdate : null).toBe(other.thisUpdate.getTime() / 1000);
      }),
      { numRuns: 300 },
    );
  });
});
