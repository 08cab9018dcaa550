import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, readPage } from "./markdown.ts";
import { type DevStack, meroTee, startDevStack } from "./mero-tee.ts";

// Several processes on a shared machine.
const LIMIT_MS = 120_000;

let stack: DevStack;
let directory: string;

beforeAll(async () => {
  [stack, directory] = await Promise.all([startDevStack(), mkdtemp(join(tmpdir(), "mero-tee-docs-"))]);
  await writeFile(join(directory, "node.key"), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
  const attestation = await post("/attest", { nonceB64: "A".repeat(43).concat("=") });
  await writeFile(join(directory, "answer.json"), await attestation.text());
}, LIMIT_MS);

afterAll(async () => {
  await stack?.stop();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

function inDirectory(name: string): string {
  return join(directory, name);
}

function simulated(): readonly string[] {
  return ["--pccs", stack.address("simulatorUrl"), "--root-ca", stack.address("rootCaFile")];
}

function asNode(profile: string): readonly string[] {
  const identity = ["--identity", inDirectory("node.key"), "--simulator", stack.address("simulatorUrl")];
  return [...identity, "--profile", profile];
}

async function post(path: string, body: unknown): Promise<Response> {
  return await fetch(`${stack.address("kmsUrl")}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The section of a command in docs/cli.md. */
function sectionOf(command: string): string {
  const section = readPage("docs/cli.md")
    .split(/^### /m)
    .find((text) => text.startsWith(`\`mero-tee ${command}\``));
  if (section === undefined) throw new Error(`docs/cli.md has no section about ${command}`);
  return section;
}

/** The JSON of a block in which lines may end in comments. */
function documentIn(section: string): unknown {
  return withoutComments(blocksOf(section, "json").at(-1) ?? "");
}

function withoutComments(text: string): unknown {
  return JSON.parse(text.replaceAll(/(?<=[\s,{[]) *\/\/ .*$/gm, ""));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Where the shape of a shown document differs from a real one: its keys and their order, at every level. An empty object
 * stands for one that is shown elsewhere; of a list, some element must look like the one that is shown.
 */
function differences(shown: unknown, real: unknown, path = ""): readonly string[] {
  if (Array.isArray(shown) && Array.isArray(real)) {
    const [first] = shown;
    if (first === undefined || real.some((element) => differences(first, element).length === 0)) return [];
    return [`${path}[]: no element has this shape`];
  }
  if (!isObject(shown) || !isObject(real) || Object.keys(shown).length === 0) return [];
  if (Object.keys(shown).join() !== Object.keys(real).join()) {
    return [`${path}: ${Object.keys(shown).join()} is shown, ${Object.keys(real).join()} is real`];
  }
  return Object.entries(shown).flatMap(([key, value]) => differences(value, real[key], `${path}.${key}`));
}

describe("the documents that docs/cli.md shows", () => {
  test.each([
    { command: "quote inspect", args: () => [inDirectory("answer.json")], exitCode: 0 },
    { command: "quote verify", args: () => [inDirectory("answer.json"), ...simulated()], exitCode: 0 },
    {
      command: "event-log replay",
      args: () => [inDirectory("answer.json"), "--quote", inDirectory("answer.json")],
      exitCode: 0,
    },
    { command: "collateral fetch", args: () => [inDirectory("answer.json"), ...simulated()], exitCode: 0 },
    { command: "kms get-key", args: () => [stack.address("kmsUrl"), ...asNode("debug")], exitCode: 10 },
    { command: "kms probe", args: () => [stack.address("kmsUrl"), ...asNode("debug")], exitCode: 10 },
    { command: "simulator defects", args: () => [], exitCode: 0 },
  ])("mero-tee $command prints what is shown", async ({ command, args, exitCode }) => {
    const run = await meroTee([...command.split(" "), ...args(), "--json"]);
    expect(run.exitCode).toBe(exitCode);
    expect(differences(documentIn(sectionOf(command)), JSON.parse(run.stdout))).toEqual([]);
  });

  test("mero-tee dev prints what is shown", () => {
    expect(differences(documentIn(sectionOf("dev")), stack.ready)).toEqual([]);
  });

  test("mero-tee quote verify --forecast adds what is shown", async () => {
    const block = blocksOf(sectionOf("quote verify"), "jsonc").at(-1) ?? "";
    const shown = withoutComments(block.replaceAll(/,(?=(?: \/\/.*)?\n *\})/g, ""));
    const args = ["quote", "verify", inDirectory("answer.json"), ...simulated(), "--forecast", "--json"];
    const real: Readonly<Record<string, unknown>> = JSON.parse((await meroTee(args)).stdout);
    const { forecast, forecastFailure } = real;
    expect(differences(shown, { forecast, forecastFailure })).toEqual([]);
  });

  test("the shape of a document that lacks a member is noticed", () => {
    const { failure: _, ...rest } = { schemaVersion: 1, quote: { mrtd: "" }, failure: null };
    expect(differences({ schemaVersion: 1, quote: { mrtd: "" }, failure: null }, rest)).toHaveLength(1);
    expect(differences({ quote: { mrtd: "", rtmr0: "" } }, { quote: { mrtd: "" } })).toHaveLength(1);
  });
});

function timeless(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME");
}

describe("the forecast that docs/verification.md shows", () => {
  test("is what mero-tee quote verify prints, but for the times", async () => {
    const [, ...shown] = (blocksOf(readPage("docs/verification.md"), "console")[0] ?? "").split("\n");
    const run = await meroTee(["quote", "verify", inDirectory("answer.json"), ...simulated(), "--forecast"]);
    expect(shown.length).toBeGreaterThan(20);
    expect(timeless(run.stdout).slice(0, timeless(shown.join("\n")).length)).toBe(timeless(shown.join("\n")));
  });
});

describe("the runs that docs/cli.md shows whole", () => {
  const runs = blocksOf(readPage("docs/cli.md"), "console").flatMap((text) => {
    const [line = "", ...output] = text.trimEnd().split("\n");
    return line.endsWith(" --json") ? [{ line: line.replace(/^\$ mero-tee /, ""), output: output.join("\n") }] : [];
  });

  test("are two", () => {
    expect(runs).toHaveLength(2);
  });

  test.each(runs)("mero-tee $line", async ({ line, output }) => {
    expect((await meroTee(line.split(" "))).stdout.trimEnd()).toBe(output);
  });
});

/** Text without what differs from run to run: addresses, random numbers and what follows from them. */
function lasting(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, "ADDRESS")
    .replaceAll(/12D3KooW[1-9A-HJ-NP-Za-km-z]{44}/g, "PEER")
    .replaceAll(/\b[0-9a-f]{12,}/g, "HEX")
    .replaceAll(/\b\d{4} bytes/g, "N bytes");
}

describe("the run that README.md shows", () => {
  test("is what mero-tee dev --once prints", async () => {
    const shown = blocksOf(readPage("README.md"), "text").find((text) => text.includes("Booted")) ?? "";
    const run = await meroTee(["dev", "--once"]);
    expect(run.exitCode).toBe(0);
    expect(lasting(shown)).toBe(lasting(run.stdout));
  });
});

/** A command that README.md shows, and the lines that it shows after it. */
interface Exchange {
  readonly command: string;
  readonly output: readonly string[];
}

const exchanges: readonly Exchange[] = blocksOf(readPage("README.md"), "console").map((text) => {
  const [command = "", ...output] = text
    .trimEnd()
    .replaceAll(/\\\n +/g, "")
    .split("\n");
  return { command: command.replace(/^\$ /, ""), output };
});

/** What every answer to the same request holds; the rest is new each time. */
const LASTING_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  "/health": ["status", "service"],
  "/attest": ["reportDataHex"],
  "/get-key": ["error"],
};

describe("the conversation that README.md shows", () => {
  /** What the last challenge was called; the one that is shown has long expired. */
  let challengeId = "";

  const conversation = exchanges.flatMap(({ command, output: [shown = "", status] }) => {
    const path = /http:\/\/127\.0\.0\.1:8080(?<path>\/[a-z-]+)/.exec(command)?.groups?.["path"];
    const body = / -d '(?<body>[^']+)'/.exec(command)?.groups?.["body"];
    return command.startsWith("curl ") && path !== undefined ? [{ path, body, shown, status }] : [];
  });

  test("has all endpoints", () => {
    expect(new Set(conversation.map(({ path }) => path))).toEqual(
      new Set(["/health", "/attest", "/challenge", "/get-key"]),
    );
  });

  // One after the other: a challenge is asked for before it is used.
  test.each(conversation)("$path answers as shown", async ({ path, body, shown, status }) => {
    const sent = body?.replace(/(?<="challengeId":")[0-9a-f]{32}/, challengeId);
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: sent ?? "" };
    const answer = await fetch(`${stack.address("kmsUrl")}${path}`, sent === undefined ? {} : init);
    const real: Record<string, unknown> = JSON.parse(await answer.text());
    expect(answer.status).toBe(Number(status ?? 200));
    expect([...shown.matchAll(/"(\w+)":/g)].map(([, key]) => key)).toEqual(Object.keys(real));
    if (path === "/challenge") challengeId = String(real["challengeId"]);
    const same = (LASTING_MEMBERS[path] ?? []).map((key) => `"${key}":${JSON.stringify(real[key])}`);
    expect(same.filter((member) => !shown.includes(member))).toEqual([]);
  });
});

describe("the verdicts that README.md shows", () => {
  const verdicts = exchanges.filter(({ command }) => command.startsWith("mero-tee quote verify "));

  test("are a refusal and an acceptance", () => {
    expect(verdicts.map(({ output }) => output[0]?.slice(0, 2))).toEqual(["✗ ", "✓ "]);
  });

  test.each(verdicts)("$command", async ({ command, output }) => {
    const known: Readonly<Record<string, string>> = {
      "kms.json": inDirectory("answer.json"),
      "http://127.0.0.1:8787": stack.address("simulatorUrl"),
      "root-ca.pem": stack.address("rootCaFile"),
      "policy.json": stack.address("policyFile"),
    };
    const args = command.replace("mero-tee ", "").split(" ");
    const run = await meroTee(args.map((argument) => known[argument] ?? argument));
    const [first = "", ...rest] = output.join("\n").split("\n…\n");
    expect(run.stdout.startsWith(first)).toBe(true);
    expect(rest.filter((part) => !run.stdout.includes(part))).toEqual([]);
    expect(run.exitCode).toBe(first.startsWith("✓") ? 0 : 10);
  });
});
