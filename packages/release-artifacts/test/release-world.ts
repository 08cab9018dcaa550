import { createHash } from "node:crypto";
import { nodeRtmr3, PROFILES, type Profile } from "@mero-tee/policy";

import {
  type AppIdentity,
  ASSET,
  type AssembledFiles,
  assembleKms,
  assembleNode,
  assembleRekorIndex,
  assembleTrustBundle,
  assembleVerifier,
  assetForm,
  type Checksum,
  CHECKSUMS_ASSET,
  checksumsText,
  DOCUMENT_SHAPES,
  type DocumentKind,
  type KmsAssembly,
  type NodeProbe,
  type OutsideKnowledge,
  parseDocument,
  parseReleaseVersion,
  type PerProfile,
  policyAsset,
  readSidecarForms,
  REKOR_INDEX_ASSET,
  type ReleasedDocuments,
  type ReleaseFiles,
  type ReleaseLane,
  type ReleaseOrigin,
  type ReleaseToLoad,
  type SidecarSuffix,
  type SignatureView,
  type VerifySignature,
  verifyRelease,
  type ReleaseVerdict,
  writeArchive,
} from "../src/index.ts";
import { jsonWith } from "./release-vectors.ts";

export const VERSION = parsedVersion("2.4.0");
const COMMIT = "aed4e223e6c3b94322280fef57aa739cd233ca2d";
const REPOSITORY = "calimero-network/mero-tee";
const TIME = "2026-01-15T10:20:00Z";

