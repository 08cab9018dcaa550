import type { Profile } from "../../packages/policy/src/index.ts";
import { at, type MeroTee, textAt } from "../release/mero-tee.ts";
import { Refusal } from "../script-outcome.ts";
import { imageFamily, imageName } from "./image-name.ts";
import type { PackedImage } from "./pack-image.ts";

/** Which image it is, and what of it only its builder knows. */
export interface ImageIdentity {
  readonly profile: Profile;
  readonly version: string;
  readonly isTest: boolean;
  /** Project that the image will be imported into; undefined where that is not known. */
  readonly project: string | undefined;
}

/**
 * What probes, releases and auditors need to know of an image, by the command that auditors ask too; null for a test build, of which that
 * command must say that it is one.
 *
 * @param digests - of the disk and of its archive
 */
export async function describeImage(
  meroTee: MeroTee,
  identity: ImageIdentity,
  packed: PackedImage,
  digests: { readonly disk_sha256: string; readonly archive_sha256: string },
) {
  const { profile, version, isTest, project } = identity;
  const { exitCode, document } = await meroTee(["image", "measure", "--disk", packed.disk, "--profile", profile]);
  const code = textAt(document, "failure", "code");
  if (isTest) {
    if (code === "test-image") return null;
    throw new Error("a test build must be refused by mero-tee image measure and is not");
  }
  if (exitCode !== 0) throw new Refusal(`${code}: ${textAt(document, "failure", "message")}`);
  const name = imageName(profile, version);
  const compute = "https://www.googleapis.com/compute/v1/projects";
  return {
    schema_version: 1,
    name,
    family: imageFamily(profile),
    ...(project === undefined ? {} : { project, self_link: `${compute}/${project}/global/images/${name}` }),
    profile,
    version,
    ...digests,
    root_hash: packed.rootHash,
    command_line: packed.commandLine,
    predicted: { rtmr3: textAt(document, "rtmr3") },
    gpt_digest: textAt(document, "gptDigest"),
    uki: at(document, "uki"),
  };
}
