import { flipBit } from "../byte-writer.ts";
import { formatDate } from "../civil-time.ts";
import { buildSignedDocument, type QeIdentityDocument } from "../collateral-document.ts";
import { signP256 } from "../key-ring.ts";
import { anotherTcbSigner } from "./collateral-chains.ts";
import { defineDefect, defineSingle, refused, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";

const MALFORMED = refused("collateral-parse", "qe-identity-malformed");
const VERSION = refused("collateral-parse", "qe-identity-version-unsupported");
const SIGNATURE = refused("qe-identity", "qe-identity-signature-invalid");
const WRONG_TYPE = refused("qe-identity", "qe-identity-wrong-type");

function document(name: string, expected: ExpectedOutcome, change: (document: QeIdentityDocument) => void): Variant {
  return { name, expected, change: ({ qeIdentity }) => change(qeIdentity.document) };
}

function text(name: string, edit: (text: string) => string): Variant {
  return {
    name,
    expected: MALFORMED,
    change: ({ qeIdentity }) => {
      qeIdentity.editText = edit;
    },
  };
}

function single(id: string, describe: string, variant: Variant): Defect {
  return defineDefect(id, describe, [{ ...variant, name: describe }]);
}

const FIELDS = [
  "id",
  "version",
  "issueDate",
  "nextUpdate",
  "tcbEvaluationDataNumber",
  "miscselect",
  "miscselectMask",
  "attributes",
  "attributesMask",
  "mrsigner",
  "isvprodid",
  "tcbLevels",
] as const;

const HEX_FIELDS = ["miscselect", "miscselectMask", "attributes", "attributesMask", "mrsigner"] as const;

/** Cases about the text, the signature and the fields of the QE identity. */
export const QE_IDENTITY_DEFECTS: readonly Defect[] = [
  defineDefect("qe-identity-signature-invalid", "one change that the signature does not cover", [
    {
      name: "bit in the signature",
      expected: SIGNATURE,
      change: ({ qeIdentity }) => {
        qeIdentity.editSignature = (signature) => flipBit(signature, 63);
      },
    },
    {
      name: "number in the body",
      expected: SIGNATURE,
      change: ({ qeIdentity }) => {
        qeIdentity.tamper = (json) => json.replace('"isvprodid":2', '"isvprodid":3');
      },
    },
  ]),
  defineSingle(
    "qe-identity-expired",
    "the QE identity ended a second ago",
    refused("qe-identity", "qe-identity-expired"),
    (recipe) => {
      recipe.qeIdentity.document.nextUpdate = formatDate(recipe.judgement.now - 1);
    },
  ),
  defineSingle(
    "qe-identity-future",
    "the QE identity begins in a second",
    refused("qe-identity", "qe-identity-not-yet-valid"),
    (recipe) => {
      recipe.qeIdentity.document.issueDate = formatDate(recipe.judgement.now + 1);
    },
  ),
  single(
    "qe-identity-id-qe",
    "the identity of the SGX quoting enclave",
    document("", WRONG_TYPE, (identity) => {
      identity.id = "QE";
    }),
  ),
  single(
    "qe-identity-id-qve",
    "the identity of the quote verification enclave",
    document("", WRONG_TYPE, (identity) => {
      identity.id = "QVE";
    }),
  ),
  ...([1, 3] as const).map((version) =>
    single(
      `qe-identity-version-${version}`,
      `the QE identity says version ${version}`,
      document("", VERSION, (identity) => {
        identity.version = version;
      }),
    ),
  ),
  defineDefect("qe-identity-malformed", "the QE identity cannot be read", [
    text("not JSON", () => "UpToDate"),
    text("empty", () => ""),
    text("duplicate key", (json) => `${json.slice(0, -1)},"mrsigner":"${"00".repeat(32)}"}`),
    ...FIELDS.map((field) => text(`no ${field}`, (json) => json.replace(`"${field}"`, `"no-${field}"`))),
    ...HEX_FIELDS.map((field) =>
      document(`${field} one byte short`, MALFORMED, (identity) => {
        identity[field] = identity[field].slice(2);
      }),
    ),
    document("mrsigner not hex", MALFORMED, (identity) => {
      identity.mrsigner = "z".repeat(64);
    }),
    document("isvprodid 65536", MALFORMED, (identity) => {
      identity.isvprodid = 65_536;
    }),
    document("no levels", MALFORMED, (identity) => {
      identity.tcbLevels = [];
    }),
    document("two levels for the same SVN", MALFORMED, ({ tcbLevels }) => {
      tcbLevels.push(...tcbLevels);
    }),
    text("status Fine", (json) => json.replace('"UpToDate"', '"Fine"')),
    document("30 February", MALFORMED, (identity) => {
      identity.nextUpdate = "2026-02-30T00:00:00Z";
    }),
  ]),
  defineDefect("qe-identity-swapped", "the signature or the signer of something else", [
    {
      name: "the signature of the TCB info",
      expected: SIGNATURE,
      change: (recipe) => {
        const { signature } = buildSignedDocument(recipe.tcbInfo, signP256);
        recipe.qeIdentity.editSignatureHex = () => signature;
      },
    },
    {
      name: "the chain of another TCB signing certificate",
      expected: SIGNATURE,
      change: (recipe) => {
        recipe.chains.qeIdentity = anotherTcbSigner(recipe).chain;
      },
    },
  ]),
];
