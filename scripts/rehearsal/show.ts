import { styleText } from "node:util";
import type { StepReport } from "../release/lane-steps.ts";
import type { PlayedFailure } from "./play-failure.ts";

/** How a rehearsal is shown: on a terminal in colour and with the step that runs; else one plain line for each thing that is done. */
export interface Show {
  readonly chapter: (text: string) => void;
  readonly step: (report: StepReport) => void;
  readonly failure: (played: PlayedFailure) => void;
  readonly table: (rows: readonly (readonly string[])[]) => void;
  readonly verdict: (text: string, isGood: boolean) => void;
}

/** Where it is shown. */
export interface ShowPorts {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

const WORDS = { done: "ok", stopped: "STOPPED", "left-out": "left out" } as const;

/** Makes the show. */
export function createShow({ write, isTerminal }: ShowPorts): Show {
  const paint = (style: "bold" | "green" | "red" | "yellow" | "dim", text: string): string =>
    isTerminal ? styleText(style, text, { validateStream: false }) : text;
  const line = (text: string): void => write(`${text}\n`);
  return {
    chapter: (text) => line(`\n${paint("bold", text)}`),
    step: ({ step, status, evidence }) => {
      const word = WORDS[status].padEnd(8);
      const styled = status === "done" ? paint("green", word) : paint(status === "stopped" ? "red" : "yellow", word);
      line(`  ${styled} ${step.padEnd(13)} ${paint("dim", evidence)}`);
    },
    failure: ({ failure, isAsExpected, stoppedBy, report }) => {
      const word = isAsExpected ? paint("green", "stopped ") : paint("red", "NOT OK  ");
      const by = stoppedBy.length === 0 ? "nothing" : stoppedBy.join(" ");
      line(`  ${word} ${failure.name.padEnd(28)} ${report.stop?.step ?? "the end"}: ${by}`);
    },
    table: (rows) => {
      const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      for (const [index, row] of rows.entries()) {
        const cells = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)));
        line(`  ${index === 0 ? paint("bold", cells.join("  ")) : cells.join("  ")}`.trimEnd());
      }
    },
    verdict: (text, isGood) => line(`\n${paint(isGood ? "green" : "red", text)}`),
  };
}
