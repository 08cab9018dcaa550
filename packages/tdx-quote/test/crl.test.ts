import { p256 } from "@noble/curves/nist.js";
import { describe, expect, test } from "vitest";
import { parseCrl, type Crl } from "../src/crl.ts";
import { parseHex } from "../src/hex.ts";
import { bool, bytes, int, octets, oid, seq, set, text, tlv } from "./der-writer.ts";
import { HAS_REAL_VECTORS, readVectorText } from "./real-vectors.ts";
import {
  AKI,
  CRL_NUMBER,
  crlOf,
  crlParts,
  ECDSA_WITH_SHA384,
  extension,
  memberKey,
  memberName,
  NOT_AFTER,
  NOT_BEFORE,
  NOW,
  revoked,
  UNKNOWN,
  utcTime,
  type CrlParts,
  type Extensions,
} from "./synthetic-pki.ts";

function read(changes: Partial<CrlParts> = {}): Crl {
  const result = parseCrl(crlOf("root", changes));
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

const sound = crlParts("root").extensions;
const soundList = seq(...Object.values(sound).filter((value) => value !== null));
const DATE = utcTime(NOW);
const REASON = "2.5.29.21";
const INVALIDITY_DATE = "2.5.29.24";
const DELTA = "2.5.29.27";
const DISTRIBUTION_POINT = "2.5.29.28";
const CERTIFICATE_ISSUER = "2.5.29.29";

describe("a CRL", () => {
  test("is read into its fields", () => {
    const crl = read();
    expect(crl).toMatchObject({
      der: crlOf("root"),
      issuer: memberName("root"),
      thisUpdate: NOT_BEFORE,
      nextUpdate: NOT_AFTER,
      crlNumber: 7n,
      authorityKeyId: new Uint8Array(20).fill(1),
    });
    expect(p256.verify(crl.signature, crl.tbs, memberKey("root").publicKey, { lowS: false })).toBe(true);
  });

  test("revokes the serials of its entries and no other", () => {
    const crl = read({ entries: [revoked(5n, DATE), revoked(0x80n, DATE), revoked(2n ** 160n - 1n, DATE)] });
    expect(["05", "80", "ff".repeat(20)].map(crl.revokes)).toEqual([true, true, true]);
    expect(["04", "06", "08", "0080", "5", "", "ff", "FF".repeat(20), "has", "size"].map(crl.revokes)).not.toContain(
      true,
    );
  });

  test("revokes nothing without entries, or with an empty list of them", () => {
    expect(read({ entries: null }).revokes("05")).toBe(false);
    expect(read({ entries: [] }).revokes("05")).toBe(false);
  });

  test("revokes whatever the date and the reason of an entry say", () => {
    const removeFromCrl = seq(extension(REASON, tlv(0x0a, bytes("08"))));
    const future = text(0x18, "99991231235959Z");
    const crl = read({
      entries: [
        revoked(5n, future, removeFromCrl),
        revoked(6n, DATE, seq(extension(REASON, seq(), true))),
        revoked(7n, DATE, seq(extension(INVALIDITY_DATE, seq(), true))),
      ],
    });
    expect(["05", "06", "07", "08"].map(crl.revokes)).toEqual([true, true, true, false]);
  });

  test("has a number as large as 20 bytes, and an authority with or without key identifier", () => {
    const numbered = {
      ...sound,
      [CRL_NUMBER]: extension(CRL_NUMBER, int(2n ** 160n - 1n)),
      [AKI]: extension(AKI, seq(), true),
    };
    expect(read({ extensions: numbered })).toMatchObject({ crlNumber: 2n ** 160n - 1n, authorityKeyId: null });
    expect(read({ extensions: { ...sound, [CRL_NUMBER]: extension(CRL_NUMBER, int(0), true) } }).crlNumber).toBe(0n);
  });

  test("may have unknown extensions that are not critical, on itself and on entries", () => {
    const unknown = extension(UNKNOWN, bytes("00"));
    const crl = read({ extensions: { ...sound, unknown }, entries: [revoked(5n, DATE, seq(unknown))] });
    expect(crl.revokes("05")).toBe(true);
  });

  test("of 4 MiB with 100,000 entries and more is read", () => {
    const entries = Array.from({ length: 104_000 }, (_, index) => revoked((0x77n << 152n) | BigInt(index), DATE));
    const crl = read({ entries: [new Uint8Array(Buffer.concat(entries))] });
    expect(crl.der.length).toBeGreaterThan(4_000_000);
    expect(crl.revokes(`77${"00".repeat(16)}0107cf`)).toBe(true);
    expect(crl.revokes(`78${"00".repeat(16)}0107cf`)).toBe(false);
  });
});

function withExtensions(changes: Extensions): Partial<CrlParts> {
  return { extensions: { ...sound, ...changes } };
}

/** A CRL with an extension of this many bytes that nobody knows. */
function withFiller(length: number): Uint8Array {
  return crlOf("root", withExtensions({ a: extension(UNKNOWN, new Uint8Array(length)) }));
}

test("a CRL may have 4 MiB, and no byte more", () => {
  const limit = 4 * 1024 * 1024;
  const overhead = withFiller(limit).length - limit;
  // A signature is a byte shorter or longer now and then, so the size is not known before.
  const list = [0, 1, 2, -1, -2]
    .map((more) => withFiller(limit - overhead + more))
    .find(({ length }) => length === limit);
  if (list === undefined) throw new Error("no filler gives this size");
  expect(parseCrl(list).ok).toBe(true);
  expect(parseCrl(new Uint8Array(limit + 1))).toEqual({ ok: false, error: { reason: "longer than 4 MiB" } });
});

describe("a CRL is refused with", () => {
  const badExtension = "missing, malformed or unsupported CRL extension";
  const badTime = "thisUpdate or nextUpdate missing or malformed";
  test.each<{ name: string; changes: Partial<CrlParts>; reason: string }>([
    {
      name: "outer algorithm ecdsa-with-SHA384",
      changes: { outerAlgorithm: ECDSA_WITH_SHA384 },
      reason: "signature algorithm other than ecdsa-with-SHA256",
    },
    {
      name: "inner algorithm ecdsa-with-SHA384",
      changes: { innerAlgorithm: ECDSA_WITH_SHA384 },
      reason: "inner signature algorithm other than ecdsa-with-SHA256",
    },
    { name: "version 1", changes: { version: [] }, reason: "not version 2" },
    { name: "version 3", changes: { version: [int(2)] }, reason: "not version 2" },
    { name: "an issuer that is no Name", changes: { issuer: set() }, reason: "malformed issuer name" },
    { name: "no nextUpdate", changes: { nextUpdate: [] }, reason: badTime },
    { name: "no nextUpdate but entries", changes: { nextUpdate: [], entries: [revoked(5n, DATE)] }, reason: badTime },
    { name: "nothing after thisUpdate", changes: { nextUpdate: [], tail: [] }, reason: badTime },
    { name: "a nextUpdate on 31 April", changes: { nextUpdate: [text(0x17, "250431000000Z")] }, reason: badTime },
    { name: "a thisUpdate without seconds", changes: { thisUpdate: text(0x17, "2504300000Z") }, reason: badTime },
    { name: "entries in a SET", changes: { tail: [set(), tlv(0xa0, seq())] }, reason: "malformed entry" },
    { name: "an entry that is no SEQUENCE", changes: { entries: [int(5)] }, reason: "malformed entry" },
    { name: "an empty entry", changes: { entries: [seq()] }, reason: "malformed entry" },
    { name: "an entry without date", changes: { entries: [seq(int(5))] }, reason: "malformed entry" },
    {
      name: "an entry with an impossible date",
      changes: { entries: [revoked(5n, text(0x17, "250431000000Z"))] },
      reason: "malformed entry",
    },
    { name: "an entry with serial 0", changes: { entries: [revoked(0n, DATE)] }, reason: "malformed entry" },
    { name: "an entry with a negative serial", changes: { entries: [revoked(-5n, DATE)] }, reason: "malformed entry" },
    {
      name: "an entry with a serial of 21 bytes",
      changes: { entries: [revoked(2n ** 160n, DATE)] },
      reason: "malformed entry",
    },
    {
      name: "an entry of four parts",
      changes: { entries: [revoked(5n, DATE, seq(), seq())] },
      reason: "malformed entry",
    },
    {
      name: "extensions of an entry that are no SEQUENCE",
      changes: { entries: [revoked(5n, DATE, int(1))] },
      reason: "malformed entry",
    },
    {
      name: "an unknown critical extension of an entry",
      changes: { entries: [revoked(5n, DATE, seq(extension(UNKNOWN, seq(), true)))] },
      reason: "malformed entry",
    },
    {
      name: "an extension of an entry twice",
      changes: { entries: [revoked(5n, DATE, seq(extension(REASON, seq()), extension(REASON, seq())))] },
      reason: "malformed entry",
    },
    {
      name: "an entry of another issuer",
      changes: { entries: [revoked(5n, DATE, seq(extension(CERTIFICATE_ISSUER, seq(), true)))] },
      reason: "malformed entry",
    },
    {
      name: "the same, not critical",
      changes: { entries: [revoked(5n, DATE, seq(extension(CERTIFICATE_ISSUER, seq())))] },
      reason: "malformed entry",
    },
    {
      name: "a bad entry after good ones",
      changes: { entries: [revoked(5n, DATE), revoked(6n, DATE), seq(int(7))] },
      reason: "malformed entry",
    },
    { name: "no extensions", changes: { tail: [] }, reason: badExtension },
    { name: "entries but no extensions", changes: { entries: [], tail: [] }, reason: badExtension },
    {
      name: "extensions with another tag",
      changes: { tail: [tlv(0xa1, soundList)] },
      reason: badExtension,
    },
    { name: "two lists of extensions", changes: { tail: [tlv(0xa0, soundList, seq())] }, reason: badExtension },
    { name: "extensions that are no SEQUENCE", changes: { tail: [tlv(0xa0, set())] }, reason: badExtension },
    {
      name: "something after the extensions",
      changes: { entries: [], tail: [tlv(0xa0, soundList), int(1)] },
      reason: badExtension,
    },
    {
      name: "something between the entries and the extensions",
      changes: { entries: [revoked(5n, DATE)], tail: [seq(), tlv(0xa0, soundList)] },
      reason: badExtension,
    },
    { name: "no number", changes: withExtensions({ [CRL_NUMBER]: null }), reason: badExtension },
    {
      name: "a negative number",
      changes: withExtensions({ [CRL_NUMBER]: extension(CRL_NUMBER, int(-1)) }),
      reason: badExtension,
    },
    {
      name: "a number of 21 bytes",
      changes: withExtensions({ [CRL_NUMBER]: extension(CRL_NUMBER, int(2n ** 160n)) }),
      reason: badExtension,
    },
    {
      name: "a number that is not DER",
      changes: withExtensions({ [CRL_NUMBER]: extension(CRL_NUMBER, bytes("02020007")) }),
      reason: badExtension,
    },
    {
      name: "a number that is an OCTET STRING",
      changes: withExtensions({ [CRL_NUMBER]: extension(CRL_NUMBER, octets(bytes("07"))) }),
      reason: badExtension,
    },
    { name: "no authority key identifier", changes: withExtensions({ [AKI]: null }), reason: badExtension },
    {
      name: "a malformed authority key identifier",
      changes: withExtensions({ [AKI]: extension(AKI, octets(bytes("aa"))) }),
      reason: badExtension,
    },
    { name: "a number twice", changes: withExtensions({ again: extension(CRL_NUMBER, int(8)) }), reason: badExtension },
    {
      name: "an unknown critical extension",
      changes: withExtensions({ a: extension(UNKNOWN, seq(), true) }),
      reason: badExtension,
    },
    { name: "a delta indicator", changes: withExtensions({ a: extension(DELTA, int(1), true) }), reason: badExtension },
    {
      name: "a delta indicator that is not critical",
      changes: withExtensions({ a: extension(DELTA, int(1)) }),
      reason: badExtension,
    },
    {
      name: "an issuing distribution point",
      changes: withExtensions({ a: extension(DISTRIBUTION_POINT, seq(), true) }),
      reason: badExtension,
    },
    {
      name: "an issuing distribution point that is not critical",
      changes: withExtensions({ a: extension(DISTRIBUTION_POINT, seq()) }),
      reason: badExtension,
    },
    {
      name: "an extension with an encoded default",
      changes: withExtensions({ a: seq(oid(UNKNOWN), bool(false), octets(seq())) }),
      reason: badExtension,
    },
  ])("$name", ({ changes, reason }) => {
    expect(parseCrl(crlOf("root", changes))).toMatchObject({ ok: false, error: { reason } });
  });

  test.each([
    { name: "no bytes", der: new Uint8Array(0) },
    { name: "text", der: new TextEncoder().encode("<html>404</html>") },
    { name: "a byte after the end", der: Uint8Array.from([...crlOf("root"), 0]) },
    { name: "a byte missing", der: crlOf("root").subarray(0, -1) },
    { name: "an empty SEQUENCE", der: seq() },
    { name: "65 parts", der: crlOf("root", { tail: Array.from({ length: 65 }, () => int(1)) }) },
    {
      name: "two million values in its list",
      der: crlOf("root", { entries: [new Uint8Array(4_000_000).map((_, index) => (index % 2 === 0 ? 5 : 0))] }),
    },
  ])("$name", ({ der }) => {
    expect(parseCrl(der).ok).toBe(false);
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("a real CRL", () => {
  test.each([
    "automata-00806f05-2025-06",
    "dcap-qvl-b0c06f-2025-06",
    "go-tdx-guest-50806f-2023-06",
    "go-tdx-guest-90c06f-2026-02",
  ])("of %s is read", (id) => {
    const bundle: Record<string, string> = JSON.parse(readVectorText(`collateral/${id}.json`));
    const lists = ["root_ca_crl", "pck_crl"].map((key) => parseCrl(parseHex(bundle[key] ?? "") ?? new Uint8Array(0)));
    expect(lists.map(({ ok }) => ok)).toEqual([true, true]);
  });
});
