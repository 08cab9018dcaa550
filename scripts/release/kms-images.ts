import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { PROFILES } from "../../packages/policy/src/index.ts";
import { parseReleaseVersion } from "../../packages/release-artifacts/src/index.ts";
import { commitTime } from "../commit-time.ts";
import { Misuse, needed, Refusal, settle, variable, writeOutputs } from "../script-outcome.ts";

/**
 * `node scripts/release/kms-images.ts --context DIR --version X.Y.Z --image REPOSITORY --out FILE [--dry-run]`: builds and pushes the
 * container image of the KMS for each profile, and leaves their digests in the file, and each image by digest
 * as an output with the name of its profile. A tag that is there is never pushed again: what a
 * digest means does not change, what a tag means must not. Needs docker, which it logs in as `GITHUB_ACTOR` with `REGISTRY_TOKEN`, and the
 * commit `GITHUB_SHA`. With `--dry-run` the images are built and not pushed, and nobody logs in. Ends with 0, 1 (docker failed, or did
 * not learn whether a tag is there), 2 (usage) or 10 (a tag is there, or two profiles are alike).
 *
 * Source: docker/buildx, `imagetools inspect`; containerd, `core/remotes/docker`, the error of a resolver that was answered with 404.
 */
const OPTIONS = {
  context: { type: "string" },
  version: { type: "string" },
  image: { type: "string" },
  out: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const version = parseReleaseVersion(needed(values.version, "version"));
  const image = needed(values.image, "image").toLowerCase();
  if (version === null || !/^[a-z0-9.-]+(?:\/[a-z0-9._-]+)+$/.test(image))
    throw new Misuse("--version or --image is none");
  const [context, out] = [needed(values.context, "context"), needed(values.out, "out")];
  const commit = variable("GITHUB_SHA");
  const epoch = await commitTime(commit);
  const isDryRun = values["dry-run"];
  if (!isDryRun) await logIn(image.split("/")[0] ?? "");
  const scratch = await mkdtemp(join(tmpdir(), "mero-tee-images-"));
  try {
    const digests = new Map<string, string>();
    for (const profile of PROFILES) {
      const tags = [
        `${image}:${version}-${profile}`,
        ...(profile === "locked-read-only" ? [`${image}:${version}`] : []),
      ];
      for (const tag of isDryRun ? [] : tags) await refuseKnown(tag);
      const metadata = join(scratch, `${profile}.json`);
      const built = `KMS_IMAGE_PROFILE=${profile} KMS_VERSION=${version} KMS_COMMIT=${commit} SOURCE_DATE_EPOCH=${epoch}`;
      await execa("docker", [
        "buildx",
        "build",
        context,
        "--platform=linux/amd64",
        "--provenance=false",
        "--sbom=false",
        ...built.split(" ").map((argument) => `--build-arg=${argument}`),
        ...tags.map((tag) => `--tag=${tag}`),
        `--output=type=image,rewrite-timestamp=true,push=${String(!isDryRun)}`,
        `--metadata-file=${metadata}`,
      ]);
      const digest = /"containerimage\.digest":\s*"(?<digest>sha256:[0-9a-f]{64})"/.exec(
        await readFile(metadata, "utf8"),
      );
      if (digest?.groups?.["digest"] === undefined) throw new Error(`docker gave no digest for ${profile}`);
      digests.set(profile, digest.groups["digest"]);
    }
    if (new Set(digests.values()).size !== PROFILES.length) throw new Refusal("two profiles have one image");
    await writeFile(out, `${JSON.stringify({ image, digests: Object.fromEntries(digests) }, null, 2)}\n`);
    const images = [...digests].map(([profile, digest]) => [profile, `${image}@${digest}`] as const);
    await writeOutputs(Object.fromEntries(images));
    return [...digests].map(([profile, digest]) => `${profile} ${digest}`).join("\n");
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** By standard input: what is on a command line, others can read. */
async function logIn(registry: string): Promise<void> {
  const [user, input] = [variable("GITHUB_ACTOR"), variable("REGISTRY_TOKEN")];
  await execa("docker", ["login", registry, "--username", user, "--password-stdin"], { input });
}

/** Only the registry's own "not found" says that nobody has pushed the tag: whoever could not ask does not know. */
async function refuseKnown(tag: string): Promise<void> {
  const found = await execa("docker", ["buildx", "imagetools", "inspect", tag], { reject: false });
  if (found.exitCode === 0) throw new Refusal(`${tag} is there already`);
  if (found.stderr?.trim() !== `ERROR: ${tag}: not found`)
    throw new Error(`docker does not say whether ${tag} is there: ${found.stderr ?? found.shortMessage}`);
}

await settle(main);
