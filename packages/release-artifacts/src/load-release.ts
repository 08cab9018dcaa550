import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

import { readArchive } from "./archive.ts";
import {
  ASSET_LIMIT_BYTES,
  assetForm,
  CHECKSUMS_ASSET,
  isAssetName,
  sidecarOf,
  type SidecarSuffix,
} from "./asset-names.ts";
import { parseChecksums } from "./checksums.ts";
import { documentKind } from "./document-kind.ts";
import { type DocumentProblem } from "./documents/document-problem.ts";
import { parseDocument, type Shape } from "./documents/document-shape.ts";
import { DOCUMENT_SHAPES, type DocumentKind } from "./documents/released-documents.ts";
import type { ReleaseLane } from "./lane.ts";
import { digestOf, readWhole, type ReleaseFiles } from "./release-files.ts";
import type { ReleaseVersion } from "./release-version.ts";
import type {
  AssetFacts,
  LoadedDocument,
  LoadedDocuments,
  OutsideKnowledge,
  ReleaseEvidence,
} from "./rules/evidence.ts";
import { signedAssets } from "./rules/signature-rules.ts";
import { readSidecarForms, type SidecarForms } from "./sidecar-forms.ts";
import type { SidecarBytes, SignatureFailure, SignatureView, VerifySignature } from "./signature-port.ts";

/** Which release a directory is said to be, and how its signatures are verified. */
export interface ReleaseToLoad extends OutsideKnowledge {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Null: signatures are not verified, and the rules about them are skipped. */
  readonly verifySignature: VerifySignature | null;
}

/** A directory that could not be read; nothing was judged. */
export interface ReleaseUnreadable {
  readonly code: "release-unreadable";
  readonly file: string;
  readonly reason: string;
}

const SIDECAR_LIMIT_BYTES = 1024 * 1024;
const MAX_FILES = 2000;

/**
 * Reads a released directory for the rules to judge. Every file is read at most once or twice, archives in constant memory;
 * files that belong to no release are not opened at all.
 *
 * Errors: `release-unreadable`, for what disk or network did.
 */
