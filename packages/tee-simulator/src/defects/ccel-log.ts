import { concatBytes, u32le } from "../byte-writer.ts";
import {
  ccelOf,
  encodeCcelHeader,
  encodeCcelRecord,
  TCG_ALGORITHM,
  type CcelRecipe,
  type CcelRecord,
} from "../ccel.ts";
import type { Recipe } from "../recipe.ts";
import { defineDefect, refused, type Defect, type ExpectedOutcome, type Variant } from "./defect.ts";
import { U32_MAX } from "./quote-shape.ts";

const ACCEPTED: ExpectedOutcome = { ok: true };
const MALFORMED = refused("event-log", "event-log-malformed");
const MISMATCH = refused("event-log", "event-log-mismatch");

function variant(name: string, expected: ExpectedOutcome, change: (ccel: CcelRecipe) => void): Variant {
  return {
    name,
    expected,
    change: ({ log }) => {
      log.editCcel = change;
    },
  };
}

function ccelCase(id: string, describe: string, expected: ExpectedOutcome, change: (ccel: CcelRecipe) => void): Defect {
  return defineDefect(id, describe, [variant(describe, expected, change)], "ccel");
}

function recordAt(ccel: CcelRecipe, index: number): CcelRecord {
  const record = ccel.records[index];
  if (record === undefined) throw new RangeError(`the log has no record ${index}`);
  return record;
}

/** An EV_NO_ACTION record, which is listed and never extended. */
function noAction(index: number): CcelRecord {
  return {
    index,
    type: 3,
    digests: [{ algorithm: TCG_ALGORITHM.sha384, digest: new Uint8Array(48) }],
    data: concatBytes(u32le(0x5a5a)),
  };
}

/** Offsets inside the header at which something begins, and one byte before its end. */
const HEADER_CUTS = [1, 4, 8, 28, 32, 48, 52, 56, 60, 62, 64];

/** Offsets inside a record with one SHA-384 digest, from its start; its data follow at 66. */
const RECORD_CUTS = [2, 4, 8, 12, 14, 62, 66];

function cut(name: string, offset: (recipe: Recipe) => number): Variant {
  return {
    name,
    expected: MALFORMED,
    change: (recipe) => {
      recipe.log.editCcelBytes = (bytes) => bytes.slice(0, offset(recipe));
    },
  };
}

/** Cuts everywhere but at the end of a record, where a log may end. */
function cuts(): Variant[] {
  return [
    ...HEADER_CUTS.map((offset) => cut(`header + ${offset}`, () => offset)),
    ...[0, 2, 7].flatMap((index) =>
      RECORD_CUTS.map((offset) => cut(`record ${index} + ${offset}`, (recipe) => recordStart(recipe, index) + offset)),
    ),
    cut("last record - 1", (recipe) => recordStart(recipe, recipe.log.bootEvents.length) - 1),
  ];
}

function recordStart(recipe: Recipe, index: number): number {
  const ccel = ccelOf(recipe.log.bootEvents);
  return ccel.records
    .slice(0, index)
    .reduce((offset, record) => offset + encodeCcelRecord(record).length, encodeCcelHeader(ccel).length);
}

