import { sha256 } from "@noble/hashes/sha2.js";
import { basicConstraints, replaceExtension } from "../certificate.ts";
import { flipBit, utf8 } from "../byte-writer.ts";
import { derSequence, derUtf8String, derValue } from "../der-writer.ts";
import {
  algorithmOf,
  extendedKeyUsage,
  keyUsage,
  PURPOSES,
  runExtension,
  simulatedName,
  subjectUri,
} from "./authority.ts";
import { ATTESTATION, flipLast, inside, type SigstoreDefect, WITH_TIMESTAMP } from "./sigstore-defect.ts";
import type { SigstoreRecipe } from "./sigstore-recipe.ts";

/** Lets another authority issue the leaf. */
function issuedBy(recipe: SigstoreRecipe, issuer: SigstoreRecipe["issuer"]): void {
  recipe.issuer = issuer;
  const algorithm = algorithmOf(issuer.key);
  recipe.leaf = {
    ...recipe.leaf,
    issuer: issuer.recipe.subject,
    innerAlgorithm: algorithm,
    outerAlgorithm: algorithm,
    extensions: recipe.leaf.extensions.filter(({ oid }) => oid !== "2.5.29.35"),
  };
}

function without(recipe: SigstoreRecipe, oid: string): void {
  recipe.leaf = { ...recipe.leaf, extensions: recipe.leaf.extensions.filter((extension) => extension.oid !== oid) };
}