function parsedVersion(text: string) {
  const version = parseReleaseVersion(text);
  if (version === null) throw new Error(text);
  return version;
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A made-up measurement that is the same for the same words. */
export function measured(words: string): string {
  return createHash("sha384").update(words).digest("hex");
}

/** A document made from plain values, as its reader gives it. */
export function documentFrom<K extends DocumentKind>(kind: K, value: object | string): ReleasedDocuments[K] {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const read = parseDocument(kind, text, DOCUMENT_SHAPES[kind]);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.value;
}

export function perProfile<T>(make: (profile: Profile) => T): PerProfile<T> {
  return {
    debug: make("debug"),
    "debug-read-only": make("debug-read-only"),
    "locked-read-only": make("locked-read-only"),
  };
}

function origin(runId: string): ReleaseOrigin {
  return {
    version: VERSION,
    repository: REPOSITORY,
    releaseClass: "stable",
    commit: COMMIT,
    runId,
    runAttempt: "1",
    generatedAt: TIME,
  };
}

function candidates(registers: Readonly<Record<string, string>>, machine: string) {
  const policy = Object.entries(registers).map(([name, value]) => [`allowed_${name}`, [value]] as const);
  return documentFrom("measurementCandidates", {
    schema_version: 1,
    generated_at_utc: TIME,
    measurement_source: "td_quote",
    quote_field_path: "$.data.quoteB64",
    source_attest_response_path: "tee-attest-response.json",
    source_claims_path: "external-attestation-token-claims.json",
    quote_sha256: sha256("quote"),
    nonce_hex: sha256("nonce"),
    td_attributes: "0000001000000000",
    xfam: "e742060000000000",
    machine_type: machine,
    source_claim_paths: {
      ...Object.fromEntries(
        ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((name) => [name, "quote:$.data.quoteB64"]),
      ),
      tcb_statuses: [{ value: "UpToDate", path: "$.local", raw: "UpToDate" }],
    },
    policy: { allowed_tcb_statuses: ["UpToDate"], ...Object.fromEntries(policy) },
  });
}

function rootHash(profile: Profile): string {
  return sha256(`root of ${profile}`);
}

function nodeRegisters(profile: Profile) {
  const rtmr3 = nodeRtmr3({ role: "node", profile, rootHash: rootHash(profile) });
  if (!rtmr3.ok) throw new Error(profile);
  return {
    mrtd: measured("google firmware"),
    rtmr0: measured("c3-standard-4"),
    rtmr1: measured(`node kernel ${profile}`),
    rtmr2: measured(`node command line ${profile}`),
    rtmr3: String(rtmr3.value.rtmr3),
  };
}

function nodeProbe(profile: Profile): NodeProbe {
  const registers = nodeRegisters(profile);
  const image = `merotee-${profile}-2-4-0`;
  return {
    candidates: candidates(registers, "c3-standard-4"),
    mrtd: documentFrom("mrtdRecord", {
      mrtd: registers.mrtd,
      mrtd_source: "ita_and_quote",
      mrtd_path: "$.tdx.tdx_mrtd",
      quote_path: "$.data.quoteB64",
      timestamp_utc: TIME,
      tee_info_mrtd: registers.mrtd,
      rtmr0: registers.rtmr0,
      rtmr1: registers.rtmr1,
      rtmr2: registers.rtmr2,
      rtmr3: registers.rtmr3,
    }),
    provenance: documentFrom("profileProvenance", {
      profile,
      tag: VERSION,
      commit_sha: COMMIT,
      workflow_run_id: "7100000001",
      workflow_run_attempt: "1",
      image: {
        name: image,
        project: "p",
        family: `merotee-${profile}`,
        self_link: `https://www.googleapis.com/${image}`,
        disk_sha256: sha256(image),
      },
      attestation_context: {
        base_url: "http://203.0.113.10:80",
        nonce: sha256("nonce"),
        instance: "i",
        image,
        project: "p",
        zone: "z",
        machine_type: "c3-standard-4",
      },
      external_verification: {
        status: "performed",
        mrtd: registers.mrtd,
        quote_sha256: sha256("quote"),
        ita_token_sha256: sha256("token"),
      },
    }),
    rootHash: rootHash(profile),
  };
}

function sbomText(name: string): string {
  return JSON.stringify({
    spdxVersion: "SPDX-2.3",
    documentNamespace: `https://example.com/${name}`,
    creationInfo: { created: TIME, creators: ["Tool: syft"] },
  });
}

type Files = Map<string, Uint8Array<ArrayBuffer>>;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function given(files: Files): readonly Checksum[] {
  return [...files].map(([name, content]) => ({ name, sha256: sha256(content) }));
}

function addAll(files: Files, assembled: AssembledFiles): void {
  for (const [name, text] of assembled) files.set(name, bytes(text));
}

function unwrap<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** The published measurements of the node release, as they stand in its file. */
export function publishedText(): string {
  const assembled = unwrap(assembleNode({ ...origin("7100000001"), probes: perProfile(nodeProbe), given: [] }));
  return assembled.get(ASSET.publishedMrtds) ?? "";
}

/** What a probe of the KMS proved. */
export function appIdentity(profile: Profile): AppIdentity {
  return documentFrom("appIdentity", {
    schema_version: 1,
    compose_hash: sha256(`composition of ${profile}`),
    app_id: sha256("app").slice(0, 40),
    profile,
    quote_verified: true,
    event_log_verified: true,
    os_image_hash_verified: true,
  });
}

export function kmsCandidates(profile: Profile) {
  const names = ["mrtd", "rtmr0", "rtmr1", "rtmr2"].map((name) => [name, measured(`phala ${name}`)] as const);
  return candidates({ ...Object.fromEntries(names), rtmr3: measured(`kms ${profile}`) }, "tdx.small");
}

function kmsAssembly(files: Files): KmsAssembly {
  const text = publishedText();
  return {
    ...origin("7100000002"),
    image: "ghcr.io/calimero-network/mero-kms-phala",
    imageDigests: perProfile((profile) => `sha256:${sha256(`image ${profile}`)}`),
    nodeRelease: { document: documentFrom("publishedMrtds", text), text },
    candidates: perProfile(kmsCandidates),
    identities: perProfile(appIdentity),
    given: given(files),
  };
}

/** A change of the text of one file. */
export type Edit = (text: string) => string;

/** How a release departs from a good one. */
export interface Recipe {
  readonly lane: ReleaseLane;
  /** Changes before digests and signatures are made over everything: what a wrong lane would publish. */
  readonly edit?: Readonly<Record<string, Edit>>;
  /** Members of the archives, by archive. */
  readonly archives?: Readonly<Record<string, readonly string[]>>;
  /** What the trust bundle holds instead of what is published. */
  readonly bundled?: Readonly<Record<string, Edit>>;
  /** Changes to the published files: what somebody else would do. */
  readonly tamper?: (files: Files) => void;
  /** What a signature says, or why it does not verify. */
  readonly sign?: (file: string) => object;
  readonly outside?: OutsideKnowledge;
}

/** The files of a release, complete and signed. */
export async function releaseFiles(recipe: Recipe): Promise<Files> {
  const files = await stagedFiles(recipe);
  sign(files, recipe);
  recipe.tamper?.(files);
  return files;
}

/** The files of a release as a lane has them before it signs. */
export async function stagedFiles(recipe: Recipe): Promise<Files> {
  const { lane, edit = {} } = recipe;
  const files: Files = new Map();
  const edited = (name: string): void => {
    const content = files.get(name);
    const edition = edit[name];
    if (content !== undefined && edition !== undefined)
      files.set(name, bytes(edition(new TextDecoder().decode(content))));
  };
  const archive = async (name: string): Promise<void> => {
    const members = (recipe.archives?.[name] ?? ["main.js"]).map((each) => ({
      name: each,
      content: bytes(`${name} ${each}`),
    }));
    files.set(name, new Uint8Array(await writeArchive(members, 1_768_472_400)));
  };
  if (lane === "kms") {
    await archive("mero-kms-phala_node.tar.gz");
    for (const name of [ASSET.containerSbom, ASSET.binariesSbom]) files.set(name, bytes(sbomText(name)));
    const assembly = kmsAssembly(files);
    addAll(files, unwrap(assembleKms(assembly)));
    for (const profile of PROFILES) edited(policyAsset(profile));
    files.set(ASSET.policyAlias, files.get(policyAsset("locked-read-only")) ?? bytes(""));
    edited(ASSET.policyAlias);
    refreshMap(files);
    for (const name of [ASSET.compatibilityMap, ASSET.containerMetadata, ASSET.kmsManifest, ASSET.containerSbom])
      edited(name);
    refreshChecksums(files, lane);
    edited(CHECKSUMS_ASSET.kms);
    const text = (name: string): string => new TextDecoder().decode(files.get(name));
    const loose = new Map([...files.keys()].map((name) => [name, (recipe.bundled?.[name] ?? String)(text(name))]));
    files.set(ASSET.trustBundle, new Uint8Array(await assembleTrustBundle(assembly, loose)));
  } else if (lane === "node") {
    for (const name of [
      ASSET.nodeSbom,
      ...PROFILES.map((profile) => `node-image-gcp-rootfs-sbom.${profile}.spdx.json`),
    ])
      files.set(name, bytes(sbomText(name)));
    for (const profile of PROFILES)
      files.set(`conformance-${profile}.json`, bytes(JSON.stringify({ schema_version: 1, profile, checks: [] })));
    addAll(
      files,
      unwrap(assembleNode({ ...origin("7100000001"), probes: perProfile(nodeProbe), given: given(files) })),
    );
    for (const name of files.keys())
      if (name !== ASSET.releaseProvenance && name !== CHECKSUMS_ASSET.node) edited(name);
    refreshProvenance(files);
    edited(ASSET.releaseProvenance);
    refreshChecksums(files, lane);
    edited(CHECKSUMS_ASSET.node);
  } else {
    for (const name of ["mero-verifier-web.tar.gz", "mero-verifier-api.tar.gz", "tdx-quote-1.0.0.tgz"])
      await archive(name);
    files.set("verifier-offline.html", bytes("<!doctype html>"));
    files.set(ASSET.verifierSbom, bytes(sbomText("verifier")));
    const assembly = {
      ...origin("7100000003"),
      trustRoots: { intelSgxRootSha256: sha256("intel"), sigstoreTrustedRootSha256: sha256("sigstore") },
      testedWith: { kms: "2.4.0", node: "2.4.0" },
      given: given(files),
    };
    addAll(files, unwrap(assembleVerifier(assembly)));
    edited(ASSET.verifierManifest);
    refreshChecksums(files, lane);
    edited(CHECKSUMS_ASSET.verifier);
  }
  return files;
}

function change(files: Files, name: string, edit: Edit): void {
  files.set(name, bytes(edit(new TextDecoder().decode(files.get(name)))));
}

/** The map names the digests of the policies as they are now. */
function refreshMap(files: Files): void {
  const digest = (name: string): string => sha256(files.get(name) ?? bytes(""));
  change(files, ASSET.compatibilityMap, (text) =>
    PROFILES.reduce(
      (map, profile) =>
        jsonWith(map, `compatibility/profiles/${profile}/kms_policy_sha256`, digest(policyAsset(profile))),
      jsonWith(text, "compatibility/kms_policy_sha256", digest(ASSET.policyAlias)),
    ),
  );
}

/** The provenance embeds the measurements as they are now, unless a test made them unreadable. */
function refreshProvenance(files: Files): void {
  const published = parseLoosely(new TextDecoder().decode(files.get(ASSET.publishedMrtds)));
  if (published === null) return;
  change(files, ASSET.releaseProvenance, (text) =>
    jsonWith(jsonWith(text, "mrtds", published), "measurement_policy", published),
  );
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A test that cuts a document needs no copy of it elsewhere.
    return null;
  }
}

