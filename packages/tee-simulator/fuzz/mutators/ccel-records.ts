import type { CcelRecipe, CcelRecord } from "../../src/ccel.ts";

const DIGEST_SIZES: ReadonlyMap<number, number> = new Map([
  [0x04, 20],
  [0x0b, 32],
  [0x0c, 48],
  [0x0d, 64],
  [0x12, 32],
]);

/** Where the algorithms stand: header of the first record, spec ID signature, class and version bytes, count. */
const ALGORITHMS_AT = 60;

/** Takes a CCEL apart, as far as its records can be read; null when not even the header can. What follows them is `end`. */
export function decodeCcel(bytes: Uint8Array): CcelRecipe | null {
  if (bytes.length < ALGORITHMS_AT) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = view.getUint32(28, true);
  const count = Math.min(view.getUint32(56, true), 16);
  if (ALGORITHMS_AT + 4 * count + 1 > bytes.length || 32 + headerSize > bytes.length) return null;
  const algorithms = Array.from({ length: count }, (_, index) => ({
    id: view.getUint16(ALGORITHMS_AT + 4 * index, true),
    size: view.getUint16(ALGORITHMS_AT + 4 * index + 2, true),
  }));
  const sizes = new Map([...DIGEST_SIZES, ...algorithms.map(({ id, size }) => [id, size] as const)]);
  const records: CcelRecord[] = [];
  let at = 32 + headerSize;
  for (;;) {
    const next = readRecord(bytes, view, at, sizes);
    if (next === null) break;
    records.push(next.record);
    at = next.end;
  }
  return { signature: bytes.slice(32, 48), algorithms, records, end: bytes.slice(at) };
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  sizes: ReadonlyMap<number, number>,
): { record: CcelRecord; end: number } | null {
  if (start + 12 > bytes.length) return null;
  const index = view.getUint32(start, true);
  const type = view.getUint32(start + 4, true);
  const count = view.getUint32(start + 8, true);
  if (index === 0xffff_ffff || count < 1 || count > 16) return null;
  const digests: CcelRecord["digests"] = [];
  let at = start + 12;
  for (let number = 0; number < count; number += 1) {
    const algorithm = at + 2 <= bytes.length ? view.getUint16(at, true) : -1;
    const size = sizes.get(algorithm);
    if (size === undefined || at + 2 + size > bytes.length) return null;
    digests.push({ algorithm, digest: bytes.slice(at + 2, at + 2 + size) });
    at += 2 + size;
  }
  if (at + 4 > bytes.length) return null;
  const end = at + 4 + view.getUint32(at, true);
  if (end > bytes.length) return null;
  return { record: { index, type, digests, data: bytes.slice(at + 4, end) }, end };
}
