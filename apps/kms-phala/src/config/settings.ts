import type { Result } from "@mero-tee/tdx-quote/result";

/**
 * Why a setting refuses to start: not text, malformed, in conflict with another setting, forbidden by the image's
 * profile pin, missing although the image demands it, or a policy that could never accept a node.
 */
type ConfigProblemCode =
  | "setting-not-utf8"
  | "setting-malformed"
  | "setting-conflict"
  | "setting-forbidden-by-pin"
  | "setting-required-by-pin"
  | "policy-empty";

/** One reason not to start; `setting` is the variable's name or the pin file's path, `message` one sentence without secrets. */
export interface ConfigProblem {
  readonly code: ConfigProblemCode;
  readonly setting: string;
  readonly message: string;
}

/** The process environment, as Node hands it over. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Turns the text of one variable into its value; the error is the rest of a sentence, such as `must be 1..3600`. */
export type SettingParser<T> = (text: string) => Result<T, string>;

/** Reads settings one after the other and keeps every problem, so that an operator fixes all of them at once. */
export interface SettingsReader {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** The raw text, or `undefined` when the variable is unset or not text (which is a problem). */
  text(name: string): string | undefined;
  /** The parsed value, or `fallback` when unset; also when malformed, and then a problem stands. */
  value<T>(name: string, parse: SettingParser<T>, fallback: T): T;
  refuse(code: ConfigProblemCode, setting: string, message: string): void;
  warn(message: string): void;
}

// Node replaces bytes that are not UTF-8 by U+FFFD before any program sees them; a value that holds one is not what
// the operator wrote.
const REPLACEMENT_CHARACTER = "\u{fffd}";

/** Makes a {@link SettingsReader} over an environment. */
export function readSettings(env: Environment): SettingsReader {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const refusedNames = new Set<string>();

  const refuse = (code: ConfigProblemCode, setting: string, message: string): void => {
    problems.push({ code, setting, message });
  };
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) return undefined;
    if (value.isWellFormed() && !value.includes(REPLACEMENT_CHARACTER)) return value;
    if (!refusedNames.has(name)) refuse("setting-not-utf8", name, "must be valid UTF-8");
    refusedNames.add(name);
    return undefined;
  };
  return {
    problems,
    warnings,
    text,
    value(name, parse, fallback) {
      const raw = text(name);
      if (raw === undefined) return fallback;
      const parsed = parse(raw);
      if (parsed.ok) return parsed.value;
      refuse("setting-malformed", name, parsed.error);
      return fallback;
    },
    refuse,
    warn(message) {
      warnings.push(message);
    },
  };
}
