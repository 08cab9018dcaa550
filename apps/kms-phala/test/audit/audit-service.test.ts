import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyAuditFile } from "@mero-tee/kms-protocol/audit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startService } from "../../src/service.ts";
import { NO_PIN } from "../config/environment.ts";
import { NOW, platform } from "../harness.ts";
import { manualClock } from "../manual-clock.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-audit-service-"));
  path = join(folder, "audit.jsonl");
  await writeFile(join(folder, "policy.json"), platform.policyDocumentFor("locked-read-only"));
  await writeFile(join(folder, "root.pem"), platform.rootCaPem);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Starts a service and stops it again; gives the log and what kept it from starting. */
async function runOnce(env: Record<string, string> = {}) {
  const logs: string[] = [];
  const started = await startService({
    env: {
      LISTEN_ADDR: "127.0.0.1:0",
      DSTACK_SOCKET_PATH: join(folder, "absent.sock"),
      MERO_KMS_POLICY_FILE: join(folder, "policy.json"),
      AUDIT_FILE: path,
      ...env,
    },
    pinFile: NO_PIN,
    clock: manualClock(NOW),
    fetch: () => Promise.reject(new Error("no network")),
    fetchTrusting: () => () => Promise.reject(new Error("no network")),
    schedule: () => () => undefined,
    logStream: { write: (line) => void logs.push(line) },
  });
  if (started.ok) await started.value.stop();
  return { logs, failure: started.ok ? null : started.error };
}

describe("a service with AUDIT_FILE", () => {
  test("records each start with its profile, its trust anchor and its policy, in one chain", async () => {
    expect((await runOnce()).failure).toBeNull();
    expect((await runOnce({ SIMULATED_ROOT_CA_FILE: join(folder, "root.pem") })).failure).toBeNull();
    const { summary, problem } = verifyAuditFile(await readFile(path));
    expect({ problem, kinds: summary.kinds }).toMatchObject({ problem: null, kinds: { start: 2, policy: 2 } });
    const text = await readFile(path, "utf8");
    expect(text).toMatch(/"kind":"start","profile":"locked-read-only","trustAnchor":"intel","discardedBytes":0/);
    expect(text).toMatch(/"kind":"start","profile":"locked-read-only","trustAnchor":"custom"/);
    expect(text).toMatch(/"kind":"policy","source":"file","tag":"[^"]+","sha256":"[0-9a-f]{64}"/);
  });

  test("says at its start where the chain stands", async () => {
    await runOnce();
    const { summary } = verifyAuditFile(await readFile(path));
    const { logs } = await runOnce();
    const line = logs.find((text) => text.includes("audit file continues"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({ audit: { records: summary.head.records + 1 } });
  });

  test("records what a crash left of a line, and goes on", async () => {
    await runOnce();
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, -7));
    expect((await runOnce()).failure).toBeNull();
    expect(await readFile(path, "utf8")).toMatch(/"discardedBytes":[1-9]/);
    expect(verifyAuditFile(await readFile(path)).problem).toBeNull();
  });

  test("does not start on a broken chain, with the code and the line, and leaves it as it is", async () => {
    await runOnce();
    const edited = (await readFile(path, "utf8")).replace("locked-read-only", "debug");
    await writeFile(path, edited);
    expect((await runOnce()).failure).toEqual({
      exitCode: 78,
      lines: [
        "kms-phala: AUDIT_FILE: audit-chain-broken: Line 2 does not follow from the line before it: one of the two was changed or exchanged.",
      ],
    });
    expect(await readFile(path, "utf8")).toBe(edited);
  });

  test("does not start where it cannot write", async () => {
    expect((await runOnce({ AUDIT_FILE: "/dev/full" })).failure).toMatchObject({ exitCode: 78 });
    expect((await runOnce({ AUDIT_FILE: join(folder, "absent", "audit.jsonl") })).failure).toEqual({
      exitCode: 78,
      lines: ["kms-phala: AUDIT_FILE: cannot be used: ENOENT"],
    });
  });
});
