import {
  describeSigstoreError,
  parseSigstoreBundle,
  parseTrustedRoot,
  SIGSTORE_ERROR_CODES,
  type SigstoreBundle,
  type SigstoreError,
  type SigstoreErrorCode,
  verifySigstore,
} from "@mero-tee/release-artifacts/sigstore";
import type { Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedSigstore, type SignOptions } from "../../src/sigstore/index.ts";
import { CORPUS_NOW } from "../corpus.ts";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { DER_MUTATORS } from "../mutators/der.ts";
import { JSON_MUTATORS } from "../mutators/json.ts";
import { encodeText, promise, type Attempt, type FuzzTarget } from "../target.ts";
import { accepted, magnitude, outline } from "./outcome.ts";

const sigstore = createSimulatedSigstore({ now: CORPUS_NOW, seed: "fuzz corpus" });
const WHO = { identity: "https://ci.example/release", issuer: "https://issuer.example" } as const;
const FILE = encodeText("a release file");
const sign = (options: Partial<SignOptions>) => sigstore.sign(FILE, { ...WHO, ...options });

const root = parseTrustedRoot(sigstore.trustedRoot);
const stamped = parseSigstoreBundle(sign({ timestamp: true }).bundle);
if (!root.ok || !stamped.ok) throw new Error("the simulated Sigstore cannot be read");
const EXPECTED = { trustedRoot: root.value, identity: { exact: WHO.identity }, issuer: WHO.issuer };
const STAMPED: SigstoreBundle = stamped.value;

/** Longest refusal, in characters of JSON; it may quote one field of at most 1 KiB. */
const LONGEST_REFUSAL = 8192;

/** The attempt of a reader that refuses with a {@link SigstoreError}. */
function attemptOf<T>(
  result: Result<T, SigstoreError>,
  codes: readonly SigstoreErrorCode[],
  inspect: (value: T) => void,
  kind: (value: T) => string,
): Attempt {
  if (result.ok) return accepted(result.value, inspect, kind);
  const { error } = result;
  return {
    accepted: false,
    outcome: outline(error.code, error.subject ?? "", error.reason ?? ""),
    value: error,
    inspect: () => {
      promise(SIGSTORE_ERROR_CODES.includes(error.code), "a refusal has a known code");
      promise(codes.includes(error.code), "a refusal has a code of its reader");
      promise(/^[ -~]+\.$/.test(describeSigstoreError(error)), "a refusal has a sentence of printable ASCII");
      promise(JSON.stringify(error).length <= LONGEST_REFUSAL, "a refusal is short whatever the input");
    },
  };
}

/** The reader of Sigstore bundles. */
export const SIGSTORE_BUNDLE_TARGET: FuzzTarget = {
  name: "sigstore-bundle",
  seeds: () =>
    [
      sign({}).bundle,
      sign({ form: "v0.1", timestamp: true }).bundle,
      sign({ log: 2 }).bundle,
      sign({ content: "dsse" }).bundle,
      sign({}).cosignBundle ?? "",
    ].map(encodeText),
  mutators: [...JSON_MUTATORS, ...JSON_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOf(
      parseSigstoreBundle(input),
      ["bundle-malformed", "bundle-media-type-unsupported", "log-entry-missing"],
      ({ logEntries, form }) => {
        promise(logEntries.length > 0, "a bundle has a log entry");
        for (const { signedEntryTimestamp, inclusionProof } of logEntries) {
          const isPromised = form === "v0.1" || form === "cosign";
          promise((isPromised ? signedEntryTimestamp : inclusionProof) !== null, "an entry has what its form demands");
        }
      },
      ({ form, content }) => `${form} ${content.kind}`,
    ),
};

/** The reader of trusted roots, with the certificates inside. */
export const TRUSTED_ROOT_TARGET: FuzzTarget = {
  name: "trusted-root",
  seeds: () => [encodeText(sigstore.trustedRoot)],
  mutators: [...JSON_MUTATORS, ...JSON_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOf(
      parseTrustedRoot(input),
      ["trusted-root-malformed", "trusted-root-media-type-unsupported"],
      ({ certificateAuthorities }) =>
        promise(
          certificateAuthorities.every(({ chain }) => chain.length > 0),
          "an authority has a certificate",
        ),
      ({ transparencyLogs, certificateAuthorities }) =>
        `${magnitude(transparencyLogs.length)} logs, ${magnitude(certificateAuthorities.length)} authorities`,
    ),
};

/** The verifier of signing certificates: nothing but the leaf itself is ever accepted for it. */
export const SIGNING_CERTIFICATE_TARGET: FuzzTarget = {
  name: "signing-certificate",
  seeds: () => [STAMPED.certificate],
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: async (input) =>
    attemptOf(
      await verifySigstore({ bytes: FILE }, { ...STAMPED, certificate: new Uint8Array(input) }, EXPECTED),
      ["signing-certificate-malformed", "signing-certificate-unfit", "log-body-mismatch"],
      () => promise(Buffer.compare(input, STAMPED.certificate) === 0, "no other certificate is accepted"),
      () => "the leaf",
    ),
};

/** The verifier of timestamps: no change to one gives another time. */
export const TIMESTAMP_TARGET: FuzzTarget = {
  name: "timestamp",
  seeds: () => [...STAMPED.timestamps],
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: async (input) =>
    attemptOf(
      await verifySigstore({ bytes: FILE }, { ...STAMPED, timestamps: [new Uint8Array(input)] }, EXPECTED),
      ["timestamp-malformed", "timestamp-imprint-mismatch", "timestamp-untrusted", "timestamp-signature-invalid"],
      ({ times }) =>
        promise(
          times.every(({ unixMs }) => unixMs === CORPUS_NOW * 1000),
          "the time is the stamped one",
        ),
      ({ times }) => `${times.length} times`,
    ),
};
