import { parseDer } from "@mero-tee/tdx-quote/der";
import type { QuoteField } from "../../src/quote-layout.ts";
import { pemBlocks } from "./pem-text.ts";

/** A run of bytes with a name; a part may have several runs of one name. */
export interface Region {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const CERTIFICATE_FIELDS = [
  "version",
  "serial",
  "inner algorithm",
  "issuer",
  "validity",
  "subject",
  "public key",
  "extensions",
] as const;
const CRL_FIELDS = [
  "version",
  "inner algorithm",
  "issuer",
  "thisUpdate",
  "nextUpdate",
  "entries",
  "extensions",
] as const;

/** The fields of a certificate or a CRL: the two headers, those of the signed part, algorithm, signature. */
export function signedDerRegions(der: Uint8Array, kind: "certificate" | "crl"): readonly Region[] {
  const document = parseDer(der);
  const [signedPart, algorithm, signature] = (document.ok ? document.value.children : undefined) ?? [];
  const fields = signedPart?.children;
  if (fields === undefined || signedPart === undefined || algorithm === undefined || signature === undefined) {
    throw new Error("the simulator writes DER");
  }
  const names: readonly string[] = kind === "certificate" ? CERTIFICATE_FIELDS : CRL_FIELDS;
  if (fields.length !== names.length) throw new Error(`${fields.length} fields in a ${kind}`);
  return [
    { name: "outer headers", offset: 0, size: signedPart.offset + signedPart.header },
    ...fields.map(({ offset, bytes }, index) => ({ name: names[index] ?? "", offset, size: bytes.length })),
    { name: "outer algorithm", offset: algorithm.offset, size: algorithm.bytes.length },
    { name: "signature", offset: signature.offset, size: signature.bytes.length },
  ];
}

/** The lines of a PEM chain, by what they are. */
function pemRegions(pem: string, names: readonly string[], start: number): readonly Region[] {
  const regions: Region[] = [];
  let at = 0;
  for (const [index, block] of pemBlocks(pem).entries()) {
    regions.push({ name: "PEM armor", offset: start + at, size: block.start - at });
    for (const line of pem.slice(block.start, block.end).matchAll(/[^\n]+|\n/g)) {
      const name = line[0] === "\n" ? "line breaks" : `base64 of ${names[index] ?? "certificate"}`;
      regions.push({ name, offset: start + block.start + line.index, size: line[0].length });
    }
    at = block.end;
  }
  const tail = pem.length - pem.lastIndexOf("-\n") - 2;
  regions.push({ name: "PEM armor", offset: start + at, size: pem.length - tail - at });
  if (tail > 0) regions.push({ name: "NUL after the PCK chain", offset: start + pem.length - tail, size: tail });
  return regions;
}

const PCK_CHAIN = ["PCK leaf", "PCK CA", "root"] as const;

/** The fields of a quote; its PCK chain, where it has one, by lines. */
export function quoteRegions(quote: Uint8Array, fields: readonly QuoteField[]): readonly Region[] {
  return fields.flatMap((field) => {
    if (field.name !== "certificationData") return [field];
    const text = String.fromCharCode(...quote.subarray(field.offset, field.offset + field.size));
    return text.startsWith("-----BEGIN") ? pemRegions(text, PCK_CHAIN, field.offset) : [field];
  });
}

/** A bundle as it was written: names of members, values, and everything between them. */
export function bundleRegions(text: string, bundle: object): readonly Region[] {
  const regions: Region[] = [];
  let at = 0;
  for (const [key, value] of Object.entries(bundle)) {
    const [name, content] = [JSON.stringify(key), JSON.stringify(value)];
    const offset = text.indexOf(`${name}: ${content}`, at);
    if (offset === -1) throw new Error(`the bundle has no member ${key}`);
    const valueOffset = offset + name.length + 2;
    regions.push(
      { name: "structure", offset: at, size: offset - at },
      { name: key === "pck_certificate_chain" ? `name of ${key}` : "names of members", offset, size: name.length },
      { name: "structure", offset: valueOffset - 2, size: 2 },
      { name: key, offset: valueOffset, size: content.length },
    );
    at = valueOffset + content.length;
  }
  return [...regions, { name: "structure", offset: at, size: text.length - at }];
}
