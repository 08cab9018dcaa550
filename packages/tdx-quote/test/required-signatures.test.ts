import { describe, expect, test } from "vitest";
import { failure, type Failure } from "../src/failure.ts";
import type { P256Verifier } from "../src/p256.ts";
import { judgeWithSignatures, type RequiredSignatures } from "../src/required-signatures.ts";
import { err, ok } from "../src/result.ts";

/** A check that is known by its number alone. */
function check(number: number) {
  const name = Uint8Array.of(number);
  return { publicKey: name, signature: name, message: name };
}

function problem(number: number): Failure {
  return failure("pck-chain", "certificate-signature-invalid", { subject: `signature ${number}` });
}

const OWN_PROBLEM = failure("tcb-status", "tcb-revoked");

/** A verifier that finds the given checks bad, and writes down which it is asked for, and when verdicts were there. */
function verifierOf(bad: readonly number[] = []) {
  const events: string[] = [];
  const verifier: P256Verifier = {
    start: () => undefined,
    async verify([number = -1]) {
      events.push(`begun ${number}`);
      await Promise.resolve();
      events.push(`verdict ${number}`);
      return !bad.includes(number);
    },
  };
  return { verifier, events };
}

function require(signatures: RequiredSignatures, ...numbers: readonly number[]): void {
  for (const number of numbers) signatures.require(check(number), problem(number));
}

describe("a judgement that rests on signatures", () => {
  test("is what the judge says where all are good", async () => {
    const { verifier } = verifierOf();
    const judged = await judgeWithSignatures(verifier, (signatures) => {
      require(signatures, 1, 2, 3);
      return ok("trusted");
    });
    expect(judged).toEqual(ok("trusted"));
  });

  test("is the refusal of the judge where all that it required before are good", async () => {
    const { verifier } = verifierOf([4]);
    const judged = await judgeWithSignatures(verifier, (signatures) => {
      require(signatures, 1, 2, 3);
      return err(OWN_PROBLEM);
    });
    expect(judged).toEqual(err(OWN_PROBLEM));
  });

  test.each([1, 2, 3])("is the refusal of a bad signature, whatever the judge says: %d", async (number) => {
    for (const said of [ok("trusted"), err(OWN_PROBLEM)]) {
      const { verifier } = verifierOf([number]);
      const judged = await judgeWithSignatures(verifier, (signatures) => {
        require(signatures, 1, 2, 3);
        return said;
      });
      expect(judged).toEqual(err(problem(number)));
    }
  });

  test("is the refusal of the first of several bad signatures, in the order in which they are required", async () => {
    const { verifier } = verifierOf([1, 3]);
    const judged = await judgeWithSignatures(verifier, (signatures) => {
      require(signatures, 2, 3, 1);
      return ok("trusted");
    });
    expect(judged).toEqual(err(problem(3)));
  });

  test("is refused where there is no key, and nothing is verified for that", async () => {
    const { verifier, events } = verifierOf();
    const judged = await judgeWithSignatures(verifier, (signatures) => {
      signatures.require({ ...check(1), publicKey: null }, problem(1));
      return ok("trusted");
    });
    expect({ judged, events }).toEqual({ judged: err(problem(1)), events: [] });
  });

  test("has its checks run side by side, and none before the judge is done", async () => {
    const { verifier, events } = verifierOf();
    await judgeWithSignatures(verifier, (signatures) => {
      require(signatures, 1, 2);
      events.push("judged");
      return ok(null);
    });
    expect(events).toEqual(["judged", "begun 1", "begun 2", "verdict 1", "verdict 2"]);
  });
});

describe("what is to be remembered", () => {
  test.each([
    { bad: [], remembered: ["a", "b", "c"] },
    { bad: [1], remembered: ["a"] },
    { bad: [2], remembered: ["a", "b"] },
  ])("is remembered once all signatures before it are good: bad $bad", async ({ bad, remembered }) => {
    const { verifier } = verifierOf(bad);
    const kept: string[] = [];
    await judgeWithSignatures(verifier, (signatures) => {
      signatures.onceGood(() => kept.push("a"));
      require(signatures, 1);
      signatures.onceGood(() => kept.push("b"));
      require(signatures, 2);
      signatures.onceGood(() => kept.push("c"));
      expect(kept).toEqual([]);
      return ok(null);
    });
    expect(kept).toEqual(remembered);
  });

  test("is remembered although the judge refuses what comes after it", async () => {
    const { verifier } = verifierOf();
    const kept: string[] = [];
    await judgeWithSignatures(verifier, (signatures) => {
      require(signatures, 1);
      signatures.onceGood(() => kept.push("chain"));
      return err(OWN_PROBLEM);
    });
    expect(kept).toEqual(["chain"]);
  });
});
