import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { ECDSA_WITH_SHA384 } from "../certificate.ts";
import { utf8 } from "../byte-writer.ts";
import { formatDate } from "../civil-time.ts";
import {
  derContext,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derUnsigned,
  derValue,
} from "../der-writer.ts";
import type { Authority } from "./authority.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const POLICY = "1.3.6.1.4.1.57264.2";
const SHA256 = derSequence(derOid("2.16.840.1.101.3.4.2.1"));
const SHA384 = derSequence(derOid("2.16.840.1.101.3.4.2.2"));

/** A timestamp, while it is made. Each field can be changed. */
export interface TimestampRecipe {
  signer: Authority;
  /** What is stamped. */
  stamped: Uint8Array;
  /** Unix seconds. */
  time: number;
  /** `PKIStatus`; 0 is granted. */
  status: number;
  /** DER of the certificate that the token says it was made with. */
  namedCertificate: Uint8Array;
  /** Changes TSTInfo after it was hashed for the signature. */
  editInfo?: (info: Uint8Array) => Uint8Array;
  editSignature?: (signature: Uint8Array) => Uint8Array;
}

/** Builds the DER of a TimeStampResp: SHA-256 imprint, one signer with ECDSA P-384. Source: RFC 3161, section 2.4.2; RFC 5652, section 5; RFC 5035. */
export function buildTimestampResponse(recipe: TimestampRecipe): Uint8Array {
  const { signer, stamped, time, status } = recipe;
  const plain = derSequence(
    derInteger(1),
    derOid(POLICY),
    derSequence(SHA256, derOctetString(sha256(stamped))),
    derUnsigned(sha256(stamped).subarray(0, 8)),
    derValue(0x18, utf8(formatDate(time).replaceAll(/[-T:]/g, ""))),
  );
  const attributes = [
    attribute("1.2.840.113549.1.9.3", derOid(TST_INFO)),
    attribute("1.2.840.113549.1.9.4", derOctetString(sha384(plain))),
    attribute(
      "1.2.840.113549.1.9.16.2.47",
      derSequence(
        derSequence(
          derSequence(
            derOctetString(sha256(recipe.namedCertificate)),
            derSequence(derSequence(derContext(4, signer.recipe.issuer)), derUnsigned(signer.recipe.serial)),
          ),
        ),
      ),
    ),
  ].toSorted(compareBytes);
  const signature = signer.key.sign(derSet(...attributes));
  const signerInfo = derSequence(
    derInteger(1),
    derSequence(signer.recipe.issuer, derUnsigned(signer.recipe.serial)),
    SHA384,
    derContext(0, ...attributes),
    ECDSA_WITH_SHA384,
    derOctetString(recipe.editSignature?.(signature) ?? signature),
  );
  const signedData = derSequence(
    derInteger(3),
    derSet(SHA384),
    derSequence(derOid(TST_INFO), derContext(0, derOctetString(recipe.editInfo?.(plain) ?? plain))),
    derContext(0, signer.der),
    derSet(signerInfo),
  );
  return derSequence(derSequence(derInteger(status)), derSequence(derOid(SIGNED_DATA), derContext(0, signedData)));
}

function attribute(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), derSet(value));
}

/** The order of a SET OF in DER. Source: X.690, section 11.6. */
function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}
