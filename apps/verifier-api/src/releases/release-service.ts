import { createHash } from "node:crypto";
import { type LaneSigner, SIDECAR_SUFFIXES, type SidecarSuffix } from "@mero-tee/release-artifacts";
import type { TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createBoundedMemory, type Fetching, type Recalling } from "../bounded-memory.ts";
import type { ReleaseFamily } from "../config/release-identity.ts";
import type { ReleaseSettings } from "../config/release-settings.ts";
import type { Upstream } from "../outbound/upstream.ts";
import { type Problem, refuse } from "../problem.ts";
import type { SourceState } from "../wire/health-answer.ts";
import type { AssetEnvelope, ReleaseList } from "../wire/release-answers.ts";
import { isSignedByLane, type Sidecars } from "./asset-signature.ts";
import { readReleaseList } from "./release-list.ts";

/** A released file with its signatures, which the lane made. */
interface SignedAsset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sidecars: Sidecars;
  readonly envelope: AssetEnvelope;
}

/** Released files and lists of them. Nothing that a caller sends decides where they come from but a tag that was read. */
export interface ReleaseService {
  /** Errors: `release_not_found`, `upstream_bad_signature`, `release_source_error`, `upstream_timeout`. */
  asset(family: ReleaseFamily, tag: string, name: string): Promise<Result<SignedAsset, Problem>>;
  /** All releases of a family that are looked at, the newest first. Errors: `release_source_error`, `upstream_timeout`. */
  list(family: ReleaseFamily): Promise<Result<ReleaseList, Problem>>;
  /** The bytes of the compatibility catalog. Errors: as `list`. */
  catalog(): Promise<Result<Uint8Array<ArrayBuffer>, Problem>>;
  state(): SourceState;
}

const ASSET_LIMIT_BYTES = 2 * 1024 * 1024;
const SIDECAR_LIMIT_BYTES = 256 * 1024;
const LIST_LIMIT_BYTES = 4 * 1024 * 1024;
const LIFETIME = { freshMs: 300_000, keptMs: 24 * 3_600_000 };
const ASSETS_KEPT = 64;
const REDIRECT_HOSTS: ReadonlySet<string> = new Set([
  "github.com",
  "objects.githubusercontent.com",
  "release-assets.githubusercontent.com",
]);

/** What a file that was asked for came to. */
type FileOutcome = Result<Uint8Array<ArrayBuffer>, "absent" | "timeout" | "failed">;

/**
 * Fetches releases, and passes on only files that the lane signed.
 *
 * Source: docs/verifier-api.md.
 */
