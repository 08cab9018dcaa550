import { TD_ATTRIBUTE_BITS } from "@mero-tee/appraisal";
import { parseHex } from "@mero-tee/tdx-quote/hex";

import { TEXT } from "../../messages.ts";

/** One bit of the TD attributes. */
export interface AttributeBit {
  readonly bit: number;
  readonly name: string;
  readonly isSet: boolean;
  readonly meaning: string;
}

/**
 * Lists the named bits, and every other bit that is set.
 *
 * @param attributes - 16 hex digits, little endian as in the quote
 */
export function tdAttributeBits(attributes: string): readonly AttributeBit[] {
  const bytes = parseHex(attributes, 8) ?? new Uint8Array(8);
  const isSet = (bit: number): boolean => (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
  const names = new Map<number, (typeof TD_ATTRIBUTE_BITS)[number][1]>(TD_ATTRIBUTE_BITS);
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => names.has(bit) || isSet(bit))
    .map((bit) => {
      const name = names.get(bit);
      return {
        bit,
        name: name ?? TEXT.tcb.reserved,
        isSet: isSet(bit),
        meaning: name === undefined ? TEXT.tcb.reservedMeaning : TEXT.tcb.bits[name],
      };
    });
}
