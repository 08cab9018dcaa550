import { sha384 } from "@noble/hashes/sha2.js";
import { encodeCcel, TCG_ALGORITHM, type CcelRecipe, type CcelRecord } from "../../src/ccel.ts";
import type { Draw } from "../draw.ts";
import type { Mutator } from "../target.ts";
import { EDGE_NUMBERS } from "./bytes.ts";
import { decodeCcel } from "./ccel-records.ts";

/** Types with rules of their own: separators, no action, actions, GPT, one that no table knows. */
const EVENT_TYPES: readonly number[] = [0x0, 0x3, 0x4, 0x5, 0xd, 0x80000001, 0x80000006, 0x80000007, 0x800000e0, 0x123];

const ALGORITHMS: readonly number[] = [...Object.values(TCG_ALGORITHM), 0, 0xffff];

function edge(draw: Draw): number {
  return draw.pick(EDGE_NUMBERS) ?? 0;
}

/** Changes the parts of a log and writes it again; what cannot be taken apart stays as it is. */
function logMutator(name: string, change: (log: CcelRecipe, draw: Draw, other: CcelRecipe) => void): Mutator {
  return {
    name,
    apply: (input, draw, other) => {
      const log = decodeCcel(input);
      if (log === null) return input;
      change(log, draw, decodeCcel(other) ?? log);
      return encodeCcel(log);
    },
  };
}

function recordMutator(name: string, change: (record: CcelRecord, draw: Draw, log: CcelRecipe) => void): Mutator {
  return logMutator(name, (log, draw) => {
    const record = draw.pick(log.records);
    if (record !== undefined) change(record, draw, log);
  });
}

function copyRecord(record: CcelRecord): CcelRecord {
  return { ...record, digests: record.digests.map((digest) => ({ ...digest })) };
}

/** Changes that know the records, counts, algorithms and the filler of a CCEL. */
export const CCEL_MUTATORS: readonly Mutator[] = [
  recordMutator("change a register index", (record, draw) => {
    record.index = draw.oneIn(2) ? draw.below(7) : edge(draw);
  }),
  recordMutator("change an event type", (record, draw) => {
    record.type = draw.oneIn(4) ? edge(draw) : (draw.pick(EVENT_TYPES) ?? 0);
  }),
  recordMutator("misstate a count of digests", (record, draw) => {
    record.digestCount = draw.oneIn(2) ? draw.below(12) : edge(draw);
  }),
  recordMutator("misstate a size", (record, draw) => {
    record.dataSize = draw.oneIn(2) ? record.data.length + draw.below(9) - 4 : edge(draw);
  }),
  recordMutator("change an algorithm", (record, draw) => {
    const digest = draw.pick(record.digests);
    if (digest !== undefined) digest.algorithm = draw.pick(ALGORITHMS) ?? 0;
  }),
  recordMutator("add or drop a digest", (record, draw, { algorithms }) => {
    if (draw.oneIn(3)) {
      record.digests.splice(draw.below(record.digests.length), 1);
      return;
    }
    const { id, size } = draw.pick(algorithms) ?? { id: TCG_ALGORITHM.sha384, size: 48 };
    record.digests.push({ algorithm: id, digest: draw.bytes(Math.min(size, 256)) });
  }),
  recordMutator("change the data", (record, draw) => {
    record.data = draw.bytes(draw.pick([0, 1, 4, 64, draw.below(300)]) ?? 0);
  }),
  recordMutator("make the digest that of the data", (record) => {
    for (const digest of record.digests) if (digest.digest.length === 48) digest.digest = sha384(record.data);
  }),
  logMutator("double, drop or swap records", ({ records }, draw) => {
    const from = draw.below(records.length);
    const record = records[from];
    if (record === undefined) return;
    if (draw.oneIn(2)) records.splice(from, 1);
    if (draw.oneIn(2)) records.splice(draw.below(records.length + 1), 0, copyRecord(record));
  }),
  logMutator("take records of another log", ({ records }, draw, { records: others }) => {
    const start = draw.below(others.length);
    const taken = others.slice(start, start + 1 + draw.below(8));
    records.splice(draw.below(records.length + 1), 0, ...taken.map(copyRecord));
  }),
  logMutator("repeat a record", (log, draw) => {
    const record = draw.pick(log.records);
    if (record === undefined) return;
    record.data = record.data.slice(0, draw.pick([0, 8, 64]) ?? 0);
    const times = draw.below(draw.oneIn(32) ? 600 : 16);
    log.records.push(...Array.from({ length: times }, () => record));
  }),
  logMutator("change the algorithms", (log, draw) => {
    const algorithm = { id: draw.pick(ALGORITHMS) ?? 0, size: draw.pick([0, 20, 32, 48, 64, 65_535]) ?? 0 };
    if (draw.oneIn(3)) log.algorithms.splice(draw.below(log.algorithms.length), 1);
    if (draw.oneIn(2)) log.algorithms.splice(draw.below(log.algorithms.length + 1), 0, algorithm);
    if (draw.oneIn(6)) log.algorithms.push(...Array.from({ length: draw.below(12) }, (_, id) => ({ id, size: id })));
  }),
  logMutator("misstate a number of the header", (log, draw) => {
    if (draw.oneIn(2)) log.algorithmCount = draw.oneIn(2) ? draw.below(12) : edge(draw);
    else log.headerSize = (actual) => (draw.oneIn(2) ? actual + draw.below(9) - 4 : edge(draw));
  }),
  logMutator("change the filler", (log, draw) => {
    const length = draw.pick([0, 1, 2, 3, 4, 5, 8, 12, draw.below(4096)]) ?? 0;
    log.end = new Uint8Array(length).fill(draw.pick([0, 0xff]) ?? 0);
    if (draw.oneIn(4) && length > 0) log.end[draw.below(length)] = draw.below(256);
  }),
];
