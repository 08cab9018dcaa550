import { EXIT, type ExitCode } from "./exit-code.ts";
import type { FailureView, Refusal } from "./failure-view.ts";
import type { Ports } from "./context.ts";
import { createPaint, wantsColour, type Paint } from "./paint.ts";
import { table } from "./table.ts";

/** Version of every JSON document that the command defines; a field is only ever added within a version. */
export const SCHEMA_VERSION = 1;

/** A document for `--json`: `schemaVersion` first, `failure` last. */
export type JsonDocument = Readonly<Record<string, unknown>>;

/** What a command came to: one document for machines, one text for people, one exit code. */
export interface Report {
  readonly exitCode: ExitCode;
  readonly document: JsonDocument;
  /** For standard output. Empty where there is nothing but a failure to tell, which then goes to standard error. */
  readonly text: (paint: Paint) => string;
  readonly failure: FailureView | null;
  /** More lines for people, for standard error. */
  readonly details?: string;
}

/** Puts a command's fields between `schemaVersion` and `failure`, in the order given. */
export function jsonDocument(fields: Readonly<Record<string, unknown>>, failure: FailureView | null): JsonDocument {
  return { schemaVersion: SCHEMA_VERSION, ...fields, failure };
}

/** A report of success. */
export function reportSuccess(fields: Readonly<Record<string, unknown>>, text: (paint: Paint) => string): Report {
  return { exitCode: EXIT.ok, document: jsonDocument(fields, null), text, failure: null };
}

/**
 * A report of a refusal or a failure.
 *
 * @param fields - the document's fields as far as they are known; the rest `null` or `[]`
 * @param text - what is known all the same; the refusal itself is added to it
 */
export function reportRefusal(
  refusal: Refusal,
  fields: Readonly<Record<string, unknown>>,
  text: (paint: Paint) => string = () => "",
): Report {
  const { exitCode, view, details } = refusal;
  const report = { exitCode, document: jsonDocument(fields, view), text, failure: view };
  return details === undefined ? report : { ...report, details };
}

/**
 * Prints a report: under `--json` exactly one document on standard output, nothing else there. For people, a verdict is the
 * product and goes to standard output; a failure of usage, files or network goes to standard error.
 */
export function printReport(ports: Ports, json: boolean, report: Report): void {
  if (report.details !== undefined) ports.stderr.write(report.details);
  if (json) {
    ports.stdout.write(`${escapeInvisible(JSON.stringify(report.document, null, 2))}\n`);
    return;
  }
  const { failure } = report;
  const isVerdict = report.exitCode === EXIT.ok || report.exitCode === EXIT.refused;
  const stream = isVerdict ? ports.stdout : ports.stderr;
  const paint = createPaint(wantsColour(stream, ports.environment));
  const known = report.text(paint);
  // The verdict comes first, what is known all the same after it.
  if (failure !== null) stream.write(failureText(failure, report.exitCode === EXIT.refused, paint));
  if (known !== "") stream.write(failure === null ? known : `\n${known}`);
}

/**
 * The same JSON with every character escaped that has no shape of its own: a document may hold words of a hostile KMS, and
 * JSON itself leaves C1 controls and bidirectional marks for the terminal to act on.
 */
function escapeInvisible(json: string): string {
  return json.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => {
      const unit = character.charCodeAt(at);
      return `\\u${unit.toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}

/** A refusal in words: what, where, why, and where to read more. */
export function failureText(failure: FailureView, isRefusal: boolean, paint: Paint): string {
  const headline = isRefusal ? "✗ Refused" : "✗ Failed";
  return (
    `${paint.bad(headline)}  ${failure.message}\n` +
    table([
      ["code", failure.code],
      ["stage", failure.stage],
      ["more", paint.dim(`docs/errors.md#${failure.code}`)],
    ])
  );
}

/** Writes a warning to standard error, which is where it belongs with and without `--json`. */
export function warn(ports: Ports, message: string): void {
  const paint = createPaint(wantsColour(ports.stderr, ports.environment));
  ports.stderr.write(`${paint.warn("! Warning")}  ${message}\n`);
}

/** Runs work; if it takes longer than `progressAfterMs`, a line on standard error says what is going on. */
export async function withProgress<T>(ports: Ports, label: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    const paint = createPaint(wantsColour(ports.stderr, ports.environment));
    ports.stderr.write(`${paint.dim(`… ${label}`)}\n`);
  }, ports.progressAfterMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
