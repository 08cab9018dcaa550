import { COMMON_NAME, leafCertificate } from "../../src/base-certificates.ts";
import type { CertificateRecipe } from "../../src/certificate.ts";
import { anotherTcbSigner } from "../../src/defects/collateral-chains.ts";
import { otherPckAuthority, underAnotherRoot } from "../../src/defects/sibling-platform.ts";
import type { FailureCode, Stage } from "@mero-tee/tdx-quote";
import type { Recipe } from "../../src/index.ts";
import type { KeyPair } from "../../src/key-ring.ts";
import type { CertificatePlace } from "./certificate-fields.ts";
import type { Signer } from "./case.ts";

const RIGHT: Signer = { name: "the right key", refusal: null, sign: () => undefined, isThorough: true };

/** One of each sort: the wrong key, the right key of another role, a key whose time is over. */
const THOROUGH: ReadonlySet<string> = new Set([
  "a stranger",
  "the PCK, which signs QE reports",
  "a TCB signer whose certificate has ended",
]);

function signer(name: string, stage: Stage, code: FailureCode, sign: Signer["sign"]): Signer {
  return { name, refusal: { ok: false, stage, code }, sign, isThorough: THOROUGH.has(name) };
}

/** Keys of the platform and its authorities, by role; the attestation key has no certificate, a stranger has nothing at all. */
const KEYS = {
  "a stranger": ({ parameters }: Recipe): KeyPair => parameters.authorityKeys.pair("stranger"),
  "the root": ({ root }: Recipe): KeyPair => root.signer,
  "the PCK CA": ({ parameters }: Recipe): KeyPair => parameters.authorityKeys.pair(parameters.ca),
  "the other PCK CA": (recipe: Recipe): KeyPair => otherPckAuthority(recipe).key,
  "the TCB signer": ({ parameters }: Recipe): KeyPair => parameters.authorityKeys.pair("tcb-signing"),
  "the PCK, which signs QE reports": ({ parameters }: Recipe): KeyPair => parameters.machineKeys.pair("pck"),
  "the attestation key": ({ quote }: Recipe): KeyPair => quote.attestationKey,
} as const satisfies Record<string, (recipe: Recipe) => KeyPair>;

type KeyName = keyof typeof KEYS;

/** Every key but the right one, the rest of the evidence as it was. */
function otherKeys(
  right: KeyName,
  stage: Stage,
  code: FailureCode,
  use: (recipe: Recipe, key: KeyPair) => void,
): readonly Signer[] {
  return Object.entries(KEYS)
    .filter(([name]) => name !== right)
    .map(([name, keyOf]) => signer(name, stage, code, (recipe) => use(recipe, keyOf(recipe))));
}

/** A certificate of the right name for a key of one's own, under the right issuer's name and key identifier. */
function forgedTcbSigner({ root, parameters }: Recipe): {
  readonly certificate: CertificateRecipe;
  readonly key: KeyPair;
} {
  const key = parameters.authorityKeys.pair("stranger");
  const issuer = { name: root.subject, key: root.signer, crlPath: "IntelSGXRootCA.der" };
  const certificate = leafCertificate(COMMON_NAME.tcbSigning, key, issuer, parameters.times.manufacturedAt);
  return { key, certificate: { ...certificate, signer: key } };
}

/** A genuine TCB signer beside the first, with something about its certificate changed. */
function secondTcbSigner(
  recipe: Recipe,
  change: (certificate: CertificateRecipe) => void,
): { readonly certificate: CertificateRecipe; readonly key: KeyPair } {
  const { chain, key } = anotherTcbSigner(recipe);
  const [certificate = recipe.tcbSigning] = chain;
  change(certificate);
  return { certificate, key };
}

