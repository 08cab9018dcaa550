import { ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";

import type { Ports } from "../src/context.ts";
import { EXIT } from "../src/exit-code.ts";
import { printReport, reportRefusal, reportSuccess, warn, withProgress } from "../src/output.ts";
import { grid, table, cell } from "../src/table.ts";
import { memoryFiles } from "./memory-files.ts";
import { documentOf, NO_NETWORK, runInWorld } from "./run-cli.ts";

interface Written {
  stdout: string;
  stderr: string;
}

function portsWriting(written: Written, onStderr: () => void = () => undefined): Ports {
  return {
    version: "1.2.3",
    stdout: { write: (text) => void (written.stdout += text) },
    stderr: {
      write: (text) => {
        written.stderr += text;
        onStderr();
      },
    },
    environment: {},
    files: memoryFiles({}),
    fetch: NO_NETWORK,
    nowSeconds: () => 0,
    progressAfterMs: 1,
    checkout: null,
    signFile: null,
    onInterrupt: () => () => undefined,
  };
}

const REFUSAL = { code: "some-code", stage: "some-stage", message: "It is so." };

describe("printReport", () => {
  const refused = reportRefusal(
    { view: REFUSAL, exitCode: EXIT.refused, details: "lines\n" },
    { a: null },
    () => "known\n",
  );

  test("puts schemaVersion first and failure last, and nothing else on standard output", () => {
    const written = { stdout: "", stderr: "" };
    printReport(portsWriting(written), true, refused);
    expect(Object.entries(documentOf({ exitCode: 0, ...written }))).toEqual([
      ["schemaVersion", 1],
      ["a", null],
      ["failure", REFUSAL],
    ]);
    expect(written.stderr).toBe("lines\n");
  });

  test("tells people the verdict first, on standard output", () => {
    const written = { stdout: "", stderr: "" };
    printReport(portsWriting(written), false, refused);
    expect(written.stdout).toMatch(/^✗ Refused {2}It is so\.\n[^]*\n\nknown\n$/);
  });

  test.each([EXIT.failed, EXIT.usage, EXIT.missing])("tells what is no verdict (%d) on standard error", (exitCode) => {
    const written = { stdout: "", stderr: "" };
    printReport(portsWriting(written), false, reportRefusal({ view: REFUSAL, exitCode }, {}));
    expect(written).toEqual({ stdout: "", stderr: expect.stringMatching(/^✗ Failed {2}It is so\.\n/) });
  });

  test("prints a success as its text, or as its document with no failure", () => {
    const written = { stdout: "", stderr: "" };
    const report = reportSuccess({ a: 1 }, () => "text\n");
    printReport(portsWriting(written), false, report);
    printReport(portsWriting(written), true, report);
    expect(written).toEqual({
      stdout: `text\n${JSON.stringify({ schemaVersion: 1, a: 1, failure: null }, null, 2)}\n`,
      stderr: "",
    });
  });
});

describe("standard error", () => {
  test("says what takes long", async () => {
    const written = { stdout: "", stderr: "" };
    // The work ends when the line about it has been written.
    const work = Promise.withResolvers<number>();
    const ports = portsWriting(written, () => work.resolve(7));
    expect(await withProgress(ports, "counting", work.promise)).toBe(7);
    expect(written).toEqual({ stdout: "", stderr: "… counting\n" });
  });

  test("says nothing about what is done at once", async () => {
    const written = { stdout: "", stderr: "" };
    await withProgress(portsWriting(written), "counting", Promise.resolve(ok(1)));
    expect(written.stderr).toBe("");
  });

  test("carries warnings", () => {
    const written = { stdout: "", stderr: "" };
    warn(portsWriting(written), "look out");
    expect(written).toEqual({ stdout: "", stderr: "! Warning  look out\n" });
  });
});

test("a bug still leaves a pipeline with a document and an exit code", async () => {
  const files = { ...memoryFiles({}), read: () => Promise.reject(new Error("planted")) };
  const outcome = await runInWorld(["quote", "inspect", "a", "--json"], { files });
  expect(outcome.exitCode).toBe(1);
  expect(documentOf(outcome)).toMatchObject({ schemaVersion: 1, failure: { code: "unexpected", stage: "unexpected" } });
  expect(outcome.stderr).toContain("planted");
});

test("tables align their columns and leave no blanks at the end of a line", () => {
  expect(
    table([
      ["a", "1"],
      ["long", ""],
      ["b", "2"],
    ]),
  ).toBe("  a     1\n  long\n  b     2\n");
  expect(grid(["x", "y"], [[cell("one"), cell("two")]])).toBe("  x    y\n  one  two\n");
});
