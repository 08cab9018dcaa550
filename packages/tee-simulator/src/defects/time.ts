import { formatDate } from "../civil-time.ts";
import { cloneCertificate } from "../certificate.ts";
import type { Recipe } from "../recipe.ts";
import { accepted, defineDefect, refused, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";

const USAGE_ERROR: ExpectedOutcome = { ok: false, usageError: true };

function invalidNow(name: string, now: (genuine: number) => number): Variant {
  return {
    name,
    expected: USAGE_ERROR,
    change: ({ judgement }) => {
      judgement.now = now(judgement.now);
    },
  };
}

/** Seconds between the judgement and each bound of the document under test: inside the window of every other one. */
const MARGIN = 100;

interface Dated {
  readonly name: string;
  readonly early: ExpectedOutcome;
  readonly late: ExpectedOutcome;
  readonly narrow: (recipe: Recipe, from: number, to: number) => void;
}

function narrowCertificate(certificate: { notBefore: number; notAfter: number }, from: number, to: number): void {
  certificate.notBefore = from;
  certificate.notAfter = to;
}

const DOCUMENTS: readonly Dated[] = [
  {
    name: "root",
    early: refused("trust-anchor", "certificate-not-yet-valid"),
    late: refused("trust-anchor", "certificate-expired"),
    narrow: ({ root }, from, to) => narrowCertificate(root, from, to),
  },
  {
    name: "PCK CA",
    early: refused("pck-chain", "certificate-not-yet-valid"),
    late: refused("pck-chain", "certificate-expired"),
    narrow: ({ pckCa }, from, to) => narrowCertificate(pckCa, from, to),
  },
  {
    name: "PCK leaf",
    early: refused("pck-chain", "certificate-not-yet-valid"),
    late: refused("pck-chain", "certificate-expired"),
    narrow: ({ pckLeaf }, from, to) => narrowCertificate(pckLeaf, from, to),
  },
  {
    name: "signer of the TCB info",
    early: refused("tcb-info", "certificate-not-yet-valid"),
    late: refused("tcb-info", "certificate-expired"),
    narrow: ({ tcbSigning }, from, to) => narrowCertificate(tcbSigning, from, to),
  },
  {
    name: "signer of the QE identity",
    early: refused("qe-identity", "certificate-not-yet-valid"),
    late: refused("qe-identity", "certificate-expired"),
    narrow: (recipe, from, to) => {
      const signing = cloneCertificate(recipe.tcbSigning);
      narrowCertificate(signing, from, to);
      recipe.chains.qeIdentity = [signing, recipe.root];
    },
  },
  {
    name: "root CA CRL",
    early: refused("crl", "crl-not-yet-valid"),
    late: refused("crl", "crl-expired"),
    narrow: ({ rootCrl }, from, to) => {
      rootCrl.thisUpdate = from;
      rootCrl.nextUpdate = to;
    },
  },
  {
    name: "PCK CRL",
    early: refused("pck-chain", "crl-not-yet-valid"),
    late: refused("pck-chain", "crl-expired"),
    narrow: ({ pckCrl }, from, to) => {
      pckCrl.thisUpdate = from;
      pckCrl.nextUpdate = to;
    },
  },
  {
    name: "TCB info",
    early: refused("tcb-info", "tcb-info-not-yet-valid"),
    late: refused("tcb-info", "tcb-info-expired"),
    narrow: ({ tcbInfo }, from, to) => {
      tcbInfo.document.issueDate = formatDate(from);
      tcbInfo.document.nextUpdate = formatDate(to);
    },
  },
  {
    name: "QE identity",
    early: refused("qe-identity", "qe-identity-not-yet-valid"),
    late: refused("qe-identity", "qe-identity-expired"),
    narrow: ({ qeIdentity }, from, to) => {
      qeIdentity.document.issueDate = formatDate(from);
      qeIdentity.document.nextUpdate = formatDate(to);
    },
  },
];

/** The four instants at and just outside the bounds of a document. */
function boundaries({ name, early, late, narrow }: Dated): Variant[] {
  const at = (label: string, offset: number, expected: ExpectedOutcome): Variant => ({
    name: `${name}, ${label}`,
    expected,
    change: (recipe) => {
      const { now } = recipe.judgement;
      narrow(recipe, now - MARGIN, now + MARGIN);
      recipe.judgement.now = now + offset;
    },
  });
  return [
    at("a second before", -MARGIN - 1, early),
    at("first second", -MARGIN, accepted()),
    at("last second", MARGIN, accepted()),
    at("a second after", MARGIN + 1, late),
  ];
}

/** Cases about the instant of judgement. */
export const TIME_DEFECTS: readonly Defect[] = [
  defineDefect("now-invalid", "the instant of judgement is none", [
    invalidNow("NaN", () => Number.NaN),
    invalidNow("-1", () => -1),
    invalidNow("milliseconds", (now) => now * 1000),
    invalidNow("fraction", (now) => now + 0.5),
    invalidNow("infinity", () => Number.POSITIVE_INFINITY),
    invalidNow("a second after the year 9999", () => 253_402_300_800),
  ]),
  defineDefect("now-boundaries", "judged at a bound of a document, or a second outside", DOCUMENTS.flatMap(boundaries)),
];
