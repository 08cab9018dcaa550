import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createMemoryRateLimiter } from "../../src/limits/rate-limiter.ts";
import { createRedisRateLimiter } from "../../src/limits/redis-rate-client.ts";

const REDIS = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].find((path) => existsSync(path)) ?? null;
if (REDIS === null) {
  const why = "no redis-server here; get it with: apt-get install redis-server";
  if (!["", "0", "false"].includes(process.env["CI"] ?? "")) throw new Error(why);
  process.stderr.write(`skipped: shared rate limits with a real Redis (${why})\n`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

const HOUR = 3_600;

describe.skipIf(REDIS === null)("limits that instances share", () => {
  const state: { child?: ChildProcess; folder?: string; port: number } = { port: 0 };

  beforeAll(async () => {
    state.folder = await mkdtemp(join(tmpdir(), "mero-verifier-redis-"));
    state.port = await freePort();
    const args = ["--port", String(state.port), "--bind", "127.0.0.1", "--dir", state.folder, "--save", ""];
    const child = spawn(REDIS ?? "redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    state.child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes("Ready to accept connections")) break;
    }
    child.stdout.resume();
  });

  afterAll(async () => {
    state.child?.kill("SIGKILL");
    if (state.folder !== undefined) await rm(state.folder, { recursive: true, force: true });
  });

  function limiter(port = state.port) {
    const troubles: string[] = [];
    const own = createMemoryRateLimiter(() => 0);
    const shared = createRedisRateLimiter(`redis://127.0.0.1:${port}`, own, 2_000, () => troubles.push("trouble"));
    onTestFinished(() => shared.close());
    return { shared, troubles };
  }

  test("are counted together", async () => {
    const [one, other] = [limiter().shared, limiter().shared];
    const draw = { key: "together", rates: [{ count: 3, seconds: HOUR }] };
    expect(await one.draw(draw)).toMatchObject({ isAdmitted: true, remaining: 2, limit: 3 });
    expect(await other.draw(draw)).toMatchObject({ isAdmitted: true, remaining: 1 });
    expect(await one.draw(draw)).toMatchObject({ isAdmitted: true, remaining: 0 });
    const refused = await other.draw(draw);
    expect(refused).toMatchObject({ isAdmitted: false, limit: 3 });
    expect(refused.isAdmitted ? 0 : refused.retryAfterSeconds).toBeGreaterThan(HOUR / 3 - 60);
    expect(await other.draw({ ...draw, key: "another" })).toMatchObject({ isAdmitted: true });
  });

  test("take from no rate where one of them is empty", async () => {
    const { shared } = limiter();
    const rates = [
      { count: 1, seconds: HOUR },
      { count: 2, seconds: HOUR },
    ];
    await shared.draw({ key: "both", rates });
    for (let refused = 0; refused < 5; refused += 1) {
      expect(await shared.draw({ key: "both", rates })).toMatchObject({ isAdmitted: false });
    }
    const second = [{ count: 100, seconds: 24 * HOUR }, rates[1] ?? { count: 2, seconds: HOUR }];
    expect(await shared.draw({ key: "both", rates: second })).toMatchObject({ isAdmitted: true, remaining: 0 });
  });

  test("are those of one instance while the Redis does not answer, and that is told once", async () => {
    const { shared, troubles } = limiter(await freePort());
    const draw = { key: "alone", rates: [{ count: 1, seconds: HOUR }] };
    expect(await shared.draw(draw)).toMatchObject({ isAdmitted: true });
    expect(await shared.draw(draw)).toMatchObject({ isAdmitted: false });
    expect(troubles).toEqual(["trouble"]);
  });
});
