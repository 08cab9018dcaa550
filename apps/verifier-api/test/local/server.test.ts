import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LocalServer, startServer } from "../../src/local/server.ts";
import { loadSite } from "../../src/local/site-store.ts";
import { createWorld, type ServiceWorld } from "../service-world.ts";

let folder: string;
let server: LocalServer;
let world: ServiceWorld;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mero-verifier-site-"));
  await mkdir(join(folder, "site/assets"), { recursive: true });
  await writeFile(join(folder, "site/index.html"), "<!doctype html><title>verifier</title>");
  await writeFile(join(folder, "site/assets/app-1.js"), "export {};");
  await writeFile(join(folder, "secret.txt"), "not of the site");
  world = createWorld();
  const site = await loadSite(join(folder, "site"), new Map([["/sim/examples.json", "{}"]]));
  server = await startServer(world.service, site, 0);
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Asks with a path that the Fetch API would tidy up. */
function askRaw(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(server.url, { path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on("error", reject).end();
  });
}

describe("the local server", () => {
  test.each(["/", "/kms", "/about"])("serves the page for %s", async (path) => {
    const answer = await fetch(server.url + path);
    expect(await answer.text()).toContain("<title>verifier</title>");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  test("serves files with their types, and texts beside them", async () => {
    const script = await fetch(`${server.url}/assets/app-1.js`);
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect((await fetch(`${server.url}/sim/examples.json`)).headers.get("content-type")).toBe("application/json");
  });

  test.each([
    "/secret.txt",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "//etc/passwd",
    "/nothing",
  ])("has no page %s", async (path) => {
    expect(await askRaw(path)).toBe(404);
  });

  test("takes no request target that is no path", async () => {
    expect(await askRaw("http://evil.example/")).toBe(400);
  });

  test("answers the API with the same handlers, and counts by the address of the connection", async () => {
    const answer = await fetch(`${server.url}/api/health`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-security-policy")).toBeNull();
    const refused = await fetch(`${server.url}/api/verify`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ v: 2, kms_url: "https://localhost" }),
    });
    const problem = z.object({ code: z.string(), type: z.string() }).parse(await refused.json());
    expect(problem).toEqual({ code: "target_refused", type: `${server.url}/errors/target_refused` });
    const explained = await fetch(problem.type, { redirect: "manual" });
    expect(explained.status).toBe(307);
    expect(explained.headers.get("location")).toMatch(/\/docs\/errors\.md#target_refused$/);
  });

  test("leads the older name of a screen on", async () => {
    const answer = await fetch(`${server.url}/mero-tee`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([308, "/node"]);
  });

  test("gives a body no more room than its endpoint takes, whatever its length is said to be", async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
    });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${server.url}/api/verify`, { method: "POST", headers, body, duplex: "half" }).catch(
      () => null,
    );
    expect(answer === null || answer.status === 413).toBe(true);
    expect(world.log.map(({ code }) => code)).toEqual(["too_large"]);
  });

  test("stops although a connection is open that says nothing", async () => {
    const address = new URL(server.url);
    const silent = connect(Number(address.port), "127.0.0.1");
    await new Promise((resolve) => silent.once("connect", resolve));
    const closed = new Promise((resolve) => silent.once("close", resolve));
    silent.on("error", () => undefined);
    await server.stop();
    await closed;
    expect(silent.destroyed).toBe(true);
  });
});
