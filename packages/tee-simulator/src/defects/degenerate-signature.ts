import { p256 } from "@noble/curves/nist.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { concatBytes } from "../byte-writer.ts";

const ORDER = p256.Point.Fn.ORDER;

/** `r` zero. */
export function withZeroR(signature: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array(32), signature.subarray(32));
}

/** `s` zero. */
export function withZeroS(signature: Uint8Array): Uint8Array {
  return concatBytes(signature.subarray(0, 32), new Uint8Array(32));
}

/** `r` equal to the order of the curve. */
export function withOrderR(signature: Uint8Array): Uint8Array {
  return concatBytes(numberToBytesBE(ORDER, 32), signature.subarray(32));
}

/** `s` equal to the order of the curve. */
export function withOrderS(signature: Uint8Array): Uint8Array {
  return concatBytes(signature.subarray(0, 32), numberToBytesBE(ORDER, 32));
}

/** `s` with the order of the curve added, where it fits into 32 bytes; otherwise the greatest number that does. */
export function withExcessS(signature: Uint8Array): Uint8Array {
  const sum = bytesToNumberBE(signature.subarray(32)) + ORDER;
  const greatest = 2n ** 256n - 1n;
  return concatBytes(signature.subarray(0, 32), numberToBytesBE(sum <= greatest ? sum : greatest, 32));
}

/** The valid signature of the pair whose `s` is in the upper half of the order. */
export function withHighS(signature: Uint8Array): Uint8Array {
  const s = bytesToNumberBE(signature.subarray(32));
  return concatBytes(signature.subarray(0, 32), numberToBytesBE(s > ORDER - s ? s : ORDER - s, 32));
}

/** `r` and `s` the same small number. */
export function smallSignature(value: number): Uint8Array {
  const half = numberToBytesBE(BigInt(value), 32);
  return concatBytes(half, half);
}
