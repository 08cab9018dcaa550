import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";

import type { SidecarSuffix } from "./asset-names.ts";
import type { SidecarBytes } from "./signature-port.ts";

/** What one signature file says; null for what it does not say, or says in no known form. */
export interface SidecarForm {
  /** Base64 of the DER signature. */
  readonly signature: string | null;
  /** Base64 of the DER certificate. */
  readonly certificate: string | null;
  /** The log entry that it names. */
  readonly log: LogPlace | null;
}

/** Where a signing stands in the transparency log. */
export interface LogPlace {
  readonly logIndex: string;
  readonly integratedTime: string | null;
  /** Key id of the log, lower-case hex. */
  readonly logId: string;
}

/** The forms of one asset's signature, by what stands behind the asset's name. */
export type SidecarForms = ReadonlyMap<SidecarSuffix, SidecarForm>;

/**
 * Reads the signature files of an asset without verifying anything: whether they speak of the same signing event is a
 * question that needs no key.
 *
 * Source: docs/releases.md; Sigstore bundle format; cosign bundle format.
 */
export function readSidecarForms(sidecars: SidecarBytes): SidecarForms {
  return new Map([...sidecars].map(([suffix, bytes]) => [suffix, READERS[suffix](bytes)]));
}

const NOTHING: SidecarForm = { signature: null, certificate: null, log: null };

const READERS: Readonly<Record<SidecarSuffix, (bytes: Uint8Array) => SidecarForm>> = {
  ".sig": (bytes) => ({ ...NOTHING, signature: base64Of(textOf(bytes).trim()) }),
  ".pem": (bytes) => ({ ...NOTHING, certificate: certificateOf(textOf(bytes)) }),
  ".bundle.json": (bytes) => {
    const bundle = jsonOf(bytes);
    const payload = member(member(bundle, "rekorBundle"), "Payload");
    const [index, time, id] = ["logIndex", "integratedTime", "logID"].map((key) => scalar(member(payload, key)));
    return {
      signature: base64Of(scalar(member(bundle, "base64Signature"))),
      certificate: certificateOf(scalar(member(bundle, "cert")) ?? ""),
      log:
        index == null || id == null ? null : { logIndex: index, integratedTime: time ?? null, logId: id.toLowerCase() },
    };
  },
  ".sigstore.json": (bytes) => {
    const bundle = jsonOf(bytes);
    const material = member(bundle, "verificationMaterial");
    const chain = member(member(material, "x509CertificateChain"), "certificates");
    const certificate = member(material, "certificate") ?? member(chain, "0");
    const entry = member(member(material, "tlogEntries"), "0");
    const [index, time] = ["logIndex", "integratedTime"].map((key) => scalar(member(entry, key)));
    const id = parseBase64(scalar(member(member(entry, "logId"), "keyId")) ?? "!");
    return {
      signature: base64Of(scalar(member(member(bundle, "messageSignature"), "signature"))),
      certificate: base64Of(scalar(member(certificate, "rawBytes"))),
      log: index == null || id === null ? null : { logIndex: index, integratedTime: time ?? null, logId: toHex(id) },
    };
  },
};

function jsonOf(bytes: Uint8Array): JsonValue | undefined {
  const json = parseStrictJson(bytes);
  return json.ok ? json.value : undefined;
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (isJsonObject(value)) return value.get(key);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
  return Array.isArray(value) ? (value as readonly JsonValue[])[Number(key)] : undefined;
}

/** Text, or a number in its spelling. */
function scalar(value: JsonValue | undefined): string | null {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && "kind" in value ? value.text : null;
}

function base64Of(text: string | null): string | null {
  return text !== null && text !== "" && parseBase64(text) !== null ? text : null;
}

/** A certificate as PEM, or as base64 around PEM, which is what cosign writes. */
function certificateOf(text: string): string | null {
  const inner = /^[A-Za-z0-9+/=\s]+$/.test(text) ? parseBase64(text.replaceAll(/\s/g, "")) : null;
  const pem = inner === null ? text : textOf(inner);
  const body = /^-----BEGIN CERTIFICATE-----\r?\n(?<body>[A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----/.exec(
    pem.trim(),
  );
  const bytes = parseBase64(body?.groups?.["body"]?.replaceAll(/\s/g, "") ?? "!");
  return bytes === null ? null : toBase64(bytes);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
