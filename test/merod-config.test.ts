import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "./markdown.ts";

const POLICY = join(
  ROOT,
  "packages/release-artifacts/test/vectors/release/kms-phala-attestation-policy.locked-read-only.json",
);
const HOME = "/srv/it's merod";
const KMS = ["--kms-url", "https://kms.example.com/$(id)'"];
const NODE = ["--merod-home", HOME, "--node", "node1"];
const LIMIT_MS = 120_000;

let directory: string;

/** A merod that writes down what it is called with. */
async function merod(lastLine = ""): Promise<void> {
  const path = join(directory, "merod");
  await writeFile(path, `#!/bin/sh\nprintf '%s\\n' "$@" > "${directory}/called"\n${lastLine}\n`);
  await chmod(path, 0o755);
}

async function called(): Promise<readonly string[] | null> {
  const text = await readFile(join(directory, "called"), "utf8").catch(() => null);
  return text === null ? null : text.split("\n").slice(0, -1);
}

async function configure(...more: readonly string[]) {
  return await configureAs("locked-read-only", ...more);
}

async function configureAs(profile: string, ...more: readonly string[]) {
  const main = join(ROOT, "packages/cli/src/main.ts");
  const args = ["policy", "merod-config", "--policy", POLICY, "--profile", profile, ...KMS, ...more];
  return await execa(process.execPath, [main, ...args], {
    cwd: directory,
    extendEnv: false,
    env: { PATH: `${directory}:/usr/bin:/bin` },
    reject: false,
  });
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-merod-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("merod's configuration", { timeout: LIMIT_MS }, () => {
  test("is set by one call of merod, to what is printed otherwise", async () => {
    await merod();
    const run = await configure("--apply", ...NODE);
    expect(run).toMatchObject({ exitCode: 0, stdout: `node1 in ${HOME} has it; restart the node` });
    const call = (await called()) ?? [];
    expect(call.slice(0, 5)).toEqual(["--home", HOME, "--node", "node1", "config"]);
    const toml = (await configure()).stdout;
    for (const assignment of call.slice(5)) {
      const [, key = "", value = ""] = /^tee\.kms\.phala\.(?:attestation\.)?(\w+)=(.*)$/.exec(assignment) ?? [];
      expect(toml.split("\n")).toContain(`${key} = ${value}`);
    }
    expect(call).toHaveLength(5 + toml.split("\n").filter((line) => / = /.test(line)).length);
  });

  test("is printed as a call that a shell makes word by word", async () => {
    await merod();
    const printed = await configure("--format", "commands", ...NODE);
    expect([printed.exitCode, await called()]).toEqual([0, null]);
    expect(printed.stdout).toMatch(/^# mero-tee release mero-kms-v2\.4\.0 .+\nmerod --home /);
    await execa("sh", ["-c", printed.stdout], { env: { PATH: `${directory}:/usr/bin:/bin` }, extendEnv: false });
    const words = await called();
    await configure("--apply", ...NODE);
    expect(words).toEqual(await called());
    expect(words).toContain(`tee.kms.phala.url="https://kms.example.com/$(id)'/"`);
  });

  test("is left as it is in a dry run, which prints the call", async () => {
    await merod();
    const dry = await configure("--apply", "--dry-run", ...NODE);
    expect(await called()).toBeNull();
    expect(dry.stdout).toBe((await configure("--format", "commands", ...NODE)).stdout);
    const document: unknown = JSON.parse((await configure("--apply", "--dry-run", ...NODE, "--json")).stdout);
    expect(document).toMatchObject({
      toml: (await configure()).stdout.concat("\n"),
      command: expect.arrayContaining(["merod", "--home", HOME, "config", "tee.kms.phala.attestation.enabled=true"]),
      applied: false,
      failure: null,
    });
  });

  test.each([
    ["merod refuses", "printf 'no such\\033 node\\n' >&2; exit 3", "no such? node"],
    ["there is no merod", null, "there is none on the path"],
  ])("is not said to be set where %s", async (_, lastLine, reason) => {
    if (lastLine !== null) await merod(lastLine);
    const run = await configure("--apply", ...NODE, "--json");
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      applied: false,
      failure: { code: "process-failed", message: `merod did not set the configuration: ${reason}.` },
    });
  });

  test("is not set by a policy that is not the profile's", async () => {
    await merod();
    expect(await configureAs("debug", "--apply", ...NODE)).toMatchObject({ exitCode: 10 });
    expect(await called()).toBeNull();
  });
});
