import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { READINESS_CHECKS } from "../apps/kms-phala/src/observe/readiness-report.ts";
import { type Child, startChild } from "../apps/kms-phala/test/e2e/child.ts";
import { type RedisProcess, startRedis } from "../apps/kms-phala/test/e2e/redis-process.ts";
import { REDIS_SERVER } from "../apps/kms-phala/test/e2e/redis-server.ts";
import { createSimulatedPlatform } from "../packages/tee-simulator/src/index.ts";
import { type RunningSimulator, startSimulator } from "../packages/tee-simulator/src/server/index.ts";
import { chapterOf, codeOf, readPage, ROOT, rowsOf } from "./markdown.ts";

// Several processes on a shared machine.
const LIMIT_MS = 120_000;
const now = (): number => Math.floor(Date.now() / 1000);
const platform = await createSimulatedPlatform({ seed: "runbooks", now: now() });

let directory: string;
let simulator: RunningSimulator;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-steps-"));
  simulator = await startSimulator({ platform, now, dstackSocketPath: join(directory, "dstack.sock") });
  await writeFile(join(directory, "root-ca.pem"), platform.rootCaPem);
  await writeFile(join(directory, "policy.json"), platform.policyDocumentFor("locked-read-only"));
});

afterAll(async () => {
  await simulator.close();
  await rm(directory, { recursive: true, force: true });
});

/** The scripts of a runbook, also those inside lists. */
function scriptsOf(runbook: string): readonly string[] {
  const text = readPage(`docs/runbooks/${runbook}.md`).replaceAll(/^ {3}/gm, "");
  return [...text.matchAll(/^```sh\n(?<script>[\s\S]*?)^```$/gm)].map(({ groups }) => groups?.["script"] ?? "");
}

/** What a script came to. */
interface Ended {
  readonly exitCode?: number | undefined;
  readonly stdout: string;
}

/** Runs a script as it stands; `mero-tee` is this checkout's, and its quotes are judged by the simulated root. */
async function run(script: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const command = `'${process.execPath}' '${ROOT}packages/cli/src/main.ts'`;
  const simulated = `--pccs ${simulator.url} --root-ca root-ca.pem`;
  const prelude = `mero-tee() {
    if [ "$1 $2" = "quote verify" ]; then set -- "$@" ${simulated}; fi
    ${command} "$@"
  }\n`;
  return await execa("bash", ["-euo", "pipefail", "-c", prelude + script], {
    cwd: directory,
    reject: false,
    env: { NO_COLOR: "1", ...env },
  });
}

/** The KMS as a process on the simulated platform; it says where it listens. */
async function startKms(settings: Readonly<Record<string, string>>): Promise<Child & { readonly address: string }> {
  const env = {
    LISTEN_ADDR: "127.0.0.1:0",
    DSTACK_SOCKET_PATH: join(directory, "dstack.sock"),
    SIMULATED_ROOT_CA_FILE: join(directory, "root-ca.pem"),
    PCCS_URL: simulator.url,
    MERO_KMS_POLICY_FILE: join(directory, "policy.json"),
    ...settings,
  };
  await writeFile(
    join(directory, "kms.env"),
    Object.entries(env).map(([name, value]) => `${name}=${value}\n`),
  );
  const child = startChild(process.execPath, [`${ROOT}apps/kms-phala/src/main.ts`], env);
  const [, address = ""] = await child.line(/"address":"([^"]+)".*"listening"/);
  return { ...child, address };
}

describe("the runbook that promotes a policy", () => {
  const [verify = "", candidates = "", promote = "", evaluate = ""] = scriptsOf("promote-policy");

  test(
    "lets a machine in that the policy did not know",
    async () => {
      const quote = await platform.bootGuest("debug").quote(new Uint8Array(64));
      await writeFile(join(directory, "node-quote.bin"), quote.quote);
      expect((await run(verify)).stdout).toContain("TCB status UpToDate");
      expect((await run(candidates)).exitCode).toBe(0);
      const before = await run(evaluate.replace("next.json", "policy.json"));
      expect([before.exitCode, before.stdout]).toEqual([10, expect.stringContaining("policy-mismatch")]);
      const promoted = await run(promote);
      expect([promoted.exitCode, promoted.stdout]).toEqual([0, expect.stringContaining("rtmr3")]);
      expect((await run(evaluate)).exitCode).toBe(0);
      expect(JSON.parse(await readFile(join(directory, "policy.json"), "utf8"))).toEqual(
        JSON.parse(platform.policyDocumentFor("locked-read-only")),
      );
    },
    LIMIT_MS,
  );
});

