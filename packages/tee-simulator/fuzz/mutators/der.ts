import { concatBytes, utf8 } from "../../src/byte-writer.ts";
import type { Draw } from "../draw.ts";
import type { Mutator } from "../target.ts";
import { EDGE_NUMBERS } from "./bytes.ts";
import { allPlaces, cloneTlv, decodeTlv, encodeTlv, longLength, type Tlv, type TlvPlace } from "./der-tree.ts";

/** Identifier octets worth trying: the universal types that occur, their wrong forms, context tags, a high tag number. */
const TAGS: readonly number[] = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x10, 0x11, 0x13, 0x16, 0x17, 0x18, 0x1f, 0x24, 0x30, 0x31,
  0x3f, 0x80, 0x81, 0x82, 0x86, 0xa0, 0xa1, 0xa3, 0xff,
];

/** Contents at the edges of the types, well and badly encoded. */
const INTEGERS: readonly Uint8Array[] = [
  new Uint8Array(),
  Uint8Array.of(0),
  Uint8Array.of(1),
  Uint8Array.of(2),
  Uint8Array.of(0x7f),
  Uint8Array.of(0x80),
  Uint8Array.of(0xff),
  Uint8Array.of(0, 0),
  Uint8Array.of(0, 0x7f),
  Uint8Array.of(0, 0x80),
  Uint8Array.of(0xff, 0x80),
  Uint8Array.of(1, 0, 0),
  new Uint8Array(20).fill(0x7f),
  new Uint8Array(21).fill(0x7f),
  concatBytes(Uint8Array.of(0), new Uint8Array(20).fill(0xff)),
  new Uint8Array(32).fill(0xff),
  new Uint8Array(33).fill(0x01),
];

const BIT_STRINGS: readonly Uint8Array[] = [
  Uint8Array.of(0),
  Uint8Array.of(7, 0x80),
  Uint8Array.of(8, 0),
  Uint8Array.of(1, 1),
  Uint8Array.of(6, 0xc0),
  concatBytes(Uint8Array.of(0), new Uint8Array(65).fill(0x04)),
];

/** Common names, constraints, key usage, list numbers and scopes; then broken ones. */
const OIDS: readonly Uint8Array[] = [
  Uint8Array.of(0x55, 0x04, 0x03),
  ...[0x0e, 0x0f, 0x13, 0x14, 0x15, 0x18, 0x1b, 0x1c, 0x1d, 0x1f, 0x23].map((arc) => Uint8Array.of(0x55, 0x1d, arc)),
  Uint8Array.of(0x2a, 0x80, 0x01),
  Uint8Array.of(0x2a, 0x86),
  Uint8Array.of(0x88, 0x37, 0x03),
  new Uint8Array(9).fill(0xff),
  concatBytes(new Uint8Array(9).fill(0xff), Uint8Array.of(0x7f)),
];

const UTC_TIMES: readonly Uint8Array[] = [
  "700101000000Z",
  "691231235959Z",
  "491231235959Z",
  "500101000000Z",
  "240229000000Z",
  "230229000000Z",
  "240101240000Z",
  "240101236000Z",
  "240101235960Z",
  "240001000000Z",
  "241301000000Z",
  "240100000000Z",
  "240431000000Z",
  "2401010000Z",
  "240101000000+0000",
  "240101000000",
  " 40101000000Z",
].map(utf8);

const GENERALIZED_TIMES: readonly Uint8Array[] = [
  "20500101000000Z",
  "19491231235959Z",
  "99991231235959Z",
  "00000101000000Z",
  "00000229000000Z",
  "19000229000000Z",
  "20000229000000Z",
  "20240101000060Z",
  "20240101240000Z",
  "20240101000000.5Z",
  "20240101000000+0100",
  "2024010100Z",
].map(utf8);

const TEXTS: readonly Uint8Array[] = [
  "",
  " ",
  "Intel SGX PCK Certificate",
  "a,b=c+d",
  "n".repeat(65),
  "\u00e9\u0000\u007f",
].map(utf8);

const CONTENTS_OF: ReadonlyMap<number, readonly Uint8Array[]> = new Map([
  [0x01, [Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(0xff), new Uint8Array()]],
  [0x02, INTEGERS],
  [0x03, BIT_STRINGS],
  [0x06, OIDS],
  [0x0a, INTEGERS],
  [0x0c, TEXTS],
  [0x13, TEXTS],
  [0x17, UTC_TIMES],
  [0x18, GENERALIZED_TIMES],
]);

const CONTENTS: readonly Uint8Array[] = [...CONTENTS_OF.values()].flat();

/** A content of the type of a value, mostly. */
function edgeContent(tag: number, draw: Draw): Uint8Array {
  return draw.pick(draw.oneIn(4) ? CONTENTS : (CONTENTS_OF.get(tag) ?? CONTENTS)) ?? new Uint8Array();
}

function leaf(tag: number, content: Uint8Array): Tlv {
  return { tag, prefix: new Uint8Array(), content };
}

function nest(tag: number, child: Tlv): Tlv {
  return { tag, prefix: new Uint8Array(), content: [child] };
}

/** Puts values in the place of one; the outermost keeps its first replacement only. */
function replace({ tlv, siblings, index }: TlvPlace, ...by: readonly Tlv[]): void {
  if (siblings !== null) siblings.splice(index, 1, ...by);
  else if (by[0] !== undefined) Object.assign(tlv, cloneTlv(by[0]));
}

