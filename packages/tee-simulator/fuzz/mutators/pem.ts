import { encodePem } from "../../src/pem.ts";
import type { Draw } from "../draw.ts";
import { textMutator, type Mutator } from "../target.ts";
import { BYTE_MUTATORS } from "./bytes.ts";
import { DER_MUTATORS } from "./der.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function blocks(text: string): readonly string[] {
  return text.match(BLOCK) ?? [];
}

/** The bytes of a block; null where its base64 has suffered. */
export function blockDer(block: string): Uint8Array<ArrayBuffer> | null {
  const base64 = block.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)
    ? Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    : null;
}

/** Changes one block of a chain. */
function blockMutator(name: string, change: (block: string, draw: Draw, other: string) => string): Mutator {
  return textMutator(name, (text, draw, other) => {
    const block = draw.pick(blocks(text));
    return block === undefined ? text : text.replace(block, () => change(block, draw, other));
  });
}

const CHARACTERS: readonly string[] = [
  "\n",
  "\r\n",
  " ",
  "\t",
  "\0",
  "=",
  "==",
  "A",
  "/",
  "-",
  "_",
  "*",
  "\u00e9",
  "\ufeff",
];

/** Changes that know the lines, labels and blocks of PEM, and the DER inside. */
export const PEM_MUTATORS: readonly Mutator[] = [
  textMutator("insert a character", (text, draw) => {
    const at = draw.oneIn(2) ? draw.below(text.length + 1) : (draw.pick([0, text.indexOf("\n"), text.length]) ?? 0);
    return (
      text.slice(0, at) +
      (draw.pick(CHARACTERS) ?? "\n").repeat(draw.oneIn(64) ? draw.below(60_000) : 1) +
      text.slice(at)
    );
  }),
  textMutator("change the line ends", (text, draw) =>
    text.replaceAll("\n", draw.pick(["\r\n", "\r", "", "\n\n", "\n ", "\0\n"]) ?? "\n"),
  ),
  textMutator("reorder, drop or double blocks", (text, draw, other) => {
    const pool = [...blocks(text), ...(draw.oneIn(2) ? blocks(other) : [])];
    const count = draw.oneIn(32) ? draw.below(60) : draw.below(5);
    return Array.from({ length: count }, () => `${draw.pick(pool) ?? ""}\n`).join("");
  }),
  blockMutator("change a label", (block, draw) =>
    block.replace(
      draw.pick(["BEGIN", "END", "CERTIFICATE", "-----"]) ?? "END",
      draw.pick(["BEGIN", "END", "X509 CRL", "TRUSTED CERTIFICATE", "----", "certificate"]) ?? "",
    ),
  ),
  blockMutator("change the padding", (block, draw) =>
    block.replace(/=*\n-----END/, `${draw.pick(["", "=", "==", "===", "A=", "B=="]) ?? ""}\n-----END`),
  ),
  blockMutator("wrap lines elsewhere", (block, draw) => {
    const width = draw.pick([1, 4, 63, 65, 76, 100_000]) ?? 76;
    const [head = "", ...rest] = block.split("\n");
    const base64 = rest.slice(0, -1).join("");
    return [head, ...(base64.match(new RegExp(`.{1,${width}}`, "g")) ?? []), rest.at(-1) ?? ""].join("\n");
  }),
  blockMutator("change the certificate", (block, draw, other) => {
    const der = blockDer(block);
    const donor = blockDer(draw.pick(blocks(other)) ?? "") ?? new Uint8Array();
    const mutator = draw.pick(draw.oneIn(4) ? BYTE_MUTATORS : DER_MUTATORS);
    if (der === null || mutator === undefined) return block;
    const changed = mutator.apply(der, draw, donor);
    return changed.length > 48_000 ? block : encodePem("CERTIFICATE", changed).trimEnd();
  }),
];
