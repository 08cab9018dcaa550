/** A file of a release where it is published. */
export interface HostedAsset {
  readonly name: string;
  readonly size: number;
  /** As the host computed it, 64 hex digits; null where it gives none. */
  readonly sha256: string | null;
}

/** A release where it is published, or about to be. */
export interface HostedRelease {
  readonly id: string;
  readonly tag: string;
  readonly isDraft: boolean;
  readonly body: string;
  readonly assets: readonly HostedAsset[];
}

/** What a new release says about itself. */
export interface ReleaseHead {
  readonly tag: string;
  readonly name: string;
  /** Commit that the tag names. */
  readonly commit: string;
  readonly isPrerelease: boolean;
  readonly body: string;
}

/** Where releases are published. What the host or the network does is thrown as `host-failed`. */
export interface ReleaseHost {
  /** A published release by its tag; null where there is none. */
  find(tag: string): Promise<HostedRelease | null>;
  createDraft(head: ReleaseHead): Promise<HostedRelease>;
  upload(release: HostedRelease, name: string, content: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The release as it is now. */
  reload(release: HostedRelease): Promise<HostedRelease>;
  /** From here on everybody sees it. */
  publish(release: HostedRelease, isLatest: boolean): Promise<void>;
  /** Of a draft, and of nothing else. */
  remove(release: HostedRelease): Promise<void>;
  setBody(release: HostedRelease, body: string): Promise<void>;
}
