import type { MemoryProfile } from "./flat-memory.ts";

/** What `pnpm bench quote --json` prints; times are medians in microseconds of one run on one machine. */
export interface QuoteReport {
  readonly schemaVersion: 1;
  readonly node: string;
  readonly nodeCryptoUs: number;
  readonly webCryptoUs: number;
  /** The faster of the two. */
  readonly p256VerifyUs: number;
  readonly parseUs: number;
  /** Quote and collateral as bytes, nothing known but the trust anchor: nine signatures. */
  readonly coldVerifyUs: number;
  /** Platform and collateral judged before: two signatures. */
  readonly warmVerifyUs: number;
  /** The attestation key was seen before as well: one signature. */
  readonly knownKeyVerifyUs: number;
  readonly replay5000EventsUs: number;
  readonly peers: { readonly dcapQvlJsUs: number; readonly dcapQvlWasmUs: number };
  readonly ratios: {
    readonly coldOverTenP256: number;
    readonly warmOverTwoP256: number;
    readonly knownKeyOverOneP256: number;
    readonly fasterPeerOverCold: number;
    readonly fasterPeerOverWarm: number;
  };
  readonly memory: MemoryProfile;
  readonly rssMiB: number;
}
