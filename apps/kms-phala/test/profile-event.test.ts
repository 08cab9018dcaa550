import { kmsProfileEvent } from "@mero-tee/policy";
import { ok } from "@mero-tee/tdx-quote/result";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDstackAgent } from "../src/dstack-client.ts";
import type { GuestAgent } from "../src/guest-agent.ts";
import { recordProfileEvent } from "../src/profile-event.ts";
import { platform } from "./harness.ts";
import { type SimulatedAgent, startSimulatedAgent } from "./simulated-agent.ts";

const PROFILE = "locked-read-only";
const EVENT = kmsProfileEvent(PROFILE);
let simulated: SimulatedAgent;
let agent: GuestAgent;

beforeEach(async () => {
  simulated = await startSimulatedAgent();
  agent = createDstackAgent({ socketPath: simulated.socketPath });
});

afterEach(async () => {
  await simulated.close();
});

/** How often the profile event is in the guest's log. */
function count(): number {
  return simulated.agent.guest.runtimeEvents().filter(({ name }) => name === EVENT.name).length;
}

describe("the profile event", () => {
  test("is emitted once, and found at the next start of the same boot", async () => {
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({ kind: "emitted" });
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({ kind: "present" });
    expect(count()).toBe(1);
  });

  test("makes RTMR3 what the simulated policy expects of a KMS", async () => {
    await recordProfileEvent(agent, PROFILE);
    expect(simulated.agent.guest.registers().rtmr3).toBe(platform.measurementsFor("kms", PROFILE).rtmr3);
  });

  test("of another profile is foreign, and nothing is emitted beside it", async () => {
    const other = kmsProfileEvent("debug");
    simulated.agent.guest.extend(other.name, other.payload);
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({ kind: "foreign" });
    expect(count()).toBe(1);
  });

  test("of another profile is foreign beside the right one too", async () => {
    for (const { name, payload } of [EVENT, kmsProfileEvent("debug")]) simulated.agent.guest.extend(name, payload);
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({ kind: "foreign" });
  });

  test("that is there twice counts as absent", async () => {
    for (const { name, payload } of [EVENT, EVENT]) simulated.agent.guest.extend(name, payload);
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({ kind: "absent", reason: "the event is there 2 times" });
  });

  test("is absent where the agent has no such method, and the agent's words say so", async () => {
    simulated.agent.setEmitEventAvailable(false);
    expect(await recordProfileEvent(agent, PROFILE)).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("Method not found"),
    });
  });

  test("is absent where the agent reports a success that its log does not show", async () => {
    simulated.agent.failNext("EmitEvent", { kind: "answer", body: null });
    expect(await recordProfileEvent(agent, PROFILE)).toEqual({
      kind: "absent",
      reason: "the guest agent did not record the event",
    });
  });

  test("is absent where the agent refuses it", async () => {
    simulated.agent.failNext("EmitEvent", { kind: "error", message: "denied" });
    expect(await recordProfileEvent(agent, PROFILE)).toMatchObject({ kind: "absent" });
    expect(count()).toBe(0);
  });

  test("is absent where nobody answers", async () => {
    expect(await recordProfileEvent(createDstackAgent({ socketPath: "/nonexistent" }), PROFILE)).toMatchObject({
      kind: "absent",
      reason: expect.stringContaining("agent-unavailable"),
    });
  });

  test.each([
    {
      name: "whose log does not explain RTMR3",
      change: (log: string) =>
        JSON.stringify(JSON.parse(log).filter((_: unknown, index: number, all: unknown[]) => index < all.length - 1)),
    },
    { name: "whose log is refused", change: (log: string) => log.replace('"imr"', '"imr":3,"imr"') },
  ])("is absent in a quote $name", async ({ change }) => {
    const lying: GuestAgent = {
      ...agent,
      async quote(reportData) {
        const quoted = await agent.quote(reportData);
        return quoted.ok ? ok({ ...quoted.value, eventLogText: change(quoted.value.eventLogText) }) : quoted;
      },
    };
    expect(await recordProfileEvent(lying, PROFILE)).toMatchObject({ kind: "absent" });
    expect(count()).toBe(0);
  });

  test("that only the log's text claims is not believed", async () => {
    const entry = {
      imr: 3,
      event_type: 134217729,
      digest: "",
      event: EVENT.name,
      event_payload: Buffer.from(EVENT.payload).toString("hex"),
    };
    const lying: GuestAgent = {
      ...agent,
      async quote(reportData) {
        const quoted = await agent.quote(reportData);
        if (!quoted.ok) return quoted;
        const entries: unknown[] = JSON.parse(quoted.value.eventLogText);
        return ok({ ...quoted.value, eventLogText: JSON.stringify([...entries, entry]) });
      },
    };
    expect(await recordProfileEvent(lying, PROFILE)).toMatchObject({ kind: "absent" });
  });
});
