import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

import { ASSET, ASSET_LIMIT_BYTES, assetForm, REKOR_INDEX_ASSET, sidecarOf } from "./asset-names.ts";
import { assembleRekorIndex, type SignedAsset } from "./assemble/assemble-rekor-index.ts";
import type { ReleaseOrigin } from "./assemble/assembly.ts";
import type { DocumentProblem } from "./documents/document-problem.ts";
import type { ReleaseLane } from "./lane.ts";
import type { ReleaseUnreadable } from "./load-release.ts";
import { readWhole, type ReleaseFiles } from "./release-files.ts";
import { readSidecarForms } from "./sidecar-forms.ts";
import type { SidecarBytes } from "./signature-port.ts";

/** Why a file was not signed; `message` is for who runs the lane. */
export interface SigningError {
  readonly code: "signing-failed";
  readonly message: string;
}

/** Signs one file as the run that this is, and gives every form of that one signing. */
export type SignFile = (name: string, bytes: Uint8Array<ArrayBuffer>) => Promise<Result<SidecarBytes, SigningError>>;

/** What a release is signed as. */
export interface ReleaseToSign {
  readonly lane: ReleaseLane;
  /** Goes into the index of log entries. */
  readonly origin: Pick<ReleaseOrigin, "version" | "runId" | "runAttempt" | "generatedAt">;
  readonly sign: SignFile;
}

/** Signed after the index: the manifest is what readers begin with, so it comes into being last. */
const LAST: ReadonlySet<string> = new Set([ASSET.kmsManifest, ASSET.verifierManifest]);

/** The assets of a directory that a lane signs, in the order in which it does; the index of log entries is not among them. */
export function assetsToSign(lane: ReleaseLane, names: readonly string[]): readonly string[] {
  const assets = names.filter(
    (name) => sidecarOf(name) === null && name !== REKOR_INDEX_ASSET[lane] && assetForm(lane, name) !== null,
  );
  return assets.toSorted((left, right) => (rankOf(left) < rankOf(right) ? -1 : 1));
}

function rankOf(name: string): string {
  return `${LAST.has(name) ? 1 : 0}${name}`;
}

/**
 * Signs every asset of an assembled release, one signing each, then the index over those signings.
 *
 * @returns the files that are new: the sidecars, and the index with its own
 * Errors: `signing-failed`, `release-unreadable`, and those of the index.
 * Source: docs/releases.md.
 */
export async function signRelease(
  files: ReleaseFiles,
  { lane, origin, sign }: ReleaseToSign,
): Promise<Result<ReadonlyMap<string, Uint8Array<ArrayBuffer>>, SigningError | ReleaseUnreadable | DocumentProblem>> {
  const written = new Map<string, Uint8Array<ArrayBuffer>>();
  const signOne = async (name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Result<SignedAsset, SigningError>> => {
    const sidecars = await sign(name, bytes);
    if (!sidecars.ok) return sidecars;
    for (const [suffix, sidecar] of sidecars.value) written.set(name + suffix, sidecar);
    return ok({ name, sha256: toHex(sha256(bytes)), forms: readSidecarForms(sidecars.value) });
  };

  const names = (await files.list()).map(({ name }) => name);
  const ordered = assetsToSign(lane, names);
  const signed: SignedAsset[] = [];
  const signAll = async (some: readonly string[]): Promise<Result<null, SigningError | ReleaseUnreadable>> => {
    for (const name of some) {
      const bytes = await readWhole(files.open(name), ASSET_LIMIT_BYTES[assetForm(lane, name) ?? "document"]);
      if (bytes === null) return err({ code: "release-unreadable", file: name, reason: "it is too long" });
      const done = await signOne(name, bytes);
      if (!done.ok) return done;
      signed.push(done.value);
    }
    return ok(null);
  };
  const first = await signAll(ordered.filter((name) => !LAST.has(name)));
  if (!first.ok) return first;
  const index = assembleRekorIndex(lane, origin, signed);
  if (!index.ok) return err(index.error[0] ?? { code: "signing-failed", message: "The index has no entries." });
  const content = new TextEncoder().encode(index.value.text);
  const indexed = await signOne(REKOR_INDEX_ASSET[lane], content);
  if (!indexed.ok) return indexed;
  written.set(REKOR_INDEX_ASSET[lane], content);
  const last = await signAll(ordered.filter((name) => LAST.has(name)));
  return last.ok ? ok(written) : last;
}
