import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  describeReleaseError,
  kmsAppCompose,
  type KmsDeployment,
  type ReleaseError,
  reviewAppCompose,
} from "../../packages/release-artifacts/src/index.ts";
import { ok, type Result } from "../../packages/tdx-quote/src/result.ts";
import { parseProfileOption } from "../profile-option.ts";
import { composeTemplate } from "../release/composition.ts";
import { Misuse, Refusal, settle } from "../script-outcome.ts";
import { partsOfKmsRelease, partsOfNodeRelease, type ReleasedParts } from "./released-parts.ts";

/**
 * `pnpm --silent kms-compose`: fills the template of the KMS's composition in and makes the app-compose document of it.
 *
 *   --release DIR | --image REF (--node-release DIR | --node-policy-sha256 HEX)
 *   --version X.Y.Z --profile P --key-provider-id HEX [--service-port N] [--redis] [--out DIR] [--dry-run] [--json]
 *
 * writes `docker-compose.yaml` and `app-compose.json` into DIR (here, when absent) and prints the compose hash. `--release` is a verified
 * release of the KMS: image and node policy are what it says, and what comes out must have its compose hash. `--node-release` is
 * a verified release of the node image: it is the node policy.
 *
 *   --check FILE [--expected HEX] [--json]
 *
 * reads an app-compose document back: whether it is the template and nothing else. Ends with 0, with 2 for arguments that do not
 * fit, with 10 for what must not be deployed, and with 1 for files that cannot be read or written.
 */
const OPTIONS = {
  release: { type: "string" },
  "node-release": { type: "string" },
  image: { type: "string" },
  version: { type: "string", default: "" },
  profile: { type: "string" },
  "node-policy-sha256": { type: "string" },
  "key-provider-id": { type: "string", default: "" },
  "service-port": { type: "string", default: "8080" },
  redis: { type: "boolean", default: false },
  out: { type: "string", default: "." },
  check: { type: "string" },
  expected: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const USAGE = `pnpm --silent kms-compose --profile P --key-provider-id HEX --release DIR [--service-port N] [--redis] [--out DIR] [--dry-run] [--json]
       … with --image REF --version X.Y.Z and --node-release DIR or --node-policy-sha256 HEX in place of --release
       pnpm --silent kms-compose --check FILE [--expected HEX] [--json]`;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** Options that say the same thing: the first decides it, so the others have no say. */
const REPLACED = [
  ["release", ["node-release", "image", "node-policy-sha256"]],
  ["node-release", ["node-policy-sha256"]],
  ["check", ["release", "node-release"]],
] as const;

/** What the command came to. */
interface Outcome {
  readonly exitCode: 0 | 2 | 10;
  /** The document for `--json`. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** The lines for people. */
  readonly lines: readonly string[];
  /** What to write, by name. */
  readonly files: Readonly<Record<string, string>>;
}

function refused(errors: readonly ReleaseError[], exitCode: 2 | 10): Outcome {
  const failures = errors.map((error) => ({ code: error.code, message: describeReleaseError(error) }));
  const lines = failures.map(({ code, message }) => `${code}: ${message}`);
  return { exitCode, answer: { schemaVersion: 1, ok: false, failures }, lines, files: {} };
}

/** A composition that is not the one that somebody expects. */
function mismatch(composeHash: string, expected: string, deployment: KmsDeployment): Outcome {
  const message = `The compose hash is ${composeHash}, not ${expected}.`;
  const failures = [{ code: "compose-hash-mismatch", message }];
  const answer = { schemaVersion: 1, ok: false, composeHash, deployment, failures };
  return { exitCode: 10, answer, lines: [`compose-hash-mismatch: ${message}`], files: {} };
}

/** Makes the documents of a deployment. */
async function render(values: Values): Promise<Outcome> {
  const { version, release, "node-release": nodeRelease, "service-port": port } = values;
  const profile = parseProfileOption(values.profile);
  const released: Result<ReleasedParts, readonly ReleaseError[]> =
    release !== undefined
      ? await partsOfKmsRelease(release, version, profile)
      : nodeRelease !== undefined
        ? await partsOfNodeRelease(nodeRelease, version)
        : ok({});
  if (!released.ok) return refused(released.error, 10);
  const parts = { image: values.image, nodePolicySha256: values["node-policy-sha256"], ...released.value };
  const deployment = {
    image: parts.image ?? "",
    version,
    profile,
    nodePolicySha256: parts.nodePolicySha256 ?? "",
    servicePort: /^[1-9]\d{0,4}$/.test(port) ? Number(port) : Number.NaN,
    keyProviderId: values["key-provider-id"],
    hasRedis: values.redis,
  };
  const made = kmsAppCompose(await composeTemplate(), deployment);
  if (!made.ok) return refused(made.error, 2);
  const { name, composeHash, dockerCompose, text } = made.value;
  const expected = released.value.composeHash ?? composeHash;
  if (expected !== composeHash) return mismatch(composeHash, expected, deployment);
  // How the platform is asked; none of it is measured.
  const provisioning = { name, kms: "PHALA", prefer_dev: false, listed: false };
  return {
    exitCode: 0,
    answer: { schemaVersion: 1, ok: true, composeHash, deployment, provisioning },
    lines: [`deployment    ${name}`, `compose hash  ${composeHash}`],
    files: { "docker-compose.yaml": dockerCompose, "app-compose.json": text },
  };
}

/** Judges an app-compose document. */
async function check(document: Uint8Array, expected: string | undefined): Promise<Outcome> {
  const reviewed = reviewAppCompose(await composeTemplate(), document);
  if (!reviewed.ok) return refused(reviewed.error, 10);
  const { composeHash, deployment } = reviewed.value;
  if (expected !== undefined && expected !== composeHash) return mismatch(composeHash, expected, deployment);
  const parts = Object.entries({ ...deployment, composeHash });
  const lines = parts.map(([field, value]) => `${field.padEnd(17)} ${value}`);
  return {
    exitCode: 0,
    answer: { schemaVersion: 1, ok: true, composeHash, deployment },
    lines: ["the reviewed composition, with:", ...lines],
    files: {},
  };
}

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  for (const [option, others] of REPLACED) {
    const other = values[option] === undefined ? undefined : others.find((each) => values[each] !== undefined);
    if (other !== undefined) throw new Misuse(`--${option} and --${other} exclude each other`);
  }
  const { exitCode, files, answer, lines } =
    values.check === undefined ? await render(values) : await check(await readFile(values.check), values.expected);
  for (const [name, content] of Object.entries(values["dry-run"] ? {} : files)) {
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, name), content);
  }
  if (values.json) {
    process.exitCode = exitCode;
    return JSON.stringify(answer, null, 2);
  }
  const text = lines.join("\n");
  if (exitCode === 2) throw new Misuse(text);
  if (exitCode === 10) throw new Refusal(text);
  return text;
}

await settle(main, USAGE);