export function createReleaseService(
  upstream: Upstream,
  settings: ReleaseSettings,
  trustedRoot: TrustedRoot,
  nowMs: () => number,
): ReleaseService {
  const assets = createBoundedMemory<SignedAsset, Problem>(ASSETS_KEPT, nowMs);
  const lists = createBoundedMemory<ReleaseList, Problem>(2, nowMs);
  const catalogs = createBoundedMemory<Uint8Array<ArrayBuffer>, Problem>(1, nowMs);
  let state: SourceState = "ok";
  const observe = (recalled: Recalling<unknown, Problem>): void => {
    if (recalled.ok) state = recalled.value.isStale ? "stale" : "ok";
    else if (!isFinal(recalled.error)) state = "down";
  };
  const fetchedAt = (): string => formatRfc3339Utc(Math.floor(nowMs() / 1000));
  // The token is for the host that it was made for, and for no download that redirects.
  const authorization = settings.token === null ? {} : { authorization: `Bearer ${settings.token}` };

  const download = async (url: string, maxBytes: number): Promise<FileOutcome> => {
    const headers = { accept: "application/octet-stream" };
    const answer = await upstream({ url, headers, maxBytes, redirectHosts: REDIRECT_HOSTS });
    if (!answer.ok) return answer;
    if (answer.value.status === 200) return ok(answer.value.body);
    return err(answer.value.status === 404 ? "absent" : "failed");
  };
  const askApi = async (path: string, accept: string): Promise<FileOutcome> => {
    const answer = await upstream({
      url: `${settings.apiUrl}/repos/${settings.repository}/${path}`,
      headers: { accept, "x-github-api-version": "2022-11-28", ...authorization },
      maxBytes: LIST_LIMIT_BYTES,
    });
    if (!answer.ok) return answer;
    return answer.value.status === 200 ? ok(answer.value.body) : err("failed");
  };
  const signerOf = (family: ReleaseFamily): LaneSigner => ({
    identity: { exact: settings.identities[family] },
    issuer: settings.issuer,
    trustedRoot,
  });

  const loadAsset = async (family: ReleaseFamily, tag: string, name: string): Promise<Result<SignedAsset, Problem>> => {
    const url = `${settings.downloadUrl}/${settings.repository}/releases/download/${tag}/${name}`;
    const [file, ...besides] = await Promise.all([
      download(url, ASSET_LIMIT_BYTES),
      ...SIDECAR_SUFFIXES.map((suffix) => download(url + suffix, SIDECAR_LIMIT_BYTES)),
    ]);
    if (!file.ok) return sourceProblem(file.error);
    const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
    for (const [index, suffix] of SIDECAR_SUFFIXES.entries()) {
      const sidecar = besides[index];
      if (sidecar?.ok === true) sidecars.set(suffix, sidecar.value);
      // A bundle that exists and does not come must not make room for weaker evidence.
      else if (sidecar !== undefined && sidecar.error !== "absent") return sourceProblem(sidecar.error);
    }
    if (!(await isSignedByLane(name, file.value, sidecars, signerOf(family)))) {
      return refuse("upstream_bad_signature", "The file is not signed by the workflow of its family.");
    }
    return ok({
      bytes: file.value,
      sidecars,
      envelope: {
        asset: name,
        tag,
        bytes_b64: toBase64(file.value),
        sha256: createHash("sha256").update(file.value).digest("hex"),
        bundle: plainJson(sidecars.get(".sigstore.json") ?? sidecars.get(".bundle.json")),
        sig_b64: textOf(sidecars.get(".sig")),
        cert_pem: textOf(sidecars.get(".pem")),
        source_url: url,
        fetched_at: fetchedAt(),
      },
    });
  };
  const loadList = async (family: ReleaseFamily): Promise<Result<ReleaseList, Problem>> => {
    const answer = await askApi("releases?per_page=100", "application/vnd.github+json");
    if (!answer.ok) return sourceProblem(answer.error);
    const releases = readReleaseList(family, answer.value);
    if (releases === null) return refuse("release_source_error", "The list of releases cannot be read.");
    return ok({ family, releases, fetched_at: fetchedAt(), stale: false });
  };
  const loadCatalog = async (): Promise<Result<Uint8Array<ArrayBuffer>, Problem>> => {
    const answer = await askApi("contents/compatibility-catalog.json", "application/vnd.github.raw+json");
    if (!answer.ok) return sourceProblem(answer.error);
    if (!parseStrictJson(answer.value, { maxBytes: LIST_LIMIT_BYTES }).ok) {
      return refuse("release_source_error", "The catalog cannot be read.");
    }
    return answer;
  };
  return {
    async asset(family, tag, name) {
      const recalled = await assets.recall(`${tag}/${name}`, () => kept(loadAsset(family, tag, name)));
      observe(recalled);
      return recalled.ok ? ok(recalled.value.value) : recalled;
    },
    async list(family) {
      const recalled = await lists.recall(family, () => kept(loadList(family)));
      observe(recalled);
      return recalled.ok ? ok({ ...recalled.value.value, stale: recalled.value.isStale }) : recalled;
    },
    async catalog() {
      const recalled = await catalogs.recall("catalog", () => kept(loadCatalog()));
      observe(recalled);
      return recalled.ok ? ok(recalled.value.value) : recalled;
    },
    state: () => state,
  };
}

async function kept<T>(loading: Promise<Result<T, Problem>>): Promise<Fetching<T, Problem>> {
  const loaded = await loading;
  return loaded.ok ? { ...loaded, lifetime: LIFETIME } : { ...loaded, isFinal: isFinal(loaded.error) };
}

/** Whether a problem is about the release and not about its host. */
function isFinal({ code }: Problem): boolean {
  return code === "release_not_found" || code === "upstream_bad_signature";
}

function sourceProblem(outcome: "absent" | "timeout" | "failed"): Result<never, Problem> {
  if (outcome === "absent") return refuse("release_not_found", "The release, or this file of it, does not exist.");
  if (outcome === "timeout") return refuse("upstream_timeout", "The release host took too long.");
  return refuse("release_source_error", "The release host did not answer as it should.");
}

/** A bundle as JSON; it was read before, when the signature was judged. */
function plainJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return null;
  const json = parseStrictJson(bytes, { maxBytes: SIDECAR_LIMIT_BYTES });
  return json.ok ? toPlainJson(json.value) : null;
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : new TextDecoder().decode(bytes);
}
