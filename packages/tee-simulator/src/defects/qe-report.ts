import { concatBytes, flipBit } from "../byte-writer.ts";
import { fieldOf, qeReportData } from "../quote.ts";
import type { Recipe } from "../recipe.ts";
import {
  accepted,
  defineDefect,
  defineSingle,
  refused,
  type Defect,
  type ExpectedOutcome,
  type Variant,
} from "./defect.ts";
import { withOrderR, withZeroR, withZeroS } from "./degenerate-signature.ts";
import { anotherMachine } from "./sibling-platform.ts";

const SIGNATURE = refused("qe-report", "qe-report-signature-invalid");
const REPORT_DATA = refused("qe-report", "qe-report-data-mismatch");
const ATTRIBUTES = refused("qe-report", "qe-attributes-mismatch");
const MISCSELECT = refused("qe-report", "qe-miscselect-mismatch");
const KEY = refused("quote-signature", "attestation-key-invalid");

function variant(name: string, expected: ExpectedOutcome, change: (recipe: Recipe) => void): Variant {
  return { name, expected, change };
}

function signature(name: string, edit: (signature: Uint8Array) => Uint8Array): Variant {
  return variant(name, SIGNATURE, ({ quote }) => {
    quote.qeReport.editSignature = edit;
  });
}

/** Sets a bit of the QE report's ATTRIBUTES or MISCSELECT. */
function setBit(field: "attributes" | "miscSelect", byte: number, mask: number): (recipe: Recipe) => void {
  return ({ quote }) => {
    quote.qeReport[field] = Uint8Array.from(quote.qeReport[field], (value, index) =>
      index === byte ? value | mask : value,
    );
  };
}

function attestationKey(name: string, edit: (key: Uint8Array) => Uint8Array): Variant {
  return variant(name, KEY, ({ quote }) => {
    quote.attestationPublicKey = edit(quote.attestationKey.publicKey);
  });
}

/** Cases about the QE report: its signature, what it binds, and its match with the QE identity. */
export const QE_REPORT_DEFECTS: readonly Defect[] = [
  defineDefect("qe-report-signature-invalid", "the QE report's signature does not hold", [
    signature("one bit", (raw) => flipBit(raw, 63)),
    signature("r zero", withZeroR),
    signature("s zero", withZeroS),
    signature("r the order of the curve", withOrderR),
  ]),
  defineSingle("qe-report-other-pck", "the QE report signed by another valid PCK", SIGNATURE, (recipe) => {
    recipe.quote.qeReport.signer = anotherMachine(recipe).quote.qeReport.signer;
  }),
  defineSingle(
    "qe-report-data-mismatch",
    "another attestation key, the quote signed with it, the QE report unchanged",
    REPORT_DATA,
    (recipe) => {
      const { quote } = recipe;
      quote.qeReport.reportData = qeReportData(quote.attestationKey.publicKey, quote.qeAuthenticationData);
      quote.attestationKey = anotherMachine(recipe).quote.attestationKey;
    },
  ),
  defineSingle("qe-report-data-tail", "the second half of the QE report data is not zero", REPORT_DATA, ({ quote }) => {
    quote.qeReport.reportData = flipBit(qeReportData(quote.attestationKey.publicKey, quote.qeAuthenticationData), 63);
  }),
  defineSingle("qe-auth-data-changed", "one bit of the QE authentication data, unsigned", REPORT_DATA, ({ quote }) => {
    quote.editQuote = (built) => flipBit(built.bytes, fieldOf(built, "qeAuthenticationData").offset);
  }),
  defineSingle(
    "qe-auth-data-extended",
    "the QE authentication data one byte longer than what is bound",
    REPORT_DATA,
    ({ quote }) => {
      quote.qeReport.reportData = qeReportData(quote.attestationKey.publicKey, quote.qeAuthenticationData);
      quote.qeAuthenticationData = concatBytes(quote.qeAuthenticationData, Uint8Array.of(0));
    },
  ),
  defineSingle(
    "qe-debug",
    "the quoting enclave is in debug mode and the mask does not cover that",
    refused("qe-report", "qe-debug-enabled"),
    (recipe) => {
      recipe.qeIdentity.document.attributesMask = "F9FFFFFFFFFFFFFF0000000000000000";
      setBit("attributes", 0, 0x02)(recipe);
    },
  ),
  defineSingle(
    "qe-mrsigner-mismatch",
    "another signer of the quoting enclave",
    refused("qe-report", "qe-mrsigner-mismatch"),
    ({ quote }) => {
      quote.qeReport.mrSigner = flipBit(quote.qeReport.mrSigner, 31);
    },
  ),
  defineSingle(
    "qe-isvprodid-mismatch",
    "another product of that signer",
    refused("qe-report", "qe-isvprodid-mismatch"),
    ({ quote }) => {
      quote.qeReport.isvProdId = 1;
    },
  ),
  defineSingle("qe-miscselect-mismatch", "a MISCSELECT bit inside the mask", MISCSELECT, setBit("miscSelect", 3, 0x80)),
  defineDefect("qe-attributes-mismatch", "an ATTRIBUTES bit inside the mask", [
    variant("bit 5", ATTRIBUTES, setBit("attributes", 0, 0x20)),
    variant("bit 63", ATTRIBUTES, setBit("attributes", 7, 0x80)),
    variant("INIT clear", ATTRIBUTES, ({ quote }) => {
      quote.qeReport.attributes = flipBit(quote.qeReport.attributes, 0, 0);
    }),
  ]),
  defineSingle("qe-miscselect-outside-mask", "a MISCSELECT bit outside the mask", accepted(), (recipe) => {
    recipe.qeIdentity.document.miscselectMask = "FFFFFF00";
    setBit("miscSelect", 3, 0x80)(recipe);
  }),
  defineSingle(
    "qe-attributes-outside-mask",
    "an ATTRIBUTES bit outside the mask",
    accepted(),
    setBit("attributes", 9, 0x01),
  ),
  defineDefect("qe-identity-bits-outside-mask", "the identity demands bits that its mask hides", [
    variant("attributes", ATTRIBUTES, ({ qeIdentity }) => {
      qeIdentity.document.attributes = "1100000000000000E700000000000000";
    }),
    variant("miscselect", MISCSELECT, ({ qeIdentity }) => {
      qeIdentity.document.miscselect = "01000000";
      qeIdentity.document.miscselectMask = "00FFFFFF";
    }),
  ]),
  defineDefect("attestation-key-off-curve", "the attestation key is no point of P-256, correctly bound", [
    attestationKey("one bit of y", (key) => flipBit(key, 63)),
    attestationKey("coordinates above the field", () => new Uint8Array(64).fill(0xff)),
  ]),
  defineDefect("attestation-key-zero", "the attestation key is zero, correctly bound", [
    attestationKey("zero", () => new Uint8Array(64)),
  ]),
];
