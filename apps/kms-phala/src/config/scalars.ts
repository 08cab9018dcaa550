import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "true", "yes", "on"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "false", "no", "off"]);

/** `1 true yes on` or `0 false no off`, trimmed, in any case; anything else, the empty string too, is refused. */
export const BOOLEAN: SettingForm<boolean> = { words: "boolean", parse: parseBoolean };

function parseBoolean(text: string): Result<boolean, string> {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return ok(true);
  if (FALSE_WORDS.has(word)) return ok(false);
  return err("must be one of 1, true, yes, on, 0, false, no, off");
}

/** Decimal integers in `minimum..maximum`: digits only, no sign, blank, exponent or fraction. */
export function wholeNumber(minimum: number, maximum: number): SettingForm<number> {
  return {
    words: `${minimum} to ${maximum.toLocaleString("en")}`,
    parse(text) {
      const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= minimum && value <= maximum) return ok(value);
      return err(`must be a whole number in ${minimum}..${maximum}`);
    },
  };
}

/** SHA-256 as 64 hex digits in any case; blanks around it and a leading `0x` are dropped. The value is lower case. */
export const SHA256: SettingForm<string> = { words: "64 hex digits", parse: parseSha256 };

function parseSha256(text: string): Result<string, string> {
  const trimmed = text.trim();
  const digits = /^0x/i.test(trimmed) ? trimmed.slice(2) : trimmed;
  const bytes = parseHex(digits, 32);
  return bytes === null ? err("must be a SHA-256 digest, 64 hex digits") : ok(toHex(bytes));
}

/** An absolute path without control characters. */
export const ABSOLUTE_PATH: SettingForm<string> = { words: "absolute path", parse: parseAbsolutePath };

function parseAbsolutePath(text: string): Result<string, string> {
  // A NUL would end the path early inside the kernel.
  if (!text.startsWith("/") || /\p{Cc}/u.test(text)) return err("must be an absolute path");
  return ok(text);
}

// Most to least severe.
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;

/** How much is logged: lines of this severity and above. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log level in any case, trimmed. */
export const LOG_LEVEL: SettingForm<LogLevel> = {
  words: LOG_LEVELS.map((level) => `\`${level}\``).join(", "),
  parse: parseLogLevel,
};

function parseLogLevel(text: string): Result<LogLevel, string> {
  const word = text.trim().toLowerCase();
  const level = LOG_LEVELS.find((known) => known === word);
  return level === undefined ? err(`must be one of ${LOG_LEVELS.join(", ")}`) : ok(level);
}
