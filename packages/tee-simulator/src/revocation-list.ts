import { ECDSA_WITH_SHA256, encodeExtension, type ExtensionRecipe } from "./certificate.ts";
import { derTime } from "./civil-time.ts";
import { derBitString, derContext, derEnumerated, derInteger, derSequence, derUnsigned } from "./der-writer.ts";
import { derSignature, type KeyPair, type Sign } from "./key-ring.ts";

/** One revoked certificate. */
interface RevocationRecipe {
  serial: Uint8Array;
  /** Unix seconds. */
  date: number;
  /** Stands beside the reason. */
  extension?: ExtensionRecipe;
}

/** Everything that goes into one certificate revocation list. */
export interface CrlRecipe {
  issuer: Uint8Array;
  /** Unix seconds, inclusive. */
  thisUpdate: number;
  /** Unix seconds, inclusive; null leaves the field out. */
  nextUpdate: number | null;
  revoked: RevocationRecipe[];
  extensions: ExtensionRecipe[];
  signer: KeyPair;
  /** Changes the raw `r || s` after signing. */
  editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes the finished list. */
  editDer?: (der: Uint8Array) => Uint8Array;
}

/** Encodes and signs a version 2 list. Source: RFC 5280, section 5.1. */
export function buildCrl(recipe: CrlRecipe, sign: Sign): Uint8Array {
  const tbs = derSequence(
    derInteger(1),
    ECDSA_WITH_SHA256,
    recipe.issuer,
    derTime(recipe.thisUpdate),
    ...(recipe.nextUpdate === null ? [] : [derTime(recipe.nextUpdate)]),
    ...(recipe.revoked.length === 0 ? [] : [derSequence(...recipe.revoked.map(encodeRevocation))]),
    derContext(0, derSequence(...recipe.extensions.map(encodeExtension))),
  );
  const signature = sign(recipe.signer, tbs);
  const der = derSequence(
    tbs,
    ECDSA_WITH_SHA256,
    derBitString(derSignature(recipe.editSignature?.(signature) ?? signature)),
  );
  return recipe.editDer?.(der) ?? der;
}

/** Entries carry the reason keyCompromise, like those of Intel's lists. */
function encodeRevocation(revocation: RevocationRecipe): Uint8Array {
  const reason: ExtensionRecipe = { oid: "2.5.29.21", critical: false, value: derEnumerated(1) };
  const extensions = revocation.extension === undefined ? [reason] : [reason, revocation.extension];
  return derSequence(
    derUnsigned(revocation.serial),
    derTime(revocation.date),
    derSequence(...extensions.map(encodeExtension)),
  );
}

/** cRLNumber. */
export function crlNumber(number: number): ExtensionRecipe {
  return { oid: "2.5.29.20", critical: false, value: derInteger(number) };
}