describe.skipIf(REDIS_SERVER === null)("the runbooks about Redis", () => {
  let redis: RedisProcess;
  let kms: Child & { readonly address: string };

  beforeAll(async () => {
    redis = await startRedis();
    kms = await startKms({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
  }, LIMIT_MS);

  afterAll(async () => {
    await kms?.end();
    await redis?.close();
  });

  async function readiness(): Promise<string> {
    const answer = await fetch(`http://${kms.address}/ready`);
    return `${answer.status} ${(await answer.text()).includes("challenge-store-closed") ? "closed" : "open"}`;
  }

  const [doctor = ""] = scriptsOf("redis-lost");

  test(
    "lost: the doctor names it, and the KMS is ready again without a restart",
    async () => {
      await expect.poll(readiness, { timeout: LIMIT_MS }).toBe("200 open");
      await redis.kill();
      await expect.poll(readiness, { timeout: LIMIT_MS }).toBe("503 closed");
      const looked = await run(doctor);
      expect([looked.exitCode, looked.stdout]).toEqual([
        10,
        expect.stringContaining("failed Redis: redis-unreachable"),
      ]);
      await redis.restart();
      await expect.poll(readiness, { timeout: LIMIT_MS }).toBe("200 open");
      expect((await run(doctor)).stdout).not.toContain("redis-");
    },
    LIMIT_MS,
  );

  test(
    "rotated: the generation is deleted by its name, and the instances make another",
    async () => {
      const [voided = ""] = scriptsOf("rotate");
      const url = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
      const generation = async (): Promise<string> =>
        String(await redis.command("get", "mero-kms:{challenges}:generation"));
      await expect.poll(generation, { timeout: LIMIT_MS }).not.toBe("null");
      const old = await generation();
      expect((await run(voided, url)).stdout).toBe("1");
      await expect.poll(async () => ["null", old].includes(await generation()), { timeout: LIMIT_MS }).toBe(false);
      await expect.poll(readiness, { timeout: LIMIT_MS }).toBe("200 open");
    },
    LIMIT_MS,
  );
});

/** What `Info` of the guest agent says. */
async function agentInfo(): Promise<Readonly<Record<string, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath: join(directory, "dstack.sock"), path: "/Info" }, (answer) => {
    answer.setEncoding("utf8").on("data", resolve);
  })
    .on("error", reject)
    .end();
  return JSON.parse(await promise);
}

describe("the runbook about TLS", () => {
  test(
    "compares what the KMS serves with the application's authority",
    async () => {
      const kms = await startKms({ TLS_MODE: "dstack", TLS_SERVER_NAMES: "kms.example.com" });
      try {
        const [compare = ""] = scriptsOf("node-tls");
        const script = compare.replace("kms.example.com:443", kms.address);
        await writeFile(join(directory, "kms-ca.pem"), String((await agentInfo())["app_cert"]));
        const compared = await run(script);
        expect([compared.exitCode, compared.stdout]).toEqual([
          0,
          expect.stringContaining("Verify return code: 0 (ok)"),
        ]);
        await writeFile(join(directory, "kms-ca.pem"), platform.rootCaPem);
        expect((await run(script)).exitCode).not.toBe(0);
      } finally {
        await kms.end();
      }
    },
    LIMIT_MS,
  );
});

describe("the runbook for a bar that Intel raises", () => {
  test(
    "names what is good today and will fall short",
    async () => {
      const { quote } = await platform.bootGuest("locked-read-only").quote(new Uint8Array(64));
      await writeFile(join(directory, "quote.bin"), quote);
      const looked = await run(scriptsOf("tcb-raised").join(""));
      expect(looked.exitCode).toBe(0);
      expect(looked.stdout).toContain("TCB status UpToDate");
      expect(looked.stdout).toMatch(/will fall short\n +\S.* has \d+, needs \d+/);
    },
    LIMIT_MS,
  );
});

/** What a runbook asks of a published release, asked of the simulated one, whose policy nobody signed. */
function ofSimulation(script: string, address: string): string {
  const given = `--policy policy.json --root-ca root-ca.pem --pccs ${simulator.url} --allow-simulated`;
  return script.replaceAll("https://kms.example.com", `http://${address}`).replaceAll("--version 2.4.0", given);
}

/** The block of a runbook that asks the doctor about an address. */
function doctorOf(runbook: string): string {
  return scriptsOf(runbook).find((script) => script.startsWith("mero-tee doctor https://")) ?? "false";
}

