import { createDraw, type Draw } from "./draw.ts";
import type { Corpus } from "./corpus.ts";

/**
 * Changes an input. `other` is a second input of the same target, to take parts from. Never changes its arguments.
 */
export interface Mutator {
  readonly name: string;
  readonly apply: (input: Uint8Array, draw: Draw, other: Uint8Array) => Uint8Array;
}

/** What a parser made of one input. */
export interface Attempt {
  readonly accepted: boolean;
  /** Which way through the parser this was, in few words: the number of distinct ones stands in for coverage. */
  readonly outcome: string;
  /** The whole result, to be compared with that of a second run; functions in it are not. */
  readonly value: unknown;
  /** Holds the result to what the parser promises of it; throws {@link BrokenPromise}. */
  readonly inspect: () => void | Promise<void>;
}

/** A parser under test. */
export interface FuzzTarget {
  /** Names it on the command line and in the files of found cases. */
  readonly name: string;
  /** Well-formed and nearly well-formed inputs to start from. */
  readonly seeds: (corpus: Corpus) => readonly Uint8Array[];
  /** Mutators that know the format. */
  readonly mutators: readonly Mutator[];
  /** Runs the parser; whatever it throws is a finding. */
  readonly attempt: (input: Uint8Array) => Attempt | Promise<Attempt>;
}

/** A parser did not keep what it promises; the message says which promise, without the input. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** Throws {@link BrokenPromise} unless a promise was kept. */
export function promise(kept: boolean, description: string): asserts kept {
  if (!kept) throw new BrokenPromise(description);
}

/** Makes a mutator of text out of a change to text; input that is not UTF-8 is read as far as it can be. */
export function textMutator(name: string, change: (text: string, draw: Draw, other: string) => string): Mutator {
  return {
    name,
    apply: (input, draw, other) => encodeText(change(decodeText(input), draw, decodeText(other))),
  };
}

/** Applies a mutator with one number for all its choices. */
export function mutate(mutator: Mutator, input: Uint8Array, entropy: number, other: Uint8Array): Uint8Array {
  return mutator.apply(input, createDraw(entropy), other);
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** The UTF-8 of a text; lone surrogates become replacement characters. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}

/** The text of bytes that should be UTF-8, a byte order mark included; what is not becomes replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}
