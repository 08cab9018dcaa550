import { p256 } from "@noble/curves/nist.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import type { FailureCode, Stage } from "@mero-tee/tdx-quote";
import { concatBytes } from "../../src/byte-writer.ts";
import { cloneCertificate, type CertificateRecipe } from "../../src/certificate.ts";
import { derValue } from "../../src/der-writer.ts";
import type { Recipe } from "../../src/index.ts";

/** The same evidence written in another way, and what comes of it. */
export interface SecondSpelling {
  readonly name: string;
  /** Which fields of the verdict differ where it is accepted, sorted; stage and code where it is refused. */
  readonly expected:
    | { readonly ok: true; readonly differs: readonly string[] }
    | { readonly ok: false; readonly stage: Stage; readonly code: FailureCode };
  readonly rewrite: (recipe: Recipe) => void;
}

const ORDER = p256.Point.Fn.ORDER;

/** The other valid signature over the same message: `r`, `n - s`. */
function otherS(signature: Uint8Array): Uint8Array {
  return concatBytes(signature.subarray(0, 32), numberToBytesBE(ORDER - bytesToNumberBE(signature.subarray(32)), 32));
}

const PCK_CHAIN_BYTES = ["quote.certificationData.bytes", "quote.quoteBytes"] as const;

function same(name: string, rewrite: SecondSpelling["rewrite"], differs: readonly string[] = []): SecondSpelling {
  return { name, expected: { ok: true, differs }, rewrite };
}

function other(name: string, stage: Stage, code: FailureCode, rewrite: SecondSpelling["rewrite"]): SecondSpelling {
  return { name, expected: { ok: false, stage, code }, rewrite };
}

function withOtherS(certificate: CertificateRecipe): CertificateRecipe {
  return { ...cloneCertificate(certificate), editSignature: otherS };
}

/** ECDSA has two signatures for each message that its key signed: nobody who holds one needs the key for the other. */
const SIGNATURES: readonly SecondSpelling[] = [
  same("n - s in the quote signature", ({ quote }) => void (quote.editSignature = otherS), [
    "quote.quoteBytes",
    "quote.signature",
  ]),
  same("n - s in the QE report signature", ({ quote }) => void (quote.qeReport.editSignature = otherS), [
    "quote.qeReportSignature",
    "quote.quoteBytes",
  ]),
  same("n - s in the TCB info signature", ({ tcbInfo }) => void (tcbInfo.editSignature = otherS)),
  same("n - s in the QE identity signature", ({ qeIdentity }) => void (qeIdentity.editSignature = otherS)),
  same("n - s in the root CA CRL", ({ rootCrl }) => void (rootCrl.editSignature = otherS)),
  same("n - s in the PCK CRL", ({ pckCrl }) => void (pckCrl.editSignature = otherS)),
  same("n - s in the TCB signing certificate", ({ tcbSigning }) => void (tcbSigning.editSignature = otherS)),
  same("n - s in the PCK leaf", ({ pckLeaf }) => void (pckLeaf.editSignature = otherS), PCK_CHAIN_BYTES),
  same("n - s in the PCK CA of both chains", ({ pckCa }) => void (pckCa.editSignature = otherS), PCK_CHAIN_BYTES),
  other(
    "n - s in the PCK CA of the quote alone",
    "pck-chain",
    "crl-issuer-mismatch",
    ({ chains, pckLeaf, pckCa, root }) => {
      chains.pck = [pckLeaf, withOtherS(pckCa), root];
    },
  ),
  other(
    "n - s in the PCK CA of the CRL's chain alone",
    "pck-chain",
    "crl-issuer-mismatch",
    ({ chains, pckCa, root }) => {
      chains.pckCrl = [withOtherS(pckCa), root];
    },
  ),
  other(
    "n - s in the root of the quote",
    "trust-anchor",
    "chain-root-untrusted",
    ({ chains, pckLeaf, pckCa, root }) => {
      chains.pck = [pckLeaf, pckCa, withOtherS(root)];
    },
  ),
  other("n - s in the root of the TCB info", "trust-anchor", "chain-root-untrusted", ({ chains, tcbSigning, root }) => {
    chains.tcbInfo = [tcbSigning, withOtherS(root)];
  }),
];

