import { bytesToHex } from "@noble/hashes/utils.js";
import { flipBit, utf8 } from "../byte-writer.ts";
import { cloneCertificate, simulatedMark } from "../certificate.ts";
import { derInteger, derSequence } from "../der-writer.ts";
import type { Recipe } from "../recipe.ts";
import type { CrlRecipe } from "../revocation-list.ts";
import { defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";
import { otherPckAuthority } from "./sibling-platform.ts";

const MALFORMED = refused("collateral-parse", "crl-malformed");

function revoke(list: CrlRecipe, serial: Uint8Array): void {
  list.revoked.push({ serial, date: list.thisUpdate });
}

/** Replaces a list in the bundle. */
function replaced(name: string, key: "root_ca_crl" | "pck_crl", edit: (hex: string) => string): Variant {
  return {
    name,
    expected: MALFORMED,
    change: (recipe) => {
      recipe.bundle.edit = (bundle) => ({ ...bundle, [key]: edit(String(bundle[key])) });
    },
  };
}

function garbage(key: "root_ca_crl" | "pck_crl"): Variant[] {
  return [
    replaced("random bytes", key, () => "5a".repeat(300)),
    replaced("text", key, () => bytesToHex(utf8("no list today"))),
    replaced("one byte short", key, (hex) => hex.slice(0, -2)),
    replaced("one byte more", key, (hex) => `${hex}00`),
    replaced("an empty SEQUENCE", key, () => "3000"),
  ];
}

/** A structural change of either list. */
function bothLists(what: string, change: (list: CrlRecipe) => void): Variant[] {
  return [
    { name: `root CA CRL: ${what}`, expected: MALFORMED, change: ({ rootCrl }) => change(rootCrl) },
    { name: `PCK CRL: ${what}`, expected: MALFORMED, change: ({ pckCrl }) => change(pckCrl) },
  ];
}

/** Makes the PCK CRL that of the other authority. */
function listOfOtherAuthority(recipe: Recipe): void {
  const other = otherPckAuthority(recipe);
  recipe.pckCrl.issuer = other.certificate.subject;
  recipe.pckCrl.signer = other.key;
}

/** Cases about the two revocation lists and about revoked certificates. */
export const REVOCATION_DEFECTS: readonly Defect[] = [
  defineSingle("pck-revoked", "the PCK CRL lists the leaf", refused("pck-chain", "certificate-revoked"), (recipe) =>
    revoke(recipe.pckCrl, recipe.pckLeaf.serial),
  ),
  defineSingle(
    "pck-revoked-leading-zero-serial",
    "the PCK CRL lists the leaf, whose serial number has its high bit set",
    refused("pck-chain", "certificate-revoked"),
    (recipe) => {
      const { pckLeaf } = recipe;
      pckLeaf.serial = Uint8Array.from(pckLeaf.serial, (byte, index) => (index === 0 ? byte | 0x80 : byte));
      revoke(recipe.pckCrl, pckLeaf.serial);
    },
  ),
  defineSingle(
    "pck-ca-revoked",
    "the root CA CRL lists the PCK CA",
    refused("pck-chain", "certificate-revoked"),
    (recipe) => revoke(recipe.rootCrl, recipe.pckCa.serial),
  ),
  defineSingle(
    "tcb-signing-revoked",
    "the root CA CRL lists the TCB signing certificate",
    refused("tcb-info", "certificate-revoked"),
    (recipe) => revoke(recipe.rootCrl, recipe.tcbSigning.serial),
  ),
  defineDefect("crl-root-garbage", "the root CA CRL is no list", garbage("root_ca_crl")),
  defineDefect("crl-pck-garbage", "the PCK CRL is no list", garbage("pck_crl")),
  defineDefect("crl-empty", "a list of no bytes", [
    replaced("root CA CRL", "root_ca_crl", () => ""),
    replaced("PCK CRL", "pck_crl", () => ""),
  ]),
  defineSingle(
    "crl-root-signature-invalid",
    "one bit of the root CA CRL's signature",
    refused("crl", "crl-signature-invalid"),
    ({ rootCrl }) => {
      rootCrl.editSignature = (signature) => flipBit(signature, 63);
    },
  ),
  defineSingle(
    "crl-pck-signature-invalid",
    "one bit of the PCK CRL's signature",
    refused("pck-chain", "crl-signature-invalid"),
    ({ pckCrl }) => {
      pckCrl.editSignature = (signature) => flipBit(signature, 63);
    },
  ),
  defineDefect("crl-pck-wrong-ca", "the PCK CRL is that of the other PCK CA", [
    {
      name: "list only",
      expected: refused("pck-chain", "crl-issuer-mismatch"),
      change: listOfOtherAuthority,
    },
    {
      name: "list and its issuer chain",
      expected: refused("pck-chain", "crl-issuer-mismatch"),
      change: (recipe) => {
        listOfOtherAuthority(recipe);
        recipe.chains.pckCrl = [otherPckAuthority(recipe).certificate, recipe.root];
      },
    },
  ]),
  defineSingle(
    "crl-pck-signed-by-root",
    "the PCK CRL names its CA and is signed by the root",
    refused("pck-chain", "crl-signature-invalid"),
    (recipe) => {
      recipe.pckCrl.signer = recipe.root.signer;
    },
  ),
  defineSingle(
    "crl-root-signed-by-pck-ca",
    "the root CA CRL names the root and is signed by the PCK CA",
    refused("crl", "crl-signature-invalid"),
    (recipe) => {
      recipe.rootCrl.signer = recipe.pckLeaf.signer;
    },
  ),
  defineSingle("crl-swapped", "the two lists exchanged", refused("crl", "crl-issuer-mismatch"), (recipe) => {
    const { rootCrl, pckCrl } = recipe;
    recipe.rootCrl = pckCrl;
    recipe.pckCrl = rootCrl;
  }),
  defineSingle("crl-root-expired", "the root CA CRL ended a second ago", refused("crl", "crl-expired"), (recipe) => {
    recipe.rootCrl.nextUpdate = recipe.judgement.now - 1;
  }),
  defineSingle("crl-pck-expired", "the PCK CRL ended a second ago", refused("pck-chain", "crl-expired"), (recipe) => {
    recipe.pckCrl.nextUpdate = recipe.judgement.now - 1;
  }),
  defineSingle(
    "crl-root-not-yet-valid",
    "the root CA CRL begins in a second",
    refused("crl", "crl-not-yet-valid"),
    (recipe) => {
      recipe.rootCrl.thisUpdate = recipe.judgement.now + 1;
    },
  ),
  defineSingle(
    "crl-pck-not-yet-valid",
    "the PCK CRL begins in a second",
    refused("pck-chain", "crl-not-yet-valid"),
    (recipe) => {
      recipe.pckCrl.thisUpdate = recipe.judgement.now + 1;
    },
  ),
  defineDefect(
    "crl-no-next-update",
    "a list without an end",
    bothLists("no nextUpdate", (list) => {
      list.nextUpdate = null;
    }),
  ),
  defineDefect("crl-critical-extension", "a list with a critical extension that changes its meaning", [
    ...bothLists("unknown extension", (list) => {
      list.extensions.push({ ...simulatedMark(), oid: "1.3.6.1.4.1.32473.1", critical: true });
    }),
    ...bothLists("issuing distribution point", (list) => {
      // issuingDistributionPoint: the list covers a part of the certificates only.
      list.extensions.push({ oid: "2.5.29.28", critical: true, value: derSequence() });
    }),
    ...bothLists("unknown extension of an entry", (list) => {
      const [entry] = list.revoked;
      if (entry !== undefined) entry.extension = { ...simulatedMark(), oid: "1.3.6.1.4.1.32473.1", critical: true };
    }),
  ]),
  defineDefect(
    "crl-delta",
    "a list of changes only",
    bothLists("delta indicator", (list) => {
      list.extensions.push({ oid: "2.5.29.27", critical: true, value: derInteger(1) });
    }),
  ),
  defineDefect("crl-issuer-chain-mismatch", "the issuer chain of the PCK CRL is not that of the quote's PCK CA", [
    {
      name: "the other PCK CA",
      expected: refused("pck-chain", "crl-issuer-mismatch"),
      change: (recipe) => {
        recipe.chains.pckCrl = [otherPckAuthority(recipe).certificate, recipe.root];
      },
    },
    {
      name: "another certificate of the same CA",
      expected: refused("pck-chain", "crl-issuer-mismatch"),
      change: (recipe) => {
        const renewed = { ...cloneCertificate(recipe.pckCa), notAfter: recipe.pckCa.notAfter + 1 };
        recipe.chains.pckCrl = [renewed, recipe.root];
      },
    },
  ]),
];
