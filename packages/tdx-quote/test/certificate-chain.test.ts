import { p384 } from "@noble/curves/nist.js";
import { describe, expect, test } from "vitest";
import {
  allEndInAnchor,
  chainLength,
  judgeChain,
  judgeCrl,
  judgeIssuance,
  judgePckCertificateChain,
  judgeTrustAnchor,
  type ChainContext,
  type ChainRole,
  type RoleChain,
} from "../src/certificate-chain.ts";
import { parseCertificate, type Certificate } from "../src/certificate.ts";
import { parseCrl, type Crl } from "../src/crl.ts";
import type { Failure } from "../src/failure.ts";
import { createP256Verifier } from "../src/p256.ts";
import { judgeWithSignatures } from "../src/required-signatures.ts";
import { err, ok } from "../src/result.ts";
import { bool, bytes, int, octets, seq, tlv } from "./der-writer.ts";
import {
  AKI,
  BASIC_CONSTRAINTS,
  certificateOf,
  certificateParts,
  crlOf,
  derSignature,
  extension,
  KEY_USAGE,
  keyPair,
  memberKey,
  memberName,
  name,
  NOT_AFTER,
  NOT_BEFORE,
  NOW,
  revoked,
  SIGNING_KEY_USAGE,
  SKI,
  spki,
  UNKNOWN,
  utcTime,
  type CertificateParts,
  type CrlParts,
  type KeyPair,
  type Member,
} from "./synthetic-pki.ts";

function certificate(member: Member, changes: Partial<CertificateParts> = {}, issuerKey?: KeyPair): Certificate {
  const read = parseCertificate(certificateOf(member, changes, issuerKey));
  if (!read.ok) throw new Error(read.error.reason);
  return read.value;
}

function crl(member: Member, changes: Partial<CrlParts> = {}, issuerKey?: KeyPair): Crl {
  const read = parseCrl(crlOf(member, changes, issuerKey));
  if (!read.ok) throw new Error(read.error.reason);
  return read.value;
}

const root = certificate("root");
const platformCa = certificate("platformCa");
const processorCa = certificate("processorCa");
const tcbSigning = certificate("tcbSigning");
const pckLeaf = certificate("pckLeaf");
const rootCrl = crl("root");
const pckCrl = crl("platformCa");

/** Changes of extensions by OID. */
function extensionsOf(member: Member, changes: Readonly<Record<string, Uint8Array | null>>): Partial<CertificateParts> {
  return { extensions: { ...certificateParts(member).extensions, ...changes } };
}

const validity = (notBefore: number, notAfter: number): Partial<CertificateParts> => ({
  validity: seq(utcTime(notBefore), utcTime(notAfter)),
});

/** A sound signature with one bit of r changed. */
const forged: Partial<CertificateParts> = {
  encodeSignature: (raw) => derSignature(raw.map((byte, index) => (index === 31 ? byte ^ 1 : byte))),
};

const entry = (serial: number): Partial<CrlParts> => ({ entries: [revoked(BigInt(serial), utcTime(NOW))] });

/** The verdict of a judge once the signatures that it requires have theirs. */
async function verdictOf(now: number, judge: (context: ChainContext) => Failure | null): Promise<Failure | null> {
  const result = await judgeWithSignatures(createP256Verifier(), (signatures) => {
    const problem = judge({ now, signatures });
    return problem === null ? ok(null) : err(problem);
  });
  return result.ok ? null : result.error;
}

interface PckCase {
  readonly chain?: readonly Certificate[];
  readonly now?: number;
  readonly rootCrl?: Crl;
  readonly pckCrl?: Crl;
  readonly pckCrlIssuerChain?: readonly Certificate[];
}

function judgePck({ chain = [pckLeaf, platformCa, root], now = NOW, ...lists }: PckCase = {}): Promise<Failure | null> {
  const evidence = { rootCrl, pckCrl, pckCrlIssuerChain: [platformCa, root], ...lists };
  return verdictOf(now, (context) => judgePckCertificateChain(chain, "pck-chain", { ...context, ...evidence }));
}

interface TcbCase {
  readonly chain?: readonly Certificate[];
  readonly now?: number;
  readonly rootCrl?: Crl;
}

