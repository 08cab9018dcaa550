import { createPrivateKey, X509Certificate } from "node:crypto";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { TlsKey } from "../guest-agent.ts";

/** A certificate that was found fit to serve with, and what the log may say of it. Times are in Unix seconds. */
export interface TlsCertificate {
  /** The chain as one PEM text, the server's own certificate first. */
  readonly chainPem: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly sha256: string;
}

// The time for six attempts at the pace of the service's timer.
const LEAST_LIFETIME_SECONDS = 3_600;

/**
 * Judges what the guest agent issued before anything is served with it: the key fits the certificate, the certificate
 * carries every name, is valid now and for long enough to be renewed, and each certificate is signed by the next.
 * Which authority stands at the end is for clients to judge.
 *
 * Errors: one clause that says why, without anything of the key.
 */
export function judgeTlsKey(issued: TlsKey, names: readonly string[], now: number): Result<TlsCertificate, string> {
  const chain = readChain(issued.chainPem);
  const [leaf] = chain ?? [];
  if (chain === null || leaf === undefined) return err("the chain is not made of certificates");
  if (!issued.keyPem.use((pem) => isKeyOf(leaf, pem))) return err("the key is not that of the certificate");
  const missing = names.find((name) => leaf.checkHost(name, { subject: "never" }) === undefined);
  if (missing !== undefined) return err(`the certificate does not carry the name ${missing}`);
  for (const [index, issuer] of chain.slice(1).entries()) {
    const certificate = chain[index];
    if (certificate?.checkIssued(issuer) !== true || !certificate.verify(issuer.publicKey)) {
      return err("the chain does not hang together");
    }
  }
  const notBefore = Math.floor(leaf.validFromDate.getTime() / 1000);
  const notAfter = Math.floor(leaf.validToDate.getTime() / 1000);
  if (now < notBefore) return err("the certificate is not valid yet");
  if (notAfter - now < LEAST_LIFETIME_SECONDS) return err("the certificate has less than an hour to live");
  const sha256 = leaf.fingerprint256.replaceAll(":", "").toLowerCase();
  return ok({ chainPem: chain.map((certificate) => certificate.toString()).join(""), notBefore, notAfter, sha256 });
}

function readChain(chainPem: readonly string[]): readonly X509Certificate[] | null {
  try {
    return chainPem.map((pem) => new X509Certificate(pem));
  } catch {
    // What OpenSSL says about text that is no certificate helps nobody.
    return null;
  }
}

function isKeyOf(leaf: X509Certificate, pem: Uint8Array): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey({ key: Buffer.from(pem.buffer, pem.byteOffset, pem.length) }));
  } catch {
    // No private key at all; the message could repeat parts of it.
    return false;
  }
}
