import type { Profile } from "../../packages/policy/src/index.ts";

/** Under which name the node image of a version is imported; Compute Engine takes no dots. */
export function imageName(profile: Profile, version: string): string {
  return `${imageFamily(profile)}-${version.replaceAll(".", "-")}`;
}

/** What the node images of a profile have in common. */
export function imageFamily(profile: Profile): string {
  return `merotee-${profile}`;
}