function judgeTcb({
  chain = [tcbSigning, root],
  now = NOW,
  rootCrl: list = rootCrl,
}: TcbCase = {}): Promise<Failure | null> {
  return verdictOf(now, (context) => judgeChain(chain, "tcb-signing", "tcb-info", { ...context, rootCrl: list }));
}

describe("sound chains", () => {
  test("have the lengths of their roles", () => {
    expect((["pck", "tcb-signing", "pck-crl-issuer"] as const).map(chainLength)).toEqual([3, 2, 2]);
  });

  test("are accepted", async () => {
    expect(await judgePck()).toBeNull();
    expect(await judgeTcb()).toBeNull();
    expect(
      await verdictOf(NOW, (context) =>
        judgeChain([processorCa, root], "pck-crl-issuer", "pck-chain", { ...context, rootCrl }),
      ),
    ).toBeNull();
    expect(
      await verdictOf(NOW, (context) => judgeIssuance([pckLeaf, platformCa, root], "pck", "pck-chain", context)),
    ).toBeNull();
  });

  test("may have a Processor CA in place of the Platform CA", async () => {
    const authority = { [AKI]: extension(AKI, seq(tlv(0x80, new Uint8Array(20).fill(3)))) };
    const changes = { ...extensionsOf("pckLeaf", authority), issuer: memberName("processorCa") };
    const leaf = certificate("pckLeaf", changes, memberKey("processorCa"));
    const evidence = { pckCrl: crl("processorCa"), pckCrlIssuerChain: [processorCa, root] };
    expect(await judgePck({ chain: [leaf, processorCa, root], ...evidence })).toBeNull();
  });

  test("may leave the key identifier of the issuer out", async () => {
    const leaf = certificate("pckLeaf", extensionsOf("pckLeaf", { [AKI]: extension(AKI, seq()) }));
    expect(await judgePck({ chain: [leaf, platformCa, root] })).toBeNull();
  });

  test.each([NOT_BEFORE, NOT_AFTER])("are valid at the bounds of their windows (%s)", async (now) => {
    expect(await judgePck({ now })).toBeNull();
    expect(await judgeTcb({ now })).toBeNull();
    expect(await verdictOf(now, (context) => judgeCrl(rootCrl, root, "root CA CRL", "crl", context))).toBeNull();
    expect(
      await anchor([{ role: "tcb-signing", name: "chain", certificates: [tcbSigning, root] }], root.der, now),
    ).toBeNull();
  });
});

function anchor(
  chains: readonly [RoleChain, ...RoleChain[]],
  rootCa: Uint8Array = root.der,
  now: number = NOW,
): Promise<Failure | null> {
  return verdictOf(now, (context) => judgeTrustAnchor(chains, rootCa, context));
}

