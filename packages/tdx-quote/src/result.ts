/**
 * The outcome of everything that can be refused: a refusal is a normal product of this system, an exception is a bug.
 *
 * @typeParam T - what success carries
 * @typeParam E - a closed union of plain objects with a stable `code`
 */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** Wraps a success. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps a refusal. */
export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

declare const brand: unique symbol;

/** A value that only its parser can make: the type says which check it has passed. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
