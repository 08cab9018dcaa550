import { globSync, readFileSync } from "node:fs";
import { mkdtemp, cp, rm, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ENDPOINTS } from "../src/wire/endpoints.ts";

const APP = fileURLToPath(new URL("..", import.meta.url));
const files = globSync("api/**/*.js", { cwd: APP });

/** What a deployment holds: the functions and the one file behind them, away from everything else. */
let deployment: string;

beforeAll(async () => {
  deployment = await mkdtemp(join(tmpdir(), "mero-verifier-functions-"));
  await build({ root: APP, logLevel: "silent", build: { outDir: join(deployment, "dist") } });
  for (const file of files) {
    await mkdir(dirname(join(deployment, file)), { recursive: true });
    await cp(join(APP, file), join(deployment, file));
  }
  await cp(join(APP, "package.json"), join(deployment, "package.json"));
}, 60_000);

afterAll(() => rm(deployment, { recursive: true, force: true }));

interface Handlers {
  readonly [method: string]: (request: Request) => Promise<Response>;
}

async function load(file: string): Promise<Handlers> {
  const module: Handlers = await import(pathToFileURL(join(deployment, file)).href);
  return module;
}

describe("the functions of the deployment", () => {
  test("are one file for each endpoint, with its method and OPTIONS and nothing else", async () => {
    const found: Record<string, string> = {};
    for (const file of files)
      found[`/${file.replace(/\.js$/, "")}`] = Object.keys(await load(file))
        .toSorted()
        .join();
    const expected = Object.entries(ENDPOINTS).map(([path, method]) => [path, [method, "OPTIONS"].toSorted().join()]);
    expect(found).toEqual(Object.fromEntries(expected));
  });

  test("answer by the platform's convention, without a file of the workspace beside them", async () => {
    const { GET } = await load("api/health.js");
    const answer = await GET?.(new Request("https://verifier.example/api/health"));
    expect(answer?.status).toBe(200);
    expect(await answer?.json()).toMatchObject({ checks: { config: "ok" } });
  });

  test("hold nothing of the simulated platform", () => {
    const text = readFileSync(join(deployment, "dist/service.js"), "utf8");
    expect(text).toContain("Intel SGX");
    expect(text.match(/simulated dstack|mero-tee simulation|53494d000000/g)).toBeNull();
  });
});