describe("the trust anchor", () => {
  const tcb: RoleChain = { role: "tcb-signing", name: "TCB info issuer chain", certificates: [tcbSigning, root] };
  const pck: RoleChain = { role: "pck", name: "PCK chain", certificates: [pckLeaf, platformCa, root] };

  test("makes chains worth checking that end in it and have their length", () => {
    const worth = (...certificates: readonly Certificate[]) =>
      allEndInAnchor([tcb, { ...pck, certificates }], root.der);
    expect(worth(pckLeaf, platformCa, root)).toBe(true);
    expect(worth(pckLeaf, platformCa, tcbSigning)).toBe(false);
    expect(worth(pckLeaf, root)).toBe(false);
    expect(worth(pckLeaf, platformCa, platformCa, root)).toBe(false);
    expect(worth()).toBe(false);
    expect(allEndInAnchor([tcb, pck], root.der.subarray(1))).toBe(false);
  });
  const issuer: RoleChain = { role: "pck-crl-issuer", name: "PCK CRL issuer chain", certificates: [platformCa, root] };

  test("ends sound chains", async () => {
    expect(await anchor([tcb, tcb, pck, issuer])).toBeNull();
  });

  const sameNames = certificate("root", { spki: spki(keyPair(99).publicKey) }, keyPair(99));
  const selfMade = certificate(
    "root",
    { spki: spki(keyPair(99).publicKey), subject: name("Me"), issuer: name("Me") },
    keyPair(99),
  );

  test.each<{ title: string; chain: RoleChain; code: string; facts: object }>([
    {
      title: "an empty chain",
      chain: { ...pck, certificates: [] },
      code: "chain-length-invalid",
      facts: { subject: "PCK chain", expected: 3, actual: 0 },
    },
    {
      title: "a leaf alone",
      chain: { ...pck, certificates: [pckLeaf] },
      code: "chain-length-invalid",
      facts: { expected: 3, actual: 1 },
    },
    {
      title: "a leaf and the root",
      chain: { ...pck, certificates: [pckLeaf, root] },
      code: "chain-length-invalid",
      facts: { expected: 3, actual: 2 },
    },
    {
      title: "a repeated root",
      chain: { ...pck, certificates: [pckLeaf, platformCa, root, root] },
      code: "chain-length-invalid",
      facts: { expected: 3, actual: 4 },
    },
    {
      title: "a TCB signing chain with a certificate more",
      chain: { ...tcb, certificates: [tcbSigning, platformCa, root] },
      code: "chain-length-invalid",
      facts: { subject: "TCB info issuer chain", expected: 2, actual: 3 },
    },
    {
      title: "a TCB signing chain without root",
      chain: { ...tcb, certificates: [tcbSigning] },
      code: "chain-length-invalid",
      facts: { expected: 2, actual: 1 },
    },
    {
      title: "the root first",
      chain: { ...pck, certificates: [root, platformCa, pckLeaf] },
      code: "chain-root-untrusted",
      facts: { subject: "PCK chain" },
    },
    {
      title: "a self-made root",
      chain: { ...pck, certificates: [pckLeaf, platformCa, selfMade] },
      code: "chain-root-untrusted",
      facts: { subject: "PCK chain" },
    },
    {
      title: "a root with the same names, serial and key identifier",
      chain: { ...pck, certificates: [pckLeaf, platformCa, sameNames] },
      code: "chain-root-untrusted",
      facts: { subject: "PCK chain" },
    },
  ])("is not that of $title", async ({ chain, code, facts }) => {
    expect(await anchor([chain])).toMatchObject({ stage: "trust-anchor", code, facts });
    expect(await anchor([issuer, chain])).toMatchObject({ stage: "trust-anchor", code, facts });
  });

  test("is judged chain by chain: a wrong root of the first is seen before a wrong length of the second", async () => {
    const other = { ...tcb, certificates: [tcbSigning, selfMade] };
    expect(await anchor([other, { ...pck, certificates: [] }])).toMatchObject({ code: "chain-root-untrusted" });
    expect(await anchor([{ ...pck, certificates: [] }, other])).toMatchObject({ code: "chain-length-invalid" });
  });

  test.each<{ title: string; root: Certificate; now?: number; code: string }>([
    { title: "its own signature", root: certificate("root", forged), code: "certificate-signature-invalid" },
    {
      title: "a signature by another key",
      root: certificate("root", {}, keyPair(99)),
      code: "certificate-signature-invalid",
    },
    {
      title: "a key of use",
      root: certificate("root", { spki: spki(bytes("02")) }),
      code: "certificate-signature-invalid",
    },
    { title: "begun", root, now: NOT_BEFORE - 1, code: "certificate-not-yet-valid" },
    { title: "time left", root, now: NOT_AFTER + 1, code: "certificate-expired" },
  ])("is refused without $title", async ({ root: own, now, code }) => {
    const chain = { ...tcb, certificates: [tcbSigning, own] };
    expect(await anchor([chain], own.der, now)).toMatchObject({
      stage: "trust-anchor",
      code,
      facts: { subject: "root" },
    });
  });
});

