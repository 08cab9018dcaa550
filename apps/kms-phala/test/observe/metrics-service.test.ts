import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { formatListenAddress } from "../../src/config/listen-address.ts";
import { type RunningService, startService } from "../../src/service.ts";
import { NO_PIN } from "../config/environment.ts";
import { NOW } from "../harness.ts";
import { manualClock } from "../manual-clock.ts";

const running: RunningService[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

async function start(env: Record<string, string>) {
  const started = await startService({
    env: { LISTEN_ADDR: "127.0.0.1:0", DSTACK_SOCKET_PATH: "/nonexistent/dstack.sock", ...env },
    pinFile: NO_PIN,
    clock: manualClock(NOW),
    fetch: () => Promise.reject(new Error("no network")),
    fetchTrusting: () => () => Promise.reject(new Error("no network")),
    schedule: () => () => undefined,
    logStream: { write: () => undefined },
  });
  if (started.ok) running.push(started.value);
  return started;
}

describe("a service", () => {
  test("with METRICS_PORT serves metrics on loopback, beside the address for nodes and not on it", async () => {
    const started = await start({ METRICS_PORT: "0" });
    if (!started.ok) throw new Error(started.error.lines.join());
    const { address, metricsAddress } = started.value;
    expect(metricsAddress).toEqual({ host: "127.0.0.1", port: expect.any(Number) });
    expect(metricsAddress?.port).not.toBe(address.port);
    const page = await fetch(`http://${formatListenAddress(metricsAddress ?? address)}/metrics`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await page.text();
    expect(text).toContain("\nmero_kms_ready 0\n");
    expect(text).toContain("\nprocess_resident_memory_bytes ");
    expect((await fetch(`http://${formatListenAddress(address)}/metrics`)).status).toBe(404);
    // The service and its readiness are one: the same codes in both.
    const ready = await fetch(`http://${formatListenAddress(address)}/ready`);
    const { checks }: { checks: Record<string, { code: string | null }> } = JSON.parse(await ready.text());
    const codes = Object.values(checks).flatMap(({ code }) => code ?? []);
    expect(codes.filter((code) => !text.includes(`mero_kms_condition{code="${code}"} 1`))).toEqual([]);
    expect(codes).toContain("policy-missing");
  });

  test("without it opens no second listener", async () => {
    const started = await start({});
    expect(started).toMatchObject({ ok: true, value: { metricsAddress: null } });
  });

  test("does not run where the port is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const bound = taken.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    const started = await start({ METRICS_PORT: String(port) });
    expect(started).toMatchObject({
      ok: false,
      error: { exitCode: 1, lines: [expect.stringContaining("METRICS_PORT: cannot listen: listen EADDRINUSE")] },
    });
    await new Promise((resolve) => taken.close(resolve));
  });
});
