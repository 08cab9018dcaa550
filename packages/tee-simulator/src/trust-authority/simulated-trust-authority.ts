import type { TdxQuote } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { utf8 } from "../byte-writer.ts";
import { createRsaRoot, createRsaSigner } from "../rsa-certificate.ts";

/** How a stand-in of Intel Trust Authority is set up. */
export interface TrustAuthorityOptions {
  /** Unix seconds: about when tokens are issued. */
  readonly now: number;
  /** Address of its portal: what tokens name as their issuer. */
  readonly issuer: string;
}

/** What a token says differently from an honest one. */
export interface TokenChanges {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Claims about the machine, which stand under `tdx`. */
  readonly tdx?: Readonly<Record<string, unknown>>;
  /** Unix seconds. */
  readonly issuedAt?: number;
}

/** A stand-in of Intel Trust Authority: real signatures, by keys that no Intel vouches for. */
export interface SimulatedTrustAuthority {
  readonly issuer: string;
  /** SHA-256 of the root of its signers, DER, lower-case hex. */
  readonly rootSha256: string;
  /** The key set document. */
  readonly keySet: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** The opinion on a quote, as a compact JWS. */
  appraise(quote: TdxQuote, changes?: TokenChanges): Promise<string>;
}

const TOKEN_SECONDS = 300;
const ROOT_NAME = "Simulated Trust Authority Root CA";
const PKCS1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384", saltLength: 0 } as const;
const PSS = { name: "RSA-PSS", hash: "SHA-384", saltLength: 48 } as const;

/** Makes the stand-in. Source: Intel Trust Authority, attestation token of TDX, version 2. */
export async function createSimulatedTrustAuthority({
  now,
  issuer,
}: TrustAuthorityOptions): Promise<SimulatedTrustAuthority> {
  const root = await createRsaRoot(ROOT_NAME, PKCS1, now);
  const signer = await createRsaSigner("Simulated Trust Authority Token Signing", PSS, root, now);
  const kid = bytesToHex(sha256(signer.spki));
  const publicKey = await crypto.subtle.importKey("spki", signer.spki, { name: "RSA-PSS", hash: "SHA-384" }, true, [
    "verify",
  ]);
  const { n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  const x5c = [signer.certificate, root.certificate].map(toBase64);
  return {
    issuer,
    rootSha256: bytesToHex(sha256(root.certificate)),
    keySet: { keys: [{ kty: "RSA", alg: "PS384", use: "sig", kid, n, e, x5c }] },
    async appraise(quote, { header, claims, tdx, issuedAt = now } = {}) {
      const head = { alg: "PS384", jku: `${issuer}/certs`, kid, typ: "JWT", ...header };
      const body = {
        iss: issuer,
        iat: issuedAt,
        nbf: issuedAt,
        exp: issuedAt + TOKEN_SECONDS,
        jti: crypto.randomUUID(),
        ver: "2.0.0",
        eat_profile: `${issuer}/eat_profile.html`,
        tdx: { ...claimsAbout(quote), ...tdx },
        ...claims,
      };
      const signed = `${base64Url(utf8(JSON.stringify(head)))}.${base64Url(utf8(JSON.stringify(body)))}`;
      const signature = await crypto.subtle.sign(PSS, signer.privateKey, new Uint8Array(utf8(signed)));
      return `${signed}.${base64Url(new Uint8Array(signature))}`;
    },
  };
}

/** What the service says about a machine, in its names. */
function claimsAbout({ report }: TdxQuote): Readonly<Record<string, unknown>> {
  return {
    attester_type: "TDX",
    attester_tcb_status: "UpToDate",
    attester_advisory_ids: [],
    dbgstat: "disabled",
    policy_ids_matched: [],
    policy_ids_unmatched: [],
    tdx_is_debuggable: false,
    tdx_mrseam: report.mrSeam,
    tdx_mrsignerseam: report.mrSignerSeam,
    tdx_mrconfigid: report.mrConfigId,
    tdx_mrowner: report.mrOwner,
    tdx_mrownerconfig: report.mrOwnerConfig,
    tdx_mrtd: report.mrtd,
    tdx_rtmr0: report.rtmr0,
    tdx_rtmr1: report.rtmr1,
    tdx_rtmr2: report.rtmr2,
    tdx_rtmr3: report.rtmr3,
    tdx_report_data: report.reportData,
    tdx_td_attributes: report.tdAttributes,
    tdx_xfam: report.xfam,
  };
}

/** Source: RFC 4648, section 5, without padding, as RFC 7515 wants it. */
function base64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