/** Takes `tbs, algorithm, BIT STRING { 0, SEQUENCE { r, s } }` apart at the signature. */
function reencoded(der: Uint8Array, scalars: (r: Uint8Array, s: Uint8Array) => Uint8Array): Uint8Array {
  // Three headers of two bytes and the count of unused bits stand between the BIT STRING and r.
  const start = findSignature(der);
  const rSize = der[start + 6] ?? 0;
  const r = der.subarray(start + 7, start + 7 + rSize);
  const s = der.subarray(start + 9 + rSize);
  const content = concatBytes(der.subarray(outerHeader(der), start), derValue(0x03, Uint8Array.of(0), scalars(r, s)));
  return derValue(0x30, content);
}

/** Both certificates and lists of the simulator are longer than 255 and shorter than 65,536 bytes. */
function outerHeader(der: Uint8Array): number {
  return der[1] === 0x82 ? 4 : 3;
}

function findSignature(der: Uint8Array): number {
  for (let at = der.length - 70; at > der.length - 80; at -= 1) {
    if (der[at] === 0x03 && der[at + 1] === der.length - at - 2 && der[at + 2] === 0 && der[at + 3] === 0x30) return at;
  }
  throw new Error("no signature at the end");
}

function integers(r: Uint8Array, s: Uint8Array): Uint8Array {
  return concatBytes(derValue(0x02, r), derValue(0x02, s));
}

const DER_FORMS = [
  ["r with a zero byte too many", (r, s) => derValue(0x30, integers(concatBytes(Uint8Array.of(0), r), s))],
  [
    "the length of the SEQUENCE in two bytes",
    (r, s) => concatBytes(Uint8Array.of(0x30, 0x81, integers(r, s).length), integers(r, s)),
  ],
  ["an indefinite length", (r, s) => concatBytes(Uint8Array.of(0x30, 0x80), integers(r, s), new Uint8Array(2))],
  ["a byte after s", (r, s) => derValue(0x30, integers(r, s), Uint8Array.of(0))],
  ["a third INTEGER", (r, s) => derValue(0x30, integers(r, s), Uint8Array.of(2, 1, 0))],
] as const satisfies readonly (readonly [string, (r: Uint8Array, s: Uint8Array) => Uint8Array])[];

/** DER has one form for each value: the others are refused before any signature is looked at. */
const SIGNATURE_FORMS: readonly SecondSpelling[] = [
  ...DER_FORMS.flatMap(([name, form]) => {
    const edit = (der: Uint8Array): Uint8Array => reencoded(der, form);
    return [
      other(`${name}, in the PCK leaf`, "collateral-parse", "certificate-malformed", ({ pckLeaf }) => {
        pckLeaf.editDer = edit;
      }),
      other(
        `${name}, in the TCB signing certificate`,
        "collateral-parse",
        "certificate-malformed",
        ({ tcbSigning }) => {
          tcbSigning.editDer = edit;
        },
      ),
      other(`${name}, in the root CA CRL`, "collateral-parse", "crl-malformed", ({ rootCrl }) => {
        rootCrl.editDer = edit;
      }),
      other(`${name}, in the PCK CRL`, "collateral-parse", "crl-malformed", ({ pckCrl }) => {
        pckCrl.editDer = edit;
      }),
    ];
  }),
  other("s + n in the PCK leaf", "pck-chain", "certificate-signature-invalid", ({ pckLeaf }) => {
    pckLeaf.editDer = (der) =>
      reencoded(der, (r, s) =>
        derValue(
          0x30,
          integers(r, concatBytes(Uint8Array.of(1), numberToBytesBE((bytesToNumberBE(s) + ORDER) % 2n ** 256n, 32))),
        ),
      );
  }),
];

const FIRST_END = "-----END CERTIFICATE-----\n";