describe("a PCK chain is refused when", () => {
  const leafAsCa = certificate("pckLeaf", { serial: int(9), issuer: memberName("pckLeaf") }, memberKey("pckLeaf"));
  const noCa = extensionsOf("platformCa", { [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, seq(), true) });
  const noKeyCertSign = extensionsOf("platformCa", { [KEY_USAGE]: extension(KEY_USAGE, SIGNING_KEY_USAGE, true) });
  const p384Key = spki(p384.getPublicKey(new Uint8Array(48).fill(5), false), "1.3.132.0.34");
  const offCurve = spki(memberKey("pckLeaf").publicKey.map((byte, index) => (index === 64 ? byte ^ 1 : byte)));
  const isCa = extensionsOf("pckLeaf", certificateParts("platformCa").extensions);
  const wrongAki = { [AKI]: extension(AKI, seq(tlv(0x80, new Uint8Array(20).fill(3)))) };

  test.each<{ title: string; chain: readonly Certificate[]; now?: number; code: string; facts: object }>([
    {
      title: "its length is wrong",
      chain: [pckLeaf, root],
      code: "chain-length-invalid",
      facts: { expected: 3, actual: 2 },
    },
    { title: "it is empty", chain: [], code: "chain-length-invalid", facts: { expected: 3, actual: 0 } },
    {
      title: "it has a certificate more",
      chain: [pckLeaf, platformCa, root, root],
      code: "chain-length-invalid",
      facts: { expected: 3, actual: 4 },
    },
    {
      title: "leaf and CA are exchanged",
      chain: [platformCa, pckLeaf, root],
      code: "chain-role-mismatch",
      facts: { subject: "PCK CA" },
    },
    {
      title: "a TCB signing certificate stands in for the leaf",
      chain: [tcbSigning, platformCa, root],
      code: "chain-role-mismatch",
      facts: { subject: "PCK leaf", expected: "Intel SGX PCK Certificate", actual: "Intel SGX TCB Signing" },
    },
    {
      title: "a PCK leaf has issued the leaf",
      chain: [leafAsCa, pckLeaf, root],
      code: "chain-role-mismatch",
      facts: {
        subject: "PCK CA",
        expected: "Intel SGX PCK Platform CA or Intel SGX PCK Processor CA",
        actual: "Intel SGX PCK Certificate",
      },
    },
    {
      title: "the leaf has no common name",
      chain: [certificate("pckLeaf", { subject: seq() }), platformCa, root],
      code: "chain-role-mismatch",
      facts: { subject: "PCK leaf", actual: "no common name" },
    },
    {
      title: "the CA is none",
      chain: [pckLeaf, certificate("platformCa", noCa), root],
      code: "certificate-extension-invalid",
      facts: { subject: "PCK CA", reason: "basic constraints make a CA an end entity" },
    },
    {
      title: "the CA may not sign certificates",
      chain: [pckLeaf, certificate("platformCa", noKeyCertSign), root],
      code: "certificate-extension-invalid",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the leaf is a CA",
      chain: [certificate("pckLeaf", isCa), platformCa, root],
      code: "certificate-extension-invalid",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the root is no CA",
      chain: [pckLeaf, platformCa, certificate("root", extensionsOf("root", { [BASIC_CONSTRAINTS]: null }))],
      code: "certificate-extension-invalid",
      facts: { subject: "root" },
    },
    {
      title: "the root allows no intermediate CA",
      chain: [
        pckLeaf,
        platformCa,
        certificate(
          "root",
          extensionsOf("root", { [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, seq(bool(true), int(0)), true) }),
        ),
      ],
      code: "certificate-extension-invalid",
      facts: { subject: "root", reason: "path length of the root allows no intermediate CA" },
    },
    {
      title: "the leaf has an unknown critical extension",
      chain: [
        certificate("pckLeaf", extensionsOf("pckLeaf", { a: extension(UNKNOWN, bytes("00"), true) })),
        platformCa,
        root,
      ],
      code: "certificate-extension-invalid",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the leaf has an extension twice",
      chain: [
        certificate("pckLeaf", extensionsOf("pckLeaf", { a: extension(SKI, octets(bytes("05"))) })),
        platformCa,
        root,
      ],
      code: "certificate-extension-invalid",
      facts: { subject: "PCK leaf", reason: "duplicate extension" },
    },
    {
      title: "the leaf has a P-384 key",
      chain: [certificate("pckLeaf", { spki: p384Key }), platformCa, root],
      code: "certificate-key-unsupported",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the CA has a P-384 key",
      chain: [pckLeaf, certificate("platformCa", { spki: p384Key }), root],
      code: "certificate-key-unsupported",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the leaf's point is off the curve",
      chain: [certificate("pckLeaf", { spki: offCurve }), platformCa, root],
      code: "certificate-key-unsupported",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the leaf names another issuer",
      chain: [certificate("pckLeaf", { issuer: memberName("processorCa") }), platformCa, root],
      code: "certificate-issuer-mismatch",
      facts: { subject: "PCK leaf", reason: "issuer name" },
    },
    {
      title: "the leaf names another key of its issuer",
      chain: [certificate("pckLeaf", extensionsOf("pckLeaf", wrongAki)), platformCa, root],
      code: "certificate-issuer-mismatch",
      facts: { subject: "PCK leaf", reason: "key identifier" },
    },
    {
      title: "the CA names another issuer",
      chain: [pckLeaf, certificate("platformCa", { issuer: name("Other") }), root],
      code: "certificate-issuer-mismatch",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the root names another issuer",
      chain: [pckLeaf, platformCa, certificate("root", { issuer: name("Other") })],
      code: "certificate-issuer-mismatch",
      facts: { subject: "root" },
    },
    {
      title: "the leaf's signature is wrong",
      chain: [certificate("pckLeaf", forged), platformCa, root],
      code: "certificate-signature-invalid",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the leaf's signature is zero",
      chain: [certificate("pckLeaf", { encodeSignature: () => seq(int(0), int(0)) }), platformCa, root],
      code: "certificate-signature-invalid",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the CA's signature is wrong",
      chain: [pckLeaf, certificate("platformCa", forged), root],
      code: "certificate-signature-invalid",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the leaf is signed by another CA's key",
      chain: [certificate("pckLeaf", {}, memberKey("processorCa")), platformCa, root],
      code: "certificate-signature-invalid",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the root is not signed by itself",
      chain: [pckLeaf, platformCa, certificate("root", {}, keyPair(99))],
      code: "certificate-signature-invalid",
      facts: { subject: "root" },
    },
    {
      title: "the leaf begins later",
      chain: [certificate("pckLeaf", validity(NOW + 1, NOT_AFTER)), platformCa, root],
      code: "certificate-not-yet-valid",
      facts: { subject: "PCK leaf", expected: NOW + 1, actual: NOW },
    },
    {
      title: "the leaf has ended",
      chain: [certificate("pckLeaf", validity(NOT_BEFORE, NOW - 1)), platformCa, root],
      code: "certificate-expired",
      facts: { subject: "PCK leaf", expected: NOW - 1, actual: NOW },
    },
    {
      title: "the CA has ended",
      chain: [pckLeaf, certificate("platformCa", validity(NOT_BEFORE, NOW - 1)), root],
      code: "certificate-expired",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the root has ended",
      chain: [pckLeaf, platformCa, root],
      now: NOT_AFTER + 1,
      code: "certificate-expired",
      facts: { subject: "root" },
    },
  ])("$title", async ({ chain, now, code, facts }) => {
    expect(await judgePck(now === undefined ? { chain } : { chain, now })).toMatchObject({
      stage: "pck-chain",
      code,
      facts,
    });
  });

  test("a window is empty: the beginning is judged first", async () => {
    const chain = [certificate("pckLeaf", validity(NOW + 1, NOW - 1)), platformCa, root];
    expect(await judgePck({ chain })).toMatchObject({ code: "certificate-not-yet-valid" });
  });

  test.each<{ title: string; evidence: PckCase; code: string; facts: object }>([
    {
      title: "the root has revoked itself",
      evidence: { rootCrl: crl("root", entry(1)) },
      code: "certificate-revoked",
      facts: { subject: "root" },
    },
    {
      title: "the root has revoked the CA",
      evidence: { rootCrl: crl("root", entry(2)) },
      code: "certificate-revoked",
      facts: { subject: "PCK CA" },
    },
    {
      title: "the CA has revoked the leaf",
      evidence: { pckCrl: crl("platformCa", entry(5)) },
      code: "certificate-revoked",
      facts: { subject: "PCK leaf" },
    },
    {
      title: "the CRL's issuer chain has another length",
      evidence: { pckCrlIssuerChain: [platformCa] },
      code: "chain-length-invalid",
      facts: { subject: "pck-crl-issuer chain" },
    },
    {
      title: "the CRL's issuer chain has another role",
      evidence: { pckCrlIssuerChain: [tcbSigning, root] },
      code: "chain-role-mismatch",
      facts: { subject: "PCK CRL issuer" },
    },
    {
      title: "the CRL's issuer chain is forged",
      evidence: { pckCrlIssuerChain: [certificate("platformCa", forged), root] },
      code: "certificate-signature-invalid",
      facts: { subject: "PCK CRL issuer" },
    },
    {
      title: "the CRL's issuer chain is that of the other CA",
      evidence: { pckCrlIssuerChain: [processorCa, root] },
      code: "crl-issuer-mismatch",
      facts: { subject: "PCK CRL issuer" },
    },
    {
      title: "the CRL's issuer is the CA with another serial",
      evidence: { pckCrlIssuerChain: [certificate("platformCa", { serial: int(22) }), root] },
      code: "crl-issuer-mismatch",
      facts: { subject: "PCK CRL issuer" },
    },
    {
      title: "the CRL is that of the other CA",
      evidence: { pckCrl: crl("processorCa") },
      code: "crl-issuer-mismatch",
      facts: { subject: "PCK CRL" },
    },
    {
      title: "the CRL is that of the root",
      evidence: { pckCrl: rootCrl },
      code: "crl-issuer-mismatch",
      facts: { subject: "PCK CRL" },
    },
    {
      title: "the CRL is signed by the root",
      evidence: { pckCrl: crl("platformCa", {}, memberKey("root")) },
      code: "crl-signature-invalid",
      facts: { subject: "PCK CRL" },
    },
    {
      title: "the CRL begins later",
      evidence: { pckCrl: crl("platformCa", { thisUpdate: utcTime(NOW + 1) }) },
      code: "crl-not-yet-valid",
      facts: { subject: "PCK CRL", expected: NOW + 1, actual: NOW },
    },
    {
      title: "the CRL has ended",
      evidence: { pckCrl: crl("platformCa", { nextUpdate: [utcTime(NOW - 1)] }) },
      code: "crl-expired",
      facts: { subject: "PCK CRL", expected: NOW - 1, actual: NOW },
    },
  ])("$title", async ({ evidence, code, facts }) => {
    expect(await judgePck(evidence)).toMatchObject({ stage: "pck-chain", code, facts });
  });

  test("the CA has revoked a leaf whose serial has a high bit, which DER spells with a zero byte before it", async () => {
    const chain = [certificate("pckLeaf", { serial: int(0x80) }), platformCa, root];
    expect(await judgePck({ chain, pckCrl: crl("platformCa", entry(0x80)) })).toMatchObject({
      code: "certificate-revoked",
    });
    expect(await judgePck({ chain, pckCrl: crl("platformCa", entry(0x81)) })).toBeNull();
  });

  test("a serial in the list of another issuer is no revocation", async () => {
    expect(await judgePck({ pckCrl: crl("platformCa", entry(2)), rootCrl: crl("root", entry(5)) })).toBeNull();
  });
});

