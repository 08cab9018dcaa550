import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { neededVersion } from "../needed-version.ts";
import { Misuse, needed, Refusal, settle } from "../script-outcome.ts";
import { digestAt, logIn, parseImageName, tagsOf } from "./image-registry.ts";
import { textAt } from "./mero-tee.ts";

/**
 * `node scripts/release/kms-image-tags.ts --images FILE --version X.Y.Z [--dry-run]`: gives the images of a published KMS release their tags,
 * from the file that `kms-images.ts` left. A tag that names another image is never moved, and then none is given: what a digest means does not
 * change, what a tag means must not. One that names the image already stays. Needs docker, logged in as there. With `--dry-run` it only says
 * which it would give. Ends with 0, 1 (docker failed, or did not say what a tag is), 2 (usage) or 10 (a tag names another image).
 *
 * Source: docker/buildx, `imagetools create`; without `--prefer-index=false` the tag would name an index with a digest of its own.
 */
const OPTIONS = {
  images: { type: "string" },
  version: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const version = neededVersion(values.version);
  const images: unknown = JSON.parse(await readFile(needed(values.images, "images"), "utf8"));
  const image = parseImageName(textAt(images, "image"));
  const wanted = tagsOf(image, version).map(({ profile, tag }) => ({
    tag,
    digest: textAt(images, "digests", profile),
  }));
  if (!wanted.every(({ digest }) => /^sha256:[0-9a-f]{64}$/.test(digest)))
    throw new Misuse("--images names no digests");
  if (values["dry-run"]) return wanted.map(({ tag, digest }) => `${tag} would be ${digest}`).join("\n");

  await logIn(image);
  const missing: typeof wanted = [];
  for (const each of wanted) {
    const found = await digestAt(each.tag);
    if (found !== null && found !== each.digest) throw new Refusal(`${each.tag} is another image, ${found}`);
    if (found === null) missing.push(each);
  }
  for (const { tag, digest } of missing) {
    const args = ["buildx", "imagetools", "create", "--prefer-index=false", `--tag=${tag}`, `${image}@${digest}`];
    await execa("docker", args);
    if ((await digestAt(tag)) !== digest) throw new Error(`${tag} did not become ${digest}`);
  }
  return wanted.map(({ tag, digest }) => `${tag} is ${digest}`).join("\n");
}

await settle(main);
