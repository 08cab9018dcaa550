import { parseConfig, type Config } from "../../src/config.ts";
import type { PinFile } from "../../src/config/image-profile.ts";
import type { ConfigProblem, Environment } from "../../src/config/settings.ts";

export const NO_PIN: PinFile = { kind: "absent" };

export function pin(text: string): PinFile {
  return { kind: "present", bytes: new TextEncoder().encode(text) };
}

/** The configuration of an environment that must be accepted. */
export function configOf(env: Environment, pinFile: PinFile = NO_PIN, builtAs?: string): Config {
  const parsed = parseConfig(env, pinFile, builtAs);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** The problems of an environment that must be refused. */
export function problemsOf(env: Environment, pinFile: PinFile = NO_PIN, builtAs?: string): readonly ConfigProblem[] {
  const parsed = parseConfig(env, pinFile, builtAs);
  if (parsed.ok) throw new Error("the configuration was accepted");
  return parsed.error;
}

export const MEASUREMENT: string = "ab".repeat(48);

export const ENV_POLICY: Environment = {
  USE_ENV_POLICY: "true",
  ALLOWED_MRTD: MEASUREMENT,
  ALLOWED_RTMR0: MEASUREMENT,
  ALLOWED_RTMR1: MEASUREMENT,
  ALLOWED_RTMR2: MEASUREMENT,
  ALLOWED_RTMR3: MEASUREMENT,
};
