import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { type CertificateRecipe, replaceExtension } from "../certificate.ts";
import { concatBytes, utf8 } from "../byte-writer.ts";
import { encodePem } from "../pem.ts";
import { issue, type Authority } from "./authority.ts";
import { buildSct, sctExtension, type SctRecipe } from "./certificate-log.ts";
import type { SigningKey } from "./signing-key.ts";
import { buildTimestampResponse, type TimestampRecipe } from "./timestamp-response.ts";
import {
  proveInclusion,
  signCheckpoint,
  signedEntryTimestamp,
  type SimulatedLog,
  type TreeProof,
} from "./transparency-log.ts";

/** The forms of bundles. */
export type BundleForm = "v0.1" | "v0.2" | "v0.3";

/** What is signed, and how its log entry is kept. */
export type ContentForm = "message-signature" | "dsse" | "intoto";

/** JSON under construction. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Everything that goes into one signing event. Each field can be changed; the hooks act on the encodings. */
export interface SigstoreRecipe {
  form: BundleForm;
  content: ContentForm;
  artifact: Uint8Array;
  /** The statement of an attestation. */
  statement: { [key: string]: Json };
  payloadType: string;
  leaf: CertificateRecipe;
  leafKey: SigningKey;
  /** Who issues the leaf. */
  issuer: Authority;
  scts: SctRecipe[];
  log: SimulatedLog;
  /** Position over all shards of the log, and in the shard of the proof. */
  logIndex: number;
  treeIndex: number;
  treeSize: number;
  /** Unix seconds. */
  integratedTime: number;
  withPromise: boolean;
  withProof: boolean;
  /** Made over the signature when it exists. */
  timestamps: Omit<TimestampRecipe, "stamped">[];
  /** The key that signs the file; the leaf's, unless somebody cheats. */
  contentKey: SigningKey;
  /** Changes the raw SCT list. */
  editScts?: (list: Uint8Array[]) => Uint8Array[];
  editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes what timestamps are made over. */
  editStamped?: (signature: Uint8Array) => Uint8Array;
  /** Changes the entry before the log takes it. */
  editBody?: (body: { [key: string]: Json }) => void;
  /** Changes the proof before the checkpoint is signed. */
  editTree?: (tree: TreeProof) => TreeProof;
  /** The log that signs the checkpoint. */
  checkpointLog: SimulatedLog;
  editCheckpoint?: (checkpoint: string) => string;
  /** Changes the finished bundle. */
  editBundle?: (bundle: { [key: string]: Json }) => void;
}

/** What one signing event leaves behind. */
export interface SignedFiles {
  /** `.sigstore.json`. */
  readonly bundle: string;
  /** `.bundle.json`, cosign's older form; null where the entry is not a promised `hashedrekord`. */
  readonly cosignBundle: string | null;
  /** `.sig`. */
  readonly signature: string;
  /** `.pem`. */
  readonly certificate: string;
}

/** Signs, logs and stamps. */
export function buildSignedFiles(recipe: SigstoreRecipe): SignedFiles {
  const certificate = buildLeaf(recipe);
  const isMessage = recipe.content === "message-signature";
  const payload = utf8(JSON.stringify(recipe.statement));
  const signed = isMessage ? recipe.artifact : preAuthenticationEncoding(recipe.payloadType, payload);
  const honest = recipe.contentKey.sign(signed);
  const signature = recipe.editSignature?.(honest) ?? honest;
  const entry = buildEntry(recipe, { certificate, signature, digest: sha256(isMessage ? recipe.artifact : payload) });
  const stamped = recipe.editStamped?.(signature) ?? signature;
  const timestamps = recipe.timestamps.map((timestamp) => buildTimestampResponse({ ...timestamp, stamped }));
  const rawBytes = toBase64(certificate);
  const bundle: { [key: string]: Json } = {
    mediaType:
      recipe.form === "v0.3"
        ? "application/vnd.dev.sigstore.bundle.v0.3+json"
        : `application/vnd.dev.sigstore.bundle+json;version=${recipe.form.slice(1)}`,
    verificationMaterial: {
      ...(recipe.form === "v0.3"
        ? { certificate: { rawBytes } }
        : { x509CertificateChain: { certificates: [{ rawBytes }] } }),
      tlogEntries: [entry.json],
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((timestamp) => ({ signedTimestamp: toBase64(timestamp) })),
      },
    },
    ...(isMessage
      ? {
          messageSignature: {
            messageDigest: { algorithm: "SHA2_256", digest: toBase64(sha256(recipe.artifact)) },
            signature: toBase64(signature),
          },
        }
      : {
          dsseEnvelope: {
            payload: toBase64(payload),
            payloadType: recipe.payloadType,
            signatures: [{ sig: toBase64(signature), keyid: "" }],
          },
        }),
  };
  recipe.editBundle?.(bundle);
  const pem = encodePem("CERTIFICATE", certificate);
  return {
    bundle: `${JSON.stringify(bundle, null, 2)}\n`,
    cosignBundle:
      isMessage && entry.promise !== null ? cosignBundle(recipe, pem, signature, entry.body, entry.promise) : null,
    signature: `${toBase64(signature)}\n`,
    certificate: pem,
  };
}

