import { concatBytes } from "../byte-writer.ts";
import { buildCertificate } from "../certificate.ts";
import { signP256 } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";
import {
  accepted,
  defineDefect,
  defineSingle,
  refused,
  type Defect,
  type ExpectedOutcome,
  type Variant,
} from "./defect.ts";
import { QUOTE_LIMIT_BYTES } from "./quote-shape.ts";

/** PPID, clear or encrypted, then CPUSVN, PCESVN and PCE-ID: 20 bytes. */
const IDENTIFIER_SIZES = [
  [1, 16 + 20],
  [2, 256 + 20],
  [3, 384 + 20],
] as const;

/** Certification data that name the PCK without its chain. */
function withoutChain(expected: ExpectedOutcome, includePckChain: boolean): Variant[] {
  const identifiers = IDENTIFIER_SIZES.map(([type, size]) => ({
    name: `type ${type}`,
    expected,
    change: (recipe: Recipe) => {
      recipe.quote.certification.type = type;
      recipe.certificationData = new Uint8Array(size).fill(0x5a);
      recipe.bundle.includePckChain = includePckChain;
    },
  }));
  const leaf: Variant = {
    name: "type 4",
    expected,
    change: (recipe) => {
      recipe.quote.certification.type = 4;
      recipe.certificationData = buildCertificate(recipe.pckLeaf, signP256);
      recipe.bundle.includePckChain = includePckChain;
    },
  };
  return [...identifiers, leaf];
}

function padded(name: string, pad: (bytes: Uint8Array) => Uint8Array): Variant {
  return {
    name,
    expected: accepted(),
    change: (recipe) => {
      recipe.quote.editQuote = ({ bytes }) => concatBytes(bytes, pad(bytes));
    },
  };
}

/** Cases about legal quotes of unusual shape, and the shape that needs a chain from elsewhere. */
export const QUOTE_TOLERANCE_DEFECTS: readonly Defect[] = [
  defineDefect(
    "quote-inner-type-3-no-chain",
    "the quote names its PCK without a chain, and the bundle has none either",
    withoutChain(refused("collateral-parse", "quote-certification-data-unsupported"), false),
  ),
  defineDefect(
    "quote-inner-type-3-with-chain",
    "the quote names its PCK without a chain, and the bundle has it",
    withoutChain(accepted(), true),
  ),
  defineDefect("quote-trailing-zeros", "unsigned zeros after the signature section", [
    padded("70 bytes", () => new Uint8Array(70)),
    padded("3065 bytes", () => new Uint8Array(3065)),
    padded("up to the limit", (bytes) => new Uint8Array(QUOTE_LIMIT_BYTES - bytes.length)),
  ]),
  defineDefect("quote-trailing-junk", "unsigned bytes after the signature section that are not zero", [
    padded("39 bytes", () => Uint8Array.from({ length: 39 }, (_, index) => index + 1)),
  ]),
  defineSingle("quote-qe-auth-empty", "no QE authentication data", accepted(), (recipe) => {
    recipe.quote.qeAuthenticationData = new Uint8Array(0);
  }),
  defineSingle("quote-qe-auth-64", "64 bytes of QE authentication data", accepted(), (recipe) => {
    recipe.quote.qeAuthenticationData = Uint8Array.from({ length: 64 }, (_, index) => 255 - index);
  }),
];
