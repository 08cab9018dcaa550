import { type Measurement, parseMeasurement, parseTcbStatus, PROFILES, type Profile } from "@mero-tee/policy";
import { parseRfc3339Utc, type TcbStatus } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";

import { parseReleaseVersion, type ReleaseVersion } from "../release-version.ts";
import type { ProblemKind } from "./document-problem.ts";
import { list, malformed, matching, object, type OptionalShape, parsed, type Shape, word } from "./document-shape.ts";

/** Hex of a fixed length: read in any case and with `0x`, given back as released documents spell it. */
export function hex(digits: number, kind: ProblemKind = "digest"): Shape<string> {
  const expected = `a string of ${digits} hex digits`;
  return (value, path, reading) => {
    if (typeof value !== "string") return malformed(reading, path, expected, kind);
    const plain = value.replace(/^0x/, "").toLowerCase();
    if (plain.length !== digits || !/^[0-9a-f]*$/.test(plain)) return malformed(reading, path, expected, kind);
    if (plain !== value) reading.respelled.push(path);
    return plain;
  };
}

/** SHA-256 as 64 hex digits. */
export const sha256Hex: Shape<string> = hex(64);

/** A measurement register: 96 hex digits. */
export const measurement: Shape<Measurement> = (value, path, reading) => {
  const result = typeof value === "string" ? parseMeasurement(value) : null;
  if (result?.ok !== true) return malformed(reading, path, "a string of 96 hex digits", "digest");
  if (result.value !== value) reading.respelled.push(path);
  return result.value;
};

/** Digest of a container image. */
export const imageDigest: Shape<string> = parsed(
  (value) => (/^sha256:[0-9a-f]{64}$/.test(value) ? value : null),
  "sha256: and 64 lower-case hex digits",
  "digest",
);

/** A compose hash that may be empty while a release has none yet. */
export const eventPayload: Shape<string> = parsed(
  (value) => (/^(?:[0-9a-f]{64})?$/.test(value) ? value : null),
  "64 lower-case hex digits, or empty",
  "payload",
);

/** A bare version. */
export const version: Shape<ReleaseVersion> = parsed(parseReleaseVersion, "a version such as 2.4.0 or 2.4.0-rc.1");

/** A commit. */
export const commitSha: Shape<string> = matching(/^[0-9a-f]{40}$/, "a commit, 40 lower-case hex digits");

/** An id that GitHub gives as a number, as text. */
export const runId: Shape<string> = matching(/^(?:0|[1-9]\d{0,19})$/, "a decimal number as a string");

/** A time to the second, in UTC. */
export const time: Shape<string> = parsed(
  (value) => (parseRfc3339Utc(value) === null ? null : value),
  "a UTC time such as 2026-01-15T10:20:00Z",
);

/** An https address. */
export const httpsUrl: Shape<string> = matching(/^https:\/\/[^\s"<>\\^`{|}]+$/, "an https URL");

/** An http or https address, for what was probed from inside. */
export const probedUrl: Shape<string> = matching(/^https?:\/\/[^\s"<>\\^`{|}]+$/, "a URL");

/** A profile name. */
export const profileName: Shape<Profile> = word(PROFILES);

/** A TCB status in any spelling, given back in Intel's. */
const tcbStatus: Shape<TcbStatus> = parsed((value) => {
  const status = parseTcbStatus(value);
  return status.ok ? status.value : null;
}, "a TCB status of Intel's");

/** 32 bytes as base64. */
export const base64Of32: Shape<string> = parsed(
  (value) => (parseBase64(value)?.length === 32 ? value : null),
  "32 bytes as base64",
);

/** One value for each profile. */
export type PerProfile<T> = Readonly<Record<Profile, T>>;

/** One member for each profile, in the order of the profiles. */
export function perProfile<T>(shape: Shape<T>): Shape<PerProfile<T>> {
  return object<PerProfile<T>>({ debug: shape, "debug-read-only": shape, "locked-read-only": shape });
}

/** The five registers of one tuple. */
export interface Registers {
  readonly mrtd: Measurement;
  readonly rtmr0: Measurement;
  readonly rtmr1: Measurement;
  readonly rtmr2: Measurement;
  readonly rtmr3: Measurement;
}

/** Names of the six lists of a family, without their prefix. */
export const LIST_NAMES = ["tcb_statuses", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** The six lists of a family under its prefix, e.g. `kms_allowed_mrtd`. */
export type AllowedLists<Prefix extends string> = { readonly [K in `${Prefix}_tcb_statuses`]: readonly TcbStatus[] } & {
  readonly [K in `${Prefix}_${keyof Registers}`]: readonly Measurement[];
};

/** The shapes of the six lists of a family, in their order. */
export function allowedLists<const Prefix extends string>(
  prefix: Prefix,
): { readonly [K in keyof AllowedLists<Prefix>]: Shape<AllowedLists<Prefix>[K]> } {
  const registers = list(measurement);
  const entries = LIST_NAMES.map((name) => [
    `${prefix}_${name}`,
    name === "tcb_statuses" ? list(tcbStatus) : registers,
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly the keys of the type
  return Object.fromEntries(entries) as { readonly [K in keyof AllowedLists<Prefix>]: Shape<AllowedLists<Prefix>[K]> };
}

/** The same lists where a document may lack them. */
export function optionalAllowedLists<const Prefix extends string>(
  prefix: Prefix,
): { readonly [K in keyof AllowedLists<Prefix>]: OptionalShape<AllowedLists<Prefix>[K]> } {
  const entries = Object.entries(allowedLists(prefix)).map(([key, whenPresent]) => [key, { whenPresent }]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly the keys of the type
  return Object.fromEntries(entries) as {
    readonly [K in keyof AllowedLists<Prefix>]: OptionalShape<AllowedLists<Prefix>[K]>;
  };
}

/** The lists of a family by their bare names, whatever prefix they stand under. */
export type ListsByName = Readonly<Record<(typeof LIST_NAMES)[number], readonly string[]>>;

/** Looks at the lists of a family without their prefix; a missing list is empty. */
export function listsOf(holder: object, prefix: string): ListsByName {
  const values: ReadonlyMap<string, unknown> = new Map(Object.entries(holder));
  const one = (name: string): readonly string[] => {
    const value = values.get(`${prefix}_${name}`);
    return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  };
  return {
    tcb_statuses: one("tcb_statuses"),
    mrtd: one("mrtd"),
    rtmr0: one("rtmr0"),
    rtmr1: one("rtmr1"),
    rtmr2: one("rtmr2"),
    rtmr3: one("rtmr3"),
  };
}
