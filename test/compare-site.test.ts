import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeArchive } from "../packages/release-artifacts/src/index.ts";
import { compareSite } from "../scripts/release/compare-site.ts";
import { runSteps } from "../scripts/release/lane-steps.ts";
import { type LaneTools, releaseSteps } from "../scripts/release/release-lane.ts";
import { prepareSteps, setScene } from "../scripts/rehearsal/play.ts";
import { createRehearsalWorld, type RehearsalWorld, toolsOf } from "../scripts/rehearsal/world.ts";
import { stopOf } from "./stop-of.ts";

const LIMIT_MS = 120_000;
const SITE = {
  "index.html": "<!doctype html>",
  "assets/app-1.js": "app()",
  ".well-known/verifier-manifest.json": "{}",
};

let world: RehearsalWorld;
let tools: LaneTools;
let server: Server;
let url: string;
/** What the site serves, by path; the status where it is a number. */
let served: Map<string, string | number>;

beforeAll(async () => {
  world = await createRehearsalWorld();
  const scene = await setScene(world, "verifier");
  const { run } = scene;
  tools = toolsOf(world, run);
  const pack = {
    id: "pack",
    title: "a site of its own",
    run: async () => {
      const entries = Object.entries(SITE).map(([name, text]) => ({ name, content: new TextEncoder().encode(text) }));
      await writeFile(join(run.inputs, "mero-verifier-web.tar.gz"), await writeArchive(entries, 1_768_472_400));
      return "packed";
    },
  };
  const { stop } = await runSteps([...prepareSteps(scene), pack, ...releaseSteps(run, tools)]);
  if (stop !== null) throw new Error(stop.message);
  server = createServer((request, response) => {
    const answer = served.get(request.url ?? "") ?? 404;
    response.statusCode = typeof answer === "number" ? answer : 200;
    if (response.statusCode === 302) response.setHeader("location", "/index.html");
    response.end(typeof answer === "number" ? "" : answer);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  url = `http://127.0.0.1:${typeof bound === "object" ? (bound?.port ?? 0) : 0}`;
}, LIMIT_MS);

afterAll(async () => {
  await new Promise((resolve) => void server.close(resolve));
  await world.close();
});

beforeEach(() => {
  served = new Map<string, string | number>(Object.entries(SITE).map(([name, text]) => [`/${name}`, text] as const));
  served.set("/", SITE["index.html"]);
});

async function compared(version?: string) {
  const work = join(world.directory, randomBytes(4).toString("hex"));
  const order = { meroTee: tools.meroTee, fetch: world.fetch, url, work, trustedRoot: world.trustedRootFile };
  return await compareSite({ ...order, ...(version === undefined ? {} : { version }) });
}

async function refusal(version?: string) {
  return await stopOf(compared(version));
}

describe("a site", () => {
  test("that serves the newest release, file by file, is that release", async () => {
    expect(await compared()).toEqual({ tag: "mero-verifier-v0.1.0", files: 3 });
    expect(await compared("0.1.0")).toEqual({ tag: "mero-verifier-v0.1.0", files: 3 });
  });

  test.each([
    ["another script", "/assets/app-1.js", "evil()", "/assets/app-1.js is "],
    ["more of a script", "/assets/app-1.js", "app();evil()", "/assets/app-1.js is longer"],
    ["another start page, and the released one beside it", "/", "<script src=evil.js>", "/ is "],
    ["not every file", "/.well-known/verifier-manifest.json", 404, "answered with status 404"],
    ["a way to elsewhere", "/", 302, "/ is answered with status 302"],
  ])("that serves %s is none", async (_, path, content, words) => {
    served.set(path, content);
    const { code, exitCode, message } = await refusal();
    expect({ code, exitCode }).toEqual({ code: "site-differs", exitCode: 10 });
    expect(message).toContain(words);
  });

  test("is compared with a release that holds, or with none", async () => {
    const restore = await world.github.snapshot();
    const archive = join(world.github.directoryOf("mero-verifier-v0.1.0"), "mero-verifier-web.tar.gz");
    const other = await writeArchive([{ name: "index.html", content: new TextEncoder().encode("evil") }], 1);
    await world.github.replaceAsset("mero-verifier-v0.1.0", "mero-verifier-web.tar.gz", other);
    expect((await readFile(archive)).equals(other)).toBe(true);
    served = new Map([
      ["/", "evil"],
      ["/index.html", "evil"],
    ]);
    expect(await refusal()).toMatchObject({ code: "release-refused", rules: expect.arrayContaining(["C-01"]) });
    await restore();
    expect(await refusal("9.9.9")).toMatchObject({ code: "release-not-found", exitCode: 11 });
  });
});
