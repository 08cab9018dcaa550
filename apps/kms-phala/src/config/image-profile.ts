import { DEFAULT_PROFILE, parseProfileSetting, PROFILES, type Profile } from "@mero-tee/policy";
import type { SettingsReader } from "./settings.ts";

/** Where an image says which profile it was built as; the file is part of the measured root file system. */
export const IMAGE_PROFILE_FILE = "/etc/mero-kms/image-profile";

/** What reading the pin file gave: absence is a fact about the image, a file that cannot be read is not absence. */
export type PinFile =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "present"; readonly bytes: Uint8Array };

/** The profile in force, and whether the image pins it. */
export interface ProfileChoice {
  readonly profile: Profile;
  readonly isPinned: boolean;
}

/**
 * Decides the profile: the image's pin wins, else `MERO_KMS_PROFILE` (or its deprecated alias `KMS_POLICY_PROFILE`),
 * else `locked-read-only`. A variable that contradicts the pin or its alias is a problem, and so is a pin that does
 * not hold one profile word: a broken pin must not turn a pinned image into an open one.
 */
export function chooseProfile(settings: SettingsReader, pinFile: PinFile): ProfileChoice {
  const pinned = readPin(settings, pinFile);
  const chosen = readProfileVariable(settings, pinFile.kind !== "absent");
  if (pinned !== null && chosen !== null && chosen.profile !== pinned) {
    settings.refuse("setting-conflict", chosen.name, `contradicts the image, which is pinned to ${pinned}`);
  }
  return { profile: pinned ?? chosen?.profile ?? DEFAULT_PROFILE, isPinned: pinFile.kind !== "absent" };
}

function readPin(settings: SettingsReader, pinFile: PinFile): Profile | null {
  if (pinFile.kind === "absent") return null;
  if (pinFile.kind === "unreadable") {
    settings.refuse("setting-malformed", IMAGE_PROFILE_FILE, "exists but cannot be read");
    return null;
  }
  const profile = parseProfileSetting(decode(pinFile.bytes) ?? "");
  if (profile.ok) return profile.value;
  settings.refuse("setting-malformed", IMAGE_PROFILE_FILE, `must hold one of ${PROFILES.join(", ")}`);
  return null;
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8: no profile word, which the caller reports.
    return null;
  }
}

function readProfileVariable(
  settings: SettingsReader,
  hasPin: boolean,
): { readonly name: string; readonly profile: Profile } | null {
  const main = settings.text("MERO_KMS_PROFILE");
  const alias = settings.text("KMS_POLICY_PROFILE");
  if (alias !== undefined) settings.warn("KMS_POLICY_PROFILE is deprecated; set MERO_KMS_PROFILE");
  if (main !== undefined && alias !== undefined && normalise(main) !== normalise(alias)) {
    settings.refuse("setting-conflict", "KMS_POLICY_PROFILE", "differs from MERO_KMS_PROFILE");
  }
  const name = main === undefined ? "KMS_POLICY_PROFILE" : "MERO_KMS_PROFILE";
  const text = main ?? alias;
  if (text === undefined) return null;
  const word = normalise(text);
  if (word === "") {
    if (hasPin) settings.refuse("setting-malformed", name, "is empty on an image with a profile pin");
    return null;
  }
  const profile = parseProfileSetting(word);
  if (profile.ok) return { name, profile: profile.value };
  settings.refuse("setting-malformed", name, `must be one of ${PROFILES.join(", ")}`);
  return null;
}

function normalise(text: string): string {
  return text.trim().toLowerCase();
}
