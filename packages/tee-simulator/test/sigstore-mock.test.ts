import { createHash, generateKeyPairSync, sign } from "node:crypto";
import {
  describeSigstoreError,
  parseSigstoreBundle,
  parseTrustedRoot,
  verifySigstore,
} from "@mero-tee/release-artifacts/sigstore";
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";
import { describe, expect, test } from "vitest";
import { createOracle } from "./sigstore-oracle.ts";
import { FILE, WHO } from "./sigstore-world.ts";

// Evidence by a second hand: Sigstore's own mock of Fulcio, certificate log, Rekor and timestamp authority.

const base64 = (bytes: ArrayBufferView | Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
const digestOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A whole second that is not before the certificates that the mock makes as of now. */
const CLOCK = new Date((Math.floor(Date.now() / 1000) + 60) * 1000);

const LOG_NAME = "rekor.mock.example";
const certificateLog = await initializeCTLog(keys(), CLOCK);
const authority = await initializeCA(keys(), certificateLog, CLOCK);
const log = await initializeTLog(`https://${LOG_NAME}`, keys(), CLOCK);
const timestampAuthority = await initializeTSA(keys(), CLOCK);

const OPEN = { start: "2020-01-01T00:00:00Z" };
const trustedLog = (baseUrl: string, publicKey: Uint8Array) => ({
  baseUrl,
  hashAlgorithm: "SHA2_256",
  publicKey: { rawBytes: base64(publicKey), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: OPEN },
  logId: { keyId: digestOf(publicKey).toString("base64") },
});
const trustedAuthority = (...chain: readonly ArrayBufferView[]) => ({
  uri: "https://mock.example",
  subject: { organization: "mock", commonName: "mock" },
  certChain: { certificates: chain.map((certificate) => ({ rawBytes: base64(certificate) })) },
  validFor: OPEN,
});
const trustedRootJson = JSON.stringify({
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [trustedLog(`https://${LOG_NAME}`, log.publicKey)],
  certificateAuthorities: [trustedAuthority(authority.rootCertificate)],
  ctlogs: [trustedLog("https://ctfe.mock.example", certificateLog.publicKey)],
  timestampAuthorities: [trustedAuthority(timestampAuthority.intCertificate, timestampAuthority.rootCertificate)],
});

/** What the mock of Rekor answers. */
interface MockEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

/** One signing event with the mock's services. */
async function signWithMock({ timestamp = false, identity = "" } = {}): Promise<string> {
  const { publicKey, privateKey } = keys();
  const leaf = await authority.issueCertificate({
    publicKey: publicKey.export({ format: "der", type: "spki" }),
    subjectAltName: identity === "" ? WHO.identity : identity,
    extensions: [
      { oid: "1.3.6.1.4.1.57264.1.1", value: WHO.issuer, legacy: true },
      { oid: "1.3.6.1.4.1.57264.1.8", value: WHO.issuer },
    ],
  });
  const signature = sign("sha256", FILE, privateKey);
  const pem = `-----BEGIN CERTIFICATE-----\n${base64(leaf)}\n-----END CERTIFICATE-----\n`;
  // Its type comes from a package that is not installed with it.
  const logged: unknown = await log.log({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: digestOf(FILE).toString("hex") } },
      signature: {
        content: signature.toString("base64"),
        publicKey: { content: Buffer.from(pem).toString("base64") },
      },
    },
  });
  const [entry]: readonly MockEntry[] = Object.values(JSON.parse(JSON.stringify(logged)));
  if (entry === undefined) throw new Error("the mock gave no entry");
  const proof = entry.verification.inclusionProof;
  const stamped = await timestampAuthority.timestamp({
    artifactHash: digestOf(signature),
    hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
    policyOID: "1.3.6.1.4.1.57264.2",
    nonce: 7,
  });
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      certificate: { rawBytes: base64(leaf) },
      tlogEntries: [
        {
          logIndex: String(entry.logIndex),
          logId: { keyId: Buffer.from(entry.logID, "hex").toString("base64") },
          kindVersion: { kind: "hashedrekord", version: "0.0.1" },
          integratedTime: String(entry.integratedTime),
          inclusionPromise: { signedEntryTimestamp: entry.verification.signedEntryTimestamp },
          inclusionProof: {
            logIndex: String(proof.logIndex),
            treeSize: String(proof.treeSize),
            rootHash: Buffer.from(proof.rootHash, "hex").toString("base64"),
            hashes: [],
            checkpoint: { envelope: proof.checkpoint },
          },
          canonicalizedBody: entry.body,
        },
      ],
      timestampVerificationData: { rfc3161Timestamps: timestamp ? [{ signedTimestamp: base64(stamped) }] : [] },
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: digestOf(FILE).toString("base64") },
      signature: signature.toString("base64"),
    },
  });
}

const oracle = createOracle(trustedRootJson);

async function verdictOnMock(json: string, artifact: Uint8Array = FILE): Promise<string | null> {
  const root = parseTrustedRoot(trustedRootJson);
  const bundle = parseSigstoreBundle(json);
  if (!root.ok || !bundle.ok) return root.ok ? "bundle" : "trusted root";
  const options = { trustedRoot: root.value, identity: { exact: WHO.identity }, issuer: WHO.issuer };
  const verdict = await verifySigstore({ bytes: artifact }, bundle.value, options);
  return verdict.ok ? null : `${verdict.error.code}: ${describeSigstoreError(verdict.error)}`;
}

describe("evidence of Sigstore's mock", () => {
  test.each([{ timestamp: false }, { timestamp: true }])(
    "is accepted, with a timestamp: $timestamp",
    async (options) => {
      const bundle = await signWithMock(options);
      expect(oracle(bundle, FILE, WHO.identity, WHO.issuer)).toBeNull();
      expect(await verdictOnMock(bundle)).toBeNull();
    },
  );

  test("is refused for another file and for another signer", async () => {
    const bundle = await signWithMock();
    expect(await verdictOnMock(bundle, new Uint8Array(3))).toMatch(/^artifact-digest-mismatch/);
    const foreign = await signWithMock({ identity: "https://github.com/example/other" });
    expect(await verdictOnMock(foreign)).toMatch(/^signer-identity-mismatch/);
  });

  test("is refused with the certificate or the entry of another event", async () => {
    const [one, other] = [JSON.parse(await signWithMock()), JSON.parse(await signWithMock())];
    const material = { ...one.verificationMaterial, certificate: other.verificationMaterial.certificate };
    expect(await verdictOnMock(JSON.stringify({ ...one, verificationMaterial: material }))).toMatch(
      /^log-body-mismatch/,
    );
    expect(await verdictOnMock(JSON.stringify({ ...one, messageSignature: other.messageSignature }))).toMatch(
      /^log-body-mismatch/,
    );
  });
});
