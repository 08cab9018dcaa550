import { SETTINGS, type SettingName, type SettingValues } from "./verifier-settings.ts";

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

/** Reads settings; a malformed one leaves a problem in its area, and its default. */
export interface SettingsReader {
  readonly problems: readonly ConfigProblem[];
  /** Whether the rules of production are in force. */
  readonly isProduction: boolean;
  /** The parsed value; what stands for it where the variable is unset or empty. */
  value<Name extends SettingName>(name: Name): SettingValues[Name];
  /** The raw text; null where it is unset or empty. */
  text(name: SettingName): string | null;
  refuse(name: SettingName, message: string): void;
}

/** Makes a {@link SettingsReader} over an environment. */
export function readSettings(env: Environment): SettingsReader {
  const problems: ConfigProblem[] = [];
  const text = (name: SettingName): string | null => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    // Deployment platforms keep variables that were cleared as empty texts.
    return value === undefined || value === "" ? null : value;
  };
  const isProduction = [text("VERCEL_ENV"), text("NODE_ENV")].includes("production");
  const refuse = (setting: SettingName, message: string): void =>
    void problems.push({ area: SETTINGS[setting].area, setting, message });
  return {
    problems,
    text,
    refuse,
    isProduction,
    value(name) {
      const { form, absent } = SETTINGS[name];
      const raw = text(name);
      if (raw === null) return absent;
      const parsed = form.parse(raw, isProduction);
      if (parsed.ok) return parsed.value;
      refuse(name, parsed.error);
      return absent;
    },
  };
}
