import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, u16le, u32le } from "./byte-writer.ts";
import { signP256, type KeyPair, type Sign } from "./key-ring.ts";
import {
  HEADER_BYTES,
  HEADER_FIELDS,
  layOut,
  QE_REPORT_BYTES,
  QE_REPORT_OFFSETS,
  TD_REPORT_10_FIELDS,
  TD_REPORT_15_FIELDS,
  type QuoteField,
  type TdReportField,
} from "./quote-layout.ts";

/** The quoting enclave's own report. */
interface QeReportRecipe {
  cpuSvn: Uint8Array;
  miscSelect: Uint8Array;
  attributes: Uint8Array;
  mrEnclave: Uint8Array;
  mrSigner: Uint8Array;
  isvProdId: number;
  isvSvn: number;
  /** Replaces the 64 bytes that bind the attestation key. */
  reportData?: Uint8Array;
  signer: KeyPair;
  /** Changes the raw `r || s`. */
  editSignature?: (signature: Uint8Array) => Uint8Array;
}

/** Everything that goes into one quote. Hooks act on encodings; lengths may lie. */
export interface QuoteRecipe {
  version: number;
  attestationKeyType: number;
  teeType: number;
  qeVendorId: Uint8Array;
  userData: Uint8Array;
  /** 2 = TD report 1.0, 3 = TD report 1.5; version 5 writes it into the descriptor. */
  bodyType: 2 | 3;
  /** What the version 5 descriptor says, where that is not the truth. */
  descriptor?: { type?: number; size?: number };
  report: Record<TdReportField, Uint8Array>;
  attestationKey: KeyPair;
  /** Replaces the 64 bytes of the attestation key in the quote and in the binding. */
  attestationPublicKey?: Uint8Array;
  qeReport: QeReportRecipe;
  qeAuthenticationData: Uint8Array;
  certification: { type: number; outerType: number };
  /** Length fields that lie: each gets the true value. */
  lengths: {
    section?: (actual: number) => number;
    outer?: (actual: number) => number;
    authentication?: (actual: number) => number;
    inner?: (actual: number) => number;
  };
  /** Changes what the attestation key signs, not what the quote holds. */
  editSigned?: (signed: Uint8Array) => Uint8Array;
  /** Changes the raw `r || s` of the quote. */
  editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Bytes after the signature section; nothing signs them. */
  padding: Uint8Array;
  /** Changes the finished quote, which nothing signs again. */
  editQuote?: (quote: BuiltQuote) => Uint8Array;
}

/** A quote and where everything in it lies. */
export interface BuiltQuote {
  readonly bytes: Uint8Array;
  readonly fields: readonly QuoteField[];
}

/** Encodes and signs a quote. Source: Intel TDX DCAP Quoting Library API, appendix A.3. */
export function buildQuote(recipe: QuoteRecipe, certificationData: Uint8Array, sign: Sign): BuiltQuote {
  const reportFields = recipe.bodyType === 2 ? TD_REPORT_10_FIELDS : [...TD_REPORT_10_FIELDS, ...TD_REPORT_15_FIELDS];
  const body = concatBytes(...reportFields.map(([name]) => recipe.report[name]));
  const descriptor =
    recipe.version === 5
      ? concatBytes(u16le(recipe.descriptor?.type ?? recipe.bodyType), u32le(recipe.descriptor?.size ?? body.length))
      : new Uint8Array(0);
  const signed = concatBytes(encodeHeader(recipe), descriptor, body);
  const signature = signP256(recipe.attestationKey, recipe.editSigned?.(signed) ?? signed);
  const attestationPublicKey = recipe.attestationPublicKey ?? recipe.attestationKey.publicKey;
  const certification = encodeCertification(recipe, attestationPublicKey, certificationData, sign);
  const section = concatBytes(
    recipe.editSignature?.(signature) ?? signature,
    attestationPublicKey,
    u16le(recipe.certification.outerType),
    u32le(recipe.lengths.outer?.(certification.length) ?? certification.length),
    certification,
  );
  const bytes = concatBytes(
    signed,
    u32le(recipe.lengths.section?.(section.length) ?? section.length),
    section,
    recipe.padding,
  );
  const bodyStart = HEADER_BYTES + descriptor.length;
  const fields = [
    ...layOut(HEADER_FIELDS, 0),
    ...(descriptor.length === 0
      ? []
      : layOut(
          [
            ["bodyType", 2],
            ["bodySize", 4],
          ],
          HEADER_BYTES,
        )),
    ...layOut(reportFields, bodyStart),
    ...layOut(
      [
        ["sectionLength", 4],
        ["quoteSignature", 64],
        ["attestationKey", 64],
        ["outerType", 2],
        ["outerLength", 4],
        ["qeReport", QE_REPORT_BYTES],
        ["qeReportSignature", 64],
        ["qeAuthenticationLength", 2],
        ["qeAuthenticationData", recipe.qeAuthenticationData.length],
        ["innerType", 2],
        ["innerLength", 4],
        ["certificationData", certificationData.length],
        ["padding", recipe.padding.length],
      ],
      signed.length,
    ),
  ];
  const built = { bytes, fields };
  return recipe.editQuote === undefined ? built : { bytes: recipe.editQuote(built), fields };
}