describe("several things are wrong:", () => {
  /** Each row has the defect of its code and those of all rows below it. */
  const ordered: readonly {
    readonly code: string;
    readonly defect: Partial<CertificateParts>;
    readonly pckCrl?: Crl;
  }[] = [
    { code: "chain-role-mismatch", defect: { subject: name("Someone") } },
    { code: "certificate-extension-invalid", defect: extensionsOf("pckLeaf", { a: extension(UNKNOWN, seq(), true) }) },
    { code: "certificate-key-unsupported", defect: { spki: spki(bytes("00")) } },
    { code: "certificate-issuer-mismatch", defect: { issuer: name("Someone") } },
    { code: "certificate-signature-invalid", defect: forged },
    { code: "certificate-not-yet-valid", defect: validity(NOW + 1, NOW - 1) },
    { code: "crl-expired", defect: {}, pckCrl: crl("platformCa", { ...entry(5), nextUpdate: [utcTime(NOW - 1)] }) },
    { code: "certificate-revoked", defect: {}, pckCrl: crl("platformCa", entry(5)) },
  ];

  test.each(ordered.map((row, index) => ({ ...row, index })))(
    "$code comes before what follows it",
    async ({ code, index }) => {
      const rows = ordered.slice(index);
      const leaf = certificate("pckLeaf", Object.assign({}, ...rows.map(({ defect }) => defect)));
      const list = rows.find((row) => row.pckCrl !== undefined)?.pckCrl ?? pckCrl;
      expect(await judgePck({ chain: [leaf, platformCa, root], pckCrl: list })).toMatchObject({ code });
    },
  );

  test("a defect of the CA comes before the same defect of the leaf, and after an earlier defect of the leaf", async () => {
    const ended = validity(NOT_BEFORE, NOW - 1);
    const both = [certificate("pckLeaf", ended), certificate("platformCa", ended), root];
    expect(await judgePck({ chain: both })).toMatchObject({
      code: "certificate-expired",
      facts: { subject: "PCK CA" },
    });
    const mixed = [certificate("pckLeaf", forged), certificate("platformCa", ended), root];
    expect(await judgePck({ chain: mixed })).toMatchObject({
      code: "certificate-signature-invalid",
      facts: { subject: "PCK leaf" },
    });
  });
});

