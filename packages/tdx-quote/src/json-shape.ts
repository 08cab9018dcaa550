import type { FixedHex } from "./fixed-hex.ts";
import { jsonUnsigned, type JsonValue } from "./json.ts";
import { err, ok, type Result } from "./result.ts";
import { parseRfc3339Utc } from "./utc-time.ts";

/** Where a value departs from its shape, `tcbLevels[2].tcb.pcesvn` or nothing for the value itself, and what should have been there. */
export interface ShapeError {
  readonly path: string;
  readonly reason: string;
}

/** Turns a JSON value into a typed one or says where it departs. */
export type Shape<T> = (value: JsonValue | undefined) => Result<T, ShapeError>;

function refuse(reason: string): { ok: false; error: ShapeError } {
  return err({ path: "", reason });
}

/** A refusal of a part, as one of the whole. Places are spelled only then: a document has hundreds of parts. */
function within(place: string, { path, reason }: ShapeError): { ok: false; error: ShapeError } {
  return err({ path: path === "" || path.startsWith("[") ? `${place}${path}` : `${place}.${path}`, reason });
}

/** Any text. */
export const text: Shape<string> = (value) => (typeof value === "string" ? ok(value) : refuse("must be text"));

/**
 * An integer 0..`max`, written without sign, exponent, fraction or leading zero.
 */
export function integer(max: number): Shape<number> {
  return (value) => {
    const number = jsonUnsigned(value, max);
    return number === null ? refuse(`must be an integer 0..${max}`) : ok(number);
  };
}

/** Exactly `bytes` bytes as hex in either case; given back in lower case. */
export function hex<Bytes extends number>(bytes: Bytes): Shape<FixedHex<Bytes>> {
  return (value) => {
    if (typeof value !== "string" || value.length !== bytes * 2 || !/^[0-9a-fA-F]*$/.test(value)) {
      return refuse(`must be ${bytes * 2} hex digits`);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- length and digits were checked above
    return ok(value.toLowerCase() as FixedHex<Bytes>);
  };
}

/** A UTC time to the second (`2025-06-19T10:16:03Z`), given back in Unix seconds. */
export const time: Shape<number> = (value) => {
  const seconds = typeof value === "string" ? parseRfc3339Utc(value) : null;
  return seconds === null ? refuse("must be a UTC time like 2025-06-19T10:16:03Z") : ok(seconds);
};

/** One of a few words, exactly as spelled. */
export function word<const Words extends readonly string[]>(words: Words): Shape<Words[number]> {
  return (value) => {
    const found = words.find((candidate) => candidate === value);
    return found === undefined ? refuse(`must be one of ${words.join(", ")}`) : ok(found);
  };
}

/** A list of `min`..`max` members of one shape. */
export function list<T>(member: Shape<T>, min = 0, max: number = Infinity): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse("must be a list");
    if (value.length < min || value.length > max) {
      return refuse(min === max ? `must have ${min} members` : "must not be empty");
    }
    const members: T[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const result = member(value[index]);
      if (!result.ok) return within(`[${index}]`, result.error);
      members.push(result.value);
    }
    return ok(members);
  };
}

/** The same shape, or `fallback` where the key is absent (`null` is not absence). */
export function optional<T, F>(shape: Shape<T>, fallback: F): Shape<T | F> {
  return (value) => (value === undefined ? ok(fallback) : shape(value));
}

/** The value of one key of an object; other keys are ignored. */
export function field<T>(key: string, shape: Shape<T>): Shape<T> {
  return (value) => {
    if (!(value instanceof Map)) return refuse("must be an object");
    const result = shape(value.get(key));
    return result.ok ? result : within(key, result.error);
  };
}

/** An object with at least these keys; other keys are ignored. Keys are looked up in a Map, so `__proto__` is a key like any other. */
export function object<T extends object>(shapes: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a literal of shapes has no other keys
  const keys = Object.keys(shapes) as (keyof T & string)[];
  return (value) => {
    if (!(value instanceof Map)) return refuse("must be an object");
    const fields: Partial<T> = {};
    for (const key of keys) {
      const result = shapes[key](value.get(key));
      if (!result.ok) return within(key, result.error);
      fields[key] = result.value;
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every key was set above
    return ok(fields as T);
  };
}
