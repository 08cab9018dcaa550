import { createHash } from "node:crypto";
import { join } from "node:path";

import { PROFILES, type Profile } from "@mero-tee/policy";
import {
  createSignatureVerifier,
  DOCUMENT_SHAPES,
  type DocumentKind,
  type DocumentProblem,
  ENDORSEMENT_LIMIT_BYTES,
  type FirmwareEndorsement,
  type LaneSigner,
  type LoadedDocument,
  type OutsideKnowledge,
  parseDocument,
  parseImagePrediction,
  parseTcbWaivers,
  type PerProfile,
  type PublishedMrtds,
  type ReleasedDocuments,
  type TcbWaiver,
  verifyLaunchEndorsement,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import type { Ports } from "./context.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "./failure-view.ts";
import type { FileStore } from "./file-store.ts";
import { optionalFlag, type OptionalFlag } from "./flags.ts";
import { loadReleaseFile } from "./release-file.ts";
import { loadRootCa } from "./root-ca-file.ts";

/** What a command line knows beside the release itself; a rule that needs what is not given is skipped, and says so. */
export interface KnowledgeFlags {
  readonly nodePolicy?: string;
  readonly identities?: string;
  readonly reviewed?: string;
  readonly catalog?: string;
  readonly endorsements?: string;
  readonly endorsementRoot?: string;
  readonly predictions?: string;
  readonly waivers?: string;
  readonly repositoryId?: string;
  readonly ownerId?: string;
}

/** The definitions behind {@link KnowledgeFlags}. */
export const KNOWLEDGE_FLAGS: { readonly [K in keyof KnowledgeFlags]-?: OptionalFlag<string> } = {
  nodePolicy: optionalFlag(String, "FILE", "published-mrtds.json of the node release, to compare a KMS release with"),
  identities: optionalFlag(String, "DIR", "Where kms-app-identity-PROFILE.json of the probes are (X-07)"),
  reviewed: optionalFlag(String, "DIR", "Where the reviewed policies, kms.PROFILE.json, are (P-04)"),
  catalog: optionalFlag(String, "FILE", "Compatibility catalog, which lists no candidate (P-03)"),
  endorsements: optionalFlag(String, "DIR", "Where Google's launch endorsement of each MRTD, MRTD.binarypb, is (M-10)"),
  endorsementRoot: optionalFlag(String, "FILE", "Google's root certificate for these, PEM or DER (M-10)"),
  predictions: optionalFlag(String, "DIR", "Where image-PROFILE.json, with predicted registers, are (M-11)"),
  waivers: optionalFlag(String, "FILE", "Exceptions for TCB statuses, FILE.sigstore.json beside it (M-08)"),
  repositoryId: optionalFlag(parseNumericId, "ID", "Numeric id of the repository that must have signed (C-04)"),
  ownerId: optionalFlag(parseNumericId, "ID", "Numeric id of that repository's owner (C-04)"),
};

function parseNumericId(text: string): string {
  if (!/^[1-9]\d{0,19}$/.test(text)) throw new Error("not the number that GitHub gives a repository or an owner");
  return text;
}

const LIMIT_BYTES = 8 * 1024 * 1024;

type Loaded<T> = Promise<Result<T, Refusal>>;

/**
 * Loads what the flags name, for the rules.
 *
 * @param signer - who must have signed exceptions
 * Errors: those of the files; `usage-invalid` for one id alone; `waivers-unsigned`.
 */
export async function loadKnowledge(ports: Ports, flags: KnowledgeFlags, signer: LaneSigner): Loaded<OutsideKnowledge> {
  const { repositoryId, ownerId, endorsements, endorsementRoot } = flags;
  if ((repositoryId === undefined) !== (ownerId === undefined))
    return err(refusalOfCli(cliFailure("usage-invalid", "--repository-id and --owner-id belong together.")));
  if ((endorsements === undefined) !== (endorsementRoot === undefined))
    return err(refusalOfCli(cliFailure("usage-invalid", "--endorsements and --endorsement-root belong together.")));
  const knowledge: { -readonly [K in keyof OutsideKnowledge]: OutsideKnowledge[K] } = { now: ports.nowSeconds() };
  if (repositoryId !== undefined && ownerId !== undefined) knowledge.signerIds = { repositoryId, ownerId };
  for (const load of LOADERS) {
    const loaded = await load(ports, flags, signer);
    if (!loaded.ok) return loaded;
    Object.assign(knowledge, loaded.value);
  }
  return ok(knowledge);
}

type Loader = (ports: Ports, flags: KnowledgeFlags, signer: LaneSigner) => Loaded<Partial<OutsideKnowledge>>;

/** Makes a loader of what one flag names. */
function loader<T>(
  flag: keyof KnowledgeFlags,
  load: (ports: Ports, path: string, signer: LaneSigner) => Loaded<T>,
  place: (value: T) => Partial<OutsideKnowledge>,
): Loader {
  return async (ports, flags, signer) => {
    const path = flags[flag];
    if (path === undefined) return ok({});
    const loaded = await load(ports, path, signer);
    return loaded.ok ? ok(place(loaded.value)) : loaded;
  };
}

const LOADERS: readonly Loader[] = [
  loader("nodePolicy", loadNodePolicy, (nodeRelease) => ({ nodeRelease })),
  loader(
    "identities",
    async (ports, path) =>
      await loadPerProfile(ports.files, path, (each) => `kms-app-identity-${each}.json`, "appIdentity"),
    (appIdentities) => ({ appIdentities }),
  ),
  loader(
    "reviewed",
    async (ports, path) => await loadPerProfile(ports.files, path, (each) => `kms.${each}.json`, "attestationPolicy"),
    (promotedPolicies) => ({ promotedPolicies }),
  ),
  loader(
    "catalog",
    async (ports, path) => await loadReleaseFile(ports.files, path, "compatibilityCatalog"),
    ({ value: catalog }) => ({ catalog }),
  ),
  async (ports, { endorsements, endorsementRoot }) => {
    if (endorsements === undefined || endorsementRoot === undefined) return ok({});
    const loaded = await loadEndorsements(ports, endorsements, endorsementRoot);
    return loaded.ok ? ok({ launchEndorsements: loaded.value }) : loaded;
  },
  loader("predictions", loadPredictions, (predictions) => ({ predictions })),
  loader("waivers", loadWaivers, (tcbWaivers) => ({ tcbWaivers })),
];

/** The node release's measurements; what is wrong with them is for the rules to say. */
async function loadNodePolicy(ports: Ports, path: string): Loaded<LoadedDocument<PublishedMrtds>> {
  const content = await ports.files.read(path, LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  return ok({
    file: path,
    sha256: createHash("sha256").update(content.value).digest("hex"),
    result: parseDocument(path, content.value, DOCUMENT_SHAPES.publishedMrtds),
  });
}

/** The documents of one kind in a directory, by profile; one that is not there is not given. */
export async function loadPerProfile<K extends DocumentKind>(
  files: FileStore,
  directory: string,
  nameOf: (profile: Profile) => string,
  kind: K,
): Loaded<Partial<PerProfile<ReleasedDocuments[K]>>> {
  const names = await namesIn(files, directory);
  if (!names.ok) return names;
  const documents: Partial<Record<Profile, ReleasedDocuments[K]>> = {};
  for (const profile of PROFILES.filter((each) => names.value.has(nameOf(each)))) {
    const loaded = await loadReleaseFile(files, join(directory, nameOf(profile)), kind);
    if (!loaded.ok) return loaded;
    documents[profile] = loaded.value.value;
  }
  return ok(documents);
}

/** What a parser makes of those of these files that are in a directory. */
export async function loadEach<T>(
  files: FileStore,
  directory: string,
  wanted: readonly string[],
  parse: Parser<T>,
): Loaded<readonly T[]> {
  const names = await namesIn(files, directory);
  if (!names.ok) return names;
  const values: T[] = [];
  for (const name of wanted.filter((each) => names.value.has(each))) {
    const loaded = await loadWith(files, join(directory, name), parse);
    if (!loaded.ok) return loaded;
    values.push(loaded.value);
  }
  return ok(values);
}

async function namesIn(files: FileStore, directory: string): Loaded<ReadonlySet<string>> {
  const listed = await files.directory(directory);
  if (!listed.ok) return err(refusalOfCli(listed.error));
  return ok(new Set((await listed.value.list()).map(({ name }) => name)));
}

async function loadPredictions(ports: Ports, directory: string): Loaded<NonNullable<OutsideKnowledge["predictions"]>> {
  const predictions = new Map<Profile, NonNullable<NonNullable<OutsideKnowledge["predictions"]>[Profile]>>();
  for (const profile of PROFILES) {
    const loaded = await loadWith(ports.files, join(directory, `image-${profile}.json`), parseImagePrediction);
    if (!loaded.ok) return loaded;
    if (Object.keys(loaded.value).length > 0) predictions.set(profile, loaded.value);
  }
  return ok(Object.fromEntries(predictions));
}

const ENDORSEMENT_FILE = /^(?<mrtd>[0-9a-f]{96})\.binarypb$/;

/** What Google says about each MRTD that a file is named by. Whose MRTDs need one is for the rule to say. */
async function loadEndorsements(
  ports: Ports,
  directory: string,
  rootFile: string,
): Loaded<NonNullable<OutsideKnowledge["launchEndorsements"]>> {
  const root = await loadRootCa(ports.files, rootFile);
  if (!root.ok) return err(refusalOfCli(root.error));
  const names = await namesIn(ports.files, directory);
  if (!names.ok) return names;
  const trust = { root: root.value, now: ports.nowSeconds() };
  const endorsements = new Map<string, FirmwareEndorsement>();
  for (const name of names.value) {
    const mrtd = ENDORSEMENT_FILE.exec(name)?.groups?.["mrtd"];
    if (mrtd === undefined) continue;
    const content = await ports.files.read(join(directory, name), ENDORSEMENT_LIMIT_BYTES);
    if (!content.ok) return err(refusalOfCli(content.error));
    endorsements.set(mrtd, await verifyLaunchEndorsement(content.value, mrtd, trust));
  }
  return ok(endorsements);
}

/** Exceptions count only where the lane's own run signed them: they make a release weaker. */
async function loadWaivers(ports: Ports, path: string, signer: LaneSigner): Loaded<readonly TcbWaiver[]> {
  const content = await ports.files.read(path, LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const bundle = await ports.files.read(`${path}.sigstore.json`, LIMIT_BYTES);
  if (!bundle.ok) return err(refusalOfCli(bundle.error));
  const sidecars = new Map([[".sigstore.json" as const, bundle.value]]);
  const signed = await createSignatureVerifier(signer)(path, () => Promise.resolve(content.value), sidecars);
  if (!signed.ok)
    return err(refusalOfCli(cliFailure("waivers-unsigned", `The exceptions do not count: ${signed.error.message}`)));
  return readWith(path, content.value, parseTcbWaivers);
}

type Parser<T> = (file: string, content: Uint8Array) => Result<T, readonly DocumentProblem[]>;

/** What a parser makes of a file. Errors: those of the file; its first problem. */
export async function loadWith<T>(files: FileStore, path: string, parse: Parser<T>): Loaded<T> {
  const content = await files.read(path, LIMIT_BYTES);
  return content.ok ? readWith(path, content.value, parse) : err(refusalOfCli(content.error));
}

function readWith<T>(path: string, content: Uint8Array, parse: Parser<T>): Result<T, Refusal> {
  const read = parse(path, content);
  if (read.ok) return read;
  const [problem] = read.error;
  if (problem === undefined) throw new Error("a refusal without a problem");
  return err(refusalOfRelease(problem));
}
