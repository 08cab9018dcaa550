import { ok, type Result } from "@mero-tee/tdx-quote/result";

/** Turns the text of one variable into its value; the error is the rest of a sentence, such as `must be 1..3600`. */
type SettingParser<T> = (text: string) => Result<T, string>;

/** What may stand in a variable: in words for the reader of the reference, as Markdown, and as the parser that decides it. */
export interface SettingForm<T> {
  readonly words: string;
  readonly parse: SettingParser<T>;
}

/** What an image that pins a profile refuses. */
export interface PinRule {
  /** Which pins refuse it. */
  readonly on: "any" | "locked-read-only";
  /** What is refused, as Markdown. */
  readonly what: string;
}

/** One variable of the environment: everything that the parser, the reference and the operator have to agree on. */
export interface Setting<T> {
  readonly form: SettingForm<T>;
  /** What stands for it where it is unset, as text that is read like any other; null: nothing does. */
  readonly fallback: string | null;
  /** The value of that. */
  readonly absent: T;
  /** What it decides, in a few words of Markdown. */
  readonly decides: string;
  /** What a pinned image refuses of it; null: nothing. */
  readonly pin: PinRule | null;
}

/** A variable that has a default. Throws if its own form refuses that: a mistake in the table. */
export function withDefault<T>(
  form: SettingForm<T>,
  fallback: string,
  decides: string,
  pin: PinRule | null = null,
): Setting<T> {
  const absent = form.parse(fallback);
  if (!absent.ok) throw new TypeError(`the default ${fallback} ${absent.error}`);
  return { form, fallback, absent: absent.value, decides, pin };
}

/** A variable that may be left out. */
export function optional<T>(form: SettingForm<T>, decides: string, pin: PinRule | null = null): Setting<T | null> {
  return { form, fallback: null, absent: null, decides, pin };
}

/** Any text; what it means is decided where it is read, together with others. */
export function anyText(words: string): SettingForm<string> {
  return { words, parse: ok };
}
