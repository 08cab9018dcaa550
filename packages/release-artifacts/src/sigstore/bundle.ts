/** A parsed Sigstore bundle. **Nothing in it is verified**: {@link verifySigstore} says what it proves. Source: Sigstore bundle format, `sigstore_bundle.proto`. */
export interface SigstoreBundle {
  /** Which form it had; `cosign` is the older one of the tool of that name. */
  readonly form: "v0.1" | "v0.2" | "v0.3" | "cosign";
  /** DER of the signing certificate. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  readonly content: MessageSignature | DsseEnvelope;
  /** At least one. */
  readonly logEntries: readonly [LogEntry, ...LogEntry[]];
  /** DER of `TimeStampResp` (RFC 3161), in file order. */
  readonly timestamps: readonly Uint8Array<ArrayBuffer>[];
}

/** A signature over the file itself. */
export interface MessageSignature {
  readonly kind: "message-signature";
  /** SHA-256 that the signer claims for the file, 32 bytes. */
  readonly digest: Uint8Array<ArrayBuffer>;
  /** DER of an ECDSA signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A signature over a statement about files. Source: DSSE specification, protocol version 1. */
export interface DsseEnvelope {
  readonly kind: "dsse";
  readonly payloadType: string;
  readonly payload: Uint8Array<ArrayBuffer>;
  /** DER of an ECDSA signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** An entry of a transparency log, as the bundle tells it. */
export interface LogEntry {
  /** Position in the whole log, over all its shards. */
  readonly logIndex: number;
  /** Names the log's key: 32 bytes. */
  readonly logId: Uint8Array<ArrayBuffer>;
  readonly kind: string;
  readonly version: string;
  /** Unix seconds; null where the log does not vouch for time. */
  readonly integratedTime: number | null;
  /** DER signature, the log's promise to include the entry. */
  readonly signedEntryTimestamp: Uint8Array<ArrayBuffer> | null;
  readonly inclusionProof: InclusionProof | null;
  /** The bytes of the entry, as hashed into the log. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Source: RFC 6962, section 2.1.1. */
export interface InclusionProof {
  /** Position in the tree of `treeSize` leaves. */
  readonly logIndex: number;
  readonly treeSize: number;
  /** 32 bytes. */
  readonly rootHash: Uint8Array<ArrayBuffer>;
  /** From the leaf up, 32 bytes each. */
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
  /** The log's signed note. */
  readonly checkpoint: string;
}
