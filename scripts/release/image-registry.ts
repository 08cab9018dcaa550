import { execa } from "execa";
import { PROFILES, type Profile } from "../../packages/policy/src/index.ts";
import type { ReleaseVersion } from "../../packages/release-artifacts/src/index.ts";
import { Misuse, variable } from "../script-outcome.ts";

/** A tag of a release, and the profile whose image it is to name. */
export interface ImageTag {
  readonly profile: Profile;
  readonly tag: string;
}

/** A repository of images, without a tag. */
export function parseImageName(text: string): string {
  const image = text.toLowerCase();
  if (!/^[a-z0-9.-]+(?:\/[a-z0-9._-]+)+$/.test(image)) throw new Misuse("--image is none");
  return image;
}

/** The tags that a release has. */
export function tagsOf(image: string, version: ReleaseVersion): readonly ImageTag[] {
  return [
    ...PROFILES.map((profile): ImageTag => ({ profile, tag: `${image}:${version}-${profile}` })),
    { profile: "locked-read-only", tag: `${image}:${version}` },
  ];
}

/** Logs in at the registry of an image, as `GITHUB_ACTOR` with `REGISTRY_TOKEN`. By standard input: what is on a command line, others can read. */
export async function logIn(image: string): Promise<void> {
  const [registry = ""] = image.split("/");
  const [user, input] = [variable("GITHUB_ACTOR"), variable("REGISTRY_TOKEN")];
  await execa("docker", ["login", registry, "--username", user, "--password-stdin"], { input });
}

/**
 * What a tag names; null where nobody has pushed it. Only the registry's own "not found" says so: whoever could not ask does not know.
 *
 * Throws where docker does not say.
 * Source: docker/buildx, `imagetools inspect`; containerd, `core/remotes/docker`, the error of a resolver that was answered with 404.
 */
export async function digestAt(tag: string): Promise<string | null> {
  const args = ["buildx", "imagetools", "inspect", tag, "--format={{json .Manifest}}"];
  const found = await execa("docker", args, { reject: false });
  if (found.exitCode === 0) {
    const digest = /"digest": *"(?<digest>sha256:[0-9a-f]{64})"/.exec(found.stdout)?.groups?.["digest"];
    if (digest === undefined) throw new Error(`docker does not say what ${tag} is`);
    return digest;
  }
  if (found.stderr?.trim() === `ERROR: ${tag}: not found`) return null;
  throw new Error(`docker does not say whether ${tag} is there: ${found.stderr ?? found.shortMessage}`);
}
