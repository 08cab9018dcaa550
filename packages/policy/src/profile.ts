import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { excerpt } from "./foreign-text.ts";

/**
 * The image profiles, from the most open to the closed one; documents list them in this order.
 *
 * Source: docs/releases.md.
 */
export const PROFILES = ["debug", "debug-read-only", "locked-read-only"] as const;

/** One of {@link PROFILES}. */
export type Profile = (typeof PROFILES)[number];

/** The profile that holds where nothing says otherwise, and the only one that unprofiled (legacy) files speak for. */
export const DEFAULT_PROFILE: Profile = "locked-read-only";

/** A word that is not the name of a profile. */
export interface ProfileError {
  readonly code: "profile-unknown";
  /** The word, cut to 64 characters. */
  readonly actual: string;
}

/**
 * Reads a profile name exactly as documents spell it.
 *
 * @param text - compared without trimming or case folding
 * Errors: `profile-unknown`.
 */
export function parseProfile(text: string): Result<Profile, ProfileError> {
  const profile = PROFILES.find((name) => name === text);
  return profile === undefined ? err({ code: "profile-unknown", actual: excerpt(text) }) : ok(profile);
}

/**
 * Reads a profile name from a setting: surrounding white space and letter case do not count.
 *
 * @param text - an environment variable or the content of an image's profile file
 * Errors: `profile-unknown`, for blank text too: what an empty setting means is the caller's to decide.
 * Source: mero-kms configuration, `MERO_KMS_PROFILE` and the image profile file.
 */
export function parseProfileSetting(text: string): Result<Profile, ProfileError> {
  return parseProfile(text.trim().toLowerCase());
}
