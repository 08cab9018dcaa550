import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readBody } from "../../src/http/request-body.ts";

const LIMIT = 65_536;

function stream(): Readable {
  return new Readable({ read: () => undefined });
}

test("a body is copied piece by piece: no piece is kept, however small they are", async () => {
  const payload = stream();
  const body = readBody(payload, Number.NaN, LIMIT);
  // Whoever kept the pieces would see the last one in the place of all.
  const piece = Buffer.alloc(1);
  const sent = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
  for (const byte of sent) {
    piece[0] = byte;
    payload.emit("data", piece);
  }
  payload.emit("end");
  expect(Buffer.compare(await body, sent)).toBe(0);
});

test.each([
  { name: "of the limit is read", pieces: [LIMIT - 1, 1], announced: Number.NaN, outcome: LIMIT },
  { name: "of nothing is read", pieces: [], announced: Number.NaN, outcome: 0 },
  { name: "as long as announced is read", pieces: [3, 2], announced: 5, outcome: 5 },
  {
    name: "one byte over the limit is refused",
    pieces: [LIMIT, 1],
    announced: Number.NaN,
    outcome: "FST_ERR_CTP_BODY_TOO_LARGE",
  },
  {
    name: "announced over the limit is refused",
    pieces: [],
    announced: LIMIT + 1,
    outcome: "FST_ERR_CTP_BODY_TOO_LARGE",
  },
  { name: "in one piece as long as announced is read", pieces: [5], announced: 5, outcome: 5 },
  { name: "in one piece of the limit is read", pieces: [LIMIT], announced: LIMIT, outcome: LIMIT },
  {
    name: "that goes on after what was announced is refused",
    pieces: [5, 1],
    announced: 5,
    outcome: "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
  },
  {
    name: "that goes on over the limit after what was announced is refused",
    pieces: [5, LIMIT - 4],
    announced: 5,
    outcome: "FST_ERR_CTP_BODY_TOO_LARGE",
  },
  {
    name: "shorter than announced is refused",
    pieces: [4],
    announced: 5,
    outcome: "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
  },
])("a body $name", async ({ pieces, announced, outcome }) => {
  const payload = stream();
  const body = readBody(payload, announced, LIMIT).then(
    ({ length }) => length,
    (error: { readonly code: string }) => error.code,
  );
  for (const length of pieces) payload.emit("data", Buffer.alloc(length));
  payload.emit("end");
  expect(await body).toBe(outcome);
  expect(payload.listenerCount("data")).toBe(0);
});

test("a body whose sender goes away is an error of its stream", async () => {
  const payload = stream();
  const body = readBody(payload, 5, LIMIT);
  payload.emit("error", new Error("aborted"));
  await expect(body).rejects.toThrow("aborted");
});
