import { describeFailure, EVENT_LOG_REGISTERS, type EventLogRegister } from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { fail, item, pass, skip } from "../finding.ts";
import type { Finding } from "../step.ts";

/** `log.parse`. */
export function judgeLogForm({ log, kind }: Case): Finding {
  if (log === null) {
    const without =
      kind === "node" ? "A node comes without one: its registers are compared with the release alone." : "";
    return skip(`There is no event log. ${without}`.trim(), "event-log-missing");
  }
  if (!log.ok) {
    const { error } = log;
    if (error.code === "event-log-too-long") {
      return fail(error.code, `The event log has ${error.actual} ${error.unit}; at most ${error.limit} are read.`);
    }
    return fail(error.code, describeFailure(error));
  }
  const { format, events } = log.value;
  const counts = EVENT_LOG_REGISTERS.map((register) => events.filter((event) => event.register === register).length);
  return pass(
    `The event log has ${events.length} events in ${format === "ccel" ? "CCEL form" : "dstack's JSON"}.`,
    EVENT_LOG_REGISTERS.map((register, index) => item(`Events of ${register}`, counts[index] ?? 0, "log")),
  );
}

/** `log.rtmr0` to `log.rtmr3`. */
export function judgeReplay(register: EventLogRegister): (opened: Case) => Finding {
  return ({ log, replay }) => {
    const trace = replay.find((candidate) => candidate.register === register);
    if (log?.ok !== true || trace === undefined)
      return skip("There is no log to rebuild it from.", "event-log-missing");
    const { events, replayed, quoted, matches } = trace;
    const evidence = [
      item("Events", events.length, "log"),
      item("Rebuilt from the log", replayed, "log", "hex"),
      item("In the quote", quoted, "quote", "hex"),
    ];
    const name = register.toUpperCase();
    if (register === "rtmr3" && events.length === 0 && log.value.format === "ccel") {
      const summary =
        "Logs of cloud machines do not record RTMR3, which the guest extends itself; it is compared with the release.";
      return skip(summary, "event-log-register-silent", evidence);
    }
    if (matches) return pass(`The ${events.length} events of ${name} lead to the value in the quote.`, evidence);
    return fail(
      "event-log-mismatch",
      `The ${events.length} events of ${name} lead to another value than the quote's.`,
      evidence,
    );
  };
}
