import { p256 } from "@noble/curves/nist.js";
import { expect, test, vi } from "vitest";
import { p256Engine } from "../src/p256-engine-web.ts";
import type { P256Key } from "../src/p256-engine.ts";
import { keyPair, sign } from "./synthetic-pki.ts";

const KEY = keyPair(7);
const MESSAGE = new TextEncoder().encode("signed");
const SIGNATURE = new Uint8Array(sign(MESSAGE, KEY));

async function imported(publicKey: Uint8Array): Promise<P256Key> {
  const key = await p256Engine.importKey(publicKey);
  if (key === null) throw new Error("the key was not imported");
  return key;
}

test("WebCrypto verifies what the key signed, and nothing else", async () => {
  const key = await imported(KEY.publicKey);
  expect(await key.verify(SIGNATURE, MESSAGE)).toBe(true);
  expect(await key.verify(SIGNATURE, MESSAGE.slice(1))).toBe(false);
  expect(await (await imported(keyPair(8).publicKey)).verify(SIGNATURE, MESSAGE)).toBe(false);
});

test("WebCrypto verifies what the bytes were when it was asked", async () => {
  const [signature, message] = [Uint8Array.from(SIGNATURE), Uint8Array.from(MESSAGE)];
  const verdict = (await imported(KEY.publicKey)).verify(signature, message);
  signature.fill(0);
  message.fill(0);
  expect(await verdict).toBe(true);
});

test("WebCrypto imports what the bytes were when it was asked", async () => {
  const publicKey = Uint8Array.from(KEY.publicKey);
  const importing = imported(publicKey);
  publicKey.set(keyPair(8).publicKey);
  expect(await (await importing).verify(SIGNATURE, MESSAGE)).toBe(true);
});

test.each([
  { name: "off the curve", publicKey: KEY.publicKey.map((byte, index) => (index === 64 ? byte ^ 1 : byte)) },
  { name: "at the origin", publicKey: Uint8Array.from([4, ...new Uint8Array(64)]) },
  { name: "cut short", publicKey: p256.getPublicKey(KEY.secretKey, false).subarray(0, 64) },
])("a point $name is no key", async ({ publicKey }) => {
  expect(await p256Engine.importKey(publicKey)).toBeNull();
});

test("scalars that a run time rejects are no signature", async () => {
  const key = await imported(KEY.publicKey);
  const verify = vi.spyOn(crypto.subtle, "verify").mockRejectedValueOnce(new DOMException("", "OperationError"));
  expect(await key.verify(new Uint8Array(64), MESSAGE)).toBe(false);
  expect(verify).toHaveBeenCalledTimes(1);
  verify.mockRestore();
});
