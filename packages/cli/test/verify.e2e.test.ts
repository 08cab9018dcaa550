import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createFileStore } from "../src/file-store.ts";
import { createHttpPort, type HttpPort } from "../src/http-client.ts";
import { startCli, type CliProcess } from "./dev-process.ts";
import { readJson } from "./read-json.ts";
import { documentOf, NO_NETWORK, runInWorld, type Outcome } from "./run-cli.ts";

// Several Node.js processes on a shared machine.
const LIMIT_MS = 180_000;

interface Verdict {
  readonly verdict: string | null;
  readonly because: readonly string[];
  readonly steps: readonly { readonly id: string; readonly status: string; readonly code?: string }[];
  readonly failure: { readonly code: string } | null;
}

let stack: CliProcess;
let directory: string;
let kmsUrl: string;
let nodeUrl: string;
let trust: readonly string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-verify-"));
  stack = startCli(["dev", "--json", "--kms-port", "0", "--simulator-port", "0"]);
  const ready = await stack.nextEvent();
  kmsUrl = String(ready?.["kmsUrl"]);
  nodeUrl = String(ready?.["simulatorUrl"]);
  trust = ["--root-ca", String(ready?.["rootCaFile"]), "--pccs", nodeUrl, "--policy", String(ready?.["policyFile"])];
}, LIMIT_MS);

afterAll(async () => {
  stack?.child.kill("SIGTERM");
  await stack?.ended;
  await rm(directory, { recursive: true, force: true });
}, LIMIT_MS);

const NO_INPUT: AsyncIterable<Uint8Array> = (async function* nothing() {})();

const http = createHttpPort();

/** The real network of this machine; a release host is nowhere in it. */
const loopback: HttpPort = async (url, init) =>
  new URL(url).hostname === "127.0.0.1" ? await http(url, init) : await NO_NETWORK(url, init);

/** Runs the command here, with sockets and the real disk: only the stack is processes of its own. */
async function run(...args: readonly string[]): Promise<Outcome> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const world = { files: createFileStore(NO_INPUT), fetch: loopback, now };
  return await runInWorld(["verify", ...args], world);
}

async function verify(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly document: Verdict }> {
  const outcome = await run(...args, "--json");
  return { exitCode: outcome.exitCode, document: documentOf<Verdict>(outcome) };
}

function statusOf({ steps }: Verdict, id: string): string | undefined {
  return steps.find((step) => step.id === id)?.status;
}

