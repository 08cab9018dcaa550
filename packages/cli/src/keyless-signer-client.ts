import type { webcrypto } from "node:crypto";

import type { SidecarSuffix, SignFile, SigningError } from "@mero-tee/release-artifacts";
import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { type Environment, readVariable } from "./environment.ts";
import type { HttpPort } from "./http-client.ts";
import { exchangeJson } from "./json-client.ts";
import { jsonMember } from "./json-member.ts";

/** Where signatures come from: Sigstore's public instance, unless a test says otherwise. */
export interface SigstoreServices {
  readonly fulcio: string;
  readonly rekor: string;
}

const PUBLIC_INSTANCE: SigstoreServices = {
  fulcio: "https://fulcio.sigstore.dev",
  rekor: "https://rekor.sigstore.dev",
};

/** The OpenID provider of the run, as GitHub Actions hands it to jobs that may write `id-token`. */
interface TokenSource {
  readonly url: string;
  readonly bearer: string;
}

/**
 * The signer of this workflow run; null where the process is no run that may sign. Every file gets a key and a certificate of
 * its own: the key is made for one signature and never leaves this function.
 *
 * Source: Sigstore, Fulcio API v2 and Rekor API v1; GitHub Actions, OpenID Connect.
 */
export function createKeylessSigner(
  environment: Environment,
  fetch: HttpPort,
  services: SigstoreServices = PUBLIC_INSTANCE,
): SignFile | null {
  const url = readVariable(environment, "ACTIONS_ID_TOKEN_REQUEST_URL") ?? "";
  const bearer = readVariable(environment, "ACTIONS_ID_TOKEN_REQUEST_TOKEN") ?? "";
  if (url === "" || bearer === "") return null;
  return async (name, bytes) => {
    const signing = new KeylessSigning(fetch, services, { url, bearer });
    try {
      return ok(await signing.sign(bytes));
    } catch (error) {
      if (error instanceof RefusedSigning) return failed(`${name} was not signed: ${error.message}.`);
      throw error;
    }
  };
}

function failed(message: string): Result<never, SigningError> {
  return err({ code: "signing-failed", message });
}

class RefusedSigning extends Error {}

type Sidecars = ReadonlyMap<SidecarSuffix, Uint8Array<ArrayBuffer>>;

/** One certificate, as PEM and as DER. */
interface Certificate {
  readonly pem: string;
  readonly der: Uint8Array;
}

class KeylessSigning {
  readonly #fetch: HttpPort;
  readonly #services: SigstoreServices;
  readonly #tokens: TokenSource;

  constructor(fetch: HttpPort, services: SigstoreServices, tokens: TokenSource) {
    this.#fetch = fetch;
    this.#services = services;
    this.#tokens = tokens;
  }

  async sign(bytes: Uint8Array<ArrayBuffer>): Promise<Sidecars> {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const token = await this.#token();
    const certificate = await this.#certificate(token, keys);
    const signature = await signDer(keys.privateKey, bytes);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const entry = await this.#log(certificate, signature, digest);
    return sidecarsOf({ certificate, signature, digest, entry });
  }

  /** A token that says which run this is, for Sigstore alone. */
  async #token(): Promise<string> {
    const { url, bearer } = this.#tokens;
    const answer = await this.#exchange("the OpenID provider of the run", `${url}&audience=sigstore`, {
      headers: { authorization: `bearer ${bearer}` },
    });
    return textAt(answer, "the OpenID provider of the run", "value");
  }

  /** A certificate over the key, for whom the token names. Holding the key is shown by a signature over that name. */
  async #certificate(token: string, keys: webcrypto.CryptoKeyPair): Promise<Certificate> {
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
    const proof = await signDer(keys.privateKey, new TextEncoder().encode(subjectOf(token)));
    const answer = await this.#exchange("Fulcio", `${this.#services.fulcio}/api/v2/signingCert`, {
      body: {
        credentials: { oidcIdentityToken: token },
        publicKeyRequest: {
          publicKey: { algorithm: "ECDSA", content: pemOf("PUBLIC KEY", spki) },
          proofOfPossession: toBase64(proof),
        },
      },
    });
    const chain = jsonMember(jsonMember(answer, "signedCertificateEmbeddedSct"), "chain");
    const [pem] = listOf(jsonMember(chain, "certificates"));
    const body = /^-----BEGIN CERTIFICATE-----(?<body>[A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(
      typeof pem === "string" ? pem : "",
    );
    const der = parseBase64(body?.groups?.["body"]?.replaceAll(/\s/g, "") ?? "!");
    if (der === null) throw new RefusedSigning("Fulcio answered no certificate");
    return { pem: pemOf("CERTIFICATE", der), der };
  }

  /** The entry of the signature in the transparency log. */
  async #log(certificate: Certificate, signature: Uint8Array, digest: Uint8Array): Promise<LogEntry> {
    const answer = await this.#exchange("Rekor", `${this.#services.rekor}/api/v1/log/entries`, {
      body: {
        apiVersion: "0.0.1",
        kind: "hashedrekord",
        spec: {
          data: { hash: { algorithm: "sha256", value: toHex(digest) } },
          signature: {
            content: toBase64(signature),
            publicKey: { content: toBase64(new TextEncoder().encode(certificate.pem)) },
          },
        },
      },
    });
    // The one member is named by the entry's id.
    const entry = isJsonObject(answer) ? [...answer.values()][0] : undefined;
    return logEntryOf(entry);
  }

  async #exchange(
    who: string,
    url: string,
    request: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<JsonValue> {
    const answer = await exchangeJson(this.#fetch, { url, ...request });
    if (!answer.ok) throw new RefusedSigning(`${who}: ${answer.error}`);
    const { status, value } = answer.value;
    if (status !== 200 && status !== 201) throw new RefusedSigning(`${who} answered with status ${status}`);
    return value;
  }
}

