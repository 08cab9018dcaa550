import {
  PCK_CA_COMMON_NAMES,
  judgePckCertificateChain,
  type ChainContext,
  type RoleChain,
} from "./certificate-chain.ts";
import type { Certificate } from "./certificate.ts";
import { parseChain } from "./collateral-bundle.ts";
import { failure, type Failure } from "./failure.ts";
import type { JudgedCollateral } from "./judge-collateral.ts";
import type { TdxQuote } from "./quote.ts";
import type { KnownCertificates } from "./pem.ts";
import { err, ok, type Result } from "./result.ts";
import { parseSgxExtension, type SgxExtension } from "./sgx-extension.ts";
import { intersectWindows, type ValidityWindow } from "./validity-window.ts";

/**
 * A platform that Intel (or whose root was given) vouches for, and the time in which its chain is valid: once the signatures that
 * were required for it have proved good.
 */
export interface JudgedPckChain {
  readonly extension: SgxExtension;
  /** Which of Intel's two CAs issued the leaf. */
  readonly ca: "platform" | "processor";
  /** 65 bytes; signs the QE report. */
  readonly leafKey: Uint8Array;
  readonly window: ValidityWindow;
}

/**
 * Finds the text of the PCK chain: the quote's own where it has one, else the bundle's.
 *
 * Errors (stage `collateral-parse`): `quote-certification-data-unsupported` when there is neither.
 */
export function findPckChain(
  quote: TdxQuote,
  pckCertificateChain: string | undefined,
): Result<string | Uint8Array, Failure> {
  const { type, bytes } = quote.certificationData;
  if (type === 5) return ok(bytes);
  if (pckCertificateChain !== undefined) return ok(pckCertificateChain);
  const facts = { subject: "certification data type", expected: 5, actual: type };
  return err(failure("collateral-parse", "quote-certification-data-unsupported", facts));
}

/**
 * Parses a PCK chain.
 *
 * @param known - certificates parsed before; new ones are added
 * Errors (stage `collateral-parse`): `certificate-malformed`.
 */
export function parsePckChain(
  pem: string | Uint8Array,
  known?: KnownCertificates,
): Result<readonly Certificate[], Failure> {
  return parseChain(pem, "PCK chain", known);
}

/** A PCK chain as one among others. */
export function pckRoleChain(certificates: readonly Certificate[]): RoleChain {
  return { role: "pck", name: "PCK chain", certificates };
}

/**
 * Reads what a judged PCK chain says about its platform.
 *
 * @param chain - three certificates, leaf first, already judged
 * Errors: `pck-extension-invalid`.
 */
export function readPckChain(chain: readonly Certificate[]): Result<JudgedPckChain, Failure> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a chain that was judged has three certificates
  const leaf = chain[0] as Certificate;
  const extension = parseSgxExtension(leaf);
  if (!extension.ok) {
    const facts = { subject: "PCK leaf", reason: extension.error.reason };
    return err(failure("pck-chain", "pck-extension-invalid", facts));
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- and each of them a P-256 key
  const leafKey = leaf.publicKey as Uint8Array;
  // The issuer's name is the CA's, which has one of two common names.
  const ca = leaf.issuerCommonName === PCK_CA_COMMON_NAMES.platform ? "platform" : "processor";
  return ok({ extension: extension.value, ca, leafKey, window: intersectWindows(chain) });
}

/**
 * Judges a PCK chain, the PCK CRL, and that the TCB info is for this platform. The trust anchor of the chains must have been judged.
 *
 * Errors, all at stage `pck-chain`: chain codes, CRL codes, `certificate-revoked`, `pck-extension-invalid`, `fmspc-mismatch`, `pce-id-mismatch`.
 * Source: Intel SGX PCK Certificate and CRL Profile; Intel SGX DCAP Quote Verification Library.
 */
export function judgePckChain(
  chain: readonly Certificate[],
  { collateral, tcbInfo }: JudgedCollateral,
  context: ChainContext,
): Result<JudgedPckChain, Failure> {
  const { pckCrl, pckCrlIssuerChain, rootCaCrl } = collateral;
  const lists = { rootCrl: rootCaCrl, pckCrl, pckCrlIssuerChain };
  const problem = judgePckCertificateChain(chain, "pck-chain", { ...context, ...lists });
  if (problem !== null) return err(problem);
  const judged = readPckChain(chain);
  if (!judged.ok) return judged;
  const { fmspcHex, pceIdHex } = judged.value.extension;
  if (fmspcHex !== tcbInfo.fmspc) {
    return err(failure("pck-chain", "fmspc-mismatch", { expected: fmspcHex, actual: tcbInfo.fmspc }));
  }
  if (pceIdHex !== tcbInfo.pceId) {
    return err(failure("pck-chain", "pce-id-mismatch", { expected: pceIdHex, actual: tcbInfo.pceId }));
  }
  return judged;
}
