import { describeQuote, parseQuote, type TdxQuote } from "@mero-tee/tdx-quote";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { QUOTE_MUTATORS } from "../mutators/quote.ts";
import { promise, type FuzzTarget } from "../target.ts";
import { attemptOf } from "./outcome.ts";

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
  promise(report.teeTcbSvn === hex(input, bodyAt, 16), "TEE_TCB_SVN is read from its place");
  promise(report.mrtd === hex(input, bodyAt + 136, 48), "MRTD is read from its place");
  promise(report.rtmr3 === hex(input, bodyAt + 472, 48), "RTMR3 is read from its place");
  promise(report.reportData === hex(input, bodyAt + 520, 64), "the report data are read from their place");
  promise(report.mrServiceTd === (is15 ? hex(input, bodyAt + 600, 48) : undefined), "MRSERVICETD is there in 1.5 only");
  promise(describeQuote(quote).reportData === report.reportData, "a quote can be shown");

  const view = JSON.stringify(describeQuote(quote));
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