/** What can be wrong with the bundle, the certificate, the signature and what is signed, in the order of the checks. */
export const SIGNER_DEFECTS: readonly SigstoreDefect[] = [
  {
    id: "bundle-proof-absent",
    code: "bundle-malformed",
    change: (recipe) => (recipe.withProof = false),
  },
  {
    id: "bundle-chain-in-v03",
    code: "bundle-malformed",
    change: (recipe) =>
      (recipe.editBundle = (bundle) => {
        const material = inside(bundle, "verificationMaterial");
        material["x509CertificateChain"] = { certificates: [material["certificate"] ?? null] };
      }),
  },
  {
    id: "bundle-two-contents",
    code: "bundle-malformed",
    change: (recipe) =>
      (recipe.editBundle = (bundle) =>
        (bundle["dsseEnvelope"] = { payload: "AA==", payloadType: "a", signatures: [{ sig: "AA==" }] })),
  },
  {
    id: "bundle-media-type-unknown",
    code: "bundle-media-type-unsupported",
    change: (recipe) =>
      (recipe.editBundle = (bundle) => (bundle["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.4+json")),
  },
  {
    id: "certificate-trailing-byte",
    code: "signing-certificate-malformed",
    change: (recipe) => (recipe.leaf = { ...recipe.leaf, editDer: (der) => Uint8Array.of(...der, 0) }),
  },
  {
    id: "certificate-two-algorithms",
    code: "signing-certificate-malformed",
    change: (recipe) => (recipe.leaf = { ...recipe.leaf, innerAlgorithm: algorithmOf(recipe.leafKey) }),
  },
  {
    id: "certificate-no-purpose",
    code: "signing-certificate-unfit",
    change: (recipe) => without(recipe, "2.5.29.37"),
  },
  {
    id: "certificate-other-purpose",
    code: "signing-certificate-unfit",
    change: (recipe) => replaceExtension(recipe.leaf, extendedKeyUsage(PURPOSES.timeStamping)),
  },
  {
    id: "certificate-is-ca",
    code: "signing-certificate-unfit",
    change: (recipe) => replaceExtension(recipe.leaf, basicConstraints(true)),
  },
  {
    id: "certificate-may-issue",
    code: "signing-certificate-unfit",
    change: (recipe) => replaceExtension(recipe.leaf, keyUsage(0x84, 2)),
  },
  {
    id: "certificate-may-not-sign",
    code: "signing-certificate-unfit",
    change: (recipe) => replaceExtension(recipe.leaf, keyUsage(0x20, 5)),
  },
  {
    id: "certificate-strange-critical",
    code: "signing-certificate-unfit",
    change: (recipe) =>
      replaceExtension(recipe.leaf, { oid: "1.2.3.4", critical: true, value: derUtf8String("obey me") }),
  },
  {
    id: "certificate-poisoned",
    code: "signing-certificate-unfit",
    change: (recipe) =>
      replaceExtension(recipe.leaf, {
        oid: "1.3.6.1.4.1.11129.2.4.3",
        critical: true,
        value: derValue(0x05),
      }),
  },
  {
    id: "certificate-two-identities",
    code: "signing-certificate-unfit",
    change: (recipe) => {
      const [first, second] = ["https://one.example", "https://two.example"].map((uri) => derValue(0x86, utf8(uri)));
      const value = derSequence(first ?? utf8(""), second ?? utf8(""));
      replaceExtension(recipe.leaf, { oid: "2.5.29.17", critical: true, value });
    },
  },
  {
    id: "certificate-no-identity",
    code: "signing-certificate-unfit",
    change: (recipe) => without(recipe, "2.5.29.17"),
  },
  {
    id: "certificate-two-issuers",
    code: "signing-certificate-unfit",
    change: (recipe) => replaceExtension(recipe.leaf, runExtension(1, "https://issuer.example")),
  },
  {
    id: "certificate-key-on-p384",
    code: "signing-certificate-unfit",
    change: (recipe, { intermediate }) => (recipe.leaf = { ...recipe.leaf, publicKeyInfo: intermediate.key.spki }),
  },
  {
    id: "other-file",
    code: "artifact-digest-mismatch",
    change: (recipe) => (recipe.artifact = utf8("another file")),
  },
  {
    id: "digest-of-other-file",
    code: "artifact-digest-mismatch",
    change: (recipe) =>
      (recipe.editBundle = (bundle) =>
        (inside(bundle, "messageSignature", "messageDigest")["digest"] = "A".repeat(43) + "=")),
  },
  {
    id: "certificate-of-stranger",
    code: "signing-certificate-untrusted",
    change: (recipe, { stranger }) => issuedBy(recipe, stranger),
  },
  {
    id: "certificate-of-namesake",
    code: "signing-certificate-untrusted",
    change: (recipe, { intermediate, stranger }) => (recipe.issuer = { ...stranger, recipe: intermediate.recipe }),
  },
  {
    id: "certificate-of-retired-authority",
    code: "signing-certificate-untrusted",
    change: (recipe, { retired }) => issuedBy(recipe, retired),
  },
  {
    id: "certificate-past-its-authority",
    code: "signing-certificate-untrusted",
    change: (recipe, { root }) => issuedBy(recipe, root),
  },
  {
    id: "certificate-of-timestamp-signer",
    code: "signing-certificate-untrusted",
    change: (recipe, { timestampSigner }) => issuedBy(recipe, timestampSigner),
  },
  {
    id: "certificate-signature-altered",
    code: "signing-certificate-untrusted",
    change: (recipe) => (recipe.leaf = { ...recipe.leaf, editSignature: flipLast }),
  },
  {
    id: "certificate-issuer-renamed",
    code: "signing-certificate-untrusted",
    change: (recipe) => (recipe.leaf = { ...recipe.leaf, issuer: simulatedName("somebody else") }),
  },
  {
    id: "certificate-names-other-issuer-key",
    code: "signing-certificate-untrusted",
    change: (recipe) =>
      replaceExtension(recipe.leaf, {
        oid: "2.5.29.35",
        critical: false,
        value: derSequence(derValue(0x80, new Uint8Array(20))),
      }),
  },
  {
    id: "signed-too-late",
    code: "signing-time-outside-certificate",
    change: (recipe) => (recipe.integratedTime = recipe.leaf.notAfter + 1),
  },
  {
    id: "signed-too-early",
    code: "signing-time-outside-certificate",
    change: (recipe) => (recipe.integratedTime = recipe.leaf.notBefore - 1),
  },
  {
    id: "stamped-too-late",
    code: "signing-time-outside-certificate",
    start: WITH_TIMESTAMP,
    change: (recipe) =>
      (recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, time: recipe.leaf.notAfter + 1 }))),
  },
  {
    id: "sct-absent",
    code: "sct-missing",
    change: (recipe) => (recipe.scts = []),
  },
  {
    id: "sct-cut-short",
    code: "sct-malformed",
    change: (recipe) => (recipe.editScts = (list) => list.map((sct) => sct.subarray(0, -1))),
  },
  {
    id: "sct-of-stranger",
    code: "sct-log-unknown",
    change: (recipe, { otherKey }) =>
      (recipe.scts = recipe.scts.map((sct) => ({ ...sct, key: otherKey, logId: sha256(otherKey.spki) }))),
  },
  {
    id: "sct-of-retired-log",
    code: "sct-log-unknown",
    change: (recipe, { retiredCertificateLog: key }) =>
      (recipe.scts = recipe.scts.map((sct) => ({ ...sct, key, logId: sha256(key.spki) }))),
  },
  {
    id: "sct-second-of-stranger",
    code: "sct-log-unknown",
    change: (recipe, { otherKey }) =>
      (recipe.scts = recipe.scts.flatMap((sct) => [sct, { ...sct, key: otherKey, logId: sha256(otherKey.spki) }])),
  },
  {
    id: "sct-key-of-stranger",
    code: "sct-signature-invalid",
    change: (recipe, { otherKey }) => (recipe.scts = recipe.scts.map((sct) => ({ ...sct, key: otherKey }))),
  },
  {
    id: "sct-of-other-certificate",
    code: "sct-signature-invalid",
    change: (recipe) =>
      (recipe.scts = recipe.scts.map((sct) => ({ ...sct, editSigned: (signed) => flipBit(signed, 60) }))),
  },
  {
    id: "signature-by-other-key",
    code: "artifact-signature-invalid",
    change: (recipe, { otherKey }) => (recipe.contentKey = otherKey),
  },
  {
    id: "signature-altered",
    code: "artifact-signature-invalid",
    change: (recipe) => (recipe.editSignature = flipLast),
  },
  {
    id: "attestation-by-other-key",
    code: "artifact-signature-invalid",
    start: ATTESTATION,
    change: (recipe, { otherKey }) => (recipe.contentKey = otherKey),
  },
  {
    id: "attestation-other-type",
    code: "attestation-malformed",
    start: ATTESTATION,
    change: (recipe) => (recipe.payloadType = "application/json"),
  },
  {
    id: "attestation-no-statement",
    code: "attestation-malformed",
    start: ATTESTATION,
    change: (recipe) => (recipe.statement = { subject: [] }),
  },
  {
    id: "attestation-of-other-file",
    code: "attestation-subject-mismatch",
    start: ATTESTATION,
    change: (recipe) =>
      (inside(recipe.statement["subject"], 0)["digest"] = { sha256: "0".repeat(64), sha512: "0".repeat(128) }),
  },
  {
    id: "signed-by-somebody-else",
    code: "signer-identity-mismatch",
    change: (recipe) => replaceExtension(recipe.leaf, subjectUri("https://somebody.example/else")),
  },
  {
    id: "signed-by-other-issuer",
    code: "signer-issuer-mismatch",
    change: (recipe) => {
      replaceExtension(recipe.leaf, runExtension(1, "https://issuer.example"));
      replaceExtension(recipe.leaf, runExtension(8, "https://issuer.example"));
    },
  },
];