function encodeHeader(recipe: QuoteRecipe): Uint8Array {
  return concatBytes(
    u16le(recipe.version),
    u16le(recipe.attestationKeyType),
    u32le(recipe.teeType),
    new Uint8Array(4),
    recipe.qeVendorId,
    recipe.userData,
  );
}

function encodeCertification(
  recipe: QuoteRecipe,
  attestationPublicKey: Uint8Array,
  certificationData: Uint8Array,
  sign: Sign,
): Uint8Array {
  const qeReport = encodeQeReport(recipe, attestationPublicKey);
  const signature = sign(recipe.qeReport.signer, qeReport);
  const { lengths, qeAuthenticationData } = recipe;
  return concatBytes(
    qeReport,
    recipe.qeReport.editSignature?.(signature) ?? signature,
    u16le(lengths.authentication?.(qeAuthenticationData.length) ?? qeAuthenticationData.length),
    qeAuthenticationData,
    u16le(recipe.certification.type),
    u32le(lengths.inner?.(certificationData.length) ?? certificationData.length),
    certificationData,
  );
}

function encodeQeReport(recipe: QuoteRecipe, attestationPublicKey: Uint8Array): Uint8Array {
  const { qeReport } = recipe;
  const bytes = new Uint8Array(QE_REPORT_BYTES);
  bytes.set(qeReport.cpuSvn, QE_REPORT_OFFSETS.cpuSvn);
  bytes.set(qeReport.miscSelect, QE_REPORT_OFFSETS.miscSelect);
  bytes.set(qeReport.attributes, QE_REPORT_OFFSETS.attributes);
  bytes.set(qeReport.mrEnclave, QE_REPORT_OFFSETS.mrEnclave);
  bytes.set(qeReport.mrSigner, QE_REPORT_OFFSETS.mrSigner);
  bytes.set(u16le(qeReport.isvProdId), QE_REPORT_OFFSETS.isvProdId);
  bytes.set(u16le(qeReport.isvSvn), QE_REPORT_OFFSETS.isvSvn);
  bytes.set(
    qeReport.reportData ?? qeReportData(attestationPublicKey, recipe.qeAuthenticationData),
    QE_REPORT_OFFSETS.reportData,
  );
  return bytes;
}

/** The binding of an attestation key: SHA-256(key || authentication data), then 32 zero bytes. */
export function qeReportData(attestationPublicKey: Uint8Array, authenticationData: Uint8Array): Uint8Array {
  const reportData = new Uint8Array(64);
  reportData.set(sha256(concatBytes(attestationPublicKey, authenticationData)));
  return reportData;
}

/** The field of that name. */
export function fieldOf(quote: BuiltQuote, name: string): QuoteField {
  const field = quote.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new RangeError(`the quote has no field ${name}`);
  return field;
}