/** Changes a tree in one place; inputs that are no DER at all stay as they are, the mutators of bytes take care of them. */
function treeMutator(name: string, change: (place: TlvPlace, draw: Draw, other: Tlv) => void): Mutator {
  return {
    name,
    apply: (input, draw, otherInput) => {
      const root = decodeTlv(input);
      if (root === null) return input;
      const place = draw.pick(allPlaces(root));
      if (place !== undefined) change(place, draw, decodeTlv(otherInput) ?? root);
      return encodeTlv(root);
    },
  };
}

/** Changes the content of a value that holds no others. */
function leafMutator(name: string, change: (tlv: Tlv, content: Uint8Array, draw: Draw) => Uint8Array): Mutator {
  return {
    name,
    apply: (input, draw) => {
      const root = decodeTlv(input);
      if (root === null) return input;
      const leaves = allPlaces(root).flatMap(({ tlv }) =>
        Array.isArray(tlv.content) ? [] : [[tlv, tlv.content] as const],
      );
      const [tlv, content] = draw.pick(leaves) ?? [];
      if (tlv !== undefined && content !== undefined) tlv.content = change(tlv, content, draw);
      return encodeTlv(root);
    },
  };
}

function contentBytes(tlv: Tlv): Uint8Array {
  const encoded = encodeTlv({ ...tlv, lengthOctets: new Uint8Array() });
  return encoded.slice(1);
}

function lengthOctets(tlv: Tlv, draw: Draw): Uint8Array {
  const { length } = contentBytes(tlv);
  const octets = 1 + draw.below(5);
  return (
    draw.pick([
      longLength(length, octets),
      longLength(draw.pick(EDGE_NUMBERS) ?? 0, octets),
      Uint8Array.of(0x80),
      Uint8Array.of(0xff),
      Uint8Array.of((length + draw.below(3) - 1) & 0x7f),
      Uint8Array.of(0x80 + 126, 1),
    ]) ?? new Uint8Array()
  );
}

/** Changes that know tags, lengths and nesting; lengths around the change are put right, so that it is reached. */
export const DER_MUTATORS: readonly Mutator[] = [
  treeMutator("change a tag", ({ tlv }, draw) => {
    tlv.tag = draw.oneIn(4) ? tlv.tag ^ (1 << draw.below(8)) : (draw.pick(TAGS) ?? 0);
  }),
  treeMutator("misspell a length", ({ tlv }, draw) => {
    tlv.lengthOctets = lengthOctets(tlv, draw);
  }),
  treeMutator("replace a content", ({ tlv }, draw) => {
    tlv.prefix = new Uint8Array();
    tlv.content = edgeContent(tlv.tag, draw);
  }),
  leafMutator("replace a leaf", (tlv, _, draw) => edgeContent(tlv.tag, draw)),
  leafMutator("change a leaf", (_, content, draw) => {
    const at = draw.below(content.length);
    const changed = draw.oneIn(2) ? draw.below(256) : (content[at] ?? 0) ^ (1 << draw.below(8));
    return concatBytes(content.subarray(0, at), Uint8Array.of(changed), content.subarray(at + 1));
  }),
  leafMutator("resize a leaf", (_, content, draw) => {
    const at = draw.below(content.length + 1);
    return concatBytes(content.subarray(0, at), draw.bytes(draw.below(3)), content.subarray(at + draw.below(3)));
  }),
  treeMutator("delete a value", (place) => replace(place)),
  treeMutator("double a value", (place) => replace(place, place.tlv, cloneTlv(place.tlv))),
  treeMutator("swap two values", ({ tlv, siblings, index }, draw) => {
    if (siblings === null) return;
    const to = draw.below(siblings.length);
    siblings[index] = siblings[to] ?? tlv;
    siblings[to] = tlv;
  }),
  treeMutator("put in a value of another input", (place, draw, other) => {
    const donor = draw.pick(allPlaces(other))?.tlv ?? other;
    replace(place, ...(draw.oneIn(2) ? [] : [place.tlv]), cloneTlv(donor));
  }),
  treeMutator("wrap a value", (place, draw) => {
    let wrapped = place.tlv;
    const depth = draw.oneIn(4) ? draw.below(40) : 1;
    const tag = draw.pick([0x30, 0x31, 0xa0, 0xa3, 0x04]) ?? 0x30;
    for (let level = 0; level < depth; level += 1) wrapped = nest(tag, wrapped);
    replace(place, cloneTlv(wrapped));
  }),
  treeMutator("unwrap a value", (place) => {
    const { content } = place.tlv;
    if (Array.isArray(content)) replace(place, ...content);
  }),
  treeMutator("add an edge value", (place, draw) => {
    const tag = draw.pick(TAGS) ?? 0;
    replace(place, place.tlv, leaf(tag, edgeContent(tag, draw)));
  }),
  treeMutator("repeat a value", (place, draw) => {
    const { length } = encodeTlv(place.tlv);
    const most = Math.floor((draw.oneIn(32) ? 60_000 : 1024) / Math.max(2, length));
    const times = 1 + draw.below(most);
    replace(place, ...Array.from({ length: times }, () => place.tlv));
  }),
];
