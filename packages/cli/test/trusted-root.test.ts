import { spawn, type ChildProcess } from "node:child_process";
import { describe, expect, test } from "vitest";

import type { Checkout, Program } from "../src/checkout.ts";
import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

/** A checkout whose update of the trusted root is this program. */
function checkout(source: string): Checkout & { readonly started: (readonly [Program, readonly string[]])[] } {
  const started: (readonly [Program, readonly string[]])[] = [];
  return {
    started,
    start(program, args): ChildProcess {
      started.push([program, args]);
      return spawn(process.execPath, ["--eval", source], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    },
    makeDirectory: () => Promise.reject(new Error("not asked for")),
    removeDirectory: () => Promise.reject(new Error("not asked for")),
    killAll: () => undefined,
    cleanUp: () => undefined,
  };
}

describe("release trusted-root show", () => {
  test("shows the parties of the root that this release carries", async () => {
    const { exitCode, stdout } = await runInWorld(["release", "trusted-root", "show"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("transparency log       rekor.sigstore.dev");
    const document = documentOf<{ takenAt: string; parties: { kind: string; to: string | null }[] }>(
      await runInWorld(["release", "trusted-root", "show", "--json"]),
    );
    expect(document.takenAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(new Set(document.parties.map(({ kind }) => kind))).toEqual(
      new Set(["transparency log", "certificate log", "certificate authority", "timestamp authority"]),
    );
    expect(document.parties.some(({ to }) => to === null)).toBe(true);
  });

  test("refuses a file that is none", async () => {
    const files = memoryFiles({ x: "{}" });
    const outcome = await runInWorld(["release", "trusted-root", "show", "--trusted-root", "x", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ takenAt: null, failure: { code: "trusted-root-malformed" } });
  });
});

describe("release trusted-root update", () => {
  const args = ["release", "trusted-root", "update", "--dry-run", "--json"];

  test("shows who comes and goes", async () => {
    const world = { checkout: checkout("console.log('- a\\n+ b')") };
    const outcome = await runInWorld(args, world);
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, changed: true, difference: ["- a", "+ b"], failure: null });
    expect(world.checkout.started).toEqual([["trusted-root", ["--dry-run"]]]);
  });

  test("says when nothing does", async () => {
    const outcome = await runInWorld(args, { checkout: checkout("console.log('the same parties')") });
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, changed: false, difference: [], failure: null });
  });

  test("fails where Sigstore cannot be reached, and says what it said", async () => {
    const world = { checkout: checkout("console.log('+ a'); console.error('no network'); process.exitCode = 1") };
    const outcome = await runInWorld(args, world);
    expect(outcome.exitCode).toBe(1);
    expect(documentOf(outcome)).toMatchObject({ changed: false, difference: [], failure: { code: "process-failed" } });
    expect(outcome.stderr).toContain("no network");
  });

  test("needs a checkout", async () => {
    expect(documentOf(await runInWorld(args))).toMatchObject({ failure: { code: "checkout-required" } });
  });
});
