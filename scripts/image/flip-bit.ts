import { open } from "node:fs/promises";

/** Flips the lowest bit of one byte of a file; doing it twice leaves it as it was. */
export async function flipBit(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8(0) ^ 0x01);
  await file.write(byte, 0, 1, at);
}
