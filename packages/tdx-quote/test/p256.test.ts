import { p256Engine } from "#p256-engine";
import { p256 } from "@noble/curves/nist.js";
import { describe, expect, test, vi } from "vitest";
import { isP256Point } from "../src/p256-point.ts";
import { createP256KeyImporter, createP256Verifier, settleP256Check, type P256Verifier } from "../src/p256.ts";
import { bytes } from "./der-writer.ts";
import { countSignatureChecks } from "./signature-check-counter.ts";
import { keyPair, sign } from "./synthetic-pki.ts";

const KEY = keyPair(7);
const MESSAGE = new TextEncoder().encode("signed");
const SIGNATURE = sign(MESSAGE, KEY);
const ORDER = p256.Point.Fn.ORDER;

const scalar = (value: bigint): string => value.toString(16).padStart(64, "0");

const coordinates = (x: bigint, y: bigint): Uint8Array => bytes(`04${scalar(x)}${scalar(y)}`);

/** The other valid signature over the same message: s and n - s are both good. */
function mirrored(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  return bytes(Buffer.from(signature.subarray(0, 32)).toString("hex") + scalar(ORDER - s));
}

function flipped(source: Uint8Array, index: number): Uint8Array {
  return source.map((byte, at) => (at === index ? byte ^ 1 : byte));
}

/** One check, asked for at once or started ahead: the run time may do the two in different ways. */
const WAYS = [
  {
    way: "asked for at once",
    judge: (...check: Parameters<P256Verifier["verify"]>) => createP256Verifier().verify(...check),
  },
  {
    way: "started ahead",
    judge: (...check: Parameters<P256Verifier["verify"]>) => {
      const verifier = createP256Verifier();
      verifier.start(...check);
      return verifier.verify(...check);
    },
  },
] as const;

