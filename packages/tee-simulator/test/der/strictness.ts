import { isUtf8 } from "node:buffer";
import { contentOf, isCanonical, isCanonicalDocument, oidOf, tlvAt, tlvsIn, type Tlv } from "../differential/tlv.ts";

/** One thing that this project refuses in an encoding and others let pass. */
export interface Strictness {
  readonly id: string;
  /** What this project says. */
  readonly reason: RegExp;
  /** Why it is refused. */
  readonly why: string;
  /** Whether the bytes have that flaw, by the forgiving reader alone. */
  readonly holds: (der: Uint8Array) => boolean;
}

const ECDSA_WITH_SHA256 = "300a06082a8648ce3d040302";
const MAX_PARTS = 64;
const MAX_DEPTH = 16;
const CERTIFICATE_LIMIT = 16 * 1024;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function whole(bytes: Uint8Array, { start, end }: Tlv): Uint8Array {
  return bytes.subarray(start, end);
}

function partsOf(der: Uint8Array, tlv: Tlv | null | undefined): readonly Tlv[] {
  return tlv === null || tlv === undefined || (tlv.tag & 0x20) === 0 ? [] : (tlvsIn(der, tlv) ?? []);
}

/** Signed part, algorithm, signature. */
function outerParts(der: Uint8Array): readonly Tlv[] {
  return partsOf(der, tlvAt(der, 0));
}

/** The fields of the signed part. */
export function signedFields(der: Uint8Array): readonly Tlv[] {
  return partsOf(der, outerParts(der)[0]);
}

function depthOf(der: Uint8Array, tlv: Tlv): number {
  return 1 + Math.max(0, ...partsOf(der, tlv).map((part) => depthOf(der, part)));
}

function isName(der: Uint8Array, tlv: Tlv | undefined): boolean {
  const relativeNames = partsOf(der, tlv);
  return (
    tlv?.tag === 0x30 &&
    relativeNames.length <= MAX_PARTS &&
    relativeNames.every((relativeName) => {
      const attributes = partsOf(der, relativeName);
      return (
        relativeName.tag === 0x31 &&
        attributes.length > 0 &&
        attributes.length <= MAX_PARTS &&
        attributes.every((attribute) => attribute.tag === 0x30 && isAttribute(der, partsOf(der, attribute)))
      );
    })
  );
}

function isAttribute(der: Uint8Array, [type, value, ...rest]: readonly Tlv[]): boolean {
  return rest.length === 0 && isShortOid(der, type) && isText(der, value);
}

/** A UTF8String or a PrintableString that is one. */
function isText(der: Uint8Array, tlv: Tlv | undefined): boolean {
  if (tlv === undefined) return false;
  const content = Buffer.from(contentOf(der, tlv));
  if (tlv.tag === 0x13) return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(content.toString("latin1"));
  return tlv.tag === 0x0c && isUtf8(content);
}

/** An OBJECT IDENTIFIER without arcs beyond what a double holds. */
function isShortOid(der: Uint8Array, tlv: Tlv | undefined): boolean {
  if (tlv?.tag !== 0x06) return false;
  return oidOf(der, tlv)
    .split(".")
    .every((arc) => Number(arc) < 2 ** 52);
}

