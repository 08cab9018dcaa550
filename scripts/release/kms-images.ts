import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { PROFILES } from "../../packages/policy/src/index.ts";
import { commitTime } from "../commit-time.ts";
import { neededVersion } from "../needed-version.ts";
import { Misuse, needed, Refusal, settle, variable, writeOutputs } from "../script-outcome.ts";
import { digestAt, logIn, parseImageName, tagsOf } from "./image-registry.ts";

/**
 * `node scripts/release/kms-images.ts --context DIR --version X.Y.Z --image REPOSITORY --buildkit IMAGE@DIGEST --out FILE [--dry-run]`:
 * builds and pushes the container image of the KMS for each profile, and leaves their digests in the file, and each image by digest as an
 * output with the name of its profile. Nothing gets a tag here: `kms-image-tags.ts` gives them to what was released, so that a run which
 * stops between can be made again. Needs docker, which it logs in as `GITHUB_ACTOR` with `REGISTRY_TOKEN`, and the commit
 * `GITHUB_SHA`. BuildKit sees the credentials and writes the images, so it is named by digest. With `--dry-run` the images are built and
 * not pushed, nobody logs in, and nothing is left.
 * Ends with 0, 1 (docker failed, or did not learn whether a tag is there), 2 (usage) or 10 (a tag is there, or two profiles are alike).
 *
 * Source: docker/buildx, `build`, exporter `image`, and `create`, driver `docker-container`.
 */
const OPTIONS = {
  context: { type: "string" },
  version: { type: "string" },
  image: { type: "string" },
  buildkit: { type: "string" },
  out: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const version = neededVersion(values.version);
  const image = parseImageName(needed(values.image, "image"));
  const buildkit = needed(values.buildkit, "buildkit");
  if (!/^[a-z0-9.-]+(?:[/:][a-z0-9._-]+)*@sha256:[0-9a-f]{64}$/.test(buildkit))
    throw new Misuse("--buildkit is no image by its digest");
  const [context, out] = [needed(values.context, "context"), needed(values.out, "out")];
  const commit = variable("GITHUB_SHA");
  const epoch = await commitTime(commit);
  const isDryRun = values["dry-run"];
  if (!isDryRun) {
    await logIn(image);
    for (const { tag } of tagsOf(image, version))
      if ((await digestAt(tag)) !== null) throw new Refusal(`${tag} is there already`);
  }
  const scratch = await mkdtemp(join(tmpdir(), "mero-tee-images-"));
  const builder = `mero-tee-${randomUUID()}`;
  try {
    const driver = ["--driver=docker-container", `--driver-opt=image=${buildkit}`];
    await execa("docker", ["buildx", "create", `--name=${builder}`, ...driver]);
    const digests = new Map<string, string>();
    for (const profile of PROFILES) {
      const metadata = join(scratch, `${profile}.json`);
      const built = `KMS_IMAGE_PROFILE=${profile} KMS_VERSION=${version} KMS_COMMIT=${commit} SOURCE_DATE_EPOCH=${epoch}`;
      const push = isDryRun ? "push=false" : `name=${image},push-by-digest=true,name-canonical=true,push=true`;
      await execa("docker", [
        "buildx",
        "build",
        context,
        `--builder=${builder}`,
        "--platform=linux/amd64",
        "--provenance=false",
        "--sbom=false",
        ...built.split(" ").map((argument) => `--build-arg=${argument}`),
        `--output=type=image,rewrite-timestamp=true,${push}`,
        `--metadata-file=${metadata}`,
      ]);
      const digest = /"containerimage\.digest":\s*"(?<digest>sha256:[0-9a-f]{64})"/.exec(
        await readFile(metadata, "utf8"),
      );
      if (digest?.groups?.["digest"] === undefined) throw new Error(`docker gave no digest for ${profile}`);
      digests.set(profile, digest.groups["digest"]);
    }
    if (new Set(digests.values()).size !== PROFILES.length) throw new Refusal("two profiles have one image");
    if (!isDryRun) {
      await writeFile(out, `${JSON.stringify({ image, digests: Object.fromEntries(digests) }, null, 2)}\n`);
      await writeOutputs(Object.fromEntries([...digests].map(([profile, digest]) => [profile, `${image}@${digest}`])));
    }
    return [...digests].map(([profile, digest]) => `${profile} ${digest}`).join("\n");
  } finally {
    await execa("docker", ["buildx", "rm", builder], { reject: false });
    await rm(scratch, { recursive: true, force: true });
  }
}

await settle(main);
