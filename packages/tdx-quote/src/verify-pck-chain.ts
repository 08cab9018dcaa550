import { judgeIssuance, judgeTrustAnchor, type ChainContext } from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import type { Failure } from "./failure.ts";
import { requireInstant } from "./instant.ts";
import { INTEL_SGX_ROOT_CA } from "./intel-root-ca.ts";
import { findPckChain, parsePckChain, pckRoleChain, readPckChain, type JudgedPckChain } from "./judge-pck-chain.ts";
import { NO_MEMORY, type Verification } from "./judgement-memory.ts";
import { prepareAnchor, type PreparedAnchor } from "./prepared-anchor.ts";
import type { TdxQuote } from "./quote.ts";
import { judgeWithSignatures } from "./required-signatures.ts";
import { err, ok, type Result } from "./result.ts";

/** What to judge a PCK chain with. */
export interface PckChainOptions {
  /** Whole Unix seconds. */
  readonly now: number;
  /** DER of the trust anchor; Intel's SGX root CA when absent. */
  readonly rootCa?: Uint8Array;
  /** PEM, for quotes that do not carry their chain. */
  readonly pckCertificateChain?: string;
}

/** Which collateral a quote needs. */
export interface PlatformModel {
  /** 6 bytes in lower-case hex. */
  readonly fmspc: string;
  /** 2 bytes in lower-case hex. */
  readonly pceId: string;
  /** Which CA issued the PCK certificate, and so whose CRL is needed. */
  readonly ca: "platform" | "processor";
}

/**
 * Reads the certificates of a quote's PCK chain, leaf first. **Not authenticated**: {@link verifyPckChain} says whether to
 * believe them.
 *
 * @param pckCertificateChain - PEM, for quotes that do not carry their chain
 * Errors: `quote-certification-data-unsupported`, `certificate-malformed`.
 */
export function readPckCertificates(
  quote: TdxQuote,
  pckCertificateChain?: string,
): Result<readonly Certificate[], Failure> {
  const pem = findPckChain(quote, pckCertificateChain);
  return pem.ok ? parsePckChain(pem.value) : pem;
}

/** Everything about a PCK chain but revocation, and what it says. */
function judgeChainText(
  pem: string | Uint8Array,
  anchor: PreparedAnchor,
  context: ChainContext,
): Result<JudgedPckChain, Failure> {
  const parsed = parsePckChain(pem, anchor.certificates());
  if (!parsed.ok) return parsed;
  const chain = parsed.value;
  const problem =
    judgeTrustAnchor([pckRoleChain(chain)], anchor.der, context) ?? judgeIssuance(chain, "pck", "pck-chain", context);
  return problem === null ? readPckChain(chain) : err(problem);
}

/** The one path: with a memory it is `createQuoteVerifier`'s, without one {@link verifyPckChain}'s. */
export async function runPckChainVerification(
  quote: TdxQuote,
  { now, pckCertificateChain }: Omit<PckChainOptions, "rootCa">,
  verification: Verification,
): Promise<Result<PlatformModel, Failure>> {
  requireInstant(now);
  const pem = findPckChain(quote, pckCertificateChain);
  if (!pem.ok) return pem;
  const { anchor, memory, verifier } = verification;
  const known = memory.recallIssuance(pem.value, now);
  const judged =
    known === undefined
      ? await judgeWithSignatures(verifier, (signatures) => {
          const chain = judgeChainText(pem.value, anchor, { now, signatures });
          if (chain.ok) signatures.onceGood(memory.keepingIssuance(pem.value, chain.value));
          return chain;
        })
      : ok(known);
  if (!judged.ok) return judged;
  const { ca, extension } = judged.value;
  return ok({ fmspc: extension.fmspcHex, pceId: extension.pceIdHex, ca });
}

/**
 * Judges a quote's PCK chain up to the trust anchor by signatures and validity windows, without CRLs and TCB info, in order to know
 * what to fetch. It proves nothing about the quote; it keeps strangers from choosing what a verifier asks for.
 *
 * Errors: `quote-certification-data-unsupported`, `certificate-malformed`, those of the trust anchor, chain codes, `pck-extension-invalid`.
 * Rejects with RangeError when `now` is no whole Unix second.
 */
export async function verifyPckChain(
  quote: TdxQuote,
  options: PckChainOptions,
): Promise<Result<PlatformModel, Failure>> {
  const anchor = prepareAnchor(options.rootCa ?? INTEL_SGX_ROOT_CA);
  return runPckChainVerification(quote, options, { anchor, memory: NO_MEMORY, verifier: anchor.createVerifier() });
}
