import { parseTcbStatus } from "@mero-tee/policy";
import type { TcbStatus } from "@mero-tee/tdx-quote";

import { parseTolerantHex } from "./hex-input.ts";
import { parseRfc3339 } from "./rfc3339.ts";

// The argument parser takes a thrown Error as "this value is no good" and shows its message: exceptions stop there.

/** `--at`: the instant of judgement, in Unix seconds. */
function parseInstant(text: string): number {
  const unixSeconds = parseRfc3339(text);
  if (unixSeconds === null) throw new Error("not an RFC 3339 time such as 2026-01-31T12:00:00Z");
  return unixSeconds;
}

/** `--report-data`: 64 bytes. */
export function parseReportData(text: string): Uint8Array {
  const bytes = parseTolerantHex(text, 64);
  if (bytes === null) throw new Error("not 64 bytes of hex");
  return bytes;
}

/** A base address of a service: http or https, without credentials, query or fragment. */
export function parseServiceUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) throw new Error("not an http or https URL");
  if (url.username !== "" || url.password !== "") throw new Error("a URL here carries no user or password");
  if (url.search !== "" || url.hash !== "") throw new Error("a base URL has no query and no fragment");
  return text.replace(/\/+$/, "");
}

/** A TCP port; 0 picks a free one. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new Error("not a port (0 to 65535; 0 picks a free one)");
  return port;
}

/** `--redis`: any form that the KMS takes, which judges it; an empty text would silently mean none. */
export function parseRedis(text: string): string {
  if (text.trim() === "") throw new Error("empty");
  return text;
}

/** An optional flag with a value that a parser of ours reads. */
export interface OptionalFlag<T> {
  readonly kind: "parsed";
  readonly parse: (text: string) => T;
  readonly optional: true;
  readonly placeholder: string;
  readonly brief: string;
}

/** Makes an {@link OptionalFlag}. */
export function optionalFlag<T>(parse: (text: string) => T, placeholder: string, brief: string): OptionalFlag<T> {
  return { kind: "parsed", parse, optional: true, placeholder, brief };
}

/** `--at TIME`. */
export const AT_FLAG: OptionalFlag<number> = optionalFlag(
  parseInstant,
  "TIME",
  "Judge as of this instant, RFC 3339 with Z or an offset (default: now)",
);

/** `--root-ca FILE`. */
export const ROOT_CA_FLAG: OptionalFlag<string> = optionalFlag(
  String,
  "FILE",
  "Root CA to trust instead of Intel's, PEM or DER",
);

/** `--pccs URL`. */
export const PCCS_FLAG: OptionalFlag<string> = optionalFlag(
  parseServiceUrl,
  "URL",
  "Fetch collateral from this service (default: Intel's PCS)",
);

/** `--policy FILE`. */
export const POLICY_FLAG: OptionalFlag<string> = optionalFlag(
  String,
  "FILE",
  "Attestation policy of a release to judge by",
);

/** `--tcb-status`: a status in any spelling. */
function parseStatus(text: string): TcbStatus {
  const status = parseTcbStatus(text);
  if (!status.ok) throw new Error("not a TCB status of Intel's, such as UpToDate");
  return status.value;
}

/** `--tcb-status S`. */
export const TCB_STATUS_FLAG: OptionalFlag<TcbStatus> = optionalFlag(
  parseStatus,
  "STATUS",
  "TCB status of the platform, as its appraisal gave it",
);

/** A FILE argument. */
export function fileArgument(brief: string): {
  readonly parse: (text: string) => string;
  readonly placeholder: string;
  readonly brief: string;
} {
  return { parse: String, placeholder: "FILE", brief };
}
