import { formatRfc3339Utc, type Crl } from "@mero-tee/tdx-quote";
import { ok } from "@mero-tee/tdx-quote/result";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { childrenOf, decodeTlv, encodeTlv, type Tlv } from "../mutators/der-tree.ts";
import { DER_MUTATORS } from "../mutators/der.ts";
import { promise, type Attempt, type FuzzTarget } from "../target.ts";
import { parseInBundle } from "./bundle.ts";
import { isPartOf } from "./is-part-of.ts";
import { attemptOf, magnitude } from "./outcome.ts";

/** UTCTime or GeneralizedTime in the form of RFC 3339, so that no arithmetic is shared with the parser. */
function timeText(tlv: Tlv | undefined): string {
  const digits = tlv === undefined || Array.isArray(tlv.content) ? "" : Buffer.from(tlv.content).toString("latin1");
  const century = digits.length > 13 ? "" : digits < "5" ? "20" : "19";
  return `${century}${digits}`.replace(/^(....)(..)(..)(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
}

/** The serials of a list, read by the tree of the mutators: with the list itself the sixth field of seven. */
function listedSerials(der: Uint8Array): readonly string[] {
  const fields = childrenOf(childrenOf(decodeTlv(der))[0]);
  const entries = fields.length === 7 ? childrenOf(fields[5]) : [];
  return entries.map((entry) => {
    const [serial] = childrenOf(entry);
    const content = serial === undefined || Array.isArray(serial.content) ? new Uint8Array() : serial.content;
    return Buffer.from(content)
      .toString("hex")
      .replace(/^(?:00)+/, "");
  });
}

function inspectCrl(input: Uint8Array, crl: Crl): void {
  promise(Buffer.compare(crl.der, input) === 0, "a list keeps its bytes");
  promise(isPartOf(crl.tbs, crl.der) && isPartOf(crl.issuer, crl.tbs), "the parts of a list are in it");
  promise(Number.isSafeInteger(crl.thisUpdate) && Number.isSafeInteger(crl.nextUpdate), "updates are in whole seconds");
  promise(crl.crlNumber >= 0n && crl.crlNumber < 1n << 160n, "a list number has at most 20 bytes");
  promise(crl.signature.length === 64, "a signature has 64 bytes");
  const fields = childrenOf(childrenOf(decodeTlv(input))[0]);
  promise(formatRfc3339Utc(crl.thisUpdate) === timeText(fields[3]), "thisUpdate is read as it stands");
  promise(formatRfc3339Utc(crl.nextUpdate) === timeText(fields[4]), "nextUpdate is read as it stands");
  promise(fields[2] !== undefined && isPartOf(crl.issuer, encodeTlv(fields[2])), "the issuer is read from its place");
  const serials = listedSerials(input);
  promise(
    serials.every((serial) => crl.revokes(serial)),
    "every listed serial is revoked",
  );
  const stranger = serials.reduce((longest, serial) => (serial.length > longest.length ? serial : longest), "");
  promise(!crl.revokes(`${stranger}01`) && !crl.revokes(""), "no other serial is revoked");
}

function attemptCrl(input: Uint8Array): Attempt {
  const parsed = parseInBundle({ pck_crl: Buffer.from(input).toString("hex") });
  return attemptOf(
    parsed.ok ? ok(parsed.value.pckCrl) : parsed,
    ["collateral-parse"],
    (crl) => inspectCrl(input, crl),
    ({ authorityKeyId }) =>
      `${magnitude(listedSerials(input).length)} entries, ${authorityKeyId === null ? "no" : "a"} key identifier`,
  );
}

/** The reader of certificate revocation lists. */
export const CRL_TARGET: FuzzTarget = {
  name: "crl",
  seeds: (corpus) => corpus.crls,
  mutators: [...DER_MUTATORS, ...DER_MUTATORS, ...BYTE_MUTATORS],
  attempt: attemptCrl,
};
