import { describe, expect, test } from "vitest";
import { pckCertificateRequest } from "../../src/collateral/pck-certificate-request.ts";
import { parseQuote, type TdxQuote } from "../../src/quote.ts";
import { writeQuote } from "../synthetic-quote.ts";

const dataOf = (ppidBytes: number): Uint8Array =>
  new Uint8Array(Buffer.from("ee".repeat(ppidBytes) + "0102030405060708090a0b0c0d0e0f100d00abcd", "hex"));

function quoteWith(innerType: number, inner: Uint8Array): TdxQuote {
  const quote = parseQuote(writeQuote({ innerType, inner }));
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value;
}

describe("pckCertificateRequest", () => {
  test.each([
    { type: 1, ppidBytes: 16, encryptedPpid: null },
    { type: 2, ppidBytes: 256, encryptedPpid: "ee".repeat(256) },
    { type: 3, ppidBytes: 384, encryptedPpid: "ee".repeat(384) },
  ])("reads certification data of type $type", ({ type, ppidBytes, encryptedPpid }) => {
    const quote = quoteWith(type, dataOf(ppidBytes));
    expect(pckCertificateRequest(quote)).toEqual({
      ok: true,
      value: {
        encryptedPpid,
        cpuSvn: "0102030405060708090a0b0c0d0e0f10",
        pceSvn: "0d00",
        pceId: "abcd",
        qeId: quote.header.userDataHex.slice(0, 32),
      },
    });
  });

  test.each([
    { name: "type 1 of another size", type: 1, bytes: dataOf(17) },
    { name: "type 2 with a PPID of 384 bytes", type: 2, bytes: dataOf(384) },
    { name: "type 3 cut short", type: 3, bytes: dataOf(384).subarray(1) },
    { name: "type 3 without data", type: 3, bytes: new Uint8Array(0) },
    { name: "type 4", type: 4, bytes: dataOf(384) },
    { name: "type 5, which carries the chain", type: 5, bytes: dataOf(384) },
  ])("refuses $name", ({ type, bytes }) => {
    expect(pckCertificateRequest(quoteWith(type, bytes))).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code: "quote-certification-data-unsupported", facts: { actual: type } },
    });
  });
});
