import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { judgeRsaChain } from "../packages/release-artifacts/src/rsa-chain.ts";
import {
  authorityKeyUsage,
  basicConstraints,
  encodeTbs,
  type ExtensionRecipe,
  intelName,
  leafKeyUsage,
} from "../packages/tee-simulator/src/certificate.ts";
import {
  derBitString,
  derContext,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derValue,
} from "../packages/tee-simulator/src/der-writer.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const NULL = derValue(0x05, new Uint8Array(0));
const SHA256 = derSequence(derOid("2.16.840.1.101.3.4.2.1"), NULL);

/** RSASSA-PSS with SHA-256, and a salt of so many bytes. Source: RFC 4055, section 3.1. */
function pss(salt: number): Uint8Array {
  const mask = derSequence(derOid("1.2.840.113549.1.1.8"), SHA256);
  const parameters = derSequence(derContext(0, SHA256), derContext(1, mask), derContext(2, derInteger(salt)));
  return derSequence(derOid("1.2.840.113549.1.1.10"), parameters);
}

const PKCS1 = derSequence(derOid("1.2.840.113549.1.1.11"), NULL);
const AUTHORITY = [authorityKeyUsage(), basicConstraints(true)];
const LEAF = [leafKeyUsage(), basicConstraints(false)];

let keys: Readonly<
  Record<"root" | "middle" | "leaf", { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>
>;

function keyPair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

beforeAll(() => {
  keys = { root: keyPair(), middle: keyPair(), leaf: keyPair() };
  // RSA keys, on a shared machine.
}, 60_000);

type Name = keyof typeof keys;

interface Changes {
  readonly extensions?: readonly ExtensionRecipe[];
  readonly signer?: Name;
  readonly algorithm?: Uint8Array;
  /** Bytes of salt with which it is really signed; absent: PKCS #1 v1.5. */
  readonly salt?: number;
  readonly notAfter?: number;
}

function certificate(subject: Name, issuer: Name, changes: Changes = {}): Uint8Array {
  const { extensions, signer = issuer, salt, algorithm = salt === undefined ? PKCS1 : pss(salt) } = changes;
  const tbs = encodeTbs({
    serial: Uint8Array.of(1),
    issuer: intelName(issuer),
    subject: intelName(subject),
    notBefore: NOW - 1000,
    notAfter: changes.notAfter ?? NOW + 1000,
    publicKeyInfo: keys[subject].publicKey.export({ type: "spki", format: "der" }),
    extensions: [...(extensions ?? (subject === "leaf" ? LEAF : AUTHORITY))],
    innerAlgorithm: algorithm,
  });
  const { privateKey: key } = keys[signer];
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = sign("sha256", tbs, salt === undefined ? key : { key, padding, saltLength: salt });
  return derSequence(tbs, algorithm, derBitString(signature));
}

async function judged(chain: readonly Uint8Array[], pinned = chain.at(-1), now = NOW): Promise<string> {
  const roots = [
    createHash("sha256")
      .update(pinned ?? "")
      .digest("hex"),
  ];
  const found = await judgeRsaChain(chain, roots, now);
  return "problem" in found ? found.problem : "holds";
}

function strange(isCritical: boolean): readonly ExtensionRecipe[] {
  return [...LEAF, { oid: "1.2.3.4", critical: isCritical, value: derOctetString(Uint8Array.of(1)) }];
}

describe("a chain of RSA certificates", () => {
  test.each([
    ["of two", () => [certificate("leaf", "root"), certificate("root", "root")]],
    ["of three", () => [certificate("leaf", "middle"), certificate("middle", "root"), certificate("root", "root")]],
    ["by PSS", () => [certificate("leaf", "root", { salt: 32 }), certificate("root", "root", { salt: 32 })]],
    [
      "whose root allows no authority below it, and has none",
      () => [
        certificate("leaf", "root"),
        certificate("root", "root", { extensions: [authorityKeyUsage(), basicConstraints(true, 0)] }),
      ],
    ],
    [
      "with an extension that nobody has to understand",
      () => [certificate("leaf", "root", { extensions: strange(false) }), certificate("root", "root")],
    ],
  ])("%s holds", async (_, chain) => {
    expect(await judged(chain())).toBe("holds");
  });

  test.each([
    [
      "longer than its root allows",
      () => [
        certificate("leaf", "middle"),
        certificate("middle", "root"),
        certificate("root", "root", { extensions: [authorityKeyUsage(), basicConstraints(true, 0)] }),
      ],
      "an issuer is no CA for such a chain",
    ],
    [
      "through somebody who is no authority",
      () => [
        certificate("leaf", "middle"),
        certificate("middle", "root", { extensions: LEAF }),
        certificate("root", "root"),
      ],
      "an issuer is no CA for such a chain",
    ],
    [
      "with a critical extension that nobody understands",
      () => [certificate("leaf", "root", { extensions: strange(true) }), certificate("root", "root")],
      "a certificate has an unknown critical extension",
    ],
    [
      "signed by another key of that name",
      () => [certificate("leaf", "root", { signer: "middle" }), certificate("root", "root")],
      "a certificate was not issued by the next one",
    ],
    [
      "by PSS with another salt than it says",
      () => [certificate("leaf", "root", { salt: 20, algorithm: pss(32) }), certificate("root", "root")],
      "a certificate was not issued by the next one",
    ],
    [
      "by PSS with a salt that no profile has",
      () => [certificate("leaf", "root", { salt: 20 }), certificate("root", "root")],
      "a certificate cannot be read",
    ],
    [
      "with a certificate that has ended",
      () => [certificate("leaf", "root", { notAfter: NOW - 1 }), certificate("root", "root")],
      "a certificate is not valid now",
    ],
    ["without a certificate", () => [], "it has 0 certificates"],
  ])("%s does not", async (_, chain, problem) => {
    expect(await judged(chain())).toBe(problem);
  });

  test("ends in a root that is pinned", async () => {
    const chain = [certificate("leaf", "root"), certificate("root", "root")];
    expect(await judged(chain, certificate("middle", "middle"))).toBe(
      "it does not end in a root that this build knows",
    );
  });
});
