import type { GivenInput } from "../../../packages/appraisal/src/index.ts";
import { nodeQuote, NONCE, reportDataOf, ZEROS } from "../world.ts";
import { changedAnswer, runtimeEvents, type StepRow, testSteps, world } from "./step-rows.ts";

const LOG_ROWS: readonly StepRow[] = [
  {
    name: "no log",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.eventLog = [])),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "an answer without a log",
    kind: "kms",
    change: async () => await changedAnswer((answer) => Reflect.deleteProperty(answer, "eventLog")),
    step: "log.parse",
    status: "skip",
    code: "event-log-missing",
    verdict: "simulated",
  },
  {
    name: "a payload that was changed under its digest",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const event = runtimeEvents(answer).find((each) => each["event"] === "compose-hash");
        Object.assign(event ?? {}, { event_payload: "00".repeat(32) });
      }),
    step: "log.parse",
    status: "fail",
    code: "event-log-digest-mismatch",
    verdict: "failed",
  },
  {
    name: "a payload that was changed, without a digest",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const event = runtimeEvents(answer).find((each) => each["event"] === "compose-hash");
        Object.assign(event ?? {}, { event_payload: "00".repeat(32), digest: "" });
      }),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "two events in the other order",
    kind: "kms",
    change: async () => await changedAnswer((answer) => (answer.eventLog = answer.eventLog.toReversed())),
    step: "log.rtmr0",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "an event that was left out",
    kind: "kms",
    change: async () =>
      await changedAnswer(
        (answer) => (answer.eventLog = answer.eventLog.filter(({ event }) => event !== "system-ready")),
      ),
    step: "log.rtmr3",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "a log of more events than are read",
    kind: "kms",
    change: async () =>
      await changedAnswer((answer) => {
        const [first] = answer.eventLog;
        answer.eventLog = Array.from({ length: 5001 }, () => ({ ...first, event_payload: "" }));
      }),
    step: "log.parse",
    status: "fail",
    code: "event-log-too-long",
    verdict: "failed",
  },
  {
    name: "a node's log that is another machine's",
    kind: "node",
    change: async () => {
      const other = await world.platform.issueQuote({ reportData: new Uint8Array(64), role: "node", profile: "debug" });
      return {
        inputs: [
          { name: "quote", bytes: await nodeQuote(world.platform) },
          { name: "ccel", bytes: new Uint8Array(other.ccel) },
        ],
      };
    },
    step: "log.rtmr2",
    status: "fail",
    code: "event-log-mismatch",
    verdict: "failed",
  },
  {
    name: "a node's own log, which does not record register 3",
    kind: "node",
    change: async () => {
      const own = await world.platform.issueQuote({ reportData: reportDataOf(NONCE, ZEROS), role: "node" });
      const inputs: readonly GivenInput[] = [
        { name: "quote", bytes: new Uint8Array(own.quote) },
        { name: "ccel", bytes: new Uint8Array(own.ccel) },
      ];
      return { inputs };
    },
    step: "log.rtmr3",
    status: "skip",
    code: "event-log-register-silent",
    verdict: "simulated",
  },
];

testSteps(LOG_ROWS);
