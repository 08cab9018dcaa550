import { describe, expect, test } from "vitest";
import { encodeCollateral, parseCollateral } from "../src/collateral-bundle.ts";
import { HAS_REAL_VECTORS, readVectorText } from "./real-vectors.ts";

const REQUIRED = [
  "pck_crl_issuer_chain",
  "root_ca_crl",
  "pck_crl",
  "tcb_info_issuer_chain",
  "tcb_info",
  "tcb_info_signature",
  "qe_identity_issuer_chain",
  "qe_identity",
  "qe_identity_signature",
] as const;

describe("a bundle that is none", () => {
  test.each([
    { name: "empty", text: "" },
    { name: "not JSON", text: "collateral" },
    { name: "null", text: "null" },
    { name: "a list", text: "[]" },
    { name: "an empty object", text: "{}" },
    { name: "nested 10,000 deep", text: "[".repeat(10_000) },
    { name: "with __proto__ and constructor only", text: '{"__proto__":{"tcb_info":"{}"},"constructor":{}}' },
  ])("is refused: $name", ({ text }) => {
    const malformed = { ok: false, error: { stage: "collateral-parse", code: "collateral-malformed" } };
    expect(parseCollateral(text)).toMatchObject(malformed);
    expect(parseCollateral(new TextEncoder().encode(text))).toMatchObject(malformed);
  });

  test("is refused when its bytes are not UTF-8", () => {
    expect(parseCollateral(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({
      ok: false,
      error: { code: "collateral-malformed" },
    });
  });
});

/** A real bundle, its values not known to be text. */
function valid(): Record<string, unknown> {
  return HAS_REAL_VECTORS ? JSON.parse(readVectorText("collateral/go-tdx-guest-90c06f-2026-02.json")) : {};
}

function textOf(key: string): string {
  return String(valid()[key]);
}

function withChanges(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...valid(), ...changes });
}

function codeOf(input: string | Uint8Array): string {
  const result = parseCollateral(input);
  return result.ok ? "ok" : `${result.error.stage}/${result.error.code}`;
}

