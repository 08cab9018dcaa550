import type { Result } from "@mero-tee/tdx-quote/result";

/** What a setting decides about; one at fault closes the endpoints of its area and no others. */
export type ConfigArea = "everything" | "targets" | "releases" | "collateral" | "ita";

/** A setting that cannot be used; `message` is the rest of a sentence, without the value. */
export interface ConfigProblem {
  readonly area: ConfigArea;
  readonly setting: string;
  readonly message: string;
}

/** The process environment, as Node hands it over. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings of one area; a malformed one leaves a problem, and its default. */
export interface AreaReader {
  /** The parsed value; `fallback` where the variable is unset or empty. */
  value<T>(name: string, parse: (text: string) => Result<T, string>, fallback: T): T;
  /** The raw text; null where it is unset or empty. */
  text(name: string): string | null;
  refuse(setting: string, message: string): void;
}

/** Makes readers that share one list of problems. */
export function readEnvironment(env: Environment): {
  readonly problems: readonly ConfigProblem[];
  readonly area: (area: ConfigArea) => AreaReader;
} {
  const problems: ConfigProblem[] = [];
  const text = (name: string): string | null => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    // Deployment platforms keep variables that were cleared as empty texts.
    return value === undefined || value === "" ? null : value;
  };
  const area = (name: ConfigArea): AreaReader => ({
    text,
    value(setting, parse, fallback) {
      const raw = text(setting);
      if (raw === null) return fallback;
      const parsed = parse(raw);
      if (parsed.ok) return parsed.value;
      problems.push({ area: name, setting, message: parsed.error });
      return fallback;
    },
    refuse: (setting, message) => void problems.push({ area: name, setting, message }),
  });
  return { problems, area };
}