describe.each(WAYS)("a signature $way", ({ judge }) => {
  test("verifies with low and with high s", async () => {
    expect(await judge(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
    expect(await judge(KEY.publicKey, mirrored(SIGNATURE), MESSAGE)).toBe(true);
  });

  test.each([
    { name: "a bit of r", signature: flipped(SIGNATURE, 31) },
    { name: "a bit of s", signature: flipped(SIGNATURE, 63) },
    { name: "r = 0", signature: bytes(scalar(0n) + scalar(1n)) },
    { name: "s = 0", signature: bytes(scalar(1n) + scalar(0n)) },
    { name: "r = s = 0", signature: new Uint8Array(64) },
    { name: "r = s = 1", signature: bytes(scalar(1n) + scalar(1n)) },
    { name: "r = n", signature: bytes(scalar(ORDER) + scalar(1n)) },
    { name: "s = n", signature: bytes(scalar(1n) + scalar(ORDER)) },
    { name: "all ones", signature: new Uint8Array(64).fill(0xff) },
    { name: "no bytes", signature: new Uint8Array(0) },
    { name: "63 bytes", signature: SIGNATURE.subarray(1) },
    { name: "65 bytes", signature: Uint8Array.from([...SIGNATURE, 0]) },
  ])("with $name does not", async ({ signature }) => {
    expect(await judge(KEY.publicKey, signature, MESSAGE)).toBe(false);
  });

  test("does not verify with another message", async () => {
    expect(await judge(KEY.publicKey, SIGNATURE, flipped(MESSAGE, 0))).toBe(false);
    expect(await judge(KEY.publicKey, SIGNATURE, MESSAGE.subarray(1))).toBe(false);
  });

  test.each([
    { name: "another key", publicKey: keyPair(8).publicKey },
    { name: "a point off the curve", publicKey: flipped(KEY.publicKey, 64) },
    { name: "a compressed point", publicKey: p256.getPublicKey(KEY.secretKey, true) },
    { name: "the point without its prefix", publicKey: KEY.publicKey.subarray(1) },
    { name: "a hybrid point", publicKey: flipped(KEY.publicKey, 0) },
    { name: "zeros", publicKey: new Uint8Array(65) },
    { name: "the origin", publicKey: Uint8Array.from([4, ...new Uint8Array(64)]) },
    { name: "no bytes", publicKey: new Uint8Array(0) },
  ])("does not verify with $name", async ({ publicKey }) => {
    expect(await judge(publicKey, SIGNATURE, MESSAGE)).toBe(false);
  });
});

test.each(["key", "signature", "message"])("a settled check is of the %s that it was made with", async (changed) => {
  const given = { key: Buffer.from(KEY.publicKey), signature: Buffer.from(SIGNATURE), message: Buffer.from(MESSAGE) };
  const verifier = createP256Verifier(undefined, [settleP256Check(given.key, given.signature, given.message)]);
  for (const [name, buffer] of Object.entries(given)) if (name === changed) buffer.fill(0);
  expect(await verifier.verify(given.key, given.signature, given.message)).toBe(false);
  expect(await verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
});

describe.each(["verify", "verifyNow"] as const)("an imported key's %s", (way) => {
  test("takes the bytes before it returns", async () => {
    const key = await p256Engine.importKey(KEY.publicKey);
    const [signature, message] = [Uint8Array.from(SIGNATURE), Uint8Array.from(MESSAGE)];
    const verdict = key?.[way](signature, message);
    signature.fill(0);
    message.fill(0);
    expect(await verdict).toBe(true);
  });
});

describe("a verifier", () => {
  test("gives the same promise for the same check, and another one for every other", () => {
    const verifier = createP256Verifier();
    const first = verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE);
    expect(verifier.verify(KEY.publicKey.slice(), SIGNATURE.slice(), MESSAGE.slice())).toBe(first);
    expect(verifier.verify(keyPair(8).publicKey, SIGNATURE, MESSAGE)).not.toBe(first);
    expect(verifier.verify(KEY.publicKey, mirrored(SIGNATURE), MESSAGE)).not.toBe(first);
    expect(verifier.verify(KEY.publicKey, SIGNATURE, flipped(MESSAGE, 0))).not.toBe(first);
    expect(verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE.subarray(1))).not.toBe(first);
    expect(verifier.verify(KEY.publicKey, SIGNATURE, Uint8Array.from([...MESSAGE, 0]))).not.toBe(first);
    expect(createP256Verifier().verify(KEY.publicKey, SIGNATURE, MESSAGE)).not.toBe(first);
  });

  test("does what is started without being asked for the verdict, and does not do it again", async () => {
    const counter = countSignatureChecks();
    const verifier = createP256Verifier();
    verifier.start(KEY.publicKey, SIGNATURE, MESSAGE);
    verifier.start(KEY.publicKey, SIGNATURE, MESSAGE);
    await vi.waitFor(() => expect(counter.count()).toBe(1));
    expect(await verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
    expect(counter.count()).toBe(1);
    counter.stop();
  });

  test("takes settled checks for what they are, and for no other", async () => {
    const settled = [settleP256Check(KEY.publicKey, SIGNATURE, MESSAGE)];
    const forged = flipped(SIGNATURE, 63);
    const counter = countSignatureChecks();
    const verifier = createP256Verifier(undefined, settled);
    expect(await verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
    expect(counter.count()).toBe(0);
    expect(await verifier.verify(keyPair(8).publicKey, SIGNATURE, MESSAGE)).toBe(false);
    expect(await verifier.verify(KEY.publicKey, forged, MESSAGE)).toBe(false);
    expect(await verifier.verify(KEY.publicKey, SIGNATURE, flipped(MESSAGE, 0))).toBe(false);
    counter.stop();
    const another = createP256Verifier(undefined, [settleP256Check(KEY.publicKey, forged, MESSAGE)]);
    expect(await another.verify(KEY.publicKey, forged, MESSAGE)).toBe(false);
    expect(await another.verify(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
  });

  test("tells keys apart that begin alike", async () => {
    const importKey = createP256KeyImporter(4);
    const twin = flipped(KEY.publicKey, 64);
    await importKey(twin);
    expect(await createP256Verifier(importKey).verify(KEY.publicKey, SIGNATURE, MESSAGE)).toBe(true);
    expect(await createP256Verifier(importKey).verify(twin, SIGNATURE, MESSAGE)).toBe(false);
  });

  test("imports each key once by itself", async () => {
    const imported = vi.spyOn(p256Engine, "importKey");
    const verifier = createP256Verifier();
    await verifier.verify(KEY.publicKey, SIGNATURE, MESSAGE);
    await verifier.verify(KEY.publicKey, mirrored(SIGNATURE), MESSAGE);
    expect(imported).toHaveBeenCalledTimes(1);
    await verifier.verify(keyPair(8).publicKey, SIGNATURE, MESSAGE);
    expect(imported).toHaveBeenCalledTimes(2);
    imported.mockRestore();
  });

  test("shares an importer that imports each key once, as long as it remembers it", async () => {
    const imported = vi.spyOn(p256Engine, "importKey");
    const importKey = createP256KeyImporter(1);
    await createP256Verifier(importKey).verify(KEY.publicKey, SIGNATURE, MESSAGE);
    await createP256Verifier(importKey).verify(KEY.publicKey, SIGNATURE, MESSAGE);
    expect(imported).toHaveBeenCalledTimes(1);
    await importKey(keyPair(8).publicKey);
    await importKey(KEY.publicKey);
    expect(imported).toHaveBeenCalledTimes(3);
    imported.mockRestore();
  });

  test("an importer that remembers nothing is a mistake of its caller", () => {
    expect(() => createP256KeyImporter(0)).toThrow(RangeError);
  });
});

describe("a point", () => {
  const field = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const { x, y } = p256.Point.BASE;

  test("on the curve is one, and its mirror image too", () => {
    expect(isP256Point(coordinates(x, y))).toBe(true);
    expect(isP256Point(coordinates(x, field - y))).toBe(true);
    for (let seed = 1; seed < 32; seed += 1) expect(isP256Point(keyPair(seed).publicKey)).toBe(true);
  });

  test("with x = 0 is one when y fits", () => {
    const root = p256.Point.Fp.sqrt(p256.Point.CURVE().b);
    expect(isP256Point(coordinates(0n, root))).toBe(true);
    expect(isP256Point(coordinates(field, root))).toBe(false);
  });

  test.each([
    { name: "off the curve", point: coordinates(x, y + 1n) },
    { name: "with exchanged coordinates", point: coordinates(y, x) },
    { name: "at the origin", point: coordinates(0n, 0n) },
    { name: "with y beyond the field", point: coordinates(x, field) },
    { name: "with coordinates beyond the field", point: bytes(`04${"ff".repeat(64)}`) },
    { name: "with another prefix", point: Uint8Array.from([6, ...coordinates(x, y).subarray(1)]) },
    { name: "of 64 bytes", point: coordinates(x, y).subarray(1) },
    { name: "of 66 bytes", point: Uint8Array.from([...coordinates(x, y), 0]) },
    { name: "of no bytes", point: new Uint8Array(0) },
  ])("$name is none", ({ point }) => {
    expect(isP256Point(point)).toBe(false);
  });
});
