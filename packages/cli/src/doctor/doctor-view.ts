import type { Paint } from "../paint.ts";
import { cell, grid, type Cell } from "../table.ts";
import type { Finding } from "./finding.ts";

const SIGNS: Readonly<Record<Finding["status"], string>> = { ok: "✓", warning: "!", failed: "✗", skipped: "–" };

/** Findings as a table for a terminal, what to do under it; as plain lines, one for each finding, for everything else. */
export function findingsText(findings: readonly Finding[], isTerminal: boolean, paint: Paint): string {
  return isTerminal ? tableText(findings, paint) : linesText(findings);
}

function tableText(findings: readonly Finding[], paint: Paint): string {
  const rows = findings.map((finding) => [
    signCell(finding.status, paint),
    cell(finding.check),
    styled(finding.code ?? "", (text) => paintStatus(finding.status, text, paint)),
    cell(finding.message),
  ]);
  const todo = findings.flatMap(({ code, advice }) =>
    code === null || advice === null
      ? []
      : [`  ${paint.strong(code)}\n    ${advice}\n    ${paint.dim(`docs/errors.md#${code}`)}\n`],
  );
  const table = grid(["", "check", "code", "what was found"], rows);
  return todo.length === 0 ? table : `${table}\nWhat to do\n${todo.join("")}`;
}

function linesText(findings: readonly Finding[]): string {
  return findings
    .map(({ check, status, code, message, advice }) => {
      const words = [status, `${check}:`, ...(code === null ? [] : [code]), message];
      const more = code === null ? [] : [`(docs/errors.md#${code})`];
      return `${[...words, ...(advice === null ? [] : [advice]), ...more].join(" ")}\n`;
    })
    .join("");
}

function signCell(status: Finding["status"], paint: Paint): Cell {
  return styled(SIGNS[status], (text) => paintStatus(status, text, paint));
}

function styled(plain: string, style: (text: string) => string): Cell {
  return { plain, styled: style(plain) };
}

function paintStatus(status: Finding["status"], text: string, paint: Paint): string {
  switch (status) {
    case "ok":
      return paint.good(text);
    case "warning":
      return paint.warn(text);
    case "failed":
      return paint.bad(text);
    case "skipped":
      return paint.dim(text);
    default:
      return status satisfies never;
  }
}