/** Cases about CCEL event logs, judged against the quote of the same guest. */
export const CCEL_DEFECTS: readonly Defect[] = [
  ccelCase("ccel-ok-ff-end", "ends in FF up to the size of its area", ACCEPTED, () => {}),
  ccelCase("ccel-ok-zero-end", "ends in zeros up to the size of its area", ACCEPTED, (ccel) => {
    ccel.end = new Uint8Array(4096);
  }),
  ccelCase("ccel-ok-exact-end", "ends with its last record", ACCEPTED, (ccel) => {
    ccel.end = new Uint8Array(0);
  }),
  ccelCase("ccel-no-action-index-0", "records that extend nothing, on index 0", ACCEPTED, (ccel) => {
    ccel.records.unshift(noAction(0));
    ccel.records.push(noAction(0), noAction(1));
  }),
  defineDefect(
    "ccel-empty",
    "no bytes at all",
    [
      {
        name: "no bytes",
        expected: MALFORMED,
        change: ({ log }) => {
          log.editCcelBytes = () => new Uint8Array(0);
        },
      },
    ],
    "ccel",
  ),
  defineDefect("ccel-truncated-every-boundary", "cut inside the header or a record", cuts(), "ccel"),
  ccelCase("ccel-header-not-spec-id", "another signature in the header", MALFORMED, (ccel) => {
    ccel.signature = Uint8Array.from(ccel.signature, (byte, index) => (index === 14 ? 0x32 : byte));
  }),
  defineDefect(
    "ccel-header-size-wrong",
    "the header's size is not what it takes",
    [
      variant("one more", MALFORMED, (ccel) => {
        ccel.headerSize = (actual) => actual + 1;
      }),
      variant("one less", MALFORMED, (ccel) => {
        ccel.headerSize = (actual) => actual - 1;
      }),
    ],
    "ccel",
  ),
  ccelCase("ccel-undeclared-algorithm", "a digest of an algorithm that the header does not name", MALFORMED, (ccel) => {
    recordAt(ccel, 0).digests.push({ algorithm: TCG_ALGORITHM.sha256, digest: new Uint8Array(32) });
  }),
  ccelCase("ccel-size-contradiction", "the header gives SHA-384 another size", MALFORMED, (ccel) => {
    ccel.algorithms = [{ id: TCG_ALGORITHM.sha384, size: 32 }];
    for (const record of ccel.records) {
      record.digests = record.digests.map(({ algorithm, digest }) => ({ algorithm, digest: digest.slice(0, 32) }));
    }
  }),
  ccelCase("ccel-event-size-max", "a record asks for 2^32 - 1 bytes", MALFORMED, (ccel) => {
    recordAt(ccel, 2).dataSize = U32_MAX;
  }),
  ccelCase("ccel-digest-count-max", "a record asks for 2^32 - 1 digests", MALFORMED, (ccel) => {
    recordAt(ccel, 2).digestCount = U32_MAX;
  }),
  ccelCase("ccel-alg-count-max", "the header asks for 2^32 - 1 algorithms", MALFORMED, (ccel) => {
    ccel.algorithmCount = U32_MAX;
  }),
  ccelCase("ccel-index-0-extended", "a record of index 0 that would be extended", MALFORMED, (ccel) => {
    recordAt(ccel, 0).index = 0;
  }),
  ccelCase("ccel-index-5", "a record of index 5", MALFORMED, (ccel) => {
    recordAt(ccel, 0).index = 5;
  }),
  ccelCase("ccel-sm3-only", "a record with an SM3 digest only", refused("event-log", "event-log-no-sha384"), (ccel) => {
    ccel.algorithms.push({ id: TCG_ALGORITHM.sm3, size: 32 });
    recordAt(ccel, 2).digests = [{ algorithm: TCG_ALGORITHM.sm3, digest: new Uint8Array(32) }];
  }),
  ccelCase("ccel-event-removed", "a record is missing", MISMATCH, (ccel) => {
    ccel.records.splice(3, 1);
  }),
  ccelCase("ccel-event-reordered", "two records of a register exchanged", MISMATCH, (ccel) => {
    const [first, second] = [recordAt(ccel, 2), recordAt(ccel, 3)];
    ccel.records.splice(2, 2, second, first);
  }),
  ccelCase("ccel-digest-changed", "one bit of a digest", MISMATCH, (ccel) => {
    const [digest] = recordAt(ccel, 2).digests;
    if (digest !== undefined)
      digest.digest = Uint8Array.from(digest.digest, (byte, index) => (index === 0 ? byte ^ 1 : byte));
  }),
  ccelCase("ccel-register-moved", "a record of another register", MISMATCH, (ccel) => {
    recordAt(ccel, 2).index = 2;
  }),
  defineDefect(
    "ccel-data-after-end",
    "bytes after the end marker",
    [
      variant("after FF", MALFORMED, (ccel) => {
        ccel.end[ccel.end.length - 1] = 0x00;
      }),
      variant("after zeros", MALFORMED, (ccel) => {
        ccel.end = new Uint8Array(4096);
        ccel.end[4095] = 0x01;
      }),
    ],
    "ccel",
  ),
];
