import type { Result } from "@mero-tee/tdx-quote/result";

import type { SidecarSuffix } from "./asset-names.ts";

/** Who signed, as the certificate and the log prove it. */
export interface SignatureView {
  /** The certificate's subject: the workflow at its ref. */
  readonly identity: string;
  readonly issuer: string;
  /** Decimal. */
  readonly logIndex: string;
  /** Unix seconds; null for logs that do not give it. */
  readonly integratedTime: number | null;
  /** What the certificate's extensions say; null for one that is absent. */
  readonly commit: string | null;
  readonly trigger: string | null;
  readonly runnerEnvironment: string | null;
  readonly repositoryId: string | null;
  readonly ownerId: string | null;
  readonly runUri: string | null;
}

/**
 * Why a signature does not count. `aspect` says which rule it breaks: `signature` the bytes, the bundle or the identity,
 * `evidence` what proves time, chain and log.
 */
export interface SignatureFailure {
  readonly aspect: "signature" | "evidence";
  readonly code: string;
  readonly message: string;
}

/** The signature files of one asset, by what stands behind the asset's name. */
export type SidecarBytes = ReadonlyMap<SidecarSuffix, Uint8Array<ArrayBuffer>>;

/**
 * Verifies the signature of one asset with the lane's identity.
 *
 * @param bytes - gives the asset's bytes, when they are needed
 */
export type VerifySignature = (
  file: string,
  bytes: () => Promise<Uint8Array<ArrayBuffer>>,
  sidecars: SidecarBytes,
) => Promise<Result<SignatureView, SignatureFailure>>;
