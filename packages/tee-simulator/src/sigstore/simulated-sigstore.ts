import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import type { FulcioExtensionName } from "@mero-tee/release-artifacts/sigstore";
import { authorityKeyIdentifier, type CertificateRecipe, simulatedMark, subjectKeyIdentifier } from "../certificate.ts";
import { utf8 } from "../byte-writer.ts";
import { formatDate } from "../civil-time.ts";
import { derSequence } from "../der-writer.ts";
import { createKeyRing } from "../key-ring.ts";
import {
  algorithmOf,
  type Authority,
  extendedKeyUsage,
  PURPOSES,
  runExtension,
  SIGNS,
  subjectUri,
} from "./authority.ts";
import { findSigstoreDefect } from "./sigstore-defects.ts";
import {
  type BundleForm,
  buildSignedFiles,
  type ContentForm,
  type SignedFiles,
  type SigstoreRecipe,
} from "./sigstore-recipe.ts";
import { signingKey, type SigningKey } from "./signing-key.ts";
import { createParties, type SigstoreParties } from "./sigstore-parties.ts";

const SECONDS_PER_YEAR = 365 * 86_400;
/** How long a signing certificate counts, as with Fulcio. */
const LEAF_SECONDS = 600;

/** OIDs of what Fulcio writes about a run. Source: Sigstore, Fulcio OID information. */
const RUN_EXTENSIONS: Readonly<Record<FulcioExtensionName, number>> = {
  githubWorkflowTrigger: 2,
  githubWorkflowSha: 3,
  githubWorkflowName: 4,
  githubWorkflowRepository: 5,
  githubWorkflowRef: 6,
  buildSignerUri: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryUri: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerUri: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigUri: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationUri: 21,
  sourceRepositoryVisibility: 22,
};

/** How a simulated Sigstore is set up. */
export interface SigstoreOptions {
  /** Unix seconds: about when signatures are made. */
  readonly now: number;
  /** Every key follows from it. */
  readonly seed: string;
}

/** How a file is signed. */
export interface SignOptions {
  /** URI of the workflow that signs. */
  readonly identity: string;
  /** Address of its OpenID provider. */
  readonly issuer: string;
  /** Default `v0.3`. */
  readonly form?: BundleForm;
  /** Default: the file itself. */
  readonly content?: ContentForm;
  /** Generation of the transparency log; default 1. The second gives no time, so a timestamp comes with it. */
  readonly log?: 1 | 2;
  /** Adds a timestamp of the authority; default: with a log of generation 2. */
  readonly timestamp?: boolean;
  /** What the certificate says about the run. */
  readonly extensions?: Readonly<Partial<Record<FulcioExtensionName, string>>>;
  /** Unix seconds; default `now`. */
  readonly at?: number;
  /** Statement of an attestation; default: one about the file. */
  readonly predicateType?: string;
  /** One thing that is wrong, by its id in `SIGSTORE_DEFECTS`. */
  readonly defect?: string;
}

/** A Sigstore of one's own: real signatures by keys that protect nothing. */
export interface SimulatedSigstore {
  /** `trusted_root.json` of this instance, and of no other. */
  readonly trustedRoot: string;
  readonly parties: SigstoreParties;
  /** Signs a file as a workflow would, and gives all forms of that one event. A defect that does not exist is a `RangeError`. */
  sign(artifact: Uint8Array, options: SignOptions): SignedFiles;
  /** What {@link SimulatedSigstore.sign} would build, to be changed first. */
  recipe(artifact: Uint8Array, options: SignOptions): SigstoreRecipe;
}