describe("a TCB signing chain is refused when", () => {
  const cutLeaf = certificate("pckLeaf", { issuer: memberName("root") }, memberKey("root"));
  const isCa = extensionsOf("tcbSigning", {
    [BASIC_CONSTRAINTS]: certificateParts("root").extensions[BASIC_CONSTRAINTS] ?? null,
  });

  test.each<{ title: string; evidence: TcbCase; code: string; subject: string }>([
    {
      title: "it is that of a PCK CA",
      evidence: { chain: [platformCa, root] },
      code: "chain-role-mismatch",
      subject: "TCB signing",
    },
    {
      title: "it is that of a PCK leaf, cut to two",
      evidence: { chain: [pckLeaf, root] },
      code: "chain-role-mismatch",
      subject: "TCB signing",
    },
    {
      title: "it is that of a PCK leaf that the root has signed",
      evidence: { chain: [cutLeaf, root] },
      code: "chain-role-mismatch",
      subject: "TCB signing",
    },
    {
      title: "it is that of the root",
      evidence: { chain: [root, root] },
      code: "chain-role-mismatch",
      subject: "TCB signing",
    },
    {
      title: "its length is wrong",
      evidence: { chain: [tcbSigning] },
      code: "chain-length-invalid",
      subject: "tcb-signing chain",
    },
    {
      title: "its leaf is a CA",
      evidence: { chain: [certificate("tcbSigning", isCa), root] },
      code: "certificate-extension-invalid",
      subject: "TCB signing",
    },
    {
      title: "its leaf begins later",
      evidence: { chain: [certificate("tcbSigning", validity(NOW + 1, NOT_AFTER)), root] },
      code: "certificate-not-yet-valid",
      subject: "TCB signing",
    },
    {
      title: "its leaf has ended",
      evidence: { chain: [certificate("tcbSigning", validity(NOT_BEFORE, NOW - 1)), root] },
      code: "certificate-expired",
      subject: "TCB signing",
    },
    {
      title: "the root has revoked its leaf",
      evidence: { rootCrl: crl("root", entry(4)) },
      code: "certificate-revoked",
      subject: "TCB signing",
    },
    {
      title: "the root has revoked itself",
      evidence: { rootCrl: crl("root", entry(1)) },
      code: "certificate-revoked",
      subject: "root",
    },
  ])("$title", async ({ evidence, code, subject }) => {
    expect(await judgeTcb(evidence)).toMatchObject({ stage: "tcb-info", code, facts: { subject } });
  });

  test.each<ChainRole>(["pck", "tcb-signing", "pck-crl-issuer"])(
    "its length is not that of the role %s",
    async (role) => {
      const chain = [root, root, root, root];
      expect(await verdictOf(NOW, (context) => judgeIssuance(chain, role, "qe-identity", context))).toMatchObject({
        stage: "qe-identity",
        code: "chain-length-invalid",
      });
    },
  );
});

