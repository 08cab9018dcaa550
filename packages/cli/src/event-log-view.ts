import type { EventLog, EventLogEvent, ReplayComparison, ReplayedRegisters } from "@mero-tee/tdx-quote";

import type { Paint } from "./paint.ts";
import { cell, grid, table, type Cell, type Row } from "./table.ts";

/** What is shown of a replay. */
export interface EventLogView {
  readonly log: EventLog;
  readonly replayed: ReplayedRegisters;
  readonly comparison: ReplayComparison | null;
  readonly composeHash: string | null;
  readonly appId: string | null;
}

const REGISTERS = ["rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** A replayed log for people: its events, the registers, and whether a quote agrees. */
export function eventLogText(view: EventLogView, paint: Paint): string {
  const { log, comparison } = view;
  const registers = REGISTERS.map((name): Row => {
    const agrees = comparison === null ? "" : `  ${verdict(comparison[name].matches, paint)}`;
    return [name.toUpperCase(), `${view.replayed[name]}${agrees}`];
  });
  const sections = [
    `${paint.strong("Event log")}  ${log.format}, ${log.events.length} events\n${eventGrid(log.events, paint)}`,
    `${paint.strong(comparison === null ? "Replayed registers" : "Replayed registers, beside the quote's")}\n${table(registers)}`,
  ];
  const names: Row[] = [];
  if (view.composeHash !== null) names.push(["compose hash", view.composeHash]);
  if (view.appId !== null) names.push(["app id", view.appId]);
  // Without a quote that agrees, whoever wrote the log chose these names.
  const isProven = comparison?.rtmr3.matches === true;
  const title = isProven ? "Application" : "Application, as the log claims";
  if (names.length > 0) sections.push(`${paint.strong(title)}\n${table(names)}`);
  return sections.join("\n");
}

function verdict(matches: boolean, paint: Paint): string {
  return matches ? paint.good("✓ equal") : paint.bad("✗ differs");
}

function eventGrid(events: readonly EventLogEvent[], paint: Paint): string {
  if (events.length === 0) return "";
  return grid(
    ["#", "register", "event", "digest", "payload"],
    events.map((event) => [
      cell(String(event.index)),
      cell(event.register ?? "none"),
      cell(event.name === "" ? `type 0x${event.type.toString(16)}` : printable(event.name)),
      digestCell(event.digest, paint),
      payloadCell(event, paint),
    ]),
  );
}

function digestCell(digest: string, paint: Paint): Cell {
  const plain = digest === "" ? "none" : `${digest.slice(0, 16)}…`;
  return { plain, styled: paint.dim(plain) };
}

/** Says for each payload whether the digest covers it: the text of an event proves nothing by itself. */
function payloadCell({ digestMatches }: EventLogEvent, paint: Paint): Cell {
  if (digestMatches === undefined) return { plain: "", styled: paint.dim("not covered by the digest") };
  if (digestMatches) return { plain: "", styled: paint.good("covered by the digest") };
  return { plain: "", styled: paint.bad("does not have this digest") };
}

/** Names come from the log: control characters must not reach the terminal, nor a long one break the table. */
function printable(name: string): string {
  const safe = name.replaceAll(/[^\x20-\x7e]/g, "?");
  return safe.length > 48 ? `${safe.slice(0, 47)}…` : safe;
}
