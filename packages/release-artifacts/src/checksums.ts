import { quoteForeignText } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { isAssetName } from "./asset-names.ts";

/** One line of a checksum file. */
export interface Checksum {
  /** SHA-256, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Base name of the file. */
  readonly name: string;
}

/** A line that is not a checksum, or one that contradicts another. */
export interface ChecksumProblem {
  readonly code: "checksums-malformed";
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
  readonly reason: string;
}

const MAX_BYTES = 1024 * 1024;
const MAX_LINES = 1000;

/** Digest, two spaces or a space and a star, directories that nobody enters, a name. */
const LINE = /^(?<digest>[0-9A-Fa-f]{64}) [ *](?<directories>(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*)(?<name>[^/]*)$/;

/**
 * Reads a checksum file in the text form of `sha256sum`. A star before the name, CRLF and directories before the name are
 * accepted; only the base name counts. Everything that could lead out of a directory or be read in two ways is refused:
 * `..`, absolute paths, backslashes (which `sha256sum` uses to escape names), blank lines, a name twice.
 *
 * Errors: every bad line.
 * Source: docs/releases.md, rule CK-01; GNU coreutils, sha256sum.
 */
export function parseChecksums(content: string | Uint8Array): Result<readonly Checksum[], readonly ChecksumProblem[]> {
  if (content.length > MAX_BYTES) return err([problem(0, `longer than ${MAX_BYTES} bytes`)]);
  const text = typeof content === "string" ? content : decode(content);
  if (text === null) return err([problem(0, "not UTF-8")]);
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  if (text === "") return err([problem(0, "empty")]);
  if (lines.length > MAX_LINES) return err([problem(0, `more than ${MAX_LINES} lines`)]);
  const sums = new Map<string, string>();
  const problems: ChecksumProblem[] = [];
  for (const [index, line] of lines.entries()) {
    const { digest, name } = LINE.exec(line)?.groups ?? {};
    if (digest === undefined || name === undefined) {
      problems.push(problem(index + 1, "not a digest, two spaces and a file name"));
    } else if (!isAssetName(name)) {
      problems.push(problem(index + 1, `${quoteForeignText(name)} is no file name of a release`));
    } else if (sums.has(name)) {
      problems.push(problem(index + 1, `${name} stands there twice`));
    } else {
      sums.set(name, digest.toLowerCase());
    }
  }
  return problems.length > 0 ? err(problems) : ok([...sums].map(([name, sha256]) => ({ sha256, name })));
}

/** Writes a checksum file: sorted by name as bytes, two spaces, a line feed after each line. */
export function checksumsText(sums: readonly Checksum[]): string {
  const sorted = sums.toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
  return sorted.map(({ sha256, name }) => `${sha256}  ${name}\n`).join("");
}

function problem(line: number, reason: string): ChecksumProblem {
  return { code: "checksums-malformed", line, reason };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder says nothing but "not UTF-8".
    return null;
  }
}
