import { describeQuote, parseQuote, type TdxQuote } from "@mero-tee/tdx-quote";
import { layOut, QE_REPORT_OFFSETS, TD_REPORT_10_FIELDS, TD_REPORT_15_FIELDS } from "../../src/quote-layout.ts";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { QUOTE_MUTATORS } from "../mutators/quote.ts";
import { promise, type FuzzTarget } from "../target.ts";
import { attemptOf } from "./outcome.ts";

const TD_REPORT_15 = [...TD_REPORT_10_FIELDS, ...TD_REPORT_15_FIELDS];

function hex(bytes: Uint8Array, offset: number, size: number): string {
  return Buffer.from(bytes.subarray(offset, offset + size)).toString("hex");
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The parts of the signature section must fill it without a gap. */
function sectionBytes(quote: TdxQuote): number {
  const { signature, attestationKey, qeReportBytes, qeReportSignature, qeAuthenticationData, certificationData } =
    quote;
  const parts = [
    signature,
    attestationKey,
    qeReportBytes,
    qeReportSignature,
    qeAuthenticationData,
    certificationData.bytes,
  ];
  const integers = 2 + 4 + 2 + 2 + 4;
  return parts.reduce((sum, { length }) => sum + length, integers);
}

/** Every length in the quote must say what the parser took. */
function inspectSection(input: Uint8Array, quote: TdxQuote): void {
  const { quoteBytes, signedBytes, qeAuthenticationData, certificationData, qeReport } = quote;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const sectionAt = signedBytes.length + 4;
  const outerAt = sectionAt + 134;
  const innerAt = outerAt + 450 + qeAuthenticationData.length;
  promise(
    view.getUint32(signedBytes.length, true) === quoteBytes.length - sectionAt,
    "the section has its stated size",
  );
  promise(view.getUint16(sectionAt + 128, true) === 6, "the outer certification data are a QE report");
  promise(
    view.getUint32(sectionAt + 130, true) === quoteBytes.length - outerAt,
    "the outer data have their stated size",
  );
  promise(
    view.getUint16(outerAt + 448, true) === qeAuthenticationData.length,
    "the authentication data have their stated size",
  );
  promise(view.getUint16(innerAt, true) === certificationData.type, "the certification data have their stated type");
  promise(
    view.getUint32(innerAt + 2, true) === certificationData.bytes.length,
    "the certification data have their stated size",
  );
  for (const name of ["cpuSvn", "miscSelect", "attributes", "mrEnclave", "mrSigner", "reportData"] as const) {
    const value = qeReport[name];
    promise(
      value === hex(input, outerAt + QE_REPORT_OFFSETS[name], value.length / 2),
      `${name} of the QE is read from its place`,
    );
  }
  promise(
    qeReport.isvSvn === view.getUint16(outerAt + QE_REPORT_OFFSETS.isvSvn, true),
    "ISVSVN is read from its place",
  );
}

function inspectQuote(input: Uint8Array, quote: TdxQuote): void {
  const { quoteBytes, signedBytes, report } = quote;
  promise(isSame(quoteBytes, input.subarray(0, quoteBytes.length)), "the quote is the beginning of its input");
  promise(
    isSame(signedBytes, quoteBytes.subarray(0, signedBytes.length)),
    "the signed part is the beginning of the quote",
  );
  promise(quoteBytes.buffer !== input.buffer, "a quote is a copy");
  promise(signedBytes.length + 4 + sectionBytes(quote) === quoteBytes.length, "the parts of a quote fill it");

  const bodyAt = quote.version === 5 ? 54 : 48;
  const is15 = quote.tdVersion === "1.5";
  promise(signedBytes.length === bodyAt + (is15 ? 648 : 584), "the report has the size of its version");
  const shown: Readonly<Record<string, unknown>> = { ...describeQuote(quote) };
  for (const { name, offset, size } of layOut(is15 ? TD_REPORT_15 : TD_REPORT_10_FIELDS, bodyAt)) {
    promise(shown[name] === hex(input, offset, size), `${name} is read from its place`);
  }
  promise(is15 || (report.teeTcbSvn2 === undefined && report.mrServiceTd === undefined), "1.0 has no fields of 1.5");
  inspectSection(input, quote);

  const view = JSON.stringify(shown);
  const padded = new Uint8Array(Math.min(32_768, quoteBytes.length + 512)).fill(0xa5);
  padded.set(quoteBytes);
  for (const tail of [quoteBytes, padded]) {
    const again = parseQuote(tail);
    const isEqual =
      again.ok && isSame(again.value.quoteBytes, quoteBytes) && JSON.stringify(describeQuote(again.value)) === view;
    promise(isEqual, "what follows a quote changes nothing");
  }
  promise(!parseQuote(quoteBytes.subarray(0, -1)).ok, "a quote without its last byte is refused");
}

/** `parseQuote`. */
export const QUOTE_TARGET: FuzzTarget = {
  name: "quote",
  seeds: (corpus) => corpus.quotes,
  mutators: [...QUOTE_MUTATORS, ...QUOTE_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOf(
      parseQuote(input),
      ["quote-parse"],
      (quote) => inspectQuote(input, quote),
      ({ version, tdVersion, certificationData, quoteBytes }) =>
        `version ${version}, report ${tdVersion}, certification ${certificationData.type}, ${quoteBytes.length < input.length ? "with tail" : "no tail"}`,
    ),
};
