import { type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { Misuse } from "../script-outcome.ts";
import type { Patience } from "./machine-client.ts";

/** Time between two looks at a machine that is not up yet. */
const PAUSE_MS = 5_000;

/** `--profile`. */
export function parseProfileOption(text: string | undefined): Profile {
  const profile = PROFILES.find((each) => each === text);
  if (profile === undefined) throw new Misuse(`--profile is one of ${PROFILES.join(", ")}.`);
  return profile;
}

/** `--tries`: how often to look for a machine that is not up yet, five seconds apart. */
export function parsePatience(text: string): Patience {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Misuse("--tries is a number from 1 to 9999.");
  return { tries: Number(text), pauseMs: PAUSE_MS };
}

/** Whether a second opinion is demanded: wherever there is a key to ask for one. */
export function needsSecondOpinion(environment: Readonly<Record<string, string | undefined>>): boolean {
  return (environment["ITA_API_KEY"] ?? "") !== "";
}
