import { generateKeyPairSync, type KeyObject } from "node:crypto";

import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { concatBytes, utf8 } from "../byte-writer.ts";
import {
  authorityKeyIdentifier,
  authorityKeyUsage,
  basicConstraints,
  buildCertificate,
  type CertificateRecipe,
  ECDSA_WITH_SHA256,
  type ExtensionRecipe,
  leafKeyUsage,
  simulatedMark,
  subjectKeyIdentifier,
} from "../certificate.ts";
import { derOid, derSequence, derSet, derUtf8String, derValue } from "../der-writer.ts";
import { createKeyRing, type KeyPair, p256PublicKeyInfo, signP256 } from "../key-ring.ts";
import { encodePem } from "../pem.ts";

/** What a TLS certificate is asked for. */
interface TlsKeyRequest {
  /** Common name; may be empty. */
  readonly subject: string;
  /** DNS names. */
  readonly altNames: readonly string[];
  readonly serverAuth: boolean;
  readonly clientAuth: boolean;
  /** Unix seconds; the certificate is valid for a year from then. */
  readonly notBefore: number;
}

/** The TLS authority of one application. */
export interface TlsIssuer {
  /** Certificate of the authority, PEM; valid for ten years around the given instant (Unix seconds). */
  readonly appCertificatePem: (now: number) => string;
  /** A fresh random key with its chain, PEM, in the wire's names. */
  readonly issue: (request: TlsKeyRequest) => Result<{ key: string; certificate_chain: string[] }, string>;
}

const YEAR = 365 * 86_400;
const MAX_NAME_CHARACTERS = 253;

/**
 * Makes the TLS authority of an application: its key follows from the application's, the keys it certifies are random.
 *
 * Source: dstack guest agent, `GetTlsKey`; RFC 5280 for the certificates.
 */
export function createTlsIssuer(appKey: Uint8Array): TlsIssuer {
  const authority = createKeyRing(sha256(concatBytes(utf8("TLS authority"), appKey))).pair("tls");
  const authorityName = commonName("simulated dstack application");

  const authorityCertificate = (now: number): Uint8Array =>
    buildCertificate(
      {
        ...baseCertificate(authority, authority, authorityName, authorityName),
        serial: authority.keyId,
        notBefore: now - YEAR,
        notAfter: now + 9 * YEAR,
        extensions: [
          authorityKeyIdentifier(authority.keyId),
          subjectKeyIdentifier(authority.keyId),
          authorityKeyUsage(),
          basicConstraints(true, 0),
          simulatedMark(),
        ],
      },
      signP256,
    );

  return {
    appCertificatePem: (now) => encodePem("CERTIFICATE", authorityCertificate(now)),
    issue(request) {
      const names = [request.subject, ...request.altNames];
      if (names.some((name) => name.length > MAX_NAME_CHARACTERS)) return err("a name is too long");
      if (request.altNames.some((name) => !/^[\x21-\x7e]+$/.test(name))) return err("alt_names are not DNS names");
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const key = keyPairOf(privateKey);
      const leaf: CertificateRecipe = {
        ...baseCertificate(key, authority, commonName(request.subject), authorityName),
        serial: concatBytes(Uint8Array.of(0x40), key.keyId.subarray(0, 19)),
        notBefore: request.notBefore,
        notAfter: request.notBefore + YEAR,
        extensions: [
          authorityKeyIdentifier(authority.keyId),
          subjectKeyIdentifier(key.keyId),
          leafKeyUsage(),
          basicConstraints(false),
          ...extendedKeyUsage(request),
          ...subjectAltNames(request.altNames),
          simulatedMark(),
        ],
      };
      const chain = [buildCertificate(leaf, signP256), authorityCertificate(request.notBefore)];
      return ok({
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        certificate_chain: chain.map((der) => encodePem("CERTIFICATE", der)),
      });
    },
  };
}

function baseCertificate(
  subjectKey: KeyPair,
  signer: KeyPair,
  subject: Uint8Array,
  issuer: Uint8Array,
): Pick<CertificateRecipe, "subject" | "issuer" | "publicKeyInfo" | "innerAlgorithm" | "outerAlgorithm" | "signer"> {
  return {
    subject,
    issuer,
    publicKeyInfo: p256PublicKeyInfo(subjectKey),
    innerAlgorithm: ECDSA_WITH_SHA256,
    outerAlgorithm: ECDSA_WITH_SHA256,
    signer,
  };
}

function commonName(text: string): Uint8Array {
  return text === "" ? derSequence() : derSequence(derSet(derSequence(derOid("2.5.4.3"), derUtf8String(text))));
}

function extendedKeyUsage(request: TlsKeyRequest): ExtensionRecipe[] {
  const usages = [
    ...(request.serverAuth ? [derOid("1.3.6.1.5.5.7.3.1")] : []),
    ...(request.clientAuth ? [derOid("1.3.6.1.5.5.7.3.2")] : []),
  ];
  return usages.length === 0 ? [] : [{ oid: "2.5.29.37", critical: false, value: derSequence(...usages) }];
}

function subjectAltNames(names: readonly string[]): ExtensionRecipe[] {
  if (names.length === 0) return [];
  const dnsNames = names.map((name) => derValue(0x82, utf8(name)));
  return [{ oid: "2.5.29.17", critical: false, value: derSequence(...dnsNames) }];
}

/** The simulator's certificate writer signs with raw scalars; the key itself comes from the system's generator. */
function keyPairOf(privateKey: KeyObject): KeyPair {
  const secretKey = new Uint8Array(Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"));
  const point = p256.getPublicKey(secretKey, false);
  return { secretKey, publicKey: point.slice(1), keyId: sha256(point).slice(0, 20) };
}