/** Makes a simulated Sigstore: Fulcio, certificate log, both generations of Rekor, timestamp authority. */
export function createSimulatedSigstore({ now, seed }: SigstoreOptions): SimulatedSigstore {
  const ring = createKeyRing(sha256(utf8(`sigstore ${seed}`)));
  const parties = createParties(ring, now);
  const recipe = (artifact: Uint8Array, options: SignOptions): SigstoreRecipe => {
    const { identity, issuer, content = "message-signature", log: generation = 1, at = now } = options;
    const leafKey = signingKey(ring, `leaf ${bytesToHex(sha256(artifact))}`);
    const log = parties.logs[generation];
    const { timestamp = generation === 2 } = options;
    const signer = parties.timestampSigner;
    return {
      form: options.form ?? "v0.3",
      content,
      artifact,
      statement: {
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ name: "artifact", digest: { sha256: bytesToHex(sha256(artifact)) } }],
        predicateType: options.predicateType ?? "https://slsa.dev/provenance/v1",
        predicate: {},
      },
      payloadType: "application/vnd.in-toto+json",
      leaf: leafRecipe(leafKey, parties.intermediate, { at, identity, issuer, extensions: options.extensions ?? {} }),
      leafKey,
      contentKey: leafKey,
      issuer: parties.intermediate,
      scts: [{ key: parties.certificateLog, logId: sha256(parties.certificateLog.spki), timestampMs: at * 1000 + 7 }],
      log,
      checkpointLog: log,
      logIndex: generation === 1 ? 1_000_021 : 21,
      treeIndex: 21,
      treeSize: 43,
      integratedTime: at,
      withPromise: generation === 1,
      withProof: options.form !== "v0.1",
      timestamps: timestamp ? [{ signer, time: at, status: 0, namedCertificate: signer.der }] : [],
    };
  };
  return {
    trustedRoot: trustedRootOf(parties, now),
    parties,
    recipe,
    sign(artifact, options) {
      const built = recipe(artifact, options);
      if (options.defect !== undefined) findSigstoreDefect(options.defect).change(built, parties);
      return buildSignedFiles(built);
    },
  };
}

function leafRecipe(
  key: SigningKey,
  issuer: Authority,
  run: Required<Pick<SignOptions, "identity" | "issuer" | "extensions" | "at">>,
): CertificateRecipe {
  return {
    serial: key.pair.keyId.map((byte, index) => (index === 0 ? (byte & 0x7f) | 1 : byte)),
    issuer: issuer.recipe.subject,
    subject: derSequence(),
    notBefore: run.at,
    notAfter: run.at + LEAF_SECONDS,
    publicKeyInfo: key.spki,
    extensions: [
      SIGNS,
      extendedKeyUsage(PURPOSES.codeSigning),
      subjectKeyIdentifier(key.pair.keyId),
      authorityKeyIdentifier(issuer.key.pair.keyId),
      subjectUri(run.identity),
      runExtension(1, run.issuer),
      runExtension(8, run.issuer),
      ...Object.entries(RUN_EXTENSIONS).flatMap(([name, number]) => {
        const value = Object.entries(run.extensions).find(([candidate]) => candidate === name)?.[1];
        return value === undefined ? [] : [runExtension(number, value)];
      }),
      simulatedMark(),
    ],
    innerAlgorithm: algorithmOf(issuer.key),
    outerAlgorithm: algorithmOf(issuer.key),
    signer: issuer.key.pair,
  };
}

function trustedRootOf(parties: SigstoreParties, now: number): string {
  const from = (years: number): { start: string } => ({ start: formatDate(now - years * SECONDS_PER_YEAR) });
  const ended = { ...from(5), end: formatDate(now - SECONDS_PER_YEAR) };
  const { logs } = parties;
  const document = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [1 as const, 2 as const].map((generation) => {
      const { name, key, logId } = logs[generation];
      return trustedLog(name, key, from(2), logId);
    }),
    certificateAuthorities: [
      trustedAuthority([parties.retired], ended),
      trustedAuthority([parties.intermediate, parties.root], from(4)),
    ],
    ctlogs: [
      trustedLog("ctfe.sigstore.simulated/retired", parties.retiredCertificateLog, ended),
      trustedLog("ctfe.sigstore.simulated/current", parties.certificateLog, from(4)),
    ],
    timestampAuthorities: [trustedAuthority([parties.timestampSigner, parties.timestampRoot], from(3))],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function trustedAuthority(chain: readonly Authority[], validFor: object): object {
  return {
    subject: { organization: "mero-tee simulation", commonName: "simulated" },
    uri: "https://sigstore.simulated",
    certChain: { certificates: chain.map(({ der }) => ({ rawBytes: toBase64(der) })) },
    validFor,
  };
}

function trustedLog(name: string, key: SigningKey, validFor: object, logId: Uint8Array = sha256(key.spki)): object {
  return {
    baseUrl: `https://${name}`,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: toBase64(key.spki), keyDetails: key.details, validFor },
    logId: { keyId: toBase64(logId) },
  };
}
