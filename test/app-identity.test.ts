import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DOCUMENT_SHAPES, parseDocument } from "../packages/release-artifacts/src/index.ts";
import { createSimulatedPlatform } from "../packages/tee-simulator/src/index.ts";
import { type RunningSimulator, startSimulator } from "../packages/tee-simulator/src/server/index.ts";
import { meroTee } from "./mero-tee.ts";

let directory: string;
let simulator: RunningSimulator;
let trust: readonly string[];
let out: string;

function now(): number {
  return Math.floor(Date.now() / 1000);
}

beforeAll(async () => {
  simulator = await startSimulator({ platform: await createSimulatedPlatform({ now: now() }), now });
  directory = await mkdtemp(join(tmpdir(), "mero-tee-identity-"));
  const root = join(directory, "root.pem");
  await writeFile(root, simulator.platform.rootCaPem);
  trust = ["--pccs", simulator.url, "--root-ca", root];
  out = join(directory, "identity.json");
});

afterAll(async () => {
  await simulator.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  await rm(out, { force: true });
});

interface Answer {
  readonly quote: string;
  readonly event_log: string;
  readonly ccel: string;
}

/** An answer of the platform, kept as a file. */
async function answered(fields: Readonly<Record<string, string>> = {}, name = "answer.json") {
  const body = JSON.stringify({ report_data: "07".repeat(64), role: "kms", profile: "debug", ...fields });
  const response = await fetch(`${simulator.url}/quote`, { method: "POST", body });
  const answer: Answer = JSON.parse(await response.text());
  const file = join(directory, name);
  await writeFile(file, JSON.stringify(answer));
  return { answer, file };
}

async function replay(log: string, quote: string, ...more: readonly string[]) {
  const args = ["event-log", "replay", log, "--quote", quote, "--identity-out", out, "--profile", "debug", "--json"];
  const { exitCode, stdout } = await meroTee([...args, ...more]);
  return { exitCode, document: JSON.parse(stdout) as unknown };
}

async function written(): Promise<string | null> {
  return await readFile(out, "utf8").catch(() => null);
}

describe("event-log replay --identity-out", () => {
  test("writes what runs on a machine whose quote holds", async () => {
    const { file } = await answered();
    const { exitCode, document } = await replay(file, file, ...trust);
    expect(exitCode).toBe(0);
    const text = (await written()) ?? "";
    const identity = parseDocument("identity", Buffer.from(text), DOCUMENT_SHAPES.appIdentity);
    if (!identity.ok) throw new Error(JSON.stringify(identity.error));
    const { compose_hash: composeHash, app_id: appId, ...rest } = identity.value.value;
    expect(document).toMatchObject({ composeHash, appId, failure: null });
    expect(rest).toEqual({
      schema_version: 1,
      profile: "debug",
      quote_verified: true,
      event_log_verified: true,
      os_image_hash_verified: true,
    });
  });

  test("does not call an image verified that the log says nothing of", async () => {
    const { answer, file } = await answered();
    const events: { readonly imr: number }[] = JSON.parse(answer.event_log);
    const log = join(directory, "log.json");
    await writeFile(log, JSON.stringify(events.filter(({ imr }) => imr === 3)));
    expect(await replay(log, file, ...trust)).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await written()) ?? "")).toMatchObject({
      event_log_verified: true,
      os_image_hash_verified: false,
    });
  });

  test("writes nothing for a quote that Intel did not vouch for", async () => {
    const { file } = await answered();
    const { exitCode, document } = await replay(file, file, "--pccs", simulator.url);
    expect([exitCode, await written()]).toEqual([10, null]);
    expect(document).toMatchObject({ matchesQuote: { rtmr3: true }, failure: { stage: "trust-anchor" } });
  });

  test("writes nothing for a quote whose signature does not hold", async () => {
    const { answer, file } = await answered();
    const quote = Buffer.from(answer.quote, "hex");
    // A byte of the report data: no register changes, so the log still explains them.
    quote[48 + 520] = (quote[48 + 520] ?? 0) ^ 1;
    const forged = join(directory, "forged.bin");
    await writeFile(forged, quote);
    const { exitCode, document } = await replay(file, forged, ...trust);
    expect([exitCode, await written()]).toEqual([10, null]);
    expect(document).toMatchObject({ matchesQuote: { rtmr3: true }, failure: { stage: "quote-signature" } });
  });

  test("writes nothing where the log is of another machine, or names no application", async () => {
    const { file } = await answered();
    const node = (await answered({ role: "node" }, "node.json")).answer;
    const ccel = join(directory, "ccel.bin");
    await writeFile(ccel, Buffer.from(node.ccel, "hex"));
    const quote = join(directory, "node.bin");
    await writeFile(quote, Buffer.from(node.quote, "hex"));
    for (const [log, code] of [
      [file, "event-log-mismatch"],
      [ccel, "input-unrecognised"],
    ] as const) {
      expect(await replay(log, quote, ...trust)).toMatchObject({ exitCode: 10, document: { failure: { code } } });
      expect(await written()).toBeNull();
    }
  });

  test.each([
    ["no quote", ["--identity-out", "x", "--profile", "debug"]],
    ["no profile", ["--identity-out", "x", "--quote", "q"]],
    ["a service for nothing", ["--quote", "q", "--pccs", "https://pccs.example"]],
    [
      "two kinds of collateral",
      ["--quote", "q", "--identity-out", "x", "--profile", "debug", "--collateral", "c", "--pccs", "https://p.example"],
    ],
  ])("with %s is misuse", async (_, more) => {
    expect((await meroTee(["event-log", "replay", "log", ...more])).exitCode).toBe(2);
  });
});
