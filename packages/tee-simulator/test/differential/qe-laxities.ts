import { isCa, isIssuedBy, isRawSignatureBy } from "./certificate-facts.ts";
import type { Facts } from "./facts.ts";
import { hasDuplicateKey, hasFlawedForm, hasFlawedIdentity, isTime, isTooLarge } from "./json-flaws.ts";
import type { Laxity } from "./laxity.ts";

const IGNORED_IDENTITY =
  "The QE identity is well formed, genuine, valid and of the right type; the other does not read it";

/** Whether the QE identity is not signed by a valid TCB signing certificate, out of its window, or of another type. */
function isBadIdentity({ bundle, chains, now, qeIdentity, qeIdentityText }: Facts): boolean {
  const [signer, root] = chains.qeIdentity.certificates;
  const signature = Buffer.from(String(bundle["qe_identity_signature"]), "hex");
  if (qeIdentity === null || signer?.x509 === undefined || signer.x509 === null || root === undefined) return true;
  const isWithin = (from: string, to: string): boolean =>
    now * 1000 >= Date.parse(from) && now * 1000 <= Date.parse(to);
  return (
    !isIssuedBy(signer, root) ||
    isCa(signer) ||
    !isWithin(signer.x509.validFrom, signer.x509.validTo) ||
    !isRawSignatureBy(Buffer.from(qeIdentityText), signature, signer) ||
    !isWithin(qeIdentity.issueDate, qeIdentity.nextUpdate) ||
    qeIdentity.id !== "TD_QE"
  );
}

/** Whether the QE report departs from the QE identity, or its enclave is in debug mode. */
function isOtherEnclave({ quote, qeIdentity }: Facts): boolean {
  if (quote === null || qeIdentity === null) return false;
  const report = Buffer.from(quote.qeReport);
  const masked = (offset: number, valueHex: string, maskHex: string): boolean => {
    const mask = Buffer.from(maskHex, "hex");
    return Buffer.from(valueHex, "hex").every((value, index) => {
      return ((report[offset + index] ?? 0) & (mask[index] ?? 0)) === value;
    });
  };
  return (
    ((report[48] ?? 0) & 0x02) !== 0 ||
    report.subarray(128, 160).toString("hex") !== qeIdentity.mrsigner.toLowerCase() ||
    report.readUInt16LE(256) !== qeIdentity.isvprodid ||
    !masked(16, qeIdentity.miscselect, qeIdentity.miscselectMask) ||
    !masked(48, qeIdentity.attributes, qeIdentity.attributesMask)
  );
}

function hasBitsOutside(valueHex: string, maskHex: string): boolean {
  const mask = Buffer.from(maskHex, "hex");
  return Buffer.from(valueHex, "hex").some((value, index) => (value & ~(mask[index] ?? 0)) !== 0);
}

/** What the others let pass in the identity of the quoting enclave, and in the enclave. */
export const QE_LAXITIES: readonly Laxity[] = [
  {
    id: "qe-identity-ignored",
    peers: ["wasm"],
    stage: "collateral-parse",
    codes: ["qe-identity-malformed", "qe-identity-version-unsupported"],
    says: IGNORED_IDENTITY,
    source: "PCS v4, TD QE Identity",
    applies: ({ qeIdentity, qeIdentityText }) =>
      qeIdentity === null ||
      isTooLarge(qeIdentityText) ||
      hasFlawedForm(qeIdentity, qeIdentityText) ||
      hasDuplicateKey(qeIdentityText),
  },
  {
    id: "qe-identity-ignored",
    peers: ["wasm"],
    stage: "qe-identity",
    codes: [
      "certificate-extension-invalid",
      "certificate-not-yet-valid",
      "certificate-expired",
      "qe-identity-signature-invalid",
      "qe-identity-not-yet-valid",
      "qe-identity-expired",
      "qe-identity-wrong-type",
    ],
    says: IGNORED_IDENTITY,
    source: "PCS v4, TD QE Identity",
    applies: isBadIdentity,
  },
  {
    id: "qe-identity-version-3",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["qe-identity-version-unsupported"],
    says: "The identity of the TD quoting enclave has version 2; the other accepts 3",
    source: "PCS v4, TD QE Identity",
    applies: ({ qeIdentity }) => qeIdentity?.version === 3,
  },
  {
    id: "qe-identity-dates",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["qe-identity-malformed"],
    says: "Dates are real times in the one form of Intel's services; the other reads other forms and none at all",
    source: "PCS v4, TD QE Identity",
    applies: ({ qeIdentity }) =>
      qeIdentity !== null && (!isTime(qeIdentity.issueDate) || !isTime(qeIdentity.nextUpdate)),
  },
  {
    id: "qe-identity-limits",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["qe-identity-malformed"],
    says: "The QE identity has at most 1 MiB, nested at most 32 deep; the other reads any",
    source: "strict: bounded input",
    applies: ({ qeIdentityText }) => isTooLarge(qeIdentityText),
  },
  {
    id: "qe-identity-partly-read",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["qe-identity-malformed"],
    says: "The QE identity has all its fields and no two levels for one version; the other reads the fields that it uses",
    source: "PCS v4, TD QE Identity",
    applies: ({ qeIdentity }) => qeIdentity !== null && hasFlawedIdentity(qeIdentity),
  },
  {
    id: "qe-identity-policy-ignored",
    peers: ["wasm"],
    stage: "qe-report",
    codes: [
      "qe-debug-enabled",
      "qe-mrsigner-mismatch",
      "qe-isvprodid-mismatch",
      "qe-miscselect-mismatch",
      "qe-attributes-mismatch",
    ],
    says: "The quoting enclave is the one of the QE identity, not in debug mode; the other does not compare them",
    source: "PCS v4, TD QE Identity",
    applies: isOtherEnclave,
  },
  {
    id: "identity-value-masked",
    peers: ["js"],
    stage: "qe-report",
    codes: ["qe-miscselect-mismatch", "qe-attributes-mismatch"],
    says: "Masks go on the QE report only, so that an identity with bits outside of its mask matches nothing; the other masks both sides",
    source: "QVL, enclave identity check",
    applies: ({ qeIdentity }) =>
      qeIdentity !== null &&
      (hasBitsOutside(qeIdentity.miscselect, qeIdentity.miscselectMask) ||
        hasBitsOutside(qeIdentity.attributes, qeIdentity.attributesMask)),
  },
];
