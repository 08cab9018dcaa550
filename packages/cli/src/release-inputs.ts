import { basename } from "node:path";

import { PROFILES, type Profile } from "@mero-tee/policy";
import {
  ASSET,
  ASSET_LIMIT_BYTES,
  assetForm,
  digestOf,
  DOCUMENT_SHAPES,
  type DocumentKind,
  type GivenAsset,
  nodeProbeAssets,
  parseDocument,
  type PerProfile,
  readWhole,
  type ReleasedDocuments,
  type ReleaseLane,
  type Shape,
} from "@mero-tee/release-artifacts";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "./failure-view.ts";
import type { FileDirectory } from "./file-store.ts";
import { jsonMember } from "./json-member.ts";

/** Where a KMS lane puts the image digests, beside the probes' files. */
const IMAGES_FILE = "kms-phala-images.json";

/** The input directory of an assembly: what builds and probes left, by name. */
export class ReleaseInputs {
  readonly #directory: FileDirectory;
  readonly #names: ReadonlySet<string>;

  private constructor(directory: FileDirectory, names: ReadonlySet<string>) {
    this.#directory = directory;
    this.#names = names;
  }

  static async open(directory: FileDirectory): Promise<ReleaseInputs> {
    const listed = await directory.list();
    return new ReleaseInputs(directory, new Set(listed.map(({ name }) => name)));
  }

  /** Whether a file is there. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** A file whole. Errors: `file-missing`, `input-too-large`. */
  async bytes(name: string): Promise<Result<Uint8Array<ArrayBuffer>, Refusal>> {
    if (!this.has(name)) return err(refusalOfCli(cliFailure("file-missing", `The input directory lacks ${name}.`)));
    const content = await readWhole(this.#directory.open(name), ASSET_LIMIT_BYTES.document);
    return content === null ? err(refusalOfCli(cliFailure("input-too-large", `${name} is too large.`))) : ok(content);
  }

  /** A document of one kind. */
  async document<K extends DocumentKind>(name: string, kind: K): Promise<Result<ReleasedDocuments[K], Refusal>> {
    const content = await this.bytes(name);
    if (!content.ok) return content;
    const shape: Shape<ReleasedDocuments[K]> = DOCUMENT_SHAPES[kind];
    const read = parseDocument(name, content.value, shape);
    if (read.ok) return ok(read.value.value);
    const [first] = read.error;
    if (first === undefined) throw new Error("a refusal without a problem");
    return err(refusalOfRelease(first));
  }

  /** One value for each profile; the first that cannot be had decides. */
  async perProfile<T>(
    load: (profile: Profile) => Promise<Result<T, Refusal>>,
  ): Promise<Result<PerProfile<T>, Refusal>> {
    const values = new Map<Profile, T>();
    for (const profile of PROFILES) {
      const value = await load(profile);
      if (!value.ok) return value;
      values.set(profile, value.value);
    }
    const [debug, debugReadOnly, locked] = [
      values.get("debug"),
      values.get("debug-read-only"),
      values.get("locked-read-only"),
    ];
    if (debug === undefined || debugReadOnly === undefined || locked === undefined)
      throw new Error("a profile was left out");
    return ok({ debug, "debug-read-only": debugReadOnly, "locked-read-only": locked });
  }

  /** A text under one key of a JSON file. Errors: `input-unrecognised`. */
  async text(name: string, ...path: readonly string[]): Promise<Result<string, Refusal>> {
    const content = await this.bytes(name);
    if (!content.ok) return content;
    const json = parseStrictJson(content.value);
    const value = json.ok ? path.reduce(jsonMember, json.value) : null;
    return typeof value === "string"
      ? ok(value)
      : err(refusalOfCli(cliFailure("input-unrecognised", `${name} has no text ${path.join(".")}.`)));
  }

  /** The image and its digests, by profile. */
  async images(): Promise<Result<{ readonly image: string; readonly digests: PerProfile<string> }, Refusal>> {
    const image = await this.text(IMAGES_FILE, "image");
    if (!image.ok) return image;
    const digests = await this.perProfile(async (profile) => await this.text(IMAGES_FILE, "digests", profile));
    return digests.ok ? ok({ image: image.value, digests: digests.value }) : digests;
  }

  /** Archives, pages, SBOMs and reports that are released as they are: with their digests, and as streams. */
  async given(lane: ReleaseLane): Promise<readonly (GivenAsset & { readonly content: AsyncIterable<Uint8Array> })[]> {
    const assets: (GivenAsset & { readonly content: AsyncIterable<Uint8Array> })[] = [];
    for (const name of [...this.#names].toSorted()) {
      const form = assetForm(lane, name);
      const isGiven =
        form !== null &&
        (form !== "document" || name.startsWith("conformance-")) &&
        form !== "checksums" &&
        name !== ASSET.trustBundle;
      if (!isGiven) continue;
      const sha256 = await digestOf(this.#directory.open(name), ASSET_LIMIT_BYTES[form]);
      // What is too long is given without a digest that could match: the rules say so.
      assets.push({ name, sha256: sha256 ?? "0".repeat(64), content: this.#directory.open(basename(name)) });
    }
    return assets;
  }
}

/** The files that the probe of one node profile leaves. */
export function nodeProbeInputs(profile: Profile): ReturnType<typeof nodeProbeAssets> & { readonly image: string } {
  return { ...nodeProbeAssets(profile), image: `image-${profile}.json` };
}
