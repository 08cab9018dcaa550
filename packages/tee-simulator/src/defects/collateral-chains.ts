import { authorityKeyIdentifier, basicConstraints, cloneCertificate, replaceExtension } from "../certificate.ts";
import { COMMON_NAME, leafCertificate } from "../base-certificates.ts";
import type { CertificateRecipe } from "../certificate.ts";
import type { KeyPair } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";
import { defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";
import { underAnotherRoot } from "./sibling-platform.ts";

const CHAIN_LENGTH = refused("trust-anchor", "chain-length-invalid");

function chain(
  which: "tcbInfo" | "qeIdentity",
  name: string,
  expected: Variant["expected"],
  arrange: (recipe: Recipe) => CertificateRecipe[],
): Variant {
  return {
    name,
    expected,
    change: (recipe) => {
      recipe.chains[which] = arrange(recipe);
    },
  };
}

/** The signing certificate as an authority, in one of the two chains only. */
function authorityAsLeaf(recipe: Recipe): CertificateRecipe[] {
  const signing = cloneCertificate(recipe.tcbSigning);
  replaceExtension(signing, basicConstraints(true, 0));
  return [signing, recipe.root];
}

/** A second, genuine TCB signing certificate with a key of its own. */
export function anotherTcbSigner(recipe: Recipe): { readonly chain: CertificateRecipe[]; readonly key: KeyPair } {
  const { authorityKeys, times } = recipe.parameters;
  const key = authorityKeys.pair("another tcb-signing");
  const issuer = { name: recipe.root.subject, key: recipe.root.signer, crlPath: "IntelSGXRootCA.der" };
  return { key, chain: [leafCertificate(COMMON_NAME.tcbSigning, key, issuer, times.manufacturedAt), recipe.root] };
}

function signedBy(name: string, arrange: (recipe: Recipe) => { leaf: CertificateRecipe; key: KeyPair }): Variant {
  return {
    name,
    expected: refused("tcb-info", "chain-role-mismatch"),
    change: (recipe) => {
      const { leaf, key } = arrange(recipe);
      recipe.tcbInfo.signer = key;
      recipe.chains.tcbInfo = [leaf, recipe.root];
    },
  };
}

/** Cases about the chains of TCB info and QE identity. */
export const COLLATERAL_CHAIN_DEFECTS: readonly Defect[] = [
  defineDefect("tcb-chain-short", "the TCB info chain is one certificate", [
    chain("tcbInfo", "signing certificate only", CHAIN_LENGTH, ({ tcbSigning }) => [tcbSigning]),
    chain("tcbInfo", "root only", CHAIN_LENGTH, ({ root }) => [root]),
  ]),
  defineDefect("tcb-chain-extra-cert", "the TCB info chain is three certificates", [
    chain("tcbInfo", "an authority between", CHAIN_LENGTH, ({ tcbSigning, pckCa, root }) => [tcbSigning, pckCa, root]),
    chain("tcbInfo", "the root twice", CHAIN_LENGTH, ({ tcbSigning, root }) => [tcbSigning, root, root]),
  ]),
  defineDefect("tcb-chain-empty", "the TCB info chain is empty", [chain("tcbInfo", "empty", CHAIN_LENGTH, () => [])]),
  defineDefect("tcb-chain-role-pck", "TCB info signed by a key of the PCK chain, that chain cut to two", [
    signedBy("PCK leaf, as issued", ({ pckLeaf, parameters }) => ({
      leaf: pckLeaf,
      key: parameters.machineKeys.pair("pck"),
    })),
    signedBy("PCK leaf, issued by the root", ({ pckLeaf, root, parameters }) => {
      const leaf = { ...cloneCertificate(pckLeaf), issuer: root.subject, signer: root.signer };
      replaceExtension(leaf, authorityKeyIdentifier(root.signer.keyId));
      return { leaf, key: parameters.machineKeys.pair("pck") };
    }),
    signedBy("PCK CA", ({ pckCa, pckLeaf }) => ({ leaf: pckCa, key: pckLeaf.signer })),
  ]),
  defineDefect("tcb-chain-ca-as-leaf", "the TCB signing certificate is an authority", [
    chain("tcbInfo", "CA true", refused("tcb-info", "certificate-extension-invalid"), authorityAsLeaf),
  ]),
  defineSingle(
    "tcb-chain-other-root",
    "TCB info of another root with the same names",
    refused("trust-anchor", "chain-root-untrusted"),
    (recipe) => {
      const other = underAnotherRoot(recipe);
      recipe.tcbInfo = other.tcbInfo;
      recipe.chains.tcbInfo = other.chains.tcbInfo;
    },
  ),
  defineSingle(
    "tcb-signing-expired",
    "the TCB signing certificate ended a second ago",
    refused("tcb-info", "certificate-expired"),
    (recipe) => {
      recipe.tcbSigning.notAfter = recipe.judgement.now - 1;
    },
  ),
  defineSingle(
    "tcb-signing-not-yet-valid",
    "the TCB signing certificate begins in a second",
    refused("tcb-info", "certificate-not-yet-valid"),
    (recipe) => {
      recipe.tcbSigning.notBefore = recipe.judgement.now + 1;
    },
  ),
  defineDefect("qe-chain-short", "the QE identity chain is one certificate", [
    chain("qeIdentity", "signing certificate only", CHAIN_LENGTH, ({ tcbSigning }) => [tcbSigning]),
  ]),
  defineDefect("qe-chain-ca-as-leaf", "the signing certificate of the QE identity is an authority", [
    chain("qeIdentity", "CA true", refused("qe-identity", "certificate-extension-invalid"), authorityAsLeaf),
  ]),
];
