import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crlToDer } from "../../src/collateral/crl-encoding.ts";

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const DER = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01);

describe("crlToDer", () => {
  test.each([
    { name: "DER", content: DER },
    { name: "lower-case hex", content: utf8("3003020101") },
    { name: "hex between whitespace", content: utf8(" \t\r\n3003020101\n\n") },
    { name: "PEM", content: utf8("-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n") },
    { name: "PEM with CRLF", content: utf8("-----BEGIN X509 CRL-----\r\nMAMC\r\nAQE=\r\n-----END X509 CRL-----\r\n") },
  ])("reads $name", ({ content }) => {
    expect(crlToDer(content)).toEqual(DER);
  });

  test("reads upper-case hex", () => {
    expect(crlToDer(utf8("3003AB0101"))).toEqual(Uint8Array.of(0x30, 0x03, 0xab, 0x01, 0x01));
  });

  test.each([
    { name: "nothing", content: utf8("") },
    { name: "whitespace", content: utf8(" \n") },
    { name: "hex of no SEQUENCE", content: utf8("3103020101") },
    { name: "hex of odd length", content: utf8("300") },
    { name: "hex after a byte order mark", content: utf8("\ufeff3003020101") },
    { name: "hex after a no-break space", content: utf8("\u00a03003020101") },
    { name: "quoted hex", content: utf8('"3003020101"') },
    {
      name: "PEM of a certificate",
      content: utf8("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"),
    },
    { name: "PEM with broken base64", content: utf8("-----BEGIN X509 CRL-----\nMAMCAQ=\n-----END X509 CRL-----\n") },
    { name: "PEM of nothing", content: utf8("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n") },
    { name: "PEM of no SEQUENCE", content: utf8("-----BEGIN X509 CRL-----\nBQA=\n-----END X509 CRL-----\n") },
    {
      name: "PEM with text before it",
      content: utf8("x\n-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n"),
    },
    { name: "PEM twice", content: utf8("-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n".repeat(2)) },
    { name: "a page of HTML", content: utf8("<html>") },
    { name: "bytes that are no text", content: Uint8Array.of(0xff, 0x30) },
  ])("refuses $name", ({ content }) => {
    expect(crlToDer(content)).toBeNull();
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        const der = crlToDer(new Uint8Array(content));
        expect(der === null || der[0] === 0x30).toBe(true);
      }),
    );
  });
});