describe("the runbooks that look at a KMS from outside", () => {
  let kms: Child & { readonly address: string };

  beforeAll(async () => {
    kms = await startKms({ AUDIT_FILE: join(directory, "audit.jsonl") });
  }, LIMIT_MS);

  afterAll(async () => await kms?.end());

  test.each(["kms-down", "compromise", "deploy-kms-phala"])(
    "%s: the doctor is content with a KMS that releases keys",
    async (runbook) => {
      const looked = await run(ofSimulation(doctorOf(runbook), kms.address));
      expect([looked.exitCode, looked.stdout]).toEqual([0, expect.stringContaining("✓ Healthy")]);
      expect(looked.stdout).toContain("ok address: ");
    },
    LIMIT_MS,
  );

  test(
    "compromise: the record is whole up to a digest that the log kept, and a cut end shows",
    async () => {
      await writeFile(join(directory, "node.key"), "07".repeat(32));
      const trust = `--simulator ${simulator.url} --root-ca root-ca.pem --policy policy.json`;
      const asked = await run(`mero-tee kms get-key http://${kms.address} --identity node.key ${trust}`);
      expect(asked.exitCode).toBe(0);
      const [, digest = ""] = await kms.line(/"audit":\{"records":\d+,"digest":"(\w{64})"\},"msg":"answered"/);
      const [script = ""] = scriptsOf("compromise");
      const verify = script.replace("HEX", digest);
      expect((await run(verify)).stdout).toContain("the record that was asked for is there");
      const whole = await readFile(join(directory, "audit.jsonl"), "utf8");
      const cut = whole.trimEnd().split("\n").slice(0, -1).join("\n");
      await writeFile(join(directory, "cut.jsonl"), `${cut}\n`);
      const looked = await run(verify.replace("audit.jsonl", "cut.jsonl"));
      expect([looked.exitCode, looked.stdout]).toEqual([10, expect.stringContaining("audit-anchor-missing")]);
      expect((await run(verify.replace(/audit\.jsonl.*/, "cut.jsonl"))).exitCode).toBe(0);
    },
    LIMIT_MS,
  );
});

describe("the runbook that rolls out a node release", () => {
  test(
    "asks the catalog of the checkout, and says when that is too old",
    async () => {
      const [ask = ""] = scriptsOf("roll-out-node-release");
      const name = "compatibility-catalog.json";
      const vector = await readFile(`${ROOT}packages/release-artifacts/test/vectors/release/${name}`, "utf8");
      await writeFile(join(directory, name), vector);
      const old = await run(ask);
      expect([old.exitCode, old.stdout]).toEqual([10, expect.stringContaining("catalog-release-unlisted")]);
      await writeFile(join(directory, name), vector.replaceAll("2.4.0", "2.5.0"));
      const asked = await run(ask);
      expect([asked.exitCode, asked.stdout]).toEqual([0, expect.stringContaining("✓ They belong together")]);
    },
    LIMIT_MS,
  );
});

describe("the runbook that comes from the reference", () => {
  const [look = ""] = scriptsOf("upgrade-from-reference");

  test(
    "has every problem named at once, and no setting that only the reference reads",
    async () => {
      const wrong = ["LISTEN_ADDR=8080", "CHALLENGE_TTL_SECS=60s", "USE_ENV_POLICY=true", "ALLOWED_TCB_STATUSES=Fine"];
      await writeFile(join(directory, "reference.env"), [...wrong, "RUST_LOG=info"].join("\n"));
      const looked = await run(look);
      expect(looked.exitCode).toBe(10);
      const named = [...looked.stdout.matchAll(/^failed configuration: setting-malformed (\w+):/gm)].map(
        ([, each]) => each,
      );
      expect(named).toEqual(expect.arrayContaining(["LISTEN_ADDR", "CHALLENGE_TTL_SECS", "ALLOWED_TCB_STATUSES"]));
      expect(looked.stdout).not.toContain("RUST_LOG");
      expect(looked.stdout).not.toMatch(/\.\. /);
    },
    LIMIT_MS,
  );
});

describe("the runbook for a KMS that is down", () => {
  test("has a row for every check of readiness that can fail", () => {
    const checks = rowsOf(chapterOf(readPage("docs/runbooks/kms-down.md"), "Steps").replaceAll(/^ {3}/gm, ""));
    const named = checks.flatMap(([check = ""]) => codeOf(check));
    // The last three are conditions under which keys are released, and no failures.
    expect(named).toEqual(READINESS_CHECKS.slice(0, -3));
  });
});
