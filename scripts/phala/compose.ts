import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Profile } from "../../packages/policy/src/index.ts";
import {
  type ComposeTemplate,
  describeReleaseError,
  kmsAppCompose,
  type KmsDeployment,
  parseComposeTemplate,
  type ReleaseError,
  reviewAppCompose,
} from "../../packages/release-artifacts/src/index.ts";

/**
 * `pnpm --silent kms-compose`: fills the template of the KMS's composition in and makes the app-compose document of it.
 *
 *   --image REF --version X.Y.Z --profile P --node-policy-sha256 HEX --key-provider-id HEX
 *   [--service-port N] [--redis] [--out DIR] [--dry-run] [--json]
 *
 * writes `docker-compose.yaml` and `app-compose.json` into DIR (here, when absent) and prints the compose hash.
 *
 *   --check FILE [--expected HEX] [--json]
 *
 * reads an app-compose document back: whether it is the template and nothing else. Ends with 0, with 2 for arguments that do not
 * fit, with 10 for what must not be deployed, and with 1 for files that cannot be read or written.
 */
const TEMPLATE = new URL("kms-compose-template.yaml", import.meta.url);
const DEFAULT_PORT = "8080";

/** What the command came to. */
export interface Outcome {
  readonly exitCode: 0 | 2 | 10;
  /** The document for `--json`. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** The lines for people: on standard output, or on standard error where something is refused. */
  readonly lines: readonly string[];
  /** What to write, by name. */
  readonly files: Readonly<Record<string, string>>;
}

function refused(errors: readonly ReleaseError[], exitCode: 2 | 10): Outcome {
  const failures = errors.map((error) => ({ code: error.code, message: describeReleaseError(error) }));
  const lines = failures.map(({ code, message }) => `${code}: ${message}`);
  return { exitCode, answer: { schemaVersion: 1, ok: false, failures }, lines, files: {} };
}

/** Makes the documents of a deployment. */
export function render(template: ComposeTemplate, deployment: KmsDeployment): Outcome {
  const made = kmsAppCompose(template, deployment);
  if (!made.ok) return refused(made.error, 2);
  const { name, composeHash, dockerCompose, text } = made.value;
  const lines = [`deployment    ${name}`, `compose hash  ${composeHash}`];
  // How the platform is asked; none of it is measured.
  const provisioning = { name, kms: "PHALA", prefer_dev: false, listed: false };
  return {
    exitCode: 0,
    answer: { schemaVersion: 1, ok: true, composeHash, deployment, provisioning },
    lines,
    files: { "docker-compose.yaml": dockerCompose, "app-compose.json": text },
  };
}

/** Judges an app-compose document. */
export function check(template: ComposeTemplate, document: Uint8Array, expected: string | undefined): Outcome {
  const reviewed = reviewAppCompose(template, document);
  if (!reviewed.ok) return refused(reviewed.error, 10);
  const { composeHash, deployment } = reviewed.value;
  if (expected !== undefined && expected !== composeHash) {
    const message = `The compose hash is ${composeHash}, not ${expected}.`;
    const failures = [{ code: "compose-hash-mismatch", message }];
    const answer = { schemaVersion: 1, ok: false, composeHash, deployment, failures };
    return { exitCode: 10, answer, lines: [`compose-hash-mismatch: ${message}`], files: {} };
  }
  const parts = Object.entries(deployment).map(([field, value]) => `${field.padEnd(17)} ${value}`);
  const lines = ["the reviewed composition, with:", ...parts, `${"composeHash".padEnd(17)} ${composeHash}`];
  return { exitCode: 0, answer: { schemaVersion: 1, ok: true, composeHash, deployment }, lines, files: {} };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      image: { type: "string", default: "" },
      version: { type: "string", default: "" },
      profile: { type: "string", default: "" },
      "node-policy-sha256": { type: "string", default: "" },
      "key-provider-id": { type: "string", default: "" },
      "service-port": { type: "string", default: DEFAULT_PORT },
      redis: { type: "boolean", default: false },
      out: { type: "string", default: "." },
      check: { type: "string" },
      expected: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const template = parseComposeTemplate(await readFile(TEMPLATE, "utf8"));
  const outcome = !template.ok
    ? refused([template.error], 10)
    : values.check === undefined
      ? render(template.value, {
          image: values.image,
          version: values.version,
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- judged with the other parts before it is used
          profile: values.profile as Profile,
          nodePolicySha256: values["node-policy-sha256"],
          servicePort: /^[1-9]\d{0,4}$/.test(values["service-port"]) ? Number(values["service-port"]) : Number.NaN,
          keyProviderId: values["key-provider-id"],
          hasRedis: values.redis,
        })
      : check(template.value, await readFile(values.check), values.expected);
  const { files, answer, lines, exitCode } = outcome;
  if (!values["dry-run"]) {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(values.out, { recursive: true });
      await writeFile(join(values.out, name), content);
    }
  }
  process.exitCode = exitCode;
  if (values.json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  else (exitCode === 0 ? process.stdout : process.stderr).write(`${lines.join("\n")}\n`);
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  });
}
