import type { FuzzTarget } from "./target.ts";
import { CERTIFICATE_TARGET } from "./targets/certificate.ts";
import { COLLATERAL_TARGET } from "./targets/collateral.ts";
import { CRL_TARGET } from "./targets/crl.ts";
import { DER_TARGET } from "./targets/der.ts";
import { CCEL_TARGET, DSTACK_LOG_TARGET } from "./targets/event-log.ts";
import { JSON_TARGET } from "./targets/json.ts";
import { PEM_CHAIN_TARGET } from "./targets/pem-chain.ts";
import { QUOTE_TARGET } from "./targets/quote.ts";
import { SGX_EXTENSION_TARGET } from "./targets/sgx-extension.ts";
import {
  SIGNING_CERTIFICATE_TARGET,
  SIGSTORE_BUNDLE_TARGET,
  TIMESTAMP_TARGET,
  TRUSTED_ROOT_TARGET,
} from "./targets/sigstore.ts";
import { QE_IDENTITY_TARGET, TCB_INFO_TARGET } from "./targets/signed-documents.ts";

/** Every parser of `@mero-tee/tdx-quote` and of the Sigstore verifier that reads what a stranger wrote. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  QUOTE_TARGET,
  CERTIFICATE_TARGET,
  CRL_TARGET,
  TCB_INFO_TARGET,
  QE_IDENTITY_TARGET,
  CCEL_TARGET,
  DSTACK_LOG_TARGET,
  COLLATERAL_TARGET,
  PEM_CHAIN_TARGET,
  SGX_EXTENSION_TARGET,
  JSON_TARGET,
  DER_TARGET,
  SIGSTORE_BUNDLE_TARGET,
  TRUSTED_ROOT_TARGET,
  SIGNING_CERTIFICATE_TARGET,
  TIMESTAMP_TARGET,
];