export async function loadRelease(
  files: ReleaseFiles,
  release: ReleaseToLoad,
): Promise<Result<ReleaseEvidence, ReleaseUnreadable>> {
  const loader = new Loader(files, release);
  try {
    return ok(await loader.load());
  } catch (error) {
    return err({
      code: "release-unreadable",
      file: loader.current,
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

class Loader {
  /** The file that is being read, for the error. */
  current = "the directory";
  readonly #files: ReleaseFiles;
  readonly #release: ReleaseToLoad;
  readonly #assets = new Map<string, AssetFacts>();
  readonly #sidecars = new Map<string, Map<SidecarSuffix, Uint8Array<ArrayBuffer>>>();
  readonly #documents = new Map<DocumentKind, Map<string, LoadedDocument<object>>>();
  readonly #archives = new Map<string, Awaited<ReturnType<typeof readArchive>>>();
  #checksums: ReleaseEvidence["checksums"] = null;

  constructor(files: ReleaseFiles, release: ReleaseToLoad) {
    this.#files = files;
    this.#release = release;
  }

  async load(): Promise<ReleaseEvidence> {
    const listed = await this.#files.list();
    if (listed.length > MAX_FILES) throw new Error(`more than ${MAX_FILES} files`);
    for (const { name, size } of listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      this.current = name;
      this.#assets.set(name, { size, sha256: isAssetName(name) ? await this.#read(name, size) : null });
    }
    const { lane, verifySignature } = this.#release;
    const sidecars = new Map(
      [...this.#sidecars].map(([asset, bytes]): [string, SidecarForms] => [asset, readSidecarForms(bytes)]),
    );
    const signatures =
      verifySignature === null
        ? null
        : await this.#verify(verifySignature, signedAssets({ assets: this.#assets, lane }));
    return {
      ...this.#release,
      assets: this.#assets,
      documents: documentTable(this.#documents),
      checksums: this.#checksums,
      archives: this.#archives,
      sidecars,
      signatures,
    };
  }

  /** Reads a file as what it is; its digest, or null where it is no file of the release or too long. */
  async #read(name: string, size: number): Promise<string | null> {
    const { lane } = this.#release;
    const sidecar = sidecarOf(name);
    if (sidecar !== null) return await this.#readSidecar(name, sidecar);
    const form = assetForm(lane, name);
    if (form === null) return null;
    const limit = ASSET_LIMIT_BYTES[form];
    if (form === "archive" || form === "page") {
      const digest = size > limit ? null : await digestOf(this.#files.open(name), limit);
      if (form === "archive" && digest !== null) this.#archives.set(name, await readArchive(this.#files.open(name)));
      return digest;
    }
    const content = size > limit ? null : await readWhole(this.#files.open(name), limit);
    const digest = content === null ? null : toHex(sha256(content));
    if (name === CHECKSUMS_ASSET[lane]) {
      const tooLong = err([{ code: "checksums-malformed", line: 0, reason: `longer than ${limit} bytes` } as const]);
      this.#checksums = content === null ? tooLong : parseChecksums(content);
    }
    const kind = documentKind(lane, name);
    if (kind !== null) this.#keepDocument(kind, name, content, digest ?? "", limit);
    return digest;
  }

  #keepDocument(kind: DocumentKind, file: string, content: Uint8Array | null, digest: string, limit: number): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shapes differ in what they make, not in what they take
    const shape = DOCUMENT_SHAPES[kind] as Shape<object>;
    const expected = `longer than ${limit} bytes`;
    const tooLong: DocumentProblem = { code: "document-json-malformed", kind: "form", file, path: "", expected };
    const result = content === null ? err([tooLong]) : parseDocument(file, content, shape, limit);
    const ofKind = this.#documents.get(kind) ?? new Map<string, LoadedDocument<object>>();
    this.#documents.set(kind, ofKind.set(file, { file, sha256: digest, result }));
  }

  async #readSidecar(
    name: string,
    { asset, suffix }: { readonly asset: string; readonly suffix: SidecarSuffix },
  ): Promise<string | null> {
    if (assetForm(this.#release.lane, asset) === null) return null;
    const content = await readWhole(this.#files.open(name), SIDECAR_LIMIT_BYTES);
    if (content === null) return null;
    const ofAsset = this.#sidecars.get(asset) ?? new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
    this.#sidecars.set(asset, ofAsset.set(suffix, content));
    return toHex(sha256(content));
  }

  async #verify(
    verify: VerifySignature,
    assets: readonly string[],
  ): Promise<ReadonlyMap<string, Result<SignatureView, SignatureFailure>>> {
    const results = new Map<string, Result<SignatureView, SignatureFailure>>();
    for (const asset of assets) {
      this.current = asset;
      const sidecars: SidecarBytes = this.#sidecars.get(asset) ?? new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
      if (!sidecars.has(".sigstore.json") && !sidecars.has(".bundle.json")) continue;
      // What is longer than any of its kind was not read, and AS-07 says so.
      if (this.#assets.get(asset)?.sha256 == null) continue;
      results.set(asset, await verify(asset, async () => await this.#bytesOf(asset), sidecars));
    }
    return results;
  }

  async #bytesOf(asset: string): Promise<Uint8Array<ArrayBuffer>> {
    const form = assetForm(this.#release.lane, asset) ?? "document";
    const bytes = await readWhole(this.#files.open(asset), ASSET_LIMIT_BYTES[form]);
    if (bytes === null) throw new Error("it grew while it was read");
    return bytes;
  }
}

function documentTable(
  byKind: ReadonlyMap<DocumentKind, ReadonlyMap<string, LoadedDocument<object>>>,
): LoadedDocuments {
  const kinds = Object.keys(DOCUMENT_SHAPES);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each document was read with the shape of its kind
  const entries = kinds.map((kind) => [kind, byKind.get(kind as DocumentKind) ?? new Map()] as const);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  return Object.fromEntries(entries) as LoadedDocuments;
}
