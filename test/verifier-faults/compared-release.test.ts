import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  kindOfTag,
  signedRegisters,
} from "../../apps/attestation-verifier-web/src/features/compare/signed-registers.ts";
import type { GivenFile } from "../../apps/attestation-verifier-web/src/worker/protocol.ts";
import { type FaultWorld, startFaultWorld } from "./fault-world.ts";
import { type Corruption, stepsOf } from "./page.ts";

let world: FaultWorld;
let saved: GivenFile;

beforeAll(async () => {
  world = await startFaultWorld();
  const answer = JSON.stringify(await world.answer(new Uint8Array(32)));
  saved = { name: "answer.json", bytes: new TextEncoder().encode(answer) };
}, 120_000);
afterAll(async () => await world.close());

const EXPECTED = { tag: "mero-kms-v0.0.0", profile: null, bindingHex: null, isStrict: false };

async function compared(corrupt: Readonly<Record<string, Corruption>>) {
  const judged = await world.judge(
    { files: [saved], kind: kindOfTag(EXPECTED.tag), expected: EXPECTED, fetchesMissing: true },
    corrupt,
  );
  if (!judged.ok) throw new Error(judged.error.code);
  return judged.value;
}

describe("evidence beside a release", () => {
  test("shows the registers of one that the project signed", async () => {
    const outcome = await compared({});
    expect(stepsOf(outcome)["rel.sigstore"]).toBe("pass");
    expect(signedRegisters(outcome.report).map(({ outcome: each }) => each)).toEqual(
      expect.arrayContaining(["match", "match", "match", "match"]),
    );
  });

  test("shows none of one that nobody signed, however well they fit", async () => {
    const outcome = await compared(world.releaseInstead({ signing: { forms: [] } }));
    expect(stepsOf(outcome)["rel.sigstore"]).toBe("fail");
    expect(signedRegisters(outcome.report)).toEqual([]);
  });

  test("takes evidence that does not say what it is for what the release is of", () => {
    expect([kindOfTag("mero-kms-v1.0.0"), kindOfTag("mero-tee-v1.0.0")]).toEqual(["kms", "node"]);
  });
});
