import { describe, expect, test } from "vitest";
import { type AnswerEnd, createAnswerReader } from "../src/agent-answer.ts";

const LIMIT = 64;
const OK = "HTTP/1.1 200 OK\r\n";

/** Gives a reader the bytes in pieces of `size`, then the end of the connection if it still wants more. */
function read(text: string, size: number): AnswerEnd {
  const reader = createAnswerReader(LIMIT);
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += size) {
    const end = reader.push(Buffer.from(bytes.subarray(at, at + size)));
    if (end !== null) return end;
  }
  return reader.end();
}

function chunks(count: number): string {
  return `${OK}Transfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(count)}0\r\n\r\n`;
}

function bodyOf(end: AnswerEnd): string {
  return end.kind === "whole" ? `${end.status} ${end.body.taken().toString()}` : end.kind;
}

describe.each([{ size: 1 }, { size: 7 }, { size: 100_000 }])("in pieces of $size bytes", ({ size }) => {
  test.each([
    { name: "its length", text: `${OK}Content-Length: 2\r\n\r\n{}`, isReusable: true },
    { name: "no body", text: "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", body: "200 ", isReusable: true },
    { name: "status 204", text: "HTTP/1.1 204 No Content\r\n\r\n", body: "204 ", isReusable: true },
    { name: "HTTP/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", isReusable: false },
    { name: "a last word", text: `${OK}Connection: Close\r\nContent-Length: 2\r\n\r\n{}`, isReusable: false },
    { name: "no length", text: `${OK}\r\n{}`, isReusable: false },
    {
      name: "chunks",
      text: `${OK}Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n01 ;x="y"\r\n}\r\n0\r\n\r\n`,
      isReusable: true,
    },
    {
      name: "trailers",
      text: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\nC: d\r\n\r\n`,
      isReusable: true,
    },
  ])("an answer with $name is read", ({ text, body = "200 {}", isReusable }) => {
    const end = read(text, size);
    expect(bodyOf(end)).toBe(body);
    expect(end).toMatchObject({ isReusable });
  });

  test.each([
    { name: "two lengths", text: `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}` },
    { name: "a length beside chunks", text: `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` },
    { name: "another coding", text: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n` },
    { name: "a signed length", text: `${OK}Content-Length: +2\r\n\r\n{}` },
    { name: "an empty length", text: `${OK}Content-Length: \r\n\r\n{}` },
    { name: "a folded line", text: `${OK}X: y\r\n z\r\nContent-Length: 2\r\n\r\n{}` },
    { name: "a space before a colon", text: `${OK}Content-Length : 2\r\n\r\n{}` },
    { name: "lines that end too soon", text: `${OK}X: y\nContent-Length: 2\r\n\r\n{}` },
    { name: "an interim status", text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" },
    { name: "another version", text: "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}" },
    { name: "a chunk without a size", text: `${OK}Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n` },
    { name: "a negative chunk", text: `${OK}Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n` },
    {
      name: "a chunk of a length too many",
      text: `${OK}Transfer-Encoding: chunked\r\n\r\n100000000\r\n{}\r\n0\r\n\r\n`,
    },
    { name: "a chunk longer than its size", text: `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n` },
    { name: "a chunk line that ends too soon", text: `${OK}Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n` },
    { name: "an endless chunk line", text: `${OK}Transfer-Encoding: chunked\r\n\r\n2;${"x".repeat(2_000)}` },
    { name: "endless trailers", text: `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${"A: b\r\n".repeat(400)}` },
    { name: "an endless head", text: `${OK}${"A: b\r\n".repeat(4_000)}\r\n` },
    { name: "a body cut short", text: `${OK}Content-Length: 3\r\n\r\n{}` },
    { name: "chunks cut short", text: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n` },
    { name: "a head cut short", text: OK },
    { name: "nothing", text: "" },
  ])("an answer with $name is malformed", ({ text }) => {
    expect(bodyOf(read(text, size))).toBe("malformed");
  });

  const full = "x".repeat(LIMIT);
  test.each([
    { name: "by its length", head: `${OK}Content-Length: ${LIMIT}\r\n\r\n`, tail: "", over: LIMIT + 1 },
    { name: "up to the end", head: `${OK}\r\n`, tail: "", over: LIMIT + 1 },
  ])("the limit is the last length taken $name", ({ head, tail, over }) => {
    expect(bodyOf(read(`${head}${full}${tail}`, size))).toBe(`200 ${full}`);
    expect(read(`${head.replace(String(LIMIT), String(over))}${full}x${tail}`, size).kind).toBe("too-large");
  });

  test("chunks count together against the limit", () => {
    expect(bodyOf(read(chunks(LIMIT), size))).toBe(`200 ${full}`);
    expect(read(chunks(LIMIT + 1), size).kind).toBe("too-large");
  });
});

test.each([
  { name: "a length", text: `${OK}Content-Length: 2\r\n\r\n{}` },
  { name: "chunks", text: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n` },
])("what follows an answer with $name ends the use of its connection", ({ text }) => {
  expect(createAnswerReader(LIMIT).push(Buffer.from(text))).toMatchObject({ kind: "whole", isReusable: true });
  expect(createAnswerReader(LIMIT).push(Buffer.from(`${text}H`))).toMatchObject({ kind: "whole", isReusable: false });
});
