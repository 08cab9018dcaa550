import { authorityKeyIdentifier, cloneCertificate, intelName, replaceExtension } from "../certificate.ts";
import { COMMON_NAME, leafCertificate } from "../base-certificates.ts";
import { flipBit } from "../byte-writer.ts";
import { p256PublicKeyInfo } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";
import { accepted, defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";
import { otherPckAuthority, underAnotherRoot } from "./sibling-platform.ts";

const CHAIN_LENGTH = refused("trust-anchor", "chain-length-invalid");
const ROLE = refused("pck-chain", "chain-role-mismatch");
const UNTRUSTED = refused("trust-anchor", "chain-root-untrusted");

function chainVariant(
  name: string,
  expected: Variant["expected"],
  arrange: (recipe: Recipe) => Recipe["chains"]["pck"],
): Variant {
  return {
    name,
    expected,
    change: (recipe) => {
      recipe.chains.pck = arrange(recipe);
    },
  };
}

function pemVariant(name: string, expected: Variant["expected"], edit: (pem: string) => string): Variant {
  return {
    name,
    expected,
    change: (recipe) => {
      recipe.editPckPem = edit;
    },
  };
}

const MALFORMED = refused("collateral-parse", "certificate-malformed");
const END = "-----END CERTIFICATE-----\n";

/** A root with the name, serial and key identifier of the genuine one, and another key. */
function forgeRoot(recipe: Recipe): Recipe["chains"]["pck"] {
  const key = recipe.parameters.authorityKeys.pair("forged root");
  const forged = { ...cloneCertificate(recipe.root), publicKeyInfo: p256PublicKeyInfo(key), signer: key };
  return [recipe.pckLeaf, { ...cloneCertificate(recipe.pckCa), signer: key }, forged];
}

/** A second PCK certificate issued by the first. */
function issuedByLeaf(recipe: Recipe): Recipe["chains"]["pck"] {
  const { machineKeys, times } = recipe.parameters;
  const leaf = leafCertificate(
    COMMON_NAME.pck,
    machineKeys.pair("under the leaf"),
    { name: recipe.pckLeaf.subject, key: machineKeys.pair("pck"), crlPath: "sgx/certification/v4/pckcrl" },
    times.manufacturedAt,
  );
  return [leaf, recipe.pckLeaf, recipe.root];
}

function boundary(name: string, certificate: "pckLeaf" | "pckCa", bound: "notBefore" | "notAfter"): Variant {
  return {
    name,
    expected: accepted(),
    change: (recipe) => {
      recipe[certificate][bound] = recipe.judgement.now;
    },
  };
}

function window(
  id: string,
  describe: string,
  expected: Variant["expected"],
  change: (recipe: Recipe, now: number) => void,
): Defect {
  return defineSingle(id, describe, expected, (recipe) => change(recipe, recipe.judgement.now));
}

/** Cases about the order, number, roles, signatures and windows of the PCK chain. */
export const PCK_CHAIN_DEFECTS: readonly Defect[] = [
  defineDefect("pck-chain-nul-terminated", "the text of the chain ends or breaks its lines in another legal way", [
    pemVariant("final NUL", accepted(), (pem) => `${pem}\0`),
    pemVariant("nothing after the last block", accepted(), (pem) => pem.trimEnd()),
    pemVariant("CRLF", accepted(), (pem) => `${pem.replaceAll("\n", "\r\n")}\0`),
    pemVariant("white space and NUL", accepted(), (pem) => `${pem}\r\n \t\0`),
  ]),
  defineDefect("pck-chain-garbage-pem", "the text of the chain is not PEM", [
    pemVariant("broken base64", MALFORMED, (pem) => pem.replace("\nMII", "\nM!I")),
    pemVariant("BEGIN without END", MALFORMED, (pem) => pem.slice(0, pem.lastIndexOf("-----END"))),
    pemVariant("another label", MALFORMED, (pem) => pem.replaceAll("CERTIFICATE", "X509 CRL")),
    pemVariant("text between blocks", MALFORMED, (pem) => pem.replace(END, `${END}subject: PCK\n`)),
    pemVariant("text after the last block", MALFORMED, (pem) => `${pem}x`),
    pemVariant("wrong padding", MALFORMED, mispadded),
  ]),
  defineDefect("pck-chain-short", "a chain of fewer than three", [
    chainVariant("leaf only", CHAIN_LENGTH, ({ pckLeaf }) => [pckLeaf]),
    chainVariant("leaf and root", CHAIN_LENGTH, ({ pckLeaf, root }) => [pckLeaf, root]),
    chainVariant("empty", CHAIN_LENGTH, () => []),
  ]),
  defineDefect("pck-chain-extra-cert", "a chain of four", [
    chainVariant("another authority", CHAIN_LENGTH, (recipe) => [
      recipe.pckLeaf,
      recipe.pckCa,
      otherPckAuthority(recipe).certificate,
      recipe.root,
    ]),
    chainVariant("the root twice", CHAIN_LENGTH, ({ pckLeaf, pckCa, root }) => [pckLeaf, pckCa, root, root]),
    chainVariant("the leaf twice", CHAIN_LENGTH, ({ pckLeaf, pckCa, root }) => [pckLeaf, pckLeaf, pckCa, root]),
  ]),
  defineDefect("pck-chain-wrong-order", "root first", [
    chainVariant("root first", UNTRUSTED, ({ pckLeaf, pckCa, root }) => [root, pckCa, pckLeaf]),
  ]),
  defineDefect("pck-chain-leaf-ca-swapped", "leaf and PCK CA exchanged", [
    chainVariant("exchanged", ROLE, ({ pckLeaf, pckCa, root }) => [pckCa, pckLeaf, root]),
  ]),
  defineDefect("pck-chain-other-root", "the whole chain under another root with the same names", [
    chainVariant("another root", UNTRUSTED, (recipe) => underAnotherRoot(recipe).chains.pck),
  ]),
  defineDefect("pck-chain-root-same-key-id", "a forged root with the name, serial and key identifier of the root", [
    chainVariant("forged root", UNTRUSTED, forgeRoot),
  ]),
  defineDefect("pck-pathlen-exceeded", "a leaf issued by a PCK leaf that stands in for a CA", [
    chainVariant("issued by the leaf", ROLE, issuedByLeaf),
  ]),
  defineDefect("pck-role-tcb-signing", "the TCB signing certificate in the place of the PCK", [
    chainVariant("TCB signing", ROLE, ({ tcbSigning, pckCa, root }) => [tcbSigning, pckCa, root]),
  ]),
  defineSingle(
    "pck-leaf-signature-invalid",
    "one bit of the leaf's signature",
    refused("pck-chain", "certificate-signature-invalid"),
    ({ pckLeaf }) => {
      pckLeaf.editSignature = (signature) => flipBit(signature, 63);
    },
  ),
  defineSingle(
    "pck-ca-signature-invalid",
    "one bit of the PCK CA's signature",
    refused("pck-chain", "certificate-signature-invalid"),
    ({ pckCa }) => {
      pckCa.editSignature = (signature) => flipBit(signature, 63);
    },
  ),
  defineDefect("pck-issuer-name-mismatch", "the leaf names another issuer, the key is right", [
    {
      name: "issuer name",
      expected: refused("pck-chain", "certificate-issuer-mismatch"),
      change: ({ pckLeaf, parameters }) => {
        pckLeaf.issuer = intelName(`${COMMON_NAME[parameters.ca]} `);
      },
    },
    {
      name: "authority key identifier",
      expected: refused("pck-chain", "certificate-issuer-mismatch"),
      change: (recipe) => replaceExtension(recipe.pckLeaf, authorityKeyIdentifier(otherPckAuthority(recipe).key.keyId)),
    },
  ]),
  window(
    "pck-leaf-expired",
    "the leaf ended a second ago",
    refused("pck-chain", "certificate-expired"),
    (recipe, now) => {
      recipe.pckLeaf.notAfter = now - 1;
    },
  ),
  window(
    "pck-ca-expired",
    "the PCK CA ended a second ago",
    refused("pck-chain", "certificate-expired"),
    (recipe, now) => {
      recipe.pckCa.notAfter = now - 1;
    },
  ),
  window(
    "root-expired",
    "the root ended a second ago",
    refused("trust-anchor", "certificate-expired"),
    (recipe, now) => {
      recipe.root.notAfter = now - 1;
    },
  ),
  window(
    "pck-leaf-not-yet-valid",
    "the leaf begins in a second",
    refused("pck-chain", "certificate-not-yet-valid"),
    (recipe, now) => {
      recipe.pckLeaf.notBefore = now + 1;
    },
  ),
  defineDefect("pck-validity-boundaries", "judged at the very first or last second", [
    boundary("leaf notBefore", "pckLeaf", "notBefore"),
    boundary("leaf notAfter", "pckLeaf", "notAfter"),
    boundary("PCK CA notBefore", "pckCa", "notBefore"),
    boundary("PCK CA notAfter", "pckCa", "notAfter"),
  ]),
];

/** Drops the base64 padding of the first block that has one; where none has, adds some. */
function mispadded(pem: string): string {
  return pem.includes("=\n") ? pem.replace(/=+\n/, "\n") : pem.replace(`\n${END}`, `=\n${END}`);
}