describe("a running simulated KMS and node", () => {
  test.each(["kms", "node"])(
    "verify %s: everything holds, and it is simulated",
    { timeout: LIMIT_MS },
    async (kind) => {
      const url = kind === "kms" ? kmsUrl : nodeUrl;
      const allowed = await verify(kind, url, ...trust, "--allow-simulated");
      expect(allowed).toMatchObject({ exitCode: 0, document: { verdict: "simulated", failure: null } });
      for (const id of ["fresh.nonce", "fresh.binding", "dcap.sig", "tcb.status", "rel.measurements", "rel.profile"]) {
        expect([id, statusOf(allowed.document, id)]).toEqual([id, "pass"]);
      }
      const refused = await verify(kind, url, ...trust);
      expect(refused).toMatchObject({ exitCode: 10, document: { failure: { code: "appraisal-simulated" } } });
    },
  );

  test("without the simulated root, the KMS is nobody's", { timeout: LIMIT_MS }, async () => {
    const { exitCode, document } = await verify("kms", kmsUrl, ...trust.slice(4), "--allow-simulated");
    expect(exitCode).toBe(10);
    expect(document).toMatchObject({ verdict: "failed", failure: { code: "appraisal-failed" } });
    expect(statusOf(document, "dcap.chain")).toBe("fail");
  });

  test(
    "without values to compare with, and no release host to look for them, required steps are missing",
    { timeout: LIMIT_MS },
    async () => {
      const { exitCode, document } = await verify("kms", kmsUrl, ...trust.slice(0, 4), "--allow-simulated");
      expect(exitCode).toBe(10);
      expect(statusOf(document, "rel.select")).toBe("error");
    },
  );

  test("a node is not the KMS that was asked for", { timeout: LIMIT_MS }, async () => {
    const { exitCode, document } = await verify("node", nodeUrl, ...trust, "--profile", "debug", "--allow-simulated");
    expect(exitCode).toBe(10);
    expect(document.because).toContain("rel.profile");
  });

  test("what was exported says the same again", { timeout: LIMIT_MS }, async () => {
    const file = join(directory, "evidence.json");
    await verify("kms", kmsUrl, ...trust, "--export", file);
    const { exitCode, document } = await verify("file", file, ...trust.slice(0, 2), "--allow-simulated");
    expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 0, verdict: "simulated" });
    expect(document).toMatchObject({ digestMatches: true, asOf: { verdict: "simulated" } });
    expect(statusOf(document, "fresh.nonce")).toBe("warn");

    const forged = (await readFile(file, "utf8")).replace('"verdict": "simulated"', '"verdict": "verified"');
    await writeFile(file, forged);
    expect((await verify("file", file, ...trust.slice(0, 2))).document).toMatchObject({
      verdict: "simulated",
      digestMatches: false,
    });
  });

  test("a file is judged by the clock and the demands of whoever opens it", { timeout: LIMIT_MS }, async () => {
    const file = join(directory, "old-evidence.json");
    await verify("kms", kmsUrl, ...trust, "--export", file);
    const open = ["file", file, ...trust.slice(0, 2), "--allow-simulated"];
    expect(await verify(...open)).toMatchObject({ exitCode: 0 });

    const nextYear = `${new Date(Date.now() + 366 * 86_400_000).toISOString().slice(0, 19)}Z`;
    const later = await verify(...open, "--at", nextYear);
    expect(later).toMatchObject({
      exitCode: 10,
      document: { verdict: "failed", asOf: { verdict: "simulated" } },
    });

    const otherProfile = await verify(...open, "--profile", "debug");
    expect(otherProfile).toMatchObject({ exitCode: 10, document: { verdict: "failed" } });
    expect(otherProfile.document.because).toContain("rel.profile");

    const policy: { policy: Record<string, unknown> } = readJson(await readFile(trust.at(-1) ?? "", "utf8"));
    policy.policy["kms_allowed_rtmr1"] = ["ab".repeat(48)];
    const own = join(directory, "own-policy.json");
    await writeFile(own, JSON.stringify(policy));
    const otherValues = await verify(...open, "--policy", own);
    expect(otherValues).toMatchObject({ exitCode: 10, document: { verdict: "failed" } });
    expect(otherValues.document.because).toContain("rel.measurements");
  });

  test("a file whose release is called by words that steer terminals", { timeout: LIMIT_MS }, async () => {
    const file = join(directory, "steering.json");
    await verify("kms", kmsUrl, ...trust, "--export", file);
    const document: { release_assets: { tag: unknown }[] } = readJson(await readFile(file, "utf8"));
    for (const asset of document.release_assets) asset.tag = "\u001b[2J\u001b[H\u2713 Verified";
    await writeFile(file, JSON.stringify(document));
    const shown = await run("file", file, ...trust.slice(0, 2));
    expect(shown.stdout).toContain("?[2J?[H? Verified");
    expect(shown.stdout).not.toContain("\u001b");
  });

  test("verify mrtd names each register, and the first that differs", { timeout: LIMIT_MS }, async () => {
    const own = await run("mrtd", "--url", nodeUrl, "--profile", "locked-read-only", ...trust);
    expect(own).toMatchObject({ exitCode: 0 });
    expect(own.stdout.match(/✓ (?:MRTD|RTMR[0-3])/g)).toHaveLength(5);
    expect(own.stdout).toContain("! rel.sigstore: ");

    const [, , , , , policyFile = ""] = trust;
    const policy: { policy: Record<string, unknown> } = readJson(await readFile(policyFile, "utf8"));
    policy.policy["node_allowed_rtmr1"] = ["ab".repeat(48)];
    delete policy.policy["node_measurement_sets"];
    const other = join(directory, "other-policy.json");
    await writeFile(other, JSON.stringify(policy));
    const args = ["--url", nodeUrl, "--profile", "locked-read-only", ...trust.slice(0, 4), "--policy", other];
    const differing = await run("mrtd", ...args);
    expect(differing.exitCode).toBe(10);
    expect(differing.stdout).toContain("RTMR1 differs from release and profile; it covers boot loader");
  });
});

describe("a hostile target", () => {
  let server: Server;
  let answer: { status: number; headers: Record<string, string>; body: string | Uint8Array };
  let requests: string[];
  let hostile: string;

  beforeAll(async () => {
    requests = [];
    server = createServer((request, response) => {
      requests.push(request.url ?? "");
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    hostile = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => void server.close());

  test.each([
    {
      name: "a recorded answer with the new challenge beside it",
      make: async () => {
        const recorded = await fetch(`${kmsUrl}/attest`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ nonceB64: "A".repeat(43).concat("=") }),
        });
        return { status: 200, headers: {}, body: await recorded.text() };
      },
      verdict: "failed",
      step: "fresh.nonce",
    },
    {
      name: "garbage",
      make: () => ({ status: 200, headers: {}, body: "<script>alert(1)</script>" }),
      verdict: "failed",
      step: "input.parse",
    },
    {
      name: "a body of two megabytes",
      make: () => ({ status: 200, headers: {}, body: new Uint8Array(2 * 1024 * 1024) }),
      verdict: "incomplete",
      step: "input.parse",
    },
    {
      name: "a redirect",
      make: () => ({ status: 302, headers: { location: `${hostile}/elsewhere` }, body: "" }),
      verdict: "incomplete",
      step: "input.parse",
    },
    {
      name: "an inner error",
      make: () => ({ status: 500, headers: {}, body: "secret words of the target" }),
      verdict: "incomplete",
      step: "input.parse",
    },
  ])("$name ends in $verdict", { timeout: LIMIT_MS }, async ({ make, verdict, step }) => {
    answer = await make();
    requests.length = 0;
    const { exitCode, document } = await verify("kms", hostile, ...trust, "--allow-simulated", "--allow-caution");
    expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 10, verdict });
    expect(document.because).toContain(step);
    expect(requests).toEqual(["/attest"]);
    expect(JSON.stringify(document)).not.toMatch(/secret words|<script>/);
  });

  test("nobody there is incomplete", { timeout: LIMIT_MS }, async () => {
    const { exitCode, document } = await verify("node", "http://127.0.0.1:9", ...trust);
    expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 10, verdict: "incomplete" });
  });
});
