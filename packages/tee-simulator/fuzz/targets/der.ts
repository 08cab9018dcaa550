import {
  DER_TAG,
  derBitStringBytes,
  derBoolean,
  derEnumerated,
  derOctetString,
  derOid,
  derParts,
  derUnsigned,
  derUnsignedBytes,
  parseDer,
  type DerNode,
} from "@mero-tee/tdx-quote/der";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { decodeTlv, minimalLength } from "../mutators/der-tree.ts";
import { DER_MUTATORS } from "../mutators/der.ts";
import { promise, type FuzzTarget } from "../target.ts";
import { attemptOfReader } from "./outcome.ts";

/** A tree of plain values, to be compared with that of a second run. */
function plain(node: DerNode): unknown {
  return [node.tag, node.offset, node.header, node.children?.map(plain) ?? node.content];
}

function inspectNode(input: Uint8Array, node: DerNode, depth: number): void {
  const { bytes, content, header, offset } = node;
  promise(depth <= 16, "nesting is bounded");
  promise(Buffer.compare(bytes, input.subarray(offset, offset + bytes.length)) === 0, "a value is where it says");
  promise(header + content.length === bytes.length, "a value is header and content");
  const spelled = Buffer.concat([Uint8Array.of(node.tag), minimalLength(content.length), content]);
  promise(Buffer.compare(bytes, spelled) === 0, "a value has its one spelling");
  promise((node.children === undefined) === ((node.tag & 0x20) === 0), "constructed values have children");
  if (node.children !== undefined) {
    const total = node.children.reduce((sum, child) => sum + child.bytes.length, 0);
    promise(total === content.length, "children fill their parent");
    node.children.forEach((child) => inspectNode(input, child, depth + 1));
  }
  inspectReaders(node);
}

/** The readers of single types answer for every value, null where it is not theirs. */
function inspectReaders(node: DerNode): void {
  const isOf = (tag: number, answer: unknown): boolean => answer === null || node.tag === tag;
  promise(isOf(DER_TAG.oid, derOid(node)), "only an OID is read as one");
  promise(isOf(DER_TAG.integer, derUnsignedBytes(node)), "only an INTEGER is read as one");
  promise(isOf(DER_TAG.boolean, derBoolean(node)), "only a BOOLEAN is read as one");
  promise(isOf(DER_TAG.enumerated, derEnumerated(node)), "only an ENUMERATED is read as one");
  promise(isOf(DER_TAG.octetString, derOctetString(node)), "only an OCTET STRING is read as one");
  promise(isOf(DER_TAG.bitString, derBitStringBytes(node)), "only a BIT STRING is read as one");
  promise(isOf(DER_TAG.sequence, derParts(node, DER_TAG.sequence)), "only a SEQUENCE is read as one");
  const number = derUnsigned(node, 65_535);
  promise(number === null || (Number.isInteger(number) && number >= 0 && number <= 65_535), "a number keeps its bound");
}

/** The strict DER reader. */
export const DER_TARGET: FuzzTarget = {
  name: "der",
  seeds: (corpus) => [...corpus.certificates, ...corpus.crls],
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOfReader(parseDer(input), input, plain, (node) => {
      promise(decodeTlv(input) !== null, "a lenient reader accepts what the strict one accepts");
      inspectNode(input, node, 1);
    }),
};
