import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";

import { type DocumentObject, type DocumentReader, pathOf } from "./document-reader.ts";
import { MEASUREMENT_FIELDS, type Measurement, type MeasurementField } from "./measurement.ts";
import type { Profile } from "./profile.ts";
import { parseAllowedMeasurement } from "./reference-list.ts";

/**
 * One complete tuple of registers that was seen, or predicted, together on one kind of machine; members as documents
 * spell them. Five independent lists also accept the MRTD of one image beside the RTMR2 of another; a set does not.
 *
 * Source: docs/releases.md.
 */
export interface MeasurementSet extends Readonly<Record<MeasurementField, Measurement>> {
  /** Its name, `<release>/<profile>/<machine type>`, e.g. `2.4.0/locked-read-only/c3-standard-4`. */
  readonly id: string;
  readonly profile: Profile;
  readonly machine_type: string;
  /** TDATTRIBUTES of the machine that was probed, 16 lower-case hex digits; a record, which nothing is compared with. */
  readonly td_attributes: string;
  /** XFAM of that machine, 16 lower-case hex digits; a record as well. */
  readonly xfam: string;
}

/** How a decision names a set. */
export interface MeasurementSetName {
  readonly id: string;
  /** The release of the id. */
  readonly release: string;
}

/** A set that a quote does not match, and the registers in which they differ; never none. */
export interface NearestSet extends MeasurementSetName {
  readonly differs: readonly MeasurementField[];
}

const ID_LIMIT = 128;
const MACHINE_TYPE = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const ID =
  /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?\/(?:debug|debug-read-only|locked-read-only)\/[a-z0-9][a-z0-9.-]{0,62}(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/;

/**
 * Reads the id of a measurement set. A fourth part may tell apart two sets of one machine type, such as those before and
 * after its host took new firmware.
 *
 * @returns null where the text is no such id; one that is has only characters that a log line can carry
 */
export function parseMeasurementSetId(text: string): string | null {
  return text.length <= ID_LIMIT && ID.test(text) ? text : null;
}

/** Names a set. */
export function nameOfSet({ id }: MeasurementSet): MeasurementSetName {
  return { id, release: id.slice(0, id.indexOf("/")) };
}

/** Reads the name of a machine shape, e.g. `c3-standard-4`; null where the text is none. */
export function parseMachineType(text: string): string | null {
  return MACHINE_TYPE.test(text) ? text : null;
}

/**
 * Reads a list of measurement sets; problems go to the reader.
 *
 * @param profile - the only profile that sets of this list may speak for
 * @returns null where the member is absent, which is not the same as an empty list: that is refused
 * Errors: `policy-field-missing`, `policy-field-malformed`, `policy-measurement-forbidden`, `policy-list-empty`.
 */
export function readMeasurementSets(
  reader: DocumentReader,
  object: DocumentObject,
  key: string,
  profile: Profile,
): readonly MeasurementSet[] | null {
  const entries = reader.objects(object, key);
  if (entries === null) return null;
  if (entries.length === 0) reader.problems.push({ code: "policy-list-empty", field: pathOf(object, key) });
  const sets = entries.flatMap((entry) => readSet(reader, entry, profile) ?? []);
  const ids = new Set<string>();
  for (const { id } of sets) {
    // A decision names the set that it rests on, so a name must not stand for two.
    if (ids.has(id)) reader.malformed(pathOf(object, key), "a list in which each id stands once");
    ids.add(id);
  }
  return sets;
}

function readSet(reader: DocumentReader, entry: DocumentObject, profile: Profile): MeasurementSet | null {
  const member = (name: string): string | null => {
    if (entry.members.has(name)) return reader.text(entry, name);
    reader.problems.push({ code: "policy-field-missing", field: pathOf(entry, name) });
    return null;
  };
  const parsed = (name: string, parse: (text: string) => string | null, expected: string): string | null => {
    const text = member(name);
    return text === null ? null : (parse(text) ?? reader.malformed(pathOf(entry, name), expected));
  };
  const register = (name: MeasurementField): Measurement | null => {
    const text = member(name);
    const value = text === null ? null : parseAllowedMeasurement(text, pathOf(entry, name), name);
    if (value?.ok === false) reader.problems.push(value.error);
    return value?.ok === true ? value.value : null;
  };
  const machineType = parsed("machine_type", parseMachineType, "a machine type such as c3-standard-4");
  const id = parsed(
    "id",
    (text) =>
      text.split("/").slice(1, 3).join("/") === `${profile}/${machineType}` ? parseMeasurementSetId(text) : null,
    `"<release>/${profile}/<its machine type>"`,
  );
  const own = parsed("profile", (text) => (text === profile ? profile : null), `"${profile}", like the policy's`);
  const [mrtd, rtmr0, rtmr1, rtmr2, rtmr3] = MEASUREMENT_FIELDS.map(register);
  const attributes = parsed("td_attributes", parseEightBytes, "a string of 16 hex digits");
  const xfam = parsed("xfam", parseEightBytes, "a string of 16 hex digits");
  if (id === null || own === null || machineType === null || attributes === null || xfam === null) return null;
  if (!mrtd || !rtmr0 || !rtmr1 || !rtmr2 || !rtmr3) return null;
  return { id, profile, machine_type: machineType, mrtd, rtmr0, rtmr1, rtmr2, rtmr3, td_attributes: attributes, xfam };
}

function parseEightBytes(text: string): string | null {
  const bytes = parseHex(text.replace(/^0x/, ""), 8);
  return bytes === null ? null : toHex(bytes);
}

/**
 * Finds the set that registers match as a whole, or the one that comes nearest: fewest registers differ, and of equals the
 * first.
 *
 * @returns null where there are no sets at all
 */
export function findMeasurementSet(
  registers: Readonly<Record<MeasurementField, string>>,
  sets: readonly MeasurementSet[],
): { readonly set: MeasurementSet; readonly differs: readonly MeasurementField[] } | null {
  return sets
    .map((set) => ({ set, differs: MEASUREMENT_FIELDS.filter((field) => set[field] !== registers[field]) }))
    .reduce<ReturnType<typeof findMeasurementSet>>(
      (best, next) => (best !== null && best.differs.length <= next.differs.length ? best : next),
      null,
    );
}
