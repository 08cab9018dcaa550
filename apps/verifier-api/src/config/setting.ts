import type { Result } from "@mero-tee/tdx-quote/result";
import type { ConfigArea } from "./settings.ts";

/** What may stand in a variable: in words for the reader of the reference, as Markdown, and as the parser that decides it. */
export interface SettingForm<T> {
  readonly words: string;
  /** The value, or the rest of a sentence such as `must be 1 or 0`. */
  readonly parse: (text: string, isProduction: boolean) => Result<T, string>;
}

/** One variable of the environment: everything that the parser, the reference and the operator have to agree on. */
export interface Setting<T> {
  readonly area: ConfigArea;
  readonly form: SettingForm<T>;
  /** What stands for it where it is unset, as text that is read like any other; null: nothing does. */
  readonly fallback: string | null;
  /** The value of that. */
  readonly absent: T;
  /** What it decides, in a few words of Markdown. */
  readonly decides: string;
}

/** A variable that has a default. Throws if its own form refuses that: a mistake in the table. */
export function withDefault<T>(area: ConfigArea, form: SettingForm<T>, fallback: string, decides: string): Setting<T> {
  const absent = form.parse(fallback, true);
  if (!absent.ok) throw new TypeError(`the default ${fallback} ${absent.error}`);
  return { area, form, fallback, absent: absent.value, decides };
}

/** A variable that may be left out. */
export function optional<T>(area: ConfigArea, form: SettingForm<T>, decides: string): Setting<T | null> {
  return { area, form, fallback: null, absent: null, decides };
}