function refreshChecksums(files: Files, lane: ReleaseLane): void {
  const exempt: ReadonlySet<string> = new Set([CHECKSUMS_ASSET[lane], ASSET.trustBundle]);
  files.set(
    CHECKSUMS_ASSET[lane],
    bytes(checksumsText(given(new Map([...files].filter(([name]) => !exempt.has(name)))))),
  );
}

const RUNS = { kms: "7100000002", node: "7100000001", verifier: "7100000003" } as const;

function viewOf(lane: ReleaseLane): SignatureView {
  return {
    identity: `workflow of ${lane}`,
    issuer: "https://token.actions.githubusercontent.com",
    logIndex: "7",
    integratedTime: 1_768_472_400,
    commit: COMMIT,
    trigger: "push",
    runnerEnvironment: "github-hosted",
    repositoryId: "1",
    ownerId: "2",
    runUri: `https://github.com/${REPOSITORY}/actions/runs/${RUNS[lane]}/attempts/1`,
  };
}

/** Signs every file, then the index over them; the signature of a file is its digest, and says what `recipe.sign` adds. */
function sign(files: Files, recipe: Recipe): void {
  const { lane } = recipe;
  const signOne = (name: string, content: Uint8Array): Map<SidecarSuffix, Uint8Array<ArrayBuffer>> => {
    const signature = Buffer.from(`signature ${sha256(content)}`).toString("base64");
    const der = Buffer.from(`certificate of ${lane}`).toString("base64");
    const pem = `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
    const log = { logIndex: "7", integratedTime: "1768472400" };
    const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>([
      [".sig", bytes(`${signature}\n`)],
      [".pem", bytes(Buffer.from(pem).toString("base64"))],
      [
        ".bundle.json",
        bytes(
          JSON.stringify({
            base64Signature: signature,
            cert: Buffer.from(pem).toString("base64"),
            rekorBundle: { Payload: { logIndex: 7, integratedTime: 1_768_472_400, logID: sha256("log") } },
          }),
        ),
      ],
      [
        ".sigstore.json",
        bytes(
          JSON.stringify({
            verificationMaterial: {
              certificate: { rawBytes: der },
              tlogEntries: [{ ...log, logId: { keyId: Buffer.from(sha256("log"), "hex").toString("base64") } }],
            },
            messageSignature: { signature },
            says: recipe.sign?.(name) ?? {},
          }),
        ),
      ],
    ]);
    for (const [suffix, sidecar] of sidecars) files.set(name + suffix, sidecar);
    return sidecars;
  };
  const signed = [...files].map(([name, content]) => ({
    name,
    sha256: sha256(content),
    forms: readSidecarForms(signOne(name, content)),
  }));
  const last = [ASSET.kmsManifest, ASSET.verifierManifest] as readonly string[];
  const entries = signed.filter(({ name }) => !last.includes(name) && assetForm(lane, name) !== null);
  const index = unwrap(assembleRekorIndex(lane, origin(RUNS[lane]), entries)).text;
  const file = REKOR_INDEX_ASSET[lane];
  files.set(file, bytes((recipe.edit?.[file] ?? String)(index)));
  signOne(file, files.get(file) ?? bytes(""));
}

/** Believes the signatures that {@link sign} makes, and says about them what the recipe wanted said. */
const verifySignature: VerifySignature = async (file, read, sidecars) => {
  const lane =
    file.startsWith("mero-verifier") || file.endsWith(".tgz") || file.endsWith(".html") ? "verifier" : laneOf(file);
  const said = new TextDecoder().decode(sidecars.get(".sigstore.json"));
  const expected = Buffer.from(`signature ${sha256(await read())}`).toString("base64");
  const aspect = (["signature", "evidence"] as const).find((each) => said.includes(`"aspect":"${each}"`));
  if (aspect !== undefined) return { ok: false, error: { aspect, code: "made-up", message: "it is broken" } };
  if (!said.includes(expected))
    return { ok: false, error: { aspect: "signature", code: "made-up", message: "it is of other bytes" } };
  const claims = /"says":(?<json>\{[^}]*\})/.exec(said)?.groups?.["json"] ?? "{}";
  return { ok: true, value: { ...viewOf(lane), ...parseClaims(claims) } };
};

function parseClaims(json: string): Partial<SignatureView> {
  const claims: unknown = JSON.parse(json);
  return typeof claims === "object" && claims !== null ? claims : {};
}

function laneOf(file: string): ReleaseLane {
  return assetForm("kms", file) === null ? "node" : "kms";
}

/** A directory in memory. */
function memoryRelease(files: Files): ReleaseFiles {
  return {
    list: async () => await Promise.resolve([...files].map(([name, content]) => ({ name, size: content.length }))),
    async *open(name) {
      await Promise.resolve();
      const content = files.get(name) ?? bytes("");
      for (let at = 0; at < content.length; at += 4096) yield content.subarray(at, at + 4096);
    },
  };
}

/** What a release is said to be. */
function releaseToLoad(recipe: Recipe): ReleaseToLoad {
  return { lane: recipe.lane, version: VERSION, repository: REPOSITORY, verifySignature, ...recipe.outside };
}

/** Judges a release made by a recipe. */
export async function judged(recipe: Recipe, options: { readonly isQuick?: boolean } = {}): Promise<ReleaseVerdict> {
  const files = memoryRelease(await releaseFiles(recipe));
  return unwrap(await verifyRelease(files, releaseToLoad(recipe), options));
}

/** What builds and probes leave for an assembly, by file. */
export async function releaseInputs(lane: ReleaseLane): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>();
  const released = await stagedFiles({ lane });
  for (const [name, content] of released) {
    const form = assetForm(lane, name);
    const isGiven =
      (form !== "document" && form !== "checksums" && name !== ASSET.trustBundle) || name.startsWith("conformance-");
    const isProbed = /^(?:mrtd|profile-provenance|measurement-policy-candidates)-/.test(name);
    if (isGiven || isProbed) files.set(name, content);
  }
  if (lane === "verifier") {
    const trustRoots = { intel_sgx_root_sha256: sha256("intel"), sigstore_trusted_root_sha256: sha256("sigstore") };
    files.set(
      "verifier-build.json",
      JSON.stringify({ trust_roots: trustRoots, tested_with: { kms: "2.4.0", node: "2.4.0" } }),
    );
  }
  for (const profile of lane === "verifier" ? [] : PROFILES) {
    if (lane === "node") files.set(`image-${profile}.json`, JSON.stringify({ root_hash: rootHash(profile) }));
    else {
      files.set(`kms-policy-candidates-${profile}.json`, JSON.stringify(kmsCandidates(profile)));
      files.set(`kms-app-identity-${profile}.json`, JSON.stringify(appIdentity(profile)));
    }
  }
  if (lane === "kms") {
    files.set(ASSET.publishedMrtds, publishedText());
    const digests = perProfile((profile) => `sha256:${sha256(`image ${profile}`)}`);
    files.set("kms-phala-images.json", JSON.stringify({ image: "ghcr.io/calimero-network/mero-kms-phala", digests }));
  }
  return files;
}

/** Everything that a caller can know beside a good release. */
export function knowledge(lane: ReleaseLane): OutsideKnowledge {
  const text = publishedText();
  const result = parseDocument(ASSET.publishedMrtds, text, DOCUMENT_SHAPES.publishedMrtds);
  const common = { signerIds: { repositoryId: "1", ownerId: "2" }, isPrerelease: false, now: 1_768_472_400 };
  if (lane === "node") {
    return {
      ...common,
      launchEndorsements: new Map([[measured("google firmware"), { ramGib: [16] }]]),
      predictions: perProfile((profile) => {
        const { profiles } = documentFrom("publishedMrtds", text);
        const [rtmr1] = profiles[profile].allowed_rtmr1;
        return rtmr1 === undefined ? {} : { rtmr1 };
      }),
    };
  }
  if (lane === "verifier") return common;
  return {
    ...common,
    nodeRelease: { file: ASSET.publishedMrtds, sha256: sha256(text), result },
    appIdentities: perProfile(appIdentity),
    catalog: { schema_version: 1, releases: [] },
  };
}
