import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";

/** A certificate inside a PEM text: its bytes, and where the base64 of them stands. */
export interface PemBlock {
  readonly der: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The certificates of a chain that the simulator wrote, in order. */
export function pemBlocks(pem: string): readonly PemBlock[] {
  return [...pem.matchAll(/(?<=BEGIN CERTIFICATE-----\n)[A-Za-z0-9+/=\n]+(?=\n-----END)/g)].map((match) => {
    const [base64] = match;
    const der = parseBase64(base64.replaceAll("\n", ""));
    if (der === null) throw new Error("the simulator writes canonical base64");
    return { der, start: match.index, end: match.index + base64.length };
  });
}

/** The same PEM text with the certificate in one place replaced by as many other bytes. */
export function withCertificate(pem: string, index: number, der: Uint8Array): string {
  const block = pemBlocks(pem)[index];
  if (block === undefined) throw new RangeError(`the chain has no certificate ${index}`);
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return pem.slice(0, block.start) + lines.join("\n") + pem.slice(block.end);
}
