import { secp256k1 } from "@noble/curves/secp256k1.js";
import { p384 } from "@noble/curves/nist.js";
import {
  appendInside,
  authorityKeyUsage,
  basicConstraints,
  ECDSA_WITH_SHA384,
  leafKeyUsage,
  replaceExtension,
  simulatedMark,
} from "../certificate.ts";
import { concatBytes, flipBit } from "../byte-writer.ts";
import { derUnsigned } from "../der-writer.ts";
import { derPublicKeyInfo, P256_OID } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";
import { defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";

const EXTENSION = refused("pck-chain", "certificate-extension-invalid");
const KEY = refused("pck-chain", "certificate-key-unsupported");
const MALFORMED = refused("collateral-parse", "certificate-malformed");

function variant(name: string, expected: Variant["expected"], change: (recipe: Recipe) => void): Variant {
  return { name, expected, change };
}

function dropExtension(recipe: Recipe, certificate: "pckCa" | "pckLeaf", oid: string): void {
  recipe[certificate].extensions = recipe[certificate].extensions.filter((extension) => extension.oid !== oid);
}

function pointVariant(name: string, change: (point: Uint8Array) => Uint8Array): Variant {
  return variant(name, KEY, (recipe) => {
    const { publicKey } = recipe.parameters.machineKeys.pair("pck");
    recipe.pckLeaf.publicKeyInfo = derPublicKeyInfo(change(concatBytes(Uint8Array.of(4), publicKey)), P256_OID);
  });
}

function tbsVariant(name: string, edit: (tbs: Uint8Array) => Uint8Array): Variant {
  return variant(name, MALFORMED, ({ pckLeaf }) => {
    pckLeaf.editTbs = edit;
  });
}

function derVariant(name: string, edit: (der: Uint8Array) => Uint8Array): Variant {
  return variant(name, MALFORMED, ({ pckLeaf }) => {
    pckLeaf.editDer = edit;
  });
}

/** The content of a long SEQUENCE: its header is four bytes, `30 82 xx xx`. */
function contentOf(der: Uint8Array): Uint8Array {
  return der.subarray(4);
}

/** The length in one byte more than needed. */
function longForm(der: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x30, 0x83, 0x00), der.subarray(2, 4), contentOf(der));
}

/** The length left open and the end marked, which BER allows and DER does not. */
function indefinite(der: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x30, 0x80), contentOf(der), Uint8Array.of(0x00, 0x00));
}

/** Writes the first TRUE as 01 instead of FF. */
function looseBoolean(tbs: Uint8Array): Uint8Array {
  const index = tbs.findIndex((byte, at) => byte === 0x01 && tbs[at + 1] === 0x01 && tbs[at + 2] === 0xff);
  return Uint8Array.from(tbs, (byte, at) => (at === index + 2 ? 0x01 : byte));
}

