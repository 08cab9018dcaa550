import { sha256 } from "@noble/hashes/sha2.js";
import { flipBit, utf8 } from "../byte-writer.ts";
import { ATTESTATION, flipLast, inside, SECOND_LOG, type SigstoreDefect, WITH_TIMESTAMP } from "./sigstore-defect.ts";
import type { Json, SigstoreRecipe } from "./sigstore-recipe.ts";

const SECONDS_PER_YEAR = 365 * 86_400;

/** Changes the finished log entry. */
function editEntry(recipe: SigstoreRecipe, change: (entry: { [key: string]: Json }) => void): void {
  recipe.editBundle = (bundle) => change(inside(bundle, "verificationMaterial", "tlogEntries", 0));
}

/** Moves everything that has a time. */
function moveTo(recipe: SigstoreRecipe, at: number): void {
  recipe.leaf = { ...recipe.leaf, notBefore: at, notAfter: at + 600 };
  recipe.scts = recipe.scts.map((sct) => ({ ...sct, timestampMs: at * 1000 }));
  recipe.integratedTime = at;
  recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, time: at }));
}

/** What can be wrong with the log entry and with timestamps, in the order in which the checks run. */
export const LOG_DEFECTS: readonly SigstoreDefect[] = [
  {
    id: "log-entry-absent",
    code: "log-entry-missing",
    change: (recipe) => (recipe.editBundle = (bundle) => (inside(bundle, "verificationMaterial")["tlogEntries"] = [])),
  },
  {
    id: "timestamp-refused",
    code: "timestamp-malformed",
    start: WITH_TIMESTAMP,
    change: (recipe) => (recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, status: 2 }))),
  },
  {
    id: "timestamp-of-other-signature",
    code: "timestamp-imprint-mismatch",
    start: WITH_TIMESTAMP,
    change: (recipe) => (recipe.editStamped = flipLast),
  },
  {
    id: "timestamp-by-stranger",
    code: "timestamp-untrusted",
    start: WITH_TIMESTAMP,
    change: (recipe, { strangerTimestampSigner: signer }) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({
        ...timestamp,
        signer,
        namedCertificate: signer.der,
      }))),
  },
  {
    id: "timestamp-before-its-authority",
    code: "timestamp-untrusted",
    start: WITH_TIMESTAMP,
    change: (recipe) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({
        ...timestamp,
        time: timestamp.time - 4 * SECONDS_PER_YEAR,
      }))),
  },
  {
    id: "timestamp-names-other-certificate",
    code: "timestamp-untrusted",
    start: WITH_TIMESTAMP,
    change: (recipe, { root }) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, namedCertificate: root.der }))),
  },
  {
    id: "timestamp-moved",
    code: "timestamp-signature-invalid",
    start: WITH_TIMESTAMP,
    change: (recipe) =>
      // The last digit of the time, before its Z.
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({
        ...timestamp,
        editInfo: (info) => flipBit(info, info.length - 2),
      }))),
  },
  {
    id: "timestamp-signature-altered",
    code: "timestamp-signature-invalid",
    start: WITH_TIMESTAMP,
    change: (recipe) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, editSignature: flipLast }))),
  },
  {
    id: "timestamp-key-of-stranger",
    code: "timestamp-signature-invalid",
    start: WITH_TIMESTAMP,
    change: (recipe, { strangerTimestampSigner }) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({
        ...timestamp,
        signer: { ...timestamp.signer, key: strangerTimestampSigner.key },
      }))),
  },
  {
    id: "log-of-stranger",
    code: "log-unknown",
    change: (recipe, { strangerLog }) => {
      recipe.log = strangerLog;
      recipe.checkpointLog = strangerLog;
    },
  },
  {
    id: "log-time-moved",
    code: "log-promise-invalid",
    change: (recipe) => {
      const moved = String(recipe.integratedTime + 1);
      editEntry(recipe, (entry) => (entry["integratedTime"] = moved));
    },
  },
  {
    id: "log-place-moved",
    code: "log-promise-invalid",
    change: (recipe) => editEntry(recipe, (entry) => (entry["logIndex"] = "5")),
  },
  {
    id: "log-promise-without-time",
    code: "log-promise-invalid",
    change: (recipe) => editEntry(recipe, (entry) => delete entry["integratedTime"]),
  },
  {
    id: "log-promise-by-stranger",
    code: "log-promise-invalid",
    change: (recipe, { strangerLog }) => {
      recipe.log = { ...recipe.log, key: strangerLog.key };
    },
  },
  {
    id: "log-checkpoint-garbled",
    code: "log-checkpoint-malformed",
    change: (recipe) => (recipe.editCheckpoint = (checkpoint) => checkpoint.trimEnd()),
  },
  {
    id: "log-checkpoint-by-stranger",
    code: "log-checkpoint-invalid",
    change: (recipe, { strangerLog }) => (recipe.checkpointLog = { ...recipe.log, key: strangerLog.key }),
  },
  {
    id: "log-checkpoint-other-name",
    code: "log-checkpoint-invalid",
    change: (recipe) => (recipe.checkpointLog = { ...recipe.log, name: "elsewhere.simulated" }),
  },
  {
    id: "log-checkpoint-grown",
    code: "log-checkpoint-invalid",
    change: (recipe) => (recipe.editCheckpoint = (checkpoint) => checkpoint.replace("\n43\n", "\n44\n")),
  },
  {
    id: "log2-checkpoint-grown",
    code: "log-checkpoint-invalid",
    start: SECOND_LOG,
    change: (recipe) => (recipe.editCheckpoint = (checkpoint) => checkpoint.replace("\n43\n", "\n44\n")),
  },
  {
    id: "log-proof-other-size",
    code: "log-proof-invalid",
    change: (recipe) => editEntry(recipe, (entry) => (inside(entry, "inclusionProof")["treeSize"] = "44")),
  },
  {
    id: "log-proof-other-root",
    code: "log-proof-invalid",
    change: (recipe) =>
      editEntry(recipe, (entry) => (inside(entry, "inclusionProof")["rootHash"] = "A".repeat(43) + "=")),
  },
  {
    id: "log-proof-other-place",
    code: "log-proof-invalid",
    change: (recipe) => (recipe.editTree = (tree) => ({ ...tree, index: tree.index - 1 })),
  },
  {
    id: "log-proof-outside-tree",
    code: "log-proof-invalid",
    change: (recipe) => (recipe.editTree = (tree) => ({ ...tree, index: tree.size })),
  },
  {
    id: "log-proof-short",
    code: "log-proof-invalid",
    change: (recipe) => (recipe.editTree = (tree) => ({ ...tree, hashes: tree.hashes.slice(0, -1) })),
  },
  {
    id: "log-proof-long",
    code: "log-proof-invalid",
    change: (recipe) => (recipe.editTree = (tree) => ({ ...tree, hashes: [...tree.hashes, sha256(utf8("one more"))] })),
  },
  {
    id: "log-proof-of-other-tree",
    code: "log-proof-invalid",
    change: (recipe) => (recipe.editTree = (tree) => ({ ...tree, root: sha256(utf8("another tree")) })),
  },
  {
    id: "log2-place-moved",
    code: "log-index-mismatch",
    start: SECOND_LOG,
    change: (recipe) => editEntry(recipe, (entry) => (entry["logIndex"] = "22")),
  },
  {
    id: "log-entry-unknown-kind",
    code: "log-body-malformed",
    change: (recipe) => (recipe.editBody = (body) => (body["kind"] = "rekord")),
  },
  {
    id: "log-entry-without-digest",
    code: "log-body-malformed",
    change: (recipe) => (recipe.editBody = (body) => delete inside(body, "spec")["data"]),
  },
  {
    id: "log-entry-other-kind",
    code: "log-body-mismatch",
    change: (recipe) => editEntry(recipe, (entry) => (inside(entry, "kindVersion")["kind"] = "dsse")),
  },
  {
    id: "log-entry-of-attestation",
    code: "log-body-mismatch",
    start: ATTESTATION,
    change: (recipe) => {
      const { artifact } = recipe;
      recipe.editBundle = (bundle) => {
        const [signature] = [inside(bundle, "dsseEnvelope", "signatures", 0)["sig"] ?? null];
        delete bundle["dsseEnvelope"];
        const digest = btoa(String.fromCharCode(...sha256(artifact)));
        bundle["messageSignature"] = { messageDigest: { algorithm: "SHA2_256", digest }, signature };
      };
    },
  },
  {
    id: "log-entry-of-other-file",
    code: "log-body-mismatch",
    change: (recipe) => (recipe.editBody = (body) => (inside(body, "spec", "data", "hash")["value"] = "0".repeat(64))),
  },
  {
    id: "log-entry-of-other-signature",
    code: "log-body-mismatch",
    change: (recipe) => (recipe.editBody = (body) => (inside(body, "spec", "signature")["content"] = "AAAA")),
  },
  {
    id: "log-entry-of-other-signer",
    code: "log-body-mismatch",
    change: (recipe, { root }) => {
      const pem = btoa(String.fromCharCode(...root.der));
      const publicKey = btoa(`-----BEGIN CERTIFICATE-----\n${pem}\n-----END CERTIFICATE-----\n`);
      recipe.editBody = (body) => (inside(body, "spec", "signature", "publicKey")["content"] = publicKey);
    },
  },
  {
    id: "log2-entry-of-other-signer",
    code: "log-body-mismatch",
    start: SECOND_LOG,
    change: (recipe, { root }) => {
      const rawBytes = btoa(String.fromCharCode(...root.der));
      recipe.editBody = (body) =>
        (inside(body, "spec", "hashedRekordV002", "signature", "verifier", "x509Certificate")["rawBytes"] = rawBytes);
    },
  },
  {
    id: "time-of-nobody",
    code: "signing-time-missing",
    start: SECOND_LOG,
    change: (recipe) => (recipe.timestamps = []),
  },
  {
    id: "log-key-before-its-time",
    code: "log-key-outside-window",
    change: (recipe) => moveTo(recipe, recipe.integratedTime - 2.5 * SECONDS_PER_YEAR),
  },
  {
    id: "log2-key-before-its-time",
    code: "log-key-outside-window",
    start: SECOND_LOG,
    change: (recipe) => moveTo(recipe, recipe.integratedTime - 2.5 * SECONDS_PER_YEAR),
  },
];
