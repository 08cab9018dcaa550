import type { ProfileChoice } from "./image-profile.ts";
import { SETTINGS, type SettingName, type SettingValues } from "./kms-settings.ts";

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

/** Reads settings one after the other and keeps every problem, so that an operator fixes all of them at once. */
export interface SettingsReader {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** The raw text, or `undefined` when the variable is unset or not text (which is a problem). */
  text(name: SettingName): string | undefined;
  /** The parsed value, or what stands for it when unset; also when malformed, and then a problem stands. */
  value<Name extends SettingName>(name: Name): SettingValues[Name];
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
  const text = (name: SettingName): string | undefined => {
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
    value(name) {
      const { form, absent } = SETTINGS[name];
      const raw = text(name);
      if (raw === undefined) return absent;
      const parsed = form.parse(raw);
      if (parsed.ok) return parsed.value;
      refuse("setting-malformed", name, parsed.error);
      return absent;
    },
    refuse,
    warn(message) {
      warnings.push(message);
    },
  };
}

/** Whether the image's pin, if it has one, is among those that refuse something of this variable. */
export function isPinRefusing(name: SettingName, image: ProfileChoice): boolean {
  const rule = SETTINGS[name].pin;
  if (rule === null || !image.isPinned) return false;
  return rule.on === "any" || image.profile === rule.on;
}
