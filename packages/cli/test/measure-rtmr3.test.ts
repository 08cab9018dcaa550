import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";

import { documentOf, runInWorld } from "./run-cli.ts";

const ROOT_HASH = "5f".repeat(32);

describe("measure rtmr3", () => {
  test("extends a zero register once, by the SHA-384 of the preimage", async () => {
    const preimage = `calimero-rtmr3-v2:node:locked-read-only:${ROOT_HASH}`;
    const eventDigest = createHash("sha384").update(preimage).digest();
    const rtmr3 = createHash("sha384").update(Buffer.alloc(48)).update(eventDigest).digest("hex");
    const args = ["measure", "rtmr3", "--profile", "locked-read-only", "--root-hash"];
    const outcome = await runInWorld([...args, ROOT_HASH, "--json"]);
    expect(outcome.exitCode).toBe(0);
    expect(Object.entries(documentOf(outcome))).toEqual([
      ["schemaVersion", 1],
      ["rtmr3", rtmr3],
      ["eventDigest", eventDigest.toString("hex")],
      ["preimage", preimage],
      ["failure", null],
    ]);
    expect(await runInWorld([...args, `0x${ROOT_HASH.toUpperCase()}`, "--role", "node", "--json"])).toEqual(outcome);
    expect((await runInWorld([...args, ROOT_HASH])).stdout).toContain(rtmr3);
  });

  test.each([
    { name: "no root hash", args: ["--profile", "debug"] },
    { name: "no profile", args: ["--root-hash", ROOT_HASH] },
    { name: "a root hash of 31 bytes", args: ["--profile", "debug", "--root-hash", ROOT_HASH.slice(2)] },
    { name: "the word none", args: ["--profile", "debug", "--root-hash", "none"] },
    { name: "an unknown profile", args: ["--profile", "release", "--root-hash", ROOT_HASH] },
    { name: "another role", args: ["--profile", "debug", "--root-hash", ROOT_HASH, "--role", "kms"] },
  ])("refuses $name as usage", async ({ args }) => {
    const outcome = await runInWorld(["measure", "rtmr3", ...args, "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf(outcome)).toMatchObject({ failure: { code: "usage-invalid" } });
  });
});