/** Everybody who might sign TCB info or QE identity. */
export function documentSigners(document: "tcbInfo" | "qeIdentity"): readonly Signer[] {
  const stage = document === "tcbInfo" ? "tcb-info" : "qe-identity";
  const withChain = (
    name: string,
    code: FailureCode,
    chainOf: (recipe: Recipe) => { readonly certificate: CertificateRecipe; readonly key: KeyPair },
  ): Signer =>
    signer(name, stage, code, (recipe) => {
      const { certificate, key } = chainOf(recipe);
      recipe[document].signer = key;
      recipe.chains[document] = [certificate, recipe.root];
    });
  return [
    RIGHT,
    ...otherKeys("the TCB signer", stage, `${stage}-signature-invalid`, (recipe, key) => {
      recipe[document].signer = key;
    }),
    withChain("a stranger with a forged certificate", "certificate-signature-invalid", forgedTcbSigner),
    signer("a stranger with a root of their own", "trust-anchor", "chain-root-untrusted", (recipe) => {
      const other = underAnotherRoot(recipe);
      recipe[document].signer = other[document].signer;
      recipe.chains[document] = other.chains[document];
    }),
    withChain("the PCK with its certificate", "chain-role-mismatch", (recipe) => ({
      certificate: recipe.pckLeaf,
      key: KEYS["the PCK, which signs QE reports"](recipe),
    })),
    withChain("the PCK CA with its certificate", "chain-role-mismatch", (recipe) => ({
      certificate: recipe.pckCa,
      key: KEYS["the PCK CA"](recipe),
    })),
    withChain("the root with its certificate", "chain-role-mismatch", ({ root }) => ({
      certificate: root,
      key: root.signer,
    })),
    withChain("a TCB signer whose certificate has ended", "certificate-expired", (recipe) =>
      secondTcbSigner(recipe, (certificate) => {
        certificate.notAfter = recipe.judgement.now - 1;
      }),
    ),
    withChain("a TCB signer whose certificate has not begun", "certificate-not-yet-valid", (recipe) =>
      secondTcbSigner(recipe, (certificate) => {
        certificate.notBefore = recipe.judgement.now + 1;
      }),
    ),
    withChain("a revoked TCB signer", "certificate-revoked", (recipe) =>
      secondTcbSigner(recipe, ({ serial }) => {
        recipe.rootCrl.revoked.push({ serial, date: recipe.rootCrl.thisUpdate });
      }),
    ),
  ];
}

const EXPIRED_ROOT = signer("a root that has ended", "trust-anchor", "certificate-expired", (recipe) => {
  recipe.root.notAfter = recipe.judgement.now - 1;
});

function expiredPckCa(name: string): Signer {
  return signer(name, "pck-chain", "certificate-expired", ({ pckCa, judgement }) => {
    pckCa.notAfter = judgement.now - 1;
  });
}

function revokedPckCa(name: string): Signer {
  return signer(name, "pck-chain", "certificate-revoked", ({ pckCa, rootCrl }) => {
    rootCrl.revoked.push({ serial: pckCa.serial, date: rootCrl.thisUpdate });
  });
}

/** Everybody who might sign the root CA CRL. */
export const ROOT_CRL_SIGNERS: readonly Signer[] = [
  RIGHT,
  ...otherKeys("the root", "crl", "crl-signature-invalid", ({ rootCrl }, key) => {
    rootCrl.signer = key;
  }),
  EXPIRED_ROOT,
];

/** Everybody who might sign the PCK CRL. */
export const PCK_CRL_SIGNERS: readonly Signer[] = [
  RIGHT,
  ...otherKeys("the PCK CA", "pck-chain", "crl-signature-invalid", ({ pckCrl }, key) => {
    pckCrl.signer = key;
  }),
  signer("the other PCK CA in its own name", "pck-chain", "crl-issuer-mismatch", (recipe) => {
    const { certificate, key } = otherPckAuthority(recipe);
    recipe.pckCrl.signer = key;
    recipe.pckCrl.issuer = certificate.subject;
    recipe.chains.pckCrl = [certificate, recipe.root];
  }),
  expiredPckCa("a PCK CA that has ended"),
  revokedPckCa("a revoked PCK CA"),
];

const ISSUERS: Readonly<Record<CertificatePlace, KeyName>> = {
  pckLeaf: "the PCK CA",
  pckCa: "the root",
  tcbSigning: "the root",
};

/** Everybody who might sign a certificate. */
export function certificateSigners(place: CertificatePlace): readonly Signer[] {
  const stage = place === "tcbSigning" ? "tcb-info" : "pck-chain";
  const others = otherKeys(ISSUERS[place], stage, "certificate-signature-invalid", (recipe, key) => {
    recipe[place].signer = key;
  });
  if (place !== "pckLeaf") return [RIGHT, ...others, EXPIRED_ROOT];
  return [RIGHT, ...others, expiredPckCa("a PCK CA that has ended"), revokedPckCa("a revoked PCK CA")];
}

/** Whoever signs another root, it is not the anchor. */
export const ROOT_SIGNERS: readonly Signer[] = [
  RIGHT,
  ...otherKeys("the root", "trust-anchor", "chain-root-untrusted", ({ chains }, key) => {
    for (const chain of Object.values(chains)) {
      const root = chain.at(-1);
      if (root !== undefined) chain[chain.length - 1] = { ...root, signer: key };
    }
  }),
];
