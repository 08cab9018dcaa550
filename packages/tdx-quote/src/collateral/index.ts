export { createCollateralCache, type CollateralCache, type CollateralCacheOptions } from "./collateral-cache.ts";
export type { FetchedBodyReader, FetchedResponse, FetchPort, FetchPortInit } from "./fetch-port.ts";
export { pckCertificateRequest, type PckCertificateRequest } from "./pck-certificate-request.ts";
export { createPcsClient, isUnknownPlatform, type PcsClient, type PcsClientOptions } from "./pcs-client.ts";
export { INTEL_PCS_URL, INTEL_ROOT_CA_CRL_URL } from "./pcs-url.ts";
export type { CollateralChannel, CollateralPlatform, CollateralSource, FetchCollateral, PckCa } from "./platform.ts";
export type { PlatformStatus, SourceFailure } from "./platform-status.ts";
export { createCollateralVerifier, type VerifiedCollateral, type VerifyCollateral } from "./verify-collateral.ts";
