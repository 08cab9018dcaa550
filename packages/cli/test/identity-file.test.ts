import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";

import { loadIdentity } from "../src/identity-file.ts";
import { memoryFiles } from "./memory-files.ts";

const SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PEER_ID = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
// `openssl genpkey -algorithm ed25519` writes this form; the body is the prefix of RFC 8410 and the seed above.
const PEM = `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n`;

describe("loadIdentity", () => {
  test.each([
    { name: "hex", content: SEED },
    { name: "upper-case hex with 0x and a line feed", content: `0x${SEED.toUpperCase()}\n` },
    { name: "PKCS#8 PEM", content: PEM },
    { name: "PKCS#8 PEM with CRLF", content: PEM.replaceAll("\n", "\r\n") },
  ])("reads $name", async ({ content }) => {
    const identity = await loadIdentity(memoryFiles({ "node.key": content }), "node.key");
    expect(identity.ok && identity.value.peerId).toBe(PEER_ID);
  });

  test.each([
    { name: "a seed of 31 bytes", content: SEED.slice(2) },
    { name: "an empty file", content: "" },
    {
      name: "a key of another algorithm",
      content: generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    },
    { name: "a public key", content: PEM.replaceAll("PRIVATE", "PUBLIC") },
    { name: "two keys", content: PEM + PEM },
  ])("refuses $name without quoting it", async ({ content }) => {
    const identity = await loadIdentity(memoryFiles({ "node.key": content }), "node.key");
    expect(identity).toMatchObject({ ok: false, error: { view: { code: "identity-malformed" }, exitCode: 10 } });
    expect(JSON.stringify(identity)).not.toContain(content.slice(0, 16) || "private bytes");
  });

  test("says that the file is missing", async () => {
    expect(await loadIdentity(memoryFiles({}), "node.key")).toMatchObject({
      ok: false,
      error: { view: { code: "file-missing" }, exitCode: 11 },
    });
  });
});