describe("a CRL is refused when", () => {
  const unsupported = certificate("root", { spki: spki(bytes("00")) });
  test.each<{ title: string; list: Crl; issuer?: Certificate; now?: number; code: string }>([
    { title: "another CA has issued it", list: crl("platformCa"), code: "crl-issuer-mismatch" },
    {
      title: "the name of its issuer is spelled another way",
      list: crl("root", { issuer: name("Intel SGX Root CA ") }),
      code: "crl-issuer-mismatch",
    },
    {
      title: "another key has signed it",
      list: crl("root", {}, memberKey("platformCa")),
      code: "crl-signature-invalid",
    },
    { title: "its issuer has no key of use", list: rootCrl, issuer: unsupported, code: "crl-signature-invalid" },
    { title: "it begins later", list: rootCrl, now: NOT_BEFORE - 1, code: "crl-not-yet-valid" },
    { title: "it has ended", list: rootCrl, now: NOT_AFTER + 1, code: "crl-expired" },
  ])("$title", async ({ list, issuer = root, now, code }) => {
    const judged = await verdictOf(now ?? NOW, (context) => judgeCrl(list, issuer, "root CA CRL", "crl", context));
    expect(judged).toMatchObject({
      stage: "crl",
      code,
      facts: { subject: "root CA CRL" },
    });
  });
});
