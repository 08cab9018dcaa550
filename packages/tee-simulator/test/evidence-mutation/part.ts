import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { pemBlocks, withCertificate } from "./pem-text.ts";
import { bundleRegions, quoteRegions, signedDerRegions, type Region } from "./region.ts";
import type { Attempt, World, WorldName } from "./world.ts";

/** Bytes of evidence in one of their encodings, which bytes of them to change, and how to put changed ones back. */
export interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly regions: readonly Region[];
  readonly assemble: (bytes: Uint8Array) => Attempt;
}

type BundleKey = keyof World["bundle"];

/** One character for each byte: what is flipped in a text of ASCII stays one character. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function member(world: World, key: BundleKey): string {
  const value = world.bundle[key];
  if (value === undefined) throw new RangeError(`the bundle has no ${key}`);
  return value;
}

function withMember(world: World, key: BundleKey, value: string): Attempt {
  const { quote, rootCa, bundle } = world;
  return { quote, rootCa, collateral: JSON.stringify({ ...bundle, [key]: value }) };
}

function whole(bytes: Uint8Array, name: string): readonly Region[] {
  return [{ name, offset: 0, size: bytes.length }];
}

function quotePart(world: World): Part {
  const { quote, collateral, rootCa, quoteFields } = world;
  return {
    name: "quote",
    bytes: quote,
    regions: quoteRegions(quote, quoteFields),
    assemble: (bytes) => ({ quote: bytes, collateral, rootCa }),
  };
}

function bundlePart(world: World): Part {
  const { quote, collateral, rootCa, bundle } = world;
  return {
    name: "bundle text",
    bytes: bytesOf(collateral),
    regions: bundleRegions(collateral, bundle),
    assemble: (bytes) => ({ quote, rootCa, collateral: textOf(bytes) }),
  };
}

/** The certificates of the quote's own chain as DER. */
function quoteChainParts(world: World): readonly Part[] {
  const { quote, collateral, rootCa, quoteFields } = world;
  const field = quoteFields.find(({ name }) => name === "certificationData");
  if (field === undefined) throw new Error("every quote has certification data");
  const pem = textOf(quote.subarray(field.offset, field.offset + field.size));
  return ["PCK leaf", "PCK CA", "root"].map((name, index) => ({
    ...certificatePart(`${name} in the quote`, pem, index),
    assemble: (der) => {
      const changed = new Uint8Array(quote);
      changed.set(bytesOf(withCertificate(pem, index, der)), field.offset);
      return { quote: changed, collateral, rootCa };
    },
  }));
}

function certificatePart(name: string, pem: string, index: number): Pick<Part, "name" | "bytes" | "regions"> {
  const block = pemBlocks(pem)[index];
  if (block === undefined) throw new RangeError(`the chain has no certificate ${index}`);
  return { name, bytes: block.der, regions: signedDerRegions(block.der, "certificate") };
}

/** The certificates of a chain in the bundle as DER. */
function chainParts(world: World, key: BundleKey, names: readonly string[]): readonly Part[] {
  const pem = member(world, key);
  return names.map((name, index) => ({
    ...certificatePart(`${name} in ${key}`, pem, index),
    assemble: (der) => withMember(world, key, withCertificate(pem, index, der)),
  }));
}

function crlPart(world: World, key: "root_ca_crl" | "pck_crl"): Part {
  const bytes = hexToBytes(member(world, key));
  return {
    name: key,
    bytes,
    regions: signedDerRegions(bytes, "crl"),
    assemble: (der) => withMember(world, key, bytesToHex(der)),
  };
}

function documentParts(world: World, key: "tcb_info" | "qe_identity"): readonly Part[] {
  const signatureKey = `${key}_signature` as const;
  const text = bytesOf(member(world, key));
  const signature = hexToBytes(member(world, signatureKey));
  return [
    {
      name: key,
      bytes: text,
      regions: whole(text, "signed text"),
      assemble: (bytes) => withMember(world, key, textOf(bytes)),
    },
    {
      name: signatureKey,
      bytes: signature,
      regions: whole(signature, "r and s"),
      assemble: (bytes) => withMember(world, signatureKey, bytesToHex(bytes)),
    },
  ];
}

function anchorPart({ quote, collateral, rootCa }: World): Part {
  return {
    name: "trust anchor",
    bytes: rootCa,
    regions: signedDerRegions(rootCa, "certificate"),
    assemble: (bytes) => ({ quote, collateral, rootCa: bytes }),
  };
}

function narrowed(part: Part, names: (name: string) => boolean): Part {
  return { ...part, regions: part.regions.filter(({ name }) => names(name)) };
}

const isAboutPckChain = (name: string): boolean => name.endsWith("pck_certificate_chain");

/** Which parts of a world to change: with the first kind everything, then what the other kinds have of their own. */
const PARTS: Readonly<Record<WorldName, (world: World) => readonly Part[]>> = {
  "version 4": (world) => [
    quotePart(world),
    bundlePart(world),
    ...quoteChainParts(world),
    ...chainParts(world, "tcb_info_issuer_chain", ["TCB signing", "root"]),
    ...chainParts(world, "qe_identity_issuer_chain", ["TCB signing", "root"]),
    ...chainParts(world, "pck_crl_issuer_chain", ["PCK CA", "root"]),
    crlPart(world, "root_ca_crl"),
    crlPart(world, "pck_crl"),
    ...documentParts(world, "tcb_info"),
    ...documentParts(world, "qe_identity"),
    anchorPart(world),
  ],
  "version 5, TD report 1.0": (world) => [quotePart(world)],
  "version 5, TD report 1.5": (world) => [quotePart(world)],
  "PCK named by PPID": (world) => [
    quotePart(world),
    narrowed(bundlePart(world), isAboutPckChain),
    ...chainParts(world, "pck_certificate_chain", ["PCK leaf", "PCK CA", "root"]),
  ],
  "PCK chain in quote and bundle": (world) => [
    narrowed(quotePart(world), (name) => /^inner|^PEM|^base64|^line breaks|^NUL/.test(name)),
    narrowed(bundlePart(world), isAboutPckChain),
  ],
};

/** The parts of a world that get changed. */
export function partsOf(world: World): readonly Part[] {
  return PARTS[world.name](world);
}