describe.skipIf(!HAS_REAL_VECTORS)("a bundle", () => {
  test("parses from text and from bytes, and keeps its texts", () => {
    const text = JSON.stringify(valid());
    const parsed = parseCollateral(text);
    expect(parsed).toMatchObject({
      ok: true,
      value: { bundle: valid(), tcbInfo: { id: "TDX" }, qeIdentity: { id: "TD_QE" } },
    });
    expect(codeOf(new TextEncoder().encode(text))).toBe("ok");
    expect(parsed.ok && Object.isFrozen(parsed.value) && Object.isFrozen(parsed.value.bundle)).toBe(true);
  });

  test("is written so that it parses to the same texts, without keys that are not its own", () => {
    const parsed = parseCollateral(withChanges({}));
    if (!parsed.ok) throw new Error(parsed.error.code);
    const { bundle } = parsed.value;
    expect(JSON.parse(encodeCollateral(bundle))).toEqual(valid());
    const more = { ...bundle, pck_certificate_chain: "chain", extra: 1 };
    expect(JSON.parse(encodeCollateral(more))).toEqual({ ...valid(), pck_certificate_chain: "chain" });
    expect(codeOf(encodeCollateral(more))).toBe("ok");
  });

  test.each(REQUIRED)("without %s is refused, and so with another type there", (key) => {
    for (const value of [undefined, null, 1, {}, [], [1, 2, 3]]) {
      expect(parseCollateral(withChanges({ [key]: value }))).toMatchObject({
        ok: false,
        error: {
          stage: "collateral-parse",
          code: "collateral-malformed",
          facts: { subject: key, reason: "must be text" },
        },
      });
    }
  });

  test.each(REQUIRED)("with %s twice is refused", (key) => {
    const text = withChanges({}).replace("{", `{${JSON.stringify(key)}:"",`);
    expect(codeOf(text)).toBe("collateral-parse/collateral-malformed");
  });

  test.each([
    {
      name: "an object for tcb_info",
      change: () => ({ tcb_info: JSON.parse(textOf("tcb_info")) }),
      code: "collateral-malformed",
    },
    {
      name: "a TCB info signature of 63 bytes",
      change: () => ({ tcb_info_signature: "0".repeat(126) }),
      code: "collateral-malformed",
    },
    {
      name: "a TCB info signature of 65 bytes",
      change: () => ({ tcb_info_signature: "0".repeat(130) }),
      code: "collateral-malformed",
    },
    { name: "an empty TCB info signature", change: () => ({ tcb_info_signature: "" }), code: "collateral-malformed" },
    {
      name: "a TCB info signature of odd hex",
      change: () => ({ tcb_info_signature: "0".repeat(127) }),
      code: "collateral-malformed",
    },
    {
      name: "a TCB info signature in DER",
      change: () => ({ tcb_info_signature: `3044${"0".repeat(136)}` }),
      code: "collateral-malformed",
    },
    {
      name: "a TCB info signature with 0x",
      change: () => ({ tcb_info_signature: `0x${"0".repeat(126)}` }),
      code: "collateral-malformed",
    },
    {
      name: "a QE identity signature of 63 bytes",
      change: () => ({ qe_identity_signature: "0".repeat(126) }),
      code: "collateral-malformed",
    },
    {
      name: "a root CA CRL of odd hex",
      change: () => ({ root_ca_crl: textOf("root_ca_crl").slice(1) }),
      code: "collateral-malformed",
    },
    { name: "a PCK CRL in PEM", change: () => ({ pck_crl: "-----BEGIN X509 CRL-----" }), code: "collateral-malformed" },
    {
      name: "a PCK chain that is no text",
      change: () => ({ pck_certificate_chain: null }),
      code: "collateral-malformed",
    },
    { name: "an empty TCB info", change: () => ({ tcb_info: "" }), code: "tcb-info-malformed" },
    {
      name: "a TCB info of version 2",
      change: () => ({ tcb_info: '{"version":2}' }),
      code: "tcb-info-version-unsupported",
    },
    { name: "an empty QE identity", change: () => ({ qe_identity: "" }), code: "qe-identity-malformed" },
    {
      name: "a QE identity of version 1",
      change: () => ({ qe_identity: '{"version":1}' }),
      code: "qe-identity-version-unsupported",
    },
    {
      name: "text before the TCB info chain",
      change: () => ({ tcb_info_issuer_chain: `x${textOf("tcb_info_issuer_chain")}` }),
      code: "certificate-malformed",
    },
    {
      name: "another label in the QE identity chain",
      change: () => ({
        qe_identity_issuer_chain: textOf("qe_identity_issuer_chain").replaceAll("CERTIFICATE", "X509 CRL"),
      }),
      code: "certificate-malformed",
    },
    {
      name: "BEGIN without END in the PCK CRL chain",
      change: () => ({ pck_crl_issuer_chain: "-----BEGIN CERTIFICATE-----\n" }),
      code: "certificate-malformed",
    },
    {
      name: "a chain of 64 KiB and one byte",
      change: () => ({ pck_crl_issuer_chain: textOf("pck_crl_issuer_chain").padEnd(65_537, "\n") }),
      code: "certificate-malformed",
    },
    { name: "an empty root CA CRL", change: () => ({ root_ca_crl: "" }), code: "crl-malformed" },
    { name: "a root CA CRL of garbage", change: () => ({ root_ca_crl: "deadbeef" }), code: "crl-malformed" },
    {
      name: "a root CA CRL with a byte after it",
      change: () => ({ root_ca_crl: `${textOf("root_ca_crl")}00` }),
      code: "crl-malformed",
    },
    { name: "an empty PCK CRL", change: () => ({ pck_crl: "" }), code: "crl-malformed" },
    { name: "a PCK CRL cut short", change: () => ({ pck_crl: textOf("pck_crl").slice(0, -2) }), code: "crl-malformed" },
  ])("with $name is refused: $code", ({ change, code }) => {
    expect(codeOf(withChanges(change()))).toBe(`collateral-parse/${code}`);
  });

  test.each([
    {
      name: "hex in upper case",
      change: () => ({
        root_ca_crl: textOf("root_ca_crl").toUpperCase(),
        tcb_info_signature: textOf("tcb_info_signature").toUpperCase(),
      }),
    },
    { name: "unknown keys", change: () => ({ extra: [1, { a: null }], advisory: "x" }) },
    { name: "an empty chain, which the trust anchor refuses later", change: () => ({ tcb_info_issuer_chain: "" }) },
    {
      name: "a PCK chain that is no PEM, which a quote with its own chain never looks at",
      change: () => ({ pck_certificate_chain: "garbage" }),
    },
  ])("may have $name", ({ change }) => {
    expect(codeOf(withChanges(change()))).toBe("ok");
  });

  test("may have __proto__ and constructor keys, with no effect on prototypes", () => {
    const text = withChanges({}).replace(
      "{",
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
    );
    const parsed = parseCollateral(text);
    expect(parsed.ok).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(parsed.ok && Object.keys(parsed.value.bundle).toSorted()).toEqual([...REQUIRED].toSorted());
  });

  test("shares the certificates that its chains have in common", () => {
    const parsed = parseCollateral(withChanges({}));
    if (!parsed.ok) throw new Error(parsed.error.code);
    const { tcbInfoIssuerChain, qeIdentityIssuerChain, pckCrlIssuerChain } = parsed.value;
    expect(pckCrlIssuerChain[1]).toBe(tcbInfoIssuerChain[1]);
    expect(qeIdentityIssuerChain[0]).toBe(tcbInfoIssuerChain[0]);
    expect(pckCrlIssuerChain[0]).not.toBe(tcbInfoIssuerChain[0]);
  });

  test.each([
    { name: "a date of no calendar", good: "170d32363032", bad: "170d32363939" },
    { name: "an extension that narrows the list", good: "0603551d15", bad: "0603551d1b" },
  ])("is refused when the last revocation has $name, however many good ones go before", ({ good, bad }) => {
    const crl = textOf("pck_crl");
    const at = crl.lastIndexOf(good);
    expect(crl.split(good).length).toBeGreaterThan(3);
    expect(codeOf(withChanges({ pck_crl: crl.slice(0, at) + bad + crl.slice(at + bad.length) }))).toBe(
      "collateral-parse/crl-malformed",
    );
  });

  test("names the first wrong part: bundle, TCB info, QE identity, certificates, CRLs", () => {
    const wrong = [
      { qe_identity_signature: "" },
      { tcb_info: "" },
      { qe_identity: "" },
      { pck_crl_issuer_chain: "x" },
      { root_ca_crl: "00" },
    ];
    const codes = wrong.map((_, first) => codeOf(withChanges(Object.assign({}, ...wrong.slice(first)))));
    expect(codes).toEqual([
      "collateral-parse/collateral-malformed",
      "collateral-parse/tcb-info-malformed",
      "collateral-parse/qe-identity-malformed",
      "collateral-parse/certificate-malformed",
      "collateral-parse/crl-malformed",
    ]);
  });
});
