import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { runCliProcess, startCli, type CliProcess, type DevEvent } from "./dev-process.ts";
import { readJson } from "./read-json.ts";

// Several Node.js processes on a shared machine.
const LIMIT_MS = 180_000;

interface Diagnosis {
  readonly healthy: boolean;
  readonly findings: readonly { readonly check: string; readonly status: string; readonly code: string | null }[];
}

let stack: CliProcess;
let directory: string;
let ready: DevEvent | null;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-doctor-"));
  stack = startCli(["dev", "--json", "--kms-port", "0", "--simulator-port", "0"]);
  ready = await stack.nextEvent();
}, LIMIT_MS);

afterAll(async () => {
  stack?.child.kill("SIGTERM");
  await stack?.ended;
  await rm(directory, { recursive: true, force: true });
}, LIMIT_MS);

function place(name: string): string {
  return String(ready?.[name]);
}

/** The settings of the KMS of that stack, with these changed. */
async function settings(changes: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(directory, "kms.env");
  const values = {
    LISTEN_ADDR: "127.0.0.1:0",
    DSTACK_SOCKET_PATH: place("dstackSocket"),
    SIMULATED_ROOT_CA_FILE: place("rootCaFile"),
    PCCS_URL: place("simulatorUrl"),
    MERO_KMS_POLICY_FILE: place("policyFile"),
    ...changes,
  };
  await writeFile(
    file,
    Object.entries(values).map(([name, value]) => `${name}=${value}\n`),
  );
  return file;
}

async function examine(
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | null; readonly codes: unknown }> {
  const { exitCode, stdout } = await runCliProcess(["doctor", "--json", ...args]);
  const { findings } = readJson<Diagnosis>(stdout);
  return { exitCode, codes: findings.flatMap(({ check, code }) => (code === null ? [] : [`${check}: ${code}`])) };
}

describe("the doctor on the machine of a KMS", () => {
  test(
    "finds what is so of every simulated deployment, and nothing else",
    async () => {
      expect(await examine("--env-file", await settings())).toEqual({
        exitCode: 0,
        codes: ["configuration: simulated-root", "policy: policy-unsigned"],
      });
    },
    LIMIT_MS,
  );

  test(
    "finds the one thing that is wrong",
    async () => {
      expect(await examine("--env-file", await settings({ DSTACK_SOCKET_PATH: join(directory, "none") }))).toEqual({
        exitCode: 10,
        codes: ["configuration: simulated-root", "guest agent: agent-unavailable", "policy: policy-unsigned"],
      });
    },
    LIMIT_MS,
  );
});

describe("the doctor before the address of a KMS", () => {
  test(
    "verifies what it runs",
    async () => {
      const trust = [
        "--root-ca",
        place("rootCaFile"),
        "--pccs",
        place("simulatorUrl"),
        "--policy",
        place("policyFile"),
      ];
      const { exitCode, codes } = await examine(place("kmsUrl"), ...trust, "--allow-simulated");
      expect(codes).toContain("readiness: trustAnchor: simulated-root");
      expect(codes).toContain("evidence: appraisal-simulated");
      expect(exitCode).toBe(0);
      expect((await examine(place("kmsUrl"), ...trust)).exitCode).toBe(10);
    },
    LIMIT_MS,
  );
});