/** Cases about the fields and the encoding of the certificates in the PCK chain. */
export const PCK_CERTIFICATE_DEFECTS: readonly Defect[] = [
  defineDefect("pck-ca-not-ca", "the PCK CA is no certificate authority", [
    variant("CA false", EXTENSION, ({ pckCa }) => replaceExtension(pckCa, basicConstraints(false))),
    variant("no keyCertSign", EXTENSION, ({ pckCa }) => replaceExtension(pckCa, leafKeyUsage())),
    variant("no basicConstraints", EXTENSION, (recipe) => dropExtension(recipe, "pckCa", "2.5.29.19")),
    variant("no keyUsage", EXTENSION, (recipe) => dropExtension(recipe, "pckCa", "2.5.29.15")),
  ]),
  defineDefect("pck-leaf-is-ca", "the leaf is a certificate authority", [
    variant("CA true", EXTENSION, ({ pckLeaf }) => replaceExtension(pckLeaf, basicConstraints(true, 0))),
    variant("keyCertSign", EXTENSION, ({ pckLeaf }) => replaceExtension(pckLeaf, authorityKeyUsage())),
  ]),
  defineDefect("pck-wrong-curve", "the leaf's key lies on another curve", [
    variant("P-384", KEY, (recipe) => {
      const secret = p384.utils.randomSecretKey(recipe.parameters.machineKeys.bytes("P-384", 72));
      recipe.pckLeaf.publicKeyInfo = derPublicKeyInfo(p384.getPublicKey(secret, false), "1.3.132.0.34");
    }),
    variant("secp256k1", KEY, (recipe) => {
      const secret = secp256k1.utils.randomSecretKey(recipe.parameters.machineKeys.bytes("secp256k1", 48));
      recipe.pckLeaf.publicKeyInfo = derPublicKeyInfo(secp256k1.getPublicKey(secret, false), "1.3.132.0.10");
    }),
  ]),
  defineDefect("pck-point-off-curve", "the leaf's key is no point of P-256", [
    pointVariant("one bit of y", (point) => flipBit(point, 64)),
    pointVariant("zero", () => concatBytes(Uint8Array.of(4), new Uint8Array(64))),
    pointVariant("coordinates above the field", () => concatBytes(Uint8Array.of(4), new Uint8Array(64).fill(0xff))),
  ]),
  defineDefect("pck-point-compressed", "the leaf's key is not in the uncompressed form", [
    pointVariant("compressed", (point) =>
      concatBytes(Uint8Array.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)),
    ),
    pointVariant("hybrid", (point) => concatBytes(Uint8Array.of(6 + ((point[64] ?? 0) & 1)), point.subarray(1))),
  ]),
  defineDefect("pck-sig-alg-sha384", "the leaf names ecdsa-with-SHA384", [
    variant("inside", MALFORMED, ({ pckLeaf }) => {
      pckLeaf.innerAlgorithm = ECDSA_WITH_SHA384;
    }),
    variant("outside", MALFORMED, ({ pckLeaf }) => {
      pckLeaf.outerAlgorithm = ECDSA_WITH_SHA384;
    }),
    variant("both", MALFORMED, ({ pckLeaf }) => {
      pckLeaf.innerAlgorithm = ECDSA_WITH_SHA384;
      pckLeaf.outerAlgorithm = ECDSA_WITH_SHA384;
    }),
  ]),
  defineDefect("pck-non-canonical-der", "the leaf is not DER", [
    derVariant("long-form length outside", longForm),
    tbsVariant("long-form length inside", longForm),
    variant("non-minimal INTEGER", MALFORMED, ({ pckLeaf }) => {
      const minimal = derUnsigned(pckLeaf.serial);
      pckLeaf.serialDer = concatBytes(Uint8Array.of(0x02, minimal.length - 1, 0x00), minimal.subarray(2));
    }),
    derVariant("indefinite length outside", indefinite),
    tbsVariant("indefinite length inside", indefinite),
    derVariant("trailing byte after the certificate", (der) => concatBytes(der, Uint8Array.of(0))),
    derVariant("trailing element after the signature", (der) => appendInside(der, Uint8Array.of(0x05, 0x00))),
    tbsVariant("trailing element after the extensions", (tbs) => appendInside(tbs, Uint8Array.of(0x05, 0x00))),
    tbsVariant("BOOLEAN 01", looseBoolean),
  ]),
  defineSingle(
    "pck-unknown-critical-extension",
    "the leaf has a critical extension that nobody knows",
    EXTENSION,
    ({ pckLeaf }) => pckLeaf.extensions.push({ ...simulatedMark(), oid: "1.3.6.1.4.1.32473.1", critical: true }),
  ),
  defineDefect("pck-duplicate-extension", "the leaf has an extension twice", [
    variant("keyUsage", EXTENSION, ({ pckLeaf }) => pckLeaf.extensions.push(leafKeyUsage())),
    variant("an unknown one", EXTENSION, ({ pckLeaf }) => pckLeaf.extensions.push(simulatedMark())),
  ]),
];