/** What a log answers about an entry. */
interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logIndex: number;
  /** Hex. */
  readonly logId: string;
  readonly promise: string;
  readonly proof: {
    readonly logIndex: string;
    readonly rootHash: string;
    readonly treeSize: string;
    readonly hashes: readonly string[];
    readonly checkpoint: string;
  };
}

function logEntryOf(entry: JsonValue | undefined): LogEntry {
  const verification = jsonMember(entry, "verification");
  const proof = jsonMember(verification, "inclusionProof");
  return {
    body: textAt(entry, "Rekor", "body"),
    integratedTime: numberAt(entry, "integratedTime"),
    logIndex: numberAt(entry, "logIndex"),
    logId: textAt(entry, "Rekor", "logID"),
    promise: textAt(verification, "Rekor", "signedEntryTimestamp"),
    proof: {
      logIndex: String(numberAt(proof, "logIndex")),
      rootHash: base64OfHex(textAt(proof, "Rekor", "rootHash")),
      treeSize: String(numberAt(proof, "treeSize")),
      hashes: listOf(jsonMember(proof, "hashes")).map((each) => base64OfHex(typeof each === "string" ? each : "")),
      checkpoint: textAt(proof, "Rekor", "checkpoint"),
    },
  };
}

/** Every form of one signing. Source: docs/releases.md; cosign, bundle format. */
function sidecarsOf(signed: {
  readonly certificate: Certificate;
  readonly signature: Uint8Array;
  readonly digest: Uint8Array;
  readonly entry: LogEntry;
}): Sidecars {
  const { certificate, digest, entry } = signed;
  const signature = toBase64(signed.signature);
  const { logId, integratedTime, logIndex, body, promise, proof } = entry;
  const bundle = {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      certificate: { rawBytes: toBase64(certificate.der) },
      tlogEntries: [
        {
          logIndex: String(logIndex),
          logId: { keyId: base64OfHex(logId) },
          kindVersion: { kind: "hashedrekord", version: "0.0.1" },
          integratedTime: String(integratedTime),
          inclusionPromise: { signedEntryTimestamp: promise },
          inclusionProof: { ...proof, checkpoint: { envelope: proof.checkpoint } },
          canonicalizedBody: body,
        },
      ],
    },
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: toBase64(digest) }, signature },
  };
  const cosign = {
    base64Signature: signature,
    cert: toBase64(new TextEncoder().encode(certificate.pem)),
    rekorBundle: { SignedEntryTimestamp: promise, Payload: { body, integratedTime, logIndex, logID: logId } },
  };
  return new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>([
    [".sigstore.json", utf8(`${JSON.stringify(bundle, null, 2)}\n`)],
    [".bundle.json", utf8(`${JSON.stringify(cosign)}\n`)],
    [".sig", utf8(`${signature}\n`)],
    [".pem", utf8(certificate.pem)],
  ]);
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Whom a token names; the token is Fulcio's to verify. */
function subjectOf(token: string): string {
  const claims = parseStrictJson(Buffer.from(token.split(".")[1] ?? "", "base64url"));
  return textAt(claims.ok ? claims.value : undefined, "the OpenID provider of the run", "sub");
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function textAt(value: JsonValue | undefined, who: string, key: string): string {
  const member = jsonMember(value, key);
  if (typeof member !== "string" || member === "") throw new RefusedSigning(`the answer of ${who} has no ${key}`);
  return member;
}

function numberAt(value: JsonValue | undefined, key: string): number {
  const member = jsonMember(value, key);
  const isNumber = typeof member === "object" && member !== null && "kind" in member;
  if (!isNumber || !Number.isSafeInteger(member.value)) throw new RefusedSigning(`the answer of Rekor has no ${key}`);
  return member.value;
}

function base64OfHex(hex: string): string {
  if (!/^(?:[0-9a-f]{2})+$/.test(hex)) throw new RefusedSigning("the answer of Rekor has bytes that are not hex");
  return Buffer.from(hex, "hex").toString("base64");
}

function pemOf(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** An ECDSA signature over the SHA-256 of a message, as DER. */
async function signDer(key: webcrypto.CryptoKey, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const raw = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, message));
  const halves = [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)].map(derInteger);
  const body = halves.flatMap((half) => [...half]);
  return Uint8Array.from([0x30, body.length, ...body]);
}

/** A positive number in its shortest DER form. Source: ITU-T X.690, section 8.3. */
function derInteger(bytes: Uint8Array): readonly number[] {
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = [...bytes.subarray(first === -1 ? bytes.length - 1 : first)];
  const padded = (shortest[0] ?? 0) >= 0x80 ? [0, ...shortest] : shortest;
  return [0x02, padded.length, ...padded];
}
