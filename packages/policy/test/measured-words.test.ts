import { dstackRuntimeEventDigest } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";

import {
  DEFAULT_BINDING_LABEL,
  PROFILES,
  RTMR3_NEVER_EXTENDED,
  RTMR3_WITHOUT_ROOT_HASH,
  kmsProfileEvent,
  nodeRtmr3,
  parseMeasurement,
  parseProfile,
  parseProfileSetting,
} from "../src/index.ts";

const ROOT_HASH = "4b485463654c432a0c6147e35f2b32e1f7d4822bb6e3a8e7ab5f5dc20df4b414";

describe("node RTMR3", () => {
  // The worked example of the node image's measurement page, checked there against a shell script.
  test.each([
    {
      profile: "debug" as const,
      length: 93,
      eventDigest: "64e43a1ff3de9b1f564241ce9071eee7058ac5c83a2c4eede4764d9123548fd15bfa32633368e16ed04a4c8275955b80",
      rtmr3: "478393c9bf068731cc4ffcad52261a55b8ac7f69fefdd42c2f90c08a28646905e1ae62742077043700714a76158922ee",
    },
    {
      profile: "debug-read-only" as const,
      length: 103,
      eventDigest: "a94ce75431380befad267a56b2413e88b14e518b639d7632fc4f5f194cee8e1f05aef79179318ff743169bb9b21e61d2",
      rtmr3: "e477f26a5e965ac8578f7ac8423d199d4ed001244e3130d186a1f559bb530b0462ada1fdfef769147c11f2a9afcec145",
    },
    {
      profile: "locked-read-only" as const,
      length: 104,
      eventDigest: "0b3d8d951518a5f8246e22e094c1816f3b43d4bad6b73732bd824251e4b35fba4251941268195f6b128d474f3bf1a180",
      rtmr3: "740c4fad09b7a3c00dbce73d13cc7693832ecd63961956711bdbf9a049f13f33d9c0064d04e799e21af66b84d0438bd3",
    },
  ])("follows from the $profile profile and the root hash", ({ profile, length, eventDigest, rtmr3 }) => {
    const result = nodeRtmr3({ role: "node", profile, rootHash: ROOT_HASH });
    const preimage = `calimero-rtmr3-v2:node:${profile}:${ROOT_HASH}`;
    expect(preimage).toHaveLength(length);
    expect(result).toEqual({ ok: true, value: { preimage, eventDigest, rtmr3 } });
  });

  test.each([
    { name: "the historical word none", rootHash: "none" },
    { name: "an empty hash", rootHash: "" },
    { name: "upper-case digits", rootHash: ROOT_HASH.toUpperCase() },
    { name: "a 0x prefix", rootHash: `0x${ROOT_HASH.slice(2)}` },
    { name: "one digit less", rootHash: ROOT_HASH.slice(1) },
    { name: "one digit more", rootHash: `${ROOT_HASH}0` },
    { name: "a trailing line feed", rootHash: `${ROOT_HASH}\n` },
  ])("refuses $name in place of the root hash", ({ rootHash }) => {
    const result = nodeRtmr3({ role: "node", profile: "debug", rootHash });
    expect(result).toEqual({ ok: false, error: { code: "root-hash-malformed", length: rootHash.length } });
  });

  test("knows the register that was never extended", () => {
    expect(RTMR3_NEVER_EXTENDED).toBe("00".repeat(48));
    expect(parseMeasurement(RTMR3_WITHOUT_ROOT_HASH)).toEqual({ ok: true, value: RTMR3_WITHOUT_ROOT_HASH });
  });
});

describe("profiles", () => {
  test.each(PROFILES)("%s is a profile as it stands", (name) => {
    expect(parseProfile(name)).toEqual({ ok: true, value: name });
  });

  test.each(["", "Debug", " debug", "locked-read-only\n", "production", "__proto__"])("%j is no profile", (text) => {
    expect(parseProfile(text)).toEqual({ ok: false, error: { code: "profile-unknown", actual: text } });
  });

  test("a setting may have blanks around it and any case", () => {
    expect(parseProfileSetting(" Locked-Read-Only\r\n")).toEqual({ ok: true, value: "locked-read-only" });
    expect(parseProfileSetting("locked read only")).toMatchObject({ ok: false, error: { code: "profile-unknown" } });
  });

  test("a long foreign word is cut in the error", () => {
    expect(parseProfile("x".repeat(100))).toEqual({
      ok: false,
      error: { code: "profile-unknown", actual: `${"x".repeat(64)}…` },
    });
  });
});

describe("measurements", () => {
  const lower = "0123456789abcdef".repeat(6);

  test.each([lower, lower.toUpperCase(), `0x${lower}`, `0x${lower.toUpperCase()}`])("reads %s", (text) => {
    expect(parseMeasurement(text)).toEqual({ ok: true, value: lower });
  });

  test.each([
    { name: "no text", text: "" },
    { name: "one digit less", text: lower.slice(1) },
    { name: "one digit more", text: `${lower}0` },
    { name: "a letter outside hex", text: `g${lower.slice(1)}` },
    { name: "an upper-case prefix", text: `0X${lower}` },
    { name: "a prefix within 96 characters", text: `0x${lower.slice(2)}` },
    { name: "two prefixes", text: `0x0x${lower}` },
    { name: "a blank before it", text: ` ${lower}` },
    { name: "a line feed after it", text: `${lower}\n` },
  ])("refuses $name", ({ text }) => {
    expect(parseMeasurement(text)).toEqual({
      ok: false,
      error: { code: "measurement-malformed", length: text.length },
    });
  });
});

describe("what a KMS measures and binds", () => {
  test("the profile event has the published digest", () => {
    const { name, payload } = kmsProfileEvent("locked-read-only");
    expect(new TextDecoder().decode(payload)).toBe("calimero.kms.profile=locked-read-only");
    expect(dstackRuntimeEventDigest(name, payload, 1)).toBe(
      "c1bab0788a0e0554c109c96519f55bbd88dd9b185db37f355559f1ef7d26f1a31222131415180727a1f3f45d57f3b0a1",
    );
  });

  test("the default binding label hashes to the published binding", () => {
    const digest = toHex(sha256(new TextEncoder().encode(DEFAULT_BINDING_LABEL)));
    expect(digest).toBe("2323feace9fd1751a89ab2bebb8aba145f343a3688e3d1655ed428eb0766e396");
  });
});
