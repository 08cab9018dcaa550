import { expect, test } from "vitest";
import { DEFAULT_BINDING } from "../../packages/kms-protocol/src/index.ts";
import { toBase64 } from "../../packages/tdx-quote/src/base64.ts";
import { parseHex } from "../../packages/tdx-quote/src/hex.ts";
import { reportDataOf } from "../appraisal/world.ts";
import { answering, type FaultRow, OTHER_NONCE, testFaults, world } from "./fault-rows.ts";
import { attestation, type FaultyCheck, type KmsAnswer, objectOf } from "./fault-world.ts";
import { stepsOf, verdictOnHardware } from "./page.ts";

function tampered(change: (log: KmsAnswer["eventLog"]) => KmsAnswer["eventLog"]): FaultyCheck {
  return answering((answer) => ({ ...answer, eventLog: change(answer.eventLog) }));
}

function isRuntime({ imr }: Record<string, unknown>): boolean {
  return imr === 3;
}

const ATTESTER_ROWS: readonly FaultRow[] = [
  {
    name: "nothing is wrong",
    fault: () => ({}),
    steps: { "fresh.nonce": "pass", "ita.claims": "pass" },
    verdict: "verified",
  },
  {
    name: "the KMS answers another challenge",
    fault: () => ({ answer: async () => await world.answer(OTHER_NONCE) }),
    steps: { "fresh.nonce": "fail" },
    verdict: "failed",
  },
  {
    // Mistake 2.
    name: "the KMS answers another challenge, and says nothing beside its quote",
    fault: () => ({
      answer: async () => {
        const { quoteB64, eventLog } = await world.answer(OTHER_NONCE);
        return { quoteB64, eventLog };
      },
    }),
    steps: { "fresh.nonce": "fail", "src.side-fields": "info" },
    verdict: "failed",
  },
  {
    // Mistake 1.
    name: "a recorded quote comes with the new challenge beside it",
    fault: () => ({
      answer: async (nonce) => {
        const recorded = await world.answer(OTHER_NONCE);
        return { ...recorded, reportDataHex: Buffer.concat([nonce, DEFAULT_BINDING]).toString("hex") };
      },
    }),
    steps: { "fresh.nonce": "fail", "src.side-fields": "warn" },
    verdict: "failed",
  },
  {
    // Mistake 3.
    name: "another image comes with published registers beside the quote",
    fault: () => ({
      answer: async (nonce) => {
        const { mrtd } = world.platform.measurementsFor("kms", "locked-read-only");
        const foreign = await world.answer(nonce, { report: { mrtd: "5e".repeat(48) } });
        return { ...foreign, quote: { body: { mrtd } } };
      },
    }),
    steps: { "rel.measurements": "fail", "src.side-fields": "warn" },
    verdict: "failed",
  },
  {
    name: "an event's payload is changed",
    fault: () =>
      tampered((log) =>
        log.map((event) => (event["event"] === "compose-hash" ? { ...event, event_payload: "00".repeat(32) } : event)),
      ),
    steps: { "log.parse": "fail", "app.compose-hash": "skip" },
    verdict: "failed",
  },
  {
    name: "an event's digest is changed",
    fault: () =>
      tampered((log) => log.map((event) => (event["imr"] === 0 ? { ...event, digest: "00".repeat(48) } : event))),
    steps: { "log.rtmr0": "fail" },
    verdict: "failed",
  },
  {
    name: "events change places",
    fault: () =>
      tampered((log) => [...log.filter((event) => !isRuntime(event)), ...log.filter(isRuntime).toReversed()]),
    steps: { "log.rtmr3": "fail", "app.compose-hash": "skip" },
    verdict: "failed",
  },
  {
    name: "an event is removed",
    fault: () => tampered((log) => log.filter(({ event }) => event !== "app-id")),
    steps: { "log.rtmr3": "fail" },
    verdict: "failed",
  },
  {
    name: "an event is renamed beyond ASCII, so that its digest no longer fits",
    fault: () =>
      tampered((log) => log.map((event) => (event["event"] === "app-id" ? { ...event, event: "äpp-id" } : event))),
    steps: { "log.parse": "fail", "app.compose-hash": "skip" },
    verdict: "failed",
  },
  {
    // Mistake 11.
    name: "an event is renamed beyond ASCII, and has no digest",
    fault: () =>
      tampered((log) =>
        log.map((event) => (event["event"] === "app-id" ? { ...event, event: "äpp-id", digest: "" } : event)),
      ),
    steps: { "log.rtmr3": "fail", "app.compose-hash": "skip" },
    verdict: "failed",
  },
  {
    // Mistake 12.
    name: "the application adds a second compose hash after the start",
    fault: () => ({
      answer: async (nonce) => {
        const guest = world.platform.bootGuest("locked-read-only");
        guest.extend("compose-hash", new Uint8Array(32).fill(1));
        const { quote, eventLog } = await guest.quote(reportDataOf(nonce, DEFAULT_BINDING));
        return { quoteB64: toBase64(quote), eventLog: JSON.parse(eventLog) };
      },
    }),
    steps: { "log.rtmr3": "pass", "app.compose-hash": "fail" },
    verdict: "failed",
  },
  {
    name: "a second compose hash stands before the start",
    fault: () => ({
      answer: async (nonce) => {
        const { eventLog } = await world.answer(nonce);
        const events = eventLog.filter(isRuntime).flatMap(({ event, event_payload: payload }) => {
          const own = { name: String(event), payload: parseHex(String(payload)) ?? new Uint8Array(0) };
          return own.name === "compose-hash" ? [{ ...own, payload: new Uint8Array(32).fill(1) }, own] : [own];
        });
        return await world.answer(nonce, { runtimeEvents: events });
      },
    }),
    steps: { "log.rtmr3": "pass", "app.compose-hash": "fail" },
    verdict: "failed",
  },
  {
    name: "the event log is missing",
    fault: () => ({
      answer: async (nonce) => {
        const { eventLog: _, ...rest } = await world.answer(nonce);
        return rest;
      },
    }),
    steps: { "log.parse": "skip", "app.compose-hash": "skip", "rel.measurements": "skip" },
    verdict: "incomplete",
  },
  {
    // Mistake 8.
    name: "the machine is in debug mode",
    fault: () => ({
      answer: async (nonce) => await world.answer(nonce, { report: { tdAttributes: "0100001000000000" } }),
    }),
    steps: { "td.attributes": "fail", "ita.token": "pass" },
    verdict: "failed",
  },
  {
    name: "the image is a debug image of a signed release",
    fault: () => ({ answer: async (nonce) => await world.answer(nonce, { profile: "debug" }) }),
    steps: { "rel.measurements": "pass", "rel.profile": "warn" },
    verdict: "caution",
  },
  {
    name: "the image is another than the reader asked for",
    fault: () => ({ check: { expected: { tag: null, profile: "debug", bindingHex: null, isStrict: false } } }),
    steps: { "rel.profile": "fail" },
    verdict: "failed",
  },
  {
    name: "a development stand-in answers in place of a quote",
    fault: () =>
      answering((answer) => ({
        ...answer,
        quoteB64: Buffer.concat([Buffer.from("MOCK_TDX_QUOTE_V1"), Buffer.alloc(64)]).toString("base64"),
      })),
    steps: { "quote.parse": "fail" },
    verdict: "failed",
  },
  {
    name: "the device's clock is a day ahead",
    fault: () => ({ aheadSeconds: 86_400, check: { asksIntel: false } }),
    steps: { "env.clock": "warn", "dcap.collateral": "pass" },
    verdict: "caution",
  },
  {
    name: "the device's clock is two years ahead",
    fault: () => ({ aheadSeconds: 2 * 365 * 86_400 }),
    steps: { "env.clock": "warn", "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the device's clock is two years behind, before anything was valid",
    fault: () => ({ aheadSeconds: -2 * 365 * 86_400 }),
    steps: { "env.clock": "warn", "dcap.chain": "fail" },
    verdict: "failed",
  },
];

testFaults(ATTESTER_ROWS);

test("a verdict that a wrong clock may have made says so, and no other does", async () => {
  const hint = expect.stringContaining("set it right and check again");
  const late = await world.ask({ aheadSeconds: 2 * 365 * 86_400 });
  expect(late.ok && late.value.report.notes).toContainEqual(hint);
  const other = await world.ask({ answer: async () => await world.answer(OTHER_NONCE) });
  expect(other.ok && other.value.report.verdict).toBe("failed");
  expect(other.ok && other.value.report.notes).not.toContainEqual(hint);
});

test("the API claims that its own run came to another verdict: the page's stands, and says that they differ", async () => {
  const { "/api/verify": substitute } = attestation(() => ({ quoteB64: recorded }));
  const recorded = String((await world.answer(OTHER_NONCE))["quoteB64"]);
  const asked = await world.ask({
    corrupt: {
      "/api/verify": async (json, path) => ({
        ...objectOf(await substitute?.(json, path)),
        nonce_verified: true,
        server_report: { verdict: "verified", steps: [], core_version: "0" },
      }),
    },
  });
  expect(asked).toMatchObject({
    ok: true,
    value: { report: { verdict: "failed" }, differingServerVerdict: "verified" },
  });
});

test.each([
  { name: "its hash", applicationHashHex: "07".repeat(32), binding: "pass", verdict: "verified" },
  { name: "another hash", applicationHashHex: "08".repeat(32), binding: "fail", verdict: "failed" },
  { name: "no hash", applicationHashHex: null, binding: "skip", verdict: "incomplete" },
])("a node that binds an application, asked with $name: $verdict", async ({ applicationHashHex, binding, verdict }) => {
  world.simulator.installApplication("app-1", new Uint8Array(32).fill(7));
  const check = { kind: "node", applicationId: "app-1", applicationHashHex } as const;
  const asked = await world.askAt(world.simulator.url, world.serve(), { check });
  if (!asked.ok) throw new Error(asked.error.code);
  expect({ steps: stepsOf(asked.value), verdict: verdictOnHardware(asked.value) }).toMatchObject({
    steps: { "fresh.binding": binding },
    verdict,
  });
});
