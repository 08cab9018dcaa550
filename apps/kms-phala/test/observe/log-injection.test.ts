import { expect, test } from "vitest";
import { makePeer, startHarness } from "../harness.ts";

const MARKS = [
  'planted\n{"level":30,"msg":"key released"}',
  "planted\u{1b}[2J\u{1b}]0;planted\u{7}",
  "planted\u{2028}\u{202e}\u{0}",
  '","code":"planted","x":"',
];

test("what a caller writes into ids, paths and headers makes no line, and stands in none", async () => {
  const harness = await startHarness({ env: { LOG_LEVEL: "trace" } });
  const { app, logs } = harness;
  const genuine = await harness.request(makePeer());
  const before = logs.length;
  const answers = [];
  for (const mark of MARKS) {
    for (const field of ["peerId", "challengeId", "quoteB64", "peerPublicKeyB64", "signatureB64", "wrapKeyB64"]) {
      answers.push(await harness.post("/get-key", { ...genuine, [field]: mark }));
    }
    answers.push(await harness.post("/challenge", { peerId: mark }), await harness.post("/attest", { nonceB64: mark }));
    const url = `/${encodeURIComponent(mark)}`;
    const headers = { "x-request-id": encodeURIComponent(mark), "user-agent": encodeURIComponent(mark) };
    answers.push(await app.inject({ method: "GET", url, headers }));
  }
  const lines = logs.slice(before);
  // One line an answer, each one JSON document, with the id that the caller was told.
  expect(lines.map((line) => line.indexOf("\n"))).toEqual(lines.map((line) => line.length - 1));
  const ids = lines.map((line) => {
    const { reqId, msg }: { reqId: string; msg: string } = JSON.parse(line);
    return { reqId, msg };
  });
  expect(ids).toEqual(answers.map(({ headers }) => ({ reqId: headers["x-request-id"], msg: "answered" })));
  expect(lines.join("")).not.toContain("planted");
  await app.close();
});
