import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  dstackEventNameProblem,
  dstackRuntimeEventDigest,
  dstackRuntimeEventPreimage,
} from "../src/dstack-runtime-event.ts";
import { extendRegister } from "../src/replay.ts";

const sha384 = (text: string): string => createHash("sha384").update(text, "utf8").digest("hex");
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const utf8 = (data: Uint8Array): string => Buffer.from(data).toString("utf8");

describe("version 1", () => {
  test("joins type, name and payload with colons", () => {
    expect(Buffer.from(dstackRuntimeEventPreimage("é😀", bytes("3aff"), 1)).toString("hex")).toBe(
      "010000083ac3a9f09f98803a3aff",
    );
  });

  test("gives the published digest of a profile event and the register it leaves", () => {
    const payload = new TextEncoder().encode("calimero.kms.profile=locked-read-only");
    const digest = dstackRuntimeEventDigest("calimero.kms.profile", payload, 1);
    expect(digest).toBe(
      "c1bab0788a0e0554c109c96519f55bbd88dd9b185db37f355559f1ef7d26f1a31222131415180727a1f3f45d57f3b0a1",
    );
    expect(extendRegister("00".repeat(48), digest)).toBe(
      "649384b1400d77825de2729cca79f2a916be4c7a5de8d7e60d4985e53669cd3905c22307b513a8cb02c927808a3d978f",
    );
  });
});

describe("version 2", () => {
  // The right-hand sides are RFC 8785 by hand: shortest escapes, lower-case \u00xx, everything else as it is.
  test.each([
    { name: "app-id", payload: "0Aff", canonical: '{"name":"app-id","payload":"0aff","type":134217729}' },
    { name: "a:b", payload: "", canonical: '{"name":"a:b","payload":"","type":134217729}' },
    { name: 'q"\\/', payload: "", canonical: '{"name":"q\\"\\\\/","payload":"","type":134217729}' },
    {
      name: "\b\t\n\f\r\u0000\u001f\u007f",
      payload: "00",
      canonical: '{"name":"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f","payload":"00","type":134217729}',
    },
    {
      name: "é\u2028<\u20ac😀",
      payload: "",
      canonical: '{"name":"é\u2028<€😀","payload":"","type":134217729}',
    },
  ])("hashes the canonical JSON $canonical", ({ name, payload, canonical }) => {
    expect(utf8(dstackRuntimeEventPreimage(name, bytes(payload), 2))).toBe(canonical);
    expect(dstackRuntimeEventDigest(name, bytes(payload), 2)).toBe(sha384(canonical));
  });
});

const UNBOUNDED = "name is not well-formed Unicode of at most 256 bytes";

describe("names", () => {
  test.each([
    { name: "a", version: 1 as const },
    { name: "a:b", version: 2 as const },
    { name: "é".repeat(128), version: 1 as const },
    { name: "x".repeat(256), version: 2 as const },
    { name: "__proto__", version: 2 as const },
  ])("$name is one in version $version", ({ name, version }) => {
    expect(dstackEventNameProblem(name, version)).toBeNull();
    expect(() => dstackRuntimeEventDigest(name, new Uint8Array(0), version)).not.toThrow();
  });

  test.each([
    { why: "empty", problem: "empty name", name: "", version: 2 as const },
    { why: "with a colon in version 1", problem: "colon in a version 1 name", name: "a:b", version: 1 as const },
    { why: "257 bytes long", problem: UNBOUNDED, name: "x".repeat(257), version: 2 as const },
    { why: "257 bytes long in 129 characters", problem: UNBOUNDED, name: "é".repeat(128) + "x", version: 1 as const },
    { why: "a lone surrogate", problem: UNBOUNDED, name: "\ud800", version: 2 as const },
  ])("cannot be $why", ({ problem, name, version }) => {
    expect(dstackEventNameProblem(name, version)).toBe(problem);
    expect(() => dstackRuntimeEventDigest(name, new Uint8Array(0), version)).toThrow(
      new RangeError(`not a runtime event: ${problem}`),
    );
  });
});
