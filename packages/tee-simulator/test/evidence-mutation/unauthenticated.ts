import { flipBit } from "../../src/byte-writer.ts";
import type { Part } from "./part.ts";
import type { WorldName } from "./world.ts";

/** One bit of one byte of one part, turned over. */
export interface Flip {
  readonly world: WorldName;
  readonly part: Part;
  readonly region: string;
  /** In the part. */
  readonly offset: number;
  /** 0 is the lowest. */
  readonly bit: number;
}

/** Bytes that nothing authenticates: where they are, why that is so, and what of the verdict may differ. */
export interface Unauthenticated {
  readonly id: string;
  /** For people: which bits of which bytes. */
  readonly where: string;
  readonly reason: string;
  /** Fields of the verified quote that carry the changed bytes; every other field is as it was. */
  readonly mayChange: readonly string[];
  /** Whether this flip is accepted on account of this row. Written down from the rules, never asked of the verifier. */
  readonly covers: (flip: Flip) => boolean;
}

const CERTIFICATION_BYTES = ["quote.certificationData.bytes", "quote.quoteBytes"] as const;
const CERTIFICATION_TYPE = ["quote.certificationData.type", "quote.quoteBytes"] as const;

const HEX_MEMBERS: readonly string[] = ["root_ca_crl", "pck_crl", "tcb_info_signature", "qe_identity_signature"];
const CASE_BIT = 5;

function byteAt({ part, offset }: Flip): number {
  return part.bytes[offset] ?? 0;
}

function isHexLetter(byte: number): boolean {
  return /^[a-f]$/i.test(String.fromCharCode(byte));
}

const HELD_MEMBERS: ReadonlySet<string> = new Set([
  ...HEX_MEMBERS,
  "pck_crl_issuer_chain",
  "tcb_info_issuer_chain",
  "tcb_info",
  "qe_identity_issuer_chain",
  "qe_identity",
]);

/** The members of a bundle that count, by a parser that is not the verifier's; null where it is no JSON. */
function heldMembers(text: string): string | null {
  try {
    const entries: [string, unknown][] = Object.entries(JSON.parse(text));
    return JSON.stringify(entries.filter(([key]) => HELD_MEMBERS.has(key)));
  } catch {
    // The parser says nothing but "not JSON".
    return null;
  }
}

/** Whether the bundle still is JSON, with every member that counts as it was. */
function keepsHeldMembers({ part: { bytes }, offset, bit }: Flip): boolean {
  return (
    heldMembers(String.fromCharCode(...flipBit(bytes, offset, bit))) === heldMembers(String.fromCharCode(...bytes))
  );
}

/** Everything in evidence that can be changed by one bit without a refusal. */
export const UNAUTHENTICATED: readonly Unauthenticated[] = [
  {
    id: "padding",
    where: "every bit of the bytes after the quote's signature section",
    reason: "platforms hand quotes over in larger buffers; the parser drops these bytes, nothing shows or hashes them",
    mayChange: [],
    covers: ({ part, region }) => part.name === "quote" && region === "padding",
  },
  {
    id: "end-of-pck-chain",
    where: "bit 5 of the NUL that ends the PCK chain in a quote: it becomes a space",
    reason: "white space and NULs after the last certificate carry nothing, and platforms differ in them",
    mayChange: CERTIFICATION_BYTES,
    covers: ({ part, region, bit }) =>
      part.name === "quote" && region === "NUL after the PCK chain" && bit === CASE_BIT,
  },
  {
    id: "hex-case",
    where: "bit 5 of the hex digits a to f of both CRLs and both signatures in the bundle: upper case",
    reason: "services differ in case; both spell the same bytes, and the bytes are authenticated",
    mayChange: [],
    covers: (flip) =>
      flip.part.name === "bundle text" &&
      HEX_MEMBERS.includes(flip.region) &&
      flip.bit === CASE_BIT &&
      isHexLetter(byteAt(flip)),
  },
  {
    id: "ppid-certification-data",
    where: "every bit of certification data of type 1 to 3 (PPID, CPUSVN, PCESVN, PCE-ID)",
    reason: "it only says which certificate to ask a service for; what is believed stands in that certificate",
    mayChange: CERTIFICATION_BYTES,
    covers: ({ world, part, region }) =>
      world === "PCK named by PPID" && part.name === "quote" && region === "certificationData",
  },
  {
    id: "certification-data-type",
    where: "the bits of the inner type that make it another of 1 to 4, when the bundle brings the PCK chain",
    reason: "the types 1 to 4 all mean that the chain is elsewhere; the chain itself is verified",
    mayChange: CERTIFICATION_TYPE,
    covers: (flip) => {
      if (flip.part.name !== "quote" || flip.region !== "innerType" || byteAt(flip) === 0) return false;
      const type = byteAt(flip) ^ (1 << flip.bit);
      return flip.world.startsWith("PCK") && type >= 1 && type <= 4;
    },
  },
  {
    id: "unused-pck-chain",
    where: "`pck_certificate_chain` of the bundle, name and value, as long as the bundle stays JSON",
    reason: "a quote that carries its own chain is judged by that one; other members of a bundle are ignored",
    mayChange: [],
    covers: (flip) =>
      flip.world === "PCK chain in quote and bundle" &&
      flip.part.name === "bundle text" &&
      flip.region.endsWith("pck_certificate_chain") &&
      keepsHeldMembers(flip),
  },
];
