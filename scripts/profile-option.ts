import { type Profile, PROFILES } from "../packages/policy/src/index.ts";
import { Misuse } from "./script-outcome.ts";

/** `--profile`. */
export function parseProfileOption(text: string | undefined): Profile {
  const profile = PROFILES.find((each) => each === text);
  if (profile === undefined) throw new Misuse(`--profile is one of ${PROFILES.join(", ")}.`);
  return profile;
}
