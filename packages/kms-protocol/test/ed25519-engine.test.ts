import { ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { ed25519Engine as webEngine } from "../src/ed25519-engine-web.ts";
import { ed25519Engine as nodeEngine } from "../src/node/ed25519-engine.ts";

const secretKey = new Uint8Array(32).fill(7);
const publicKey = new Uint8Array(ed25519.getPublicKey(secretKey));
const payload = new TextEncoder().encode("signed by a node");
const signature = new Uint8Array(ed25519.sign(payload, secretKey));

function flipped(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

describe.each([
  { engine: nodeEngine, name: "node:crypto" },
  { engine: webEngine, name: "WebCrypto" },
])("Ed25519 by $name", ({ engine }) => {
  test("verifies what the key signed", async () => {
    expect(await engine.importKey(publicKey).verify(payload, signature)).toBe(true);
    const empty = new Uint8Array(0);
    expect(await engine.importKey(publicKey).verify(empty, new Uint8Array(ed25519.sign(empty, secretKey)))).toBe(true);
  });

  test.each([
    { name: "another payload", check: [publicKey, flipped(payload, 0), signature] as const },
    { name: "a bit of R flipped", check: [publicKey, payload, flipped(signature, 0)] as const },
    { name: "a bit of S flipped", check: [publicKey, payload, flipped(signature, 32)] as const },
    { name: "another key", check: [flipped(publicKey, 0), payload, signature] as const },
    { name: "zeros for a signature", check: [publicKey, payload, new Uint8Array(64)] as const },
  ])("refuses $name", async ({ check }) => {
    const [key, signed, by] = check;
    expect(await engine.importKey(key).verify(signed, by)).toBe(false);
  });
});
