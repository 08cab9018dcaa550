import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import type { Draw } from "../draw.ts";
import { decodeText, encodeText, type Mutator } from "../target.ts";
import { BYTE_MUTATORS } from "./bytes.ts";
import { DER_MUTATORS } from "./der.ts";
import { parseToEdit } from "./json-spans.ts";
import { JSON_MUTATORS } from "./json.ts";
import { PEM_MUTATORS } from "./pem.ts";

type Bundle = Record<string, unknown>;

/** The bundle as an object; null when it is none any more. */
function readBundle(bytes: Uint8Array): Bundle | null {
  const value = parseToEdit(decodeText(bytes));
  return typeof value === "object" && value !== null ? { ...value } : null;
}

/** Changes one of the documents that a bundle carries as text, and writes the bundle again. */
function memberMutator(
  name: string,
  keys: RegExp,
  change: (text: string, draw: Draw, other: string) => string,
): Mutator {
  return {
    name,
    apply: (input, draw, otherInput) => {
      const bundle = readBundle(input);
      const key = draw.pick(Object.keys(bundle ?? {}).filter((known) => keys.test(known)));
      if (bundle === null || key === undefined) return input;
      const value = bundle[key];
      const other = readBundle(otherInput)?.[key];
      if (typeof value !== "string") return input;
      return encodeText(
        JSON.stringify({ ...bundle, [key]: change(value, draw, typeof other === "string" ? other : "") }),
      );
    },
  };
}

function applyToText(mutators: readonly Mutator[], text: string, draw: Draw, other: string): string {
  const mutator = draw.pick(mutators);
  return mutator === undefined ? text : decodeText(mutator.apply(encodeText(text), draw, encodeText(other)));
}

function fromHex(text: string): Uint8Array | null {
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? hexToBytes(text) : null;
}

/** Changes that know what the members of a bundle hold: JSON, DER in hex, PEM, signatures. */
export const COLLATERAL_MUTATORS: readonly Mutator[] = [
  memberMutator("change a signed document", /^(?:tcb_info|qe_identity)$/, (text, draw, other) =>
    applyToText(JSON_MUTATORS, text, draw, other),
  ),
  memberMutator("change a chain", /_chain$/, (text, draw, other) => applyToText(PEM_MUTATORS, text, draw, other)),
  memberMutator("change a list", /_crl$/, (text, draw, other) => {
    const der = fromHex(text);
    const mutator = draw.pick(draw.oneIn(3) ? BYTE_MUTATORS : DER_MUTATORS);
    if (der === null || mutator === undefined) return text;
    return bytesToHex(mutator.apply(der, draw, fromHex(other) ?? der));
  }),
  memberMutator(
    "change the spelling of hex",
    /_(?:crl|signature)$/,
    (text, draw) =>
      draw.pick([text.toUpperCase(), text.slice(1), `0x${text}`, `${text}00`, text.slice(0, 126), ` ${text}`, ""]) ??
      "",
  ),
  memberMutator("take a member of another bundle", /./, (text, _, other) => (other === "" ? text : other)),
];