function buildLeaf({ leaf, issuer, scts, editScts }: SigstoreRecipe): Uint8Array {
  // What a certificate log signs is the certificate without its own promise.
  let tbs = new Uint8Array();
  issue({ ...leaf, editTbs: (plain) => (tbs = new Uint8Array(plain)) }, issuer.key);
  const honest = scts.map((sct) => buildSct(sct, tbs, issuer.key.spki));
  const list = editScts?.(honest) ?? honest;
  const final = { ...leaf, extensions: [...leaf.extensions] };
  if (list.length > 0) replaceExtension(final, sctExtension(list));
  return issue(final, issuer.key);
}

interface Signed {
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  readonly digest: Uint8Array;
}

function buildEntry(
  recipe: SigstoreRecipe,
  signed: Signed,
): { readonly json: Json; readonly body: Uint8Array; readonly promise: Uint8Array | null } {
  const entry = entryBody(recipe, signed);
  recipe.editBody?.(entry);
  const body = utf8(JSON.stringify(entry));
  const { log, checkpointLog, integratedTime, logIndex, treeIndex, treeSize } = recipe;
  const honest = proveInclusion(body, treeIndex, treeSize);
  const tree = recipe.editTree?.(honest) ?? honest;
  const checkpoint = signCheckpoint(checkpointLog, tree);
  const promise = recipe.withPromise ? signedEntryTimestamp(log, { body, integratedTime, logIndex }) : null;
  const json: Json = {
    logIndex: String(logIndex),
    logId: { keyId: toBase64(log.logId) },
    kindVersion: { kind: entry["kind"] ?? null, version: entry["apiVersion"] ?? null },
    ...(log.generation === 1 ? { integratedTime: String(integratedTime) } : {}),
    ...(promise === null ? {} : { inclusionPromise: { signedEntryTimestamp: toBase64(promise) } }),
    ...(recipe.withProof
      ? {
          inclusionProof: {
            logIndex: String(tree.index),
            rootHash: toBase64(tree.root),
            treeSize: String(tree.size),
            hashes: tree.hashes.map(toBase64),
            checkpoint: { envelope: recipe.editCheckpoint?.(checkpoint) ?? checkpoint },
          },
        }
      : {}),
    canonicalizedBody: toBase64(body),
  };
  return { json, body, promise };
}

/** The entry of each kind, its keys in canonical order. Source: Rekor, types hashedrekord, dsse and intoto; Rekor v2. */
function entryBody({ content, log, leafKey }: SigstoreRecipe, signed: Signed): { [key: string]: Json } {
  const signature = toBase64(signed.signature);
  const publicKey = toBase64(utf8(encodePem("CERTIFICATE", signed.certificate)));
  const hash = { algorithm: "sha256", value: bytesToHex(signed.digest) };
  const hash2 = { algorithm: "SHA2_256", digest: toBase64(signed.digest) };
  const verifier = { keyDetails: leafKey.details, x509Certificate: { rawBytes: toBase64(signed.certificate) } };
  const kind = content === "message-signature" ? "hashedrekord" : content;
  if (log.generation === 2) {
    const spec: Json =
      content === "message-signature"
        ? { hashedRekordV002: { data: hash2, signature: { content: signature, verifier } } }
        : { dsseV002: { payloadHash: hash2, signatures: [{ content: signature, verifier }] } };
    return { apiVersion: "0.0.2", kind: content === "intoto" ? "dsse" : kind, spec };
  }
  const spec = {
    "message-signature": { data: { hash }, signature: { content: signature, publicKey: { content: publicKey } } },
    dsse: { envelopeHash: hash, payloadHash: hash, signatures: [{ signature, verifier: publicKey }] },
    intoto: {
      content: {
        envelope: {
          payloadType: "application/vnd.in-toto+json",
          signatures: [{ publicKey, sig: toBase64(utf8(signature)) }],
        },
        hash,
        payloadHash: hash,
      },
    },
  } satisfies Readonly<Record<ContentForm, Json>>;
  return { apiVersion: content === "intoto" ? "0.0.2" : "0.0.1", kind, spec: spec[content] };
}

function cosignBundle(
  { integratedTime, logIndex, log }: SigstoreRecipe,
  pem: string,
  signature: Uint8Array,
  body: Uint8Array,
  promise: Uint8Array,
): string {
  return `${JSON.stringify({
    base64Signature: toBase64(signature),
    cert: toBase64(utf8(pem)),
    rekorBundle: {
      SignedEntryTimestamp: toBase64(promise),
      Payload: { body: toBase64(body), integratedTime, logIndex, logID: bytesToHex(log.logId) },
    },
  })}\n`;
}

/** Source: DSSE specification, protocol. */
function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  return concatBytes(utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `), payload);
}