/** A time of the calendar in one of the two forms of RFC 5280, section 4.1.2.5. */
function isAsn1Time(der: Uint8Array, tlv: Tlv | undefined): boolean {
  if (tlv === undefined) return false;
  const text = Buffer.from(contentOf(der, tlv)).toString("latin1");
  const digits = tlv.tag === 0x17 ? `${text < "5" ? "20" : "19"}${text}` : text;
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? [];
  if ((tlv.tag !== 0x17 && tlv.tag !== 0x18) || parts.length === 0 || (tlv.tag === 0x17 && text.length !== 13)) {
    return false;
  }
  const [year, month, day, hour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(`${year}-${month}-${day}T${hour}:`);
}

/** A positive INTEGER of at most 20 octets of magnitude. */
function isSerial(der: Uint8Array, tlv: Tlv | undefined): boolean {
  if (tlv?.tag !== 0x02) return false;
  const content = contentOf(der, tlv);
  const magnitude = content[0] === 0 ? content.subarray(1) : content;
  return (content[0] ?? 0x80) < 0x80 && magnitude.some((octet) => octet !== 0) && magnitude.length <= 20;
}

/** `SEQUENCE OF SEQUENCE { OID, TRUE OPTIONAL, OCTET STRING }`; null where it is none. */
export function extensionsIn(
  der: Uint8Array,
  list: Tlv | undefined,
): readonly { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array }[] | null {
  if (list?.tag !== 0x30) return null;
  const items = partsOf(der, list).map((item) => {
    const parts = partsOf(der, item);
    const [oid, flag] = parts;
    const value = parts.at(-1);
    const critical = parts.length === 3;
    const isFlagTrue = !critical || (flag?.tag === 0x01 && der[flag.contentStart] === 0xff);
    if (item.tag !== 0x30 || oid === undefined || !isShortOid(der, oid) || value?.tag !== 0x04) return null;
    return (critical || parts.length === 2) && isFlagTrue
      ? { oid: oidOf(der, oid), critical, value: contentOf(der, value) }
      : null;
  });
  const extensions = items.flatMap((item) => item ?? []);
  return extensions.length === items.length && items.length <= MAX_PARTS ? extensions : null;
}

/** Extensions whose contents this project reads. */
const DECODED: ReadonlySet<string> = new Set([
  "2.5.29.14",
  "2.5.29.15",
  "2.5.29.19",
  "2.5.29.31",
  "2.5.29.35",
  "1.2.840.113741.1.13.1",
]);

function hasRightExtensions(der: Uint8Array): boolean {
  const fields = signedFields(der);
  const [wrapper, ...rest] = fields.slice(7);
  if (wrapper === undefined) return true;
  const [list, ...others] = partsOf(der, wrapper);
  const extensions = extensionsIn(der, list);
  return (
    wrapper.tag === 0xa3 &&
    rest.length === 0 &&
    others.length === 0 &&
    extensions !== null &&
    extensions.every(({ oid, value }) => {
      const document = DECODED.has(oid) ? tlvAt(value, 0) : null;
      if (!DECODED.has(oid)) return true;
      return document?.end === value.length && isCanonical(value, document) && depthOf(value, document) <= MAX_DEPTH;
    })
  );
}

function isPublicKeyInfo(der: Uint8Array, tlv: Tlv | undefined): boolean {
  const [algorithm, bits, ...rest] = partsOf(der, tlv);
  const algorithmParts = partsOf(der, algorithm);
  return (
    tlv?.tag === 0x30 &&
    algorithm?.tag === 0x30 &&
    algorithmParts.length <= MAX_PARTS &&
    isShortOid(der, algorithmParts[0]) &&
    bits?.tag === 0x03 &&
    der[bits.contentStart] === 0 &&
    rest.length === 0
  );
}

function isEcdsaSignature(der: Uint8Array, tlv: Tlv | undefined): boolean {
  if (tlv?.tag !== 0x03 || der[tlv.contentStart] !== 0) return false;
  const content = der.subarray(tlv.contentStart + 1, tlv.end);
  const parts = partsOf(content, tlvAt(content, 0));
  return (
    isCanonicalDocument(content) && content[0] === 0x30 && parts.length === 2 && parts.every(({ tag }) => tag === 0x02)
  );
}

function isEcdsaWithSha256(der: Uint8Array, tlv: Tlv | undefined): boolean {
  return tlv !== undefined && hex(whole(der, tlv)) === ECDSA_WITH_SHA256;
}

function isVersion(der: Uint8Array, tlv: Tlv | undefined, version: number): boolean {
  return tlv?.tag === 0x02 && hex(contentOf(der, tlv)) === `0${version}`;
}

/** What is refused in any signed encoding. */
const COMMON_STRICTNESS: readonly Strictness[] = [
  {
    id: "not DER",
    reason:
      /^(?:cut short|runs past its end|trailing bytes|tag number above 30|indefinite length|length of more than four bytes|non-minimal|BOOLEAN other|empty|BIT STRING with|NULL with content|OBJECT IDENTIFIER cut short|wrong form of its type)/,
    why: "one value has one encoding, so that what was signed and what is read cannot differ (X.690, section 10)",
    holds: (der) => !isCanonicalDocument(der),
  },
  {
    id: "nesting",
    reason: /^nested too deeply$/,
    why: "no structure of a certificate or a list is 16 deep; recursion has a bound",
    holds: (der) => {
      const document = tlvAt(der, 0);
      return document !== null && depthOf(der, document) > MAX_DEPTH;
    },
  },
  {
    id: "outer structure",
    reason: /^not a signed structure$/,
    why: "a signed document is a SEQUENCE of what is signed, the algorithm and the signature",
    holds: (der) => outerParts(der).length !== 3 || outerParts(der)[0]?.tag !== 0x30 || der[0] !== 0x30,
  },
  {
    id: "outer algorithm",
    reason: /^signature algorithm other than/,
    why: "Intel signs with ecdsa-with-SHA256 only, which has no parameters (RFC 5758, section 3.2)",
    holds: (der) => !isEcdsaWithSha256(der, outerParts(der)[1]),
  },
  {
    id: "signature encoding",
    reason: /^signature is not strict DER$/,
    why: "a signature is `SEQUENCE { r, s }` in strict DER and in whole octets (RFC 3279, section 2.2.3)",
    holds: (der) => !isEcdsaSignature(der, outerParts(der)[2]),
  },
];

/** What is refused in certificates. */
export const CERTIFICATE_STRICTNESS: readonly Strictness[] = [
  ...COMMON_STRICTNESS,
  {
    id: "size",
    reason: /^longer than 16 KiB$/,
    why: "real certificates have 700 to 1300 bytes",
    holds: (der) => der.length > CERTIFICATE_LIMIT,
  },
  {
    id: "version",
    reason: /^not version 3$/,
    why: "extensions say what a certificate may do, and only version 3 has them",
    holds: (der) => {
      const [version] = signedFields(der);
      const parts = partsOf(der, version);
      return version?.tag !== 0xa0 || parts.length !== 1 || !isVersion(der, parts[0], 2);
    },
  },
  {
    id: "serial",
    reason: /^serial number is not/,
    why: "a serial is positive and of 20 octets at most (RFC 5280, section 4.1.2.2)",
    holds: (der) => !isSerial(der, signedFields(der)[1]),
  },
  {
    id: "inner algorithm",
    reason: /^inner signature algorithm other than/,
    why: "the signed algorithm is the one outside (RFC 5280, section 4.1.1.2)",
    holds: (der) => !isEcdsaWithSha256(der, signedFields(der)[2]),
  },
  {
    id: "names",
    reason: /^malformed name$/,
    why: "a name is a list of at most 64 sets of attributes, none of them empty; values are UTF8String or PrintableString, as in all of Intel's",
    holds: (der) => !isName(der, signedFields(der)[3]) || !isName(der, signedFields(der)[5]),
  },
  {
    id: "validity",
    reason: /^malformed validity$/,
    why: "times are real and in the one form of RFC 5280, section 4.1.2.5",
    holds: (der) => {
      const times = partsOf(der, signedFields(der)[4]);
      return signedFields(der)[4]?.tag !== 0x30 || times.length !== 2 || times.some((time) => !isAsn1Time(der, time));
    },
  },
  {
    id: "public key",
    reason: /^malformed public key$/,
    why: "a key is an algorithm and whole octets",
    holds: (der) => !isPublicKeyInfo(der, signedFields(der)[6]),
  },
  {
    id: "extensions",
    reason: /^malformed extensions$/,
    why: "extensions are the last field, a FALSE is left out, and what this project reads in them is strict DER too",
    holds: (der) => !hasRightExtensions(der),
  },
];

/** Extensions that make a list something else than the full list of its signer. */
const OTHER_SCOPES: ReadonlySet<string> = new Set(["2.5.29.27", "2.5.29.28", "2.5.29.29"]);

function areSupported(
  extensions: ReturnType<typeof extensionsIn>,
  known: readonly string[],
): extensions is NonNullable<typeof extensions> {
  return (
    extensions !== null &&
    new Set(extensions.map(({ oid }) => oid)).size === extensions.length &&
    extensions.every(({ oid, critical }) => !OTHER_SCOPES.has(oid) && (!critical || known.includes(oid)))
  );
}

function isEntry(der: Uint8Array, entry: Tlv): boolean {
  const [serial, date, extensions, ...rest] = partsOf(der, entry);
  return (
    entry.tag === 0x30 &&
    isSerial(der, serial) &&
    isAsn1Time(der, date) &&
    rest.length === 0 &&
    (extensions === undefined || areSupported(extensionsIn(der, extensions), ["2.5.29.21", "2.5.29.24"]))
  );
}

function hasRightCrlExtensions(der: Uint8Array): boolean {
  const optional = signedFields(der).slice(5);
  const wrapper = optional.at(-1);
  const [list, ...others] = partsOf(der, wrapper);
  const extensions = extensionsIn(der, list);
  if (optional.length > 2 || wrapper?.tag !== 0xa0 || others.length > 0) return false;
  if (!areSupported(extensions, ["2.5.29.20", "2.5.29.35"])) return false;
  return ["2.5.29.20", "2.5.29.35"].every((oid) => {
    const value = extensions.find((extension) => extension.oid === oid)?.value;
    return value !== undefined && isCanonicalDocument(value) && isCrlExtensionValue(oid, value);
  });
}

function isCrlExtensionValue(oid: string, value: Uint8Array): boolean {
  const document = tlvAt(value, 0);
  if (oid === "2.5.29.20")
    return document?.tag === 0x02 && (value[document.contentStart] ?? 0x80) < 0x80 && value.length <= 23;
  const tags = partsOf(value, document).map(({ tag }) => tag.toString(16));
  const first = partsOf(value, document)[0];
  return (
    document?.tag === 0x30 &&
    /^(?:80)?(?:a182)?$/.test(tags.join("")) &&
    (first?.tag !== 0x80 || first.end > first.contentStart)
  );
}

/** What is refused in revocation lists. */
export const CRL_STRICTNESS: readonly Strictness[] = [
  ...COMMON_STRICTNESS,
  {
    id: "version",
    reason: /^not version 2$/,
    why: "extensions number a list and name its signer, and only version 2 has them",
    holds: (der) => !isVersion(der, signedFields(der)[0], 1),
  },
  {
    id: "inner algorithm",
    reason: /^inner signature algorithm other than/,
    why: "the signed algorithm is the one outside (RFC 5280, section 5.1.1.2)",
    holds: (der) => !isEcdsaWithSha256(der, signedFields(der)[1]),
  },
  {
    id: "names",
    reason: /^malformed issuer name$/,
    why: "a name is a list of at most 64 sets of attributes, none of them empty; values are UTF8String or PrintableString, as in all of Intel's",
    holds: (der) => !isName(der, signedFields(der)[2]),
  },
  {
    id: "times",
    reason: /^thisUpdate or nextUpdate missing or malformed$/,
    why: "a list without an end never ends; times are real and in the one form of RFC 5280, section 4.1.2.5",
    holds: (der) => [3, 4].some((index) => !isAsn1Time(der, signedFields(der)[index])),
  },
  {
    id: "entries",
    reason: /^malformed entry$/,
    why: "an entry that cannot be read may be the one that matters",
    holds: (der) => {
      const optional = signedFields(der).slice(5);
      const [entries] = optional;
      if (optional.length !== 2 || entries === undefined) return false;
      return entries.tag !== 0x30 || !partsOf(der, entries).every((entry) => isEntry(der, entry));
    },
  },
  {
    id: "extensions",
    reason: /^missing, malformed or unsupported CRL extension$/,
    why: "a list has a number and names its signer's key, and is the full list of that signer (RFC 5280, section 5.2)",
    holds: (der) => !hasRightCrlExtensions(der),
  },
];
