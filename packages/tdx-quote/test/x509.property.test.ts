import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extensionProblem } from "../src/certificate-extensions.ts";
import { parseCertificate } from "../src/certificate.ts";
import { parseCrl } from "../src/crl.ts";
import { parseDer, type DerNode } from "../src/der.ts";
import { parsePemCertificates } from "../src/pem.ts";
import { parseSgxExtension } from "../src/sgx-extension.ts";
import { mutated } from "./mutation.ts";
import { CERTIFICATES, CRLS } from "./x509-corpus.ts";

/** Values and everything in them, in document order. */
function* walk(node: DerNode): Generator<DerNode> {
  yield node;
  for (const child of node.children ?? []) yield* walk(child);
}

describe("DER", () => {
  test("a value that is read covers its bytes without gap or overlap", () => {
    fc.assert(
      fc.property(mutated([...CERTIFICATES, ...CRLS]), (bytes) => {
        const document = parseDer(bytes);
        for (const node of document.ok ? walk(document.value) : []) {
          expect(node.bytes.length).toBe(node.header + node.content.length);
          const parts = node.children?.reduce((length, child) => length + child.bytes.length, 0);
          expect(parts ?? node.content.length).toBe(node.content.length);
        }
        expect(document.ok ? document.value.bytes : bytes).toEqual(bytes);
      }),
    );
  });

  test("no bytes make the reader throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(typeof parseDer(bytes).ok).toBe("boolean");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("certificates, CRLs and chains", () => {
  test("no damaged certificate makes a reader or a judge throw", () => {
    fc.assert(
      fc.property(mutated(CERTIFICATES), (bytes) => {
        const certificate = parseCertificate(bytes);
        const judge = certificate.ok ? certificate.value : { extensions: [] };
        expect(["string", "object"]).toContain(typeof extensionProblem(judge, "end-entity"));
        expect(typeof parseSgxExtension(judge).ok).toBe("boolean");
      }),
      { numRuns: 1000 },
    );
  });

  test("no damaged CRL makes the reader throw", () => {
    fc.assert(
      fc.property(mutated(CRLS), (bytes) => {
        expect(typeof parseCrl(bytes).ok).toBe("boolean");
      }),
      { numRuns: 1000 },
    );
  });

  test("no damaged PEM makes the reader throw", () => {
    const blocks = CERTIFICATES.map((der) => {
      const lines =
        Buffer.from(der)
          .toString("base64")
          .match(/.{1,64}/g) ?? [];
      return new TextEncoder().encode(
        ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
      );
    });
    fc.assert(
      fc.property(fc.array(mutated(blocks), { maxLength: 3 }), (parts) => {
        expect(typeof parsePemCertificates(new Uint8Array(Buffer.concat(parts))).ok).toBe("boolean");
      }),
      { numRuns: 500 },
    );
  });

  test("a certificate and a CRL are what was signed and a signature, byte for byte", () => {
    fc.assert(
      fc.property(fc.oneof(mutated(CERTIFICATES), mutated(CRLS)), (bytes) => {
        const certificate = parseCertificate(bytes);
        const read = certificate.ok ? certificate : parseCrl(bytes);
        const document = parseDer(bytes);
        const [tbs] = document.ok ? (document.value.children ?? []) : [];
        expect(read.ok ? read.value.tbs : null).toEqual(read.ok ? tbs?.bytes : null);
      }),
    );
  });
});
