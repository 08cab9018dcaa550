import { afterAll, afterEach, expect, test } from "vitest";
import type { StepId, StepStatus, Verdict } from "../../packages/appraisal/src/index.ts";
import { type FaultyCheck, type FaultWorld, type KmsAnswer, startFaultWorld } from "./fault-world.ts";
import { stepsOf, verdictOnHardware } from "./page.ts";

/** What the rows of one file put a fault into. */
export const world: FaultWorld = await startFaultWorld();

/** A fault, and what the page's own run makes of it. */
export interface FaultRow {
  readonly name: string;
  readonly fault: () => Promise<FaultyCheck> | FaultyCheck;
  /** Steps that must come out so. */
  readonly steps: Readonly<Partial<Record<StepId, StepStatus>>>;
  /** What it would come to on a machine of Intel's. */
  readonly verdict: Verdict;
}

/** Puts in each fault, and asks for a check. */
export function testFaults(rows: readonly FaultRow[]): void {
  afterEach(() => world.simulator.changeTokens({}));
  afterAll(async () => await world.close());

  test.each(rows)("$name: $verdict", async ({ fault, steps, verdict }) => {
    const asked = await world.ask(await fault());
    if (!asked.ok) throw new Error(asked.error.code);
    expect({ steps: stepsOf(asked.value), verdict: verdictOnHardware(asked.value) }).toMatchObject({ steps, verdict });
    // Under a simulated root nothing is ever better than that.
    expect(asked.value.report.verdict).toBe(verdict === "failed" ? "failed" : "simulated");
    expect(asked.value.report.steps.filter(({ code }) => code === "step-exception")).toEqual([]);
  });
}

/** A challenge that nobody sent. */
export const OTHER_NONCE: Uint8Array = new Uint8Array(32).fill(7);

/** A KMS that changes its own answer. */
export function answering(change: (answer: KmsAnswer) => KmsAnswer): FaultyCheck {
  return { answer: async (nonce) => change(await world.answer(nonce)) };
}

/** The part of a release's policy that holds its values. */
export function policyOf(document: Record<string, unknown>): Record<string, unknown> {
  return Object.assign(Object(document["policy"]));
}

/** Makes a release allow other TCB statuses. */
export function allowing(statuses: readonly string[]): (document: Record<string, unknown>) => void {
  return (document) =>
    void Object.assign(policyOf(document), { allowed_tcb_statuses: statuses, kms_allowed_tcb_statuses: statuses });
}