/** Sets one of the bits that the last character before `=` does not need. */
function withSpareBit(pem: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const changed = pem.replace(/(.)=/, (_, last: string) => `${alphabet.charAt(alphabet.indexOf(last) + 1)}=`);
  if (changed === pem) throw new Error("no certificate of this chain is padded");
  return changed;
}

const PEM_FORMS = [
  ["CRLF", true, (pem) => pem.replaceAll("\n", "\r\n")],
  ["each certificate on one line", true, (pem) => pem.replaceAll(/(?<=[^-])\n(?=[^-])/g, "")],
  ["one character a line", true, (pem) => pem.replaceAll(/^[^-].*$/gm, (line) => line.split("").join("\n"))],
  ["blank lines between certificates", true, (pem) => pem.replaceAll(FIRST_END, `${FIRST_END} \t\n\n`)],
  ["no line break at the end", true, (pem) => pem.trimEnd()],
  ["white space at the end", true, (pem) => `${pem} \r\n\t`],
  ["a line break at the start", false, (pem) => `\n${pem}`],
  ["a space at the end of a line", false, (pem) => pem.replace("\nMII", " \nMII")],
  ["a blank line inside", false, (pem) => pem.replace("\nMII", "\n\nMII")],
  ["a lone CR for a line break", false, (pem) => pem.replace("\nMII", "\rMII")],
  ["text between certificates", false, (pem) => pem.replace(FIRST_END, `${FIRST_END}CN=Intel\n`)],
  ["a header inside", false, (pem) => pem.replace("\nMII", "\nProc-Type: 4\n\nMII")],
  ["another label", false, (pem) => pem.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
  ["a label in lower case", false, (pem) => pem.replaceAll("CERTIFICATE", "certificate")],
  ["no padding", false, (pem) => pem.replace(/=+\n/, "\n")],
  ["a spare bit of base64", false, withSpareBit],
  ["the URL alphabet of base64", false, (pem) => pem.replaceAll("+", "-").replaceAll("/", "_")],
  ["a NUL between certificates", false, (pem) => pem.replace(FIRST_END, `${FIRST_END}\0`)],
] as const satisfies readonly (readonly [string, boolean, (pem: string) => string])[];

/** The text around a certificate is not signed, so only what RFC 7468 leaves open may differ. */
const PEM_SPELLINGS: readonly SecondSpelling[] = PEM_FORMS.flatMap(([name, isAccepted, form]) => {
  const inQuote: SecondSpelling["rewrite"] = (recipe) => {
    recipe.editPckPem = form;
  };
  const inBundle: SecondSpelling["rewrite"] = ({ bundle }) => {
    bundle.edit = (members) => ({ ...members, tcb_info_issuer_chain: form(String(members["tcb_info_issuer_chain"])) });
  };
  const names = [`PEM, ${name}, in the quote`, `PEM, ${name}, in the bundle`] as const;
  return isAccepted
    ? [same(names[0], inQuote, PCK_CHAIN_BYTES), same(names[1], inBundle)]
    : [
        other(names[0], "collateral-parse", "certificate-malformed", inQuote),
        other(names[1], "collateral-parse", "certificate-malformed", inBundle),
      ];
});

const HEX_MEMBERS = ["root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature"] as const;

function editHex(edit: (hex: string) => string): SecondSpelling["rewrite"] {
  return ({ bundle }) => {
    bundle.edit = (members) =>
      Object.fromEntries(
        Object.entries(members).map(([key, value]) => {
          const isHex = HEX_MEMBERS.some((member) => member === key);
          return [key, isHex ? edit(String(value)) : value];
        }),
      );
  };
}

const HEX_SPELLINGS: readonly SecondSpelling[] = [
  same(
    "hex in upper case",
    editHex((hex) => hex.toUpperCase()),
  ),
  other(
    "hex with 0x",
    "collateral-parse",
    "collateral-malformed",
    editHex((hex) => `0x${hex}`),
  ),
  other(
    "hex with a space",
    "collateral-parse",
    "collateral-malformed",
    editHex((hex) => `${hex} `),
  ),
  other(
    "hex with a digit too many",
    "collateral-parse",
    "collateral-malformed",
    editHex((hex) => `${hex}0`),
  ),
];

const SIGNED_JSON_FORMS = [
  ["a space at the end", (json) => `${json} `],
  ["a line break before it", (json) => `\n${json}`],
  ["a space after a colon", (json) => json.replace(":", ": ")],
  ["indented", (json) => JSON.stringify(JSON.parse(json), null, 2)],
  [
    "members the other way round",
    (json) => JSON.stringify(Object.fromEntries(Object.entries(Object(JSON.parse(json))).toReversed())),
  ],
  ["an escaped letter", (json) => json.replace('"T', String.raw`"\u0054`)],
  ["a member more", (json) => json.replace("{", '{"note":"",')],
  ["hex in lower case", (json) => json.replace(/(?<="(?:fmspc|mrsigner)":")[^"]+/, (hex) => hex.toLowerCase())],
] as const satisfies readonly (readonly [string, (json: string) => string])[];

/** The very bytes are signed: nothing about the text of a document is free. */
const SIGNED_JSON_SPELLINGS: readonly SecondSpelling[] = SIGNED_JSON_FORMS.flatMap(([name, form]) => [
  other(`TCB info, ${name}`, "tcb-info", "tcb-info-signature-invalid", ({ tcbInfo }) => {
    tcbInfo.tamper = form;
  }),
  other(`QE identity, ${name}`, "qe-identity", "qe-identity-signature-invalid", ({ qeIdentity }) => {
    qeIdentity.tamper = form;
  }),
]);

function editText(edit: (text: string) => string): SecondSpelling["rewrite"] {
  return ({ bundle }) => {
    bundle.editText = edit;
  };
}

/** The bundle is a container: its members are signed or compared, it is not. */
const BUNDLE_SPELLINGS: readonly SecondSpelling[] = [
  same(
    "bundle on one line",
    editText((text) => JSON.stringify(JSON.parse(text))),
  ),
  same(
    "bundle with white space around",
    editText((text) => `\r\n\t ${text}\n`),
  ),
  same(
    "members of the bundle the other way round",
    editText((text) => JSON.stringify(Object.fromEntries(Object.entries(Object(JSON.parse(text))).toReversed()))),
  ),
  same(
    "bundle with escapes for slashes",
    editText((text) => text.replaceAll("/", String.raw`\/`)),
  ),
  same(
    "bundle with escapes for letters",
    editText((text) => text.replaceAll("T", String.raw`\u0054`)),
  ),
  same(
    "bundle with another member",
    editText((text) => text.replace("{", '{"fetched_at":1,')),
  ),
  other(
    "bundle with a byte order mark",
    "collateral-parse",
    "collateral-malformed",
    editText((text) => `\uFEFF${text}`),
  ),
  other(
    "bundle with a member twice",
    "collateral-parse",
    "collateral-malformed",
    editText((text) => text.replace("{", '{"pck_crl":"",')),
  ),
  other(
    "bundle with a comma at the end",
    "collateral-parse",
    "collateral-malformed",
    editText((text) => text.replace(/\}$/, ",}")),
  ),
];

const QUOTE_SPELLINGS: readonly SecondSpelling[] = [
  same("bytes after the quote", ({ quote }) => void (quote.padding = new Uint8Array(3065).fill(0xa5))),
  other("a byte more inside the signature section", "quote-parse", "quote-length-mismatch", ({ quote }) => {
    quote.padding = new Uint8Array(1);
    quote.lengths.section = (actual) => actual + 1;
  }),
];

/** Every other way to write the same evidence that formats are known to leave open, by what becomes of it. */
export const SECOND_SPELLINGS: readonly SecondSpelling[] = [
  ...SIGNATURES,
  ...SIGNATURE_FORMS,
  ...PEM_SPELLINGS,
  ...HEX_SPELLINGS,
  ...SIGNED_JSON_SPELLINGS,
  ...BUNDLE_SPELLINGS,
  ...QUOTE_SPELLINGS,
];
