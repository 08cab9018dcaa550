import { type AppraisalPolicy, parseReleasePolicy } from "@mero-tee/policy";
import { ok } from "@mero-tee/tdx-quote/result";
import { afterEach, describe, expect, test } from "vitest";
import { type Harness, makePeer, platform, quoteWith, startHarness } from "../harness.ts";

const peer = makePeer();
const PROFILE = "locked-read-only";
const CURRENT = "0.0.0/locked-read-only/simulated";
const PREVIOUS = "0.0.0-1/locked-read-only/simulated";

type Registers = Record<"mrtd" | "rtmr0" | "rtmr1" | "rtmr2" | "rtmr3", string>;

/** The released image, and the one before it on the same firmware, whose kernel is known to be bad. */
const current: Registers = platform.measurementsFor("node", PROFILE);
const previous: Registers = { ...current, rtmr1: "a1".repeat(48), rtmr2: "a2".repeat(48), rtmr3: "a3".repeat(48) };

/** The simulated platform's policy for both images: their columns as lists, and with or without the sets. */
function policyOfBoth(hasSets: boolean): AppraisalPolicy {
  const document: { policy: Record<string, unknown> & { node_measurement_sets?: Record<string, unknown>[] } } =
    JSON.parse(platform.policyDocumentFor(PROFILE));
  const { policy } = document;
  const [own] = policy.node_measurement_sets ?? [];
  for (const register of ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const) {
    policy[`node_allowed_${register}`] = [current[register], previous[register]];
  }
  policy.node_measurement_sets = [{ ...own }, { ...own, id: PREVIOUS, ...previous }];
  if (!hasSets) delete policy.node_measurement_sets;
  const parsed = parseReleasePolicy(JSON.stringify(document), { profile: PROFILE, isLegacyFile: false }, "node");
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

let harness: Harness;

afterEach(async () => {
  await harness.app.close();
});

async function askWith(hasSets: boolean, registers: Partial<Registers>) {
  const policy = policyOfBoth(hasSets);
  harness = await startHarness({ deps: { policy: { current: () => ok(policy) } } });
  const answer = await harness.post(
    "/get-key",
    await harness.request(peer, { quote: quoteWith({ report: registers }) }),
  );
  const lines = harness.logs.map((line): Record<string, unknown> => JSON.parse(line));
  return { answer, lines };
}

describe("a policy with the sets of two releases", () => {
  test.each([
    { id: CURRENT, registers: {} },
    { id: PREVIOUS, registers: previous },
  ])("releases a key to a machine that is $id, and logs on which set that rests", async ({ id, registers }) => {
    const { answer, lines } = await askWith(true, registers);
    expect(answer.statusCode).toBe(200);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "key released", measurementSet: id }));
  });

  // The bad kernel of one release under the command line and root hash of the other.
  const mixture = { rtmr1: previous.rtmr1 };

  test("refuses a machine mixed from both, and logs what it comes nearest to", async () => {
    const { answer, lines } = await askWith(true, mixture);
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual({
      error: "measurement_policy_rejected",
      details: `rtmr1 is ${previous.rtmr1}, which is not allowed`,
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        code: "measurements-refused",
        cause: `The nearest measurement set is ${CURRENT}, which differs in rtmr1`,
      }),
    );
  });

  test("is needed for that: the same lists without sets let the mixture in", async () => {
    const { answer, lines } = await askWith(false, mixture);
    expect(answer.statusCode).toBe(200);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "key released", measurementSet: null }));
  });
});
