const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ ((remainder & 1) === 0 ? 0 : 0xedb8_8320);
  return remainder;
});

/** CRC-32 as GPT has it. Source: UEFI specification 2.10, section 5.3.2; ISO 3309. */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ Number(TABLE[(remainder ^ byte) & 0xff]);
  return (remainder ^ 0xffff_ffff) >>> 0;
}
