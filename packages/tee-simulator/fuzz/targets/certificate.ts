import type { Certificate } from "@mero-tee/tdx-quote";
import { ok } from "@mero-tee/tdx-quote/result";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { childrenOf, decodeTlv, encodeTlv } from "../mutators/der-tree.ts";
import { DER_MUTATORS } from "../mutators/der.ts";
import { differencesFromOpenSsl, readByOpenSsl } from "../openssl-certificate.ts";
import { promise, type Attempt, type FuzzTarget } from "../target.ts";
import { parseInBundle } from "./bundle.ts";
import { isPartOf } from "./is-part-of.ts";
import { attemptOf, magnitude } from "./outcome.ts";

function isWholeSecond(time: number): boolean {
  return Number.isSafeInteger(time) && time <= 253_402_300_799;
}

/** The fields must be those that a lenient walk finds in their places. */
function compareWithTree({ der, issuer, subject, extensions }: Certificate): void {
  const [tbs] = childrenOf(decodeTlv(der));
  const fields = childrenOf(tbs);
  const [issuerTlv, subjectTlv] = [fields[3], fields[5]];
  promise(
    issuerTlv !== undefined && Buffer.compare(encodeTlv(issuerTlv), issuer) === 0,
    "the issuer is read from its place",
  );
  promise(
    subjectTlv !== undefined && Buffer.compare(encodeTlv(subjectTlv), subject) === 0,
    "the subject is read from its place",
  );
  const listed = childrenOf(childrenOf(fields[7])[0]);
  promise(listed.length === extensions.length, "every extension is kept");
  extensions.forEach(({ critical }, index) => {
    promise(critical === (childrenOf(listed[index]).length === 3), "an extension is critical where it says so");
  });
}

/** Both readers must have seen the same certificate; what OpenSSL refuses and we accept says nothing against either. */
function compareWithOpenSsl(certificate: Certificate): void {
  const theirs = readByOpenSsl(certificate.der);
  const [field] = theirs === null ? [] : differencesFromOpenSsl(certificate, theirs);
  promise(field === undefined, `OpenSSL reads the same ${field}`);
}

/** Holds an accepted certificate to what the type says of it. */
export function inspectCertificate(certificate: Certificate): void {
  const { der, tbs, issuer, subject, publicKey, signature, extensions } = certificate;
  promise(/^(?:[0-9a-f]{2}){1,20}$/.test(certificate.serialHex), "a serial is 1 to 20 bytes in hex");
  promise(!certificate.serialHex.startsWith("00"), "a serial has no leading zero byte");
  promise(isWholeSecond(certificate.notBefore) && isWholeSecond(certificate.notAfter), "validity is in whole seconds");
  promise(signature.length === 64, "a signature has 64 bytes");
  promise(publicKey === null || (publicKey.length === 65 && publicKey[0] === 4), "a key is an uncompressed point");
  for (const part of [tbs, issuer, subject]) promise(isPartOf(part, der), "the parts of a certificate are in it");
  for (const { oid, value } of extensions) {
    promise(/^[0-2](?:\.\d+)+$/.test(oid), "an extension has a dotted OID");
    promise(isPartOf(value, der), "the value of an extension is in its certificate");
  }
  for (const name of [certificate.issuerCommonName, certificate.subjectCommonName]) {
    promise(name === null || /^[\x20-\x7e]{1,64}$/.test(name), "a common name is printable");
  }
  compareWithTree(certificate);
  compareWithOpenSsl(certificate);
}

function certificateKind(certificate: Certificate | undefined): string {
  const { publicKey, extensions = [], issuerCommonName, subjectCommonName } = certificate ?? {};
  const names = [issuerCommonName, subjectCommonName].filter((name) => typeof name === "string").length;
  return `${publicKey instanceof Uint8Array ? "P-256" : "no"} key, ${names} names, ${magnitude(extensions.length)} extensions`;
}

/** PEM in one line: any width is read, and this one is written fast. */
function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----`;
}

function attemptCertificate(input: Uint8Array): Attempt {
  const parsed = parseInBundle({ pck_crl_issuer_chain: pemOf(input) });
  const chain = parsed.ok ? ok(parsed.value.pckCrlIssuerChain) : parsed;
  return attemptOf(
    chain,
    ["collateral-parse"],
    (certificates) => {
      const [certificate] = certificates;
      promise(certificates.length === 1 && certificate !== undefined, "one block is one certificate");
      promise(Buffer.compare(certificate.der, input) === 0, "a certificate keeps its bytes");
      inspectCertificate(certificate);
    },
    ([certificate]) => certificateKind(certificate),
  );
}

/** The reader of X.509 certificates, compared with OpenSSL where both accept. */
export const CERTIFICATE_TARGET: FuzzTarget = {
  name: "certificate",
  seeds: (corpus) => corpus.certificates,
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: attemptCertificate,
};
