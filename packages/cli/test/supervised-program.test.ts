import { spawn, type ChildProcess } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";

import { supervise } from "../src/dev/supervised-program.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function program(source: string): ChildProcess {
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  return child;
}

const STAYS = "setInterval(() => undefined, 1000);";

describe("a supervised program", () => {
  test("gives what the line that was waited for says, and no other", async () => {
    const child = program(`console.log("noise"); console.error("ready 1"); console.log("ready 2"); ${STAYS}`);
    const supervised = supervise("the test", child);
    const found = await supervised.lineThat((line) => /^ready (\d)/.exec(line)?.[1] ?? null, 30_000);
    expect(found).toEqual({ ok: true, value: "2" });
    await supervised.stop();
    expect(child.signalCode).toBe("SIGTERM");
  });

  test("that dies says with which code, in which words, and keeps its last lines for people", async () => {
    const supervised = supervise(
      "the test",
      program(`console.error("first"); console.error("out of luck"); process.exit(3);`),
    );
    const found = await supervised.lineThat(() => null, 30_000);
    expect(found).toEqual({
      ok: false,
      error: {
        code: "process-failed",
        message: "The test ended with exit code 3: out of luck",
        details: "The last lines of the test:\n  first\n  out of luck\n",
      },
    });
    await supervised.stop();
  });

  test("that is not ready in time is a failure", async () => {
    const supervised = supervise("the test", program(STAYS));
    expect(await supervised.lineThat(() => null, 1)).toMatchObject({ ok: false, error: { code: "process-failed" } });
    await supervised.stop();
  });

  test("that cannot be started is a failure", async () => {
    const child = spawn("/nonexistent/program", [], { stdio: ["ignore", "pipe", "pipe"] });
    const supervised = supervise("the test", child);
    expect(await supervised.lineThat(() => null, 30_000)).toMatchObject({
      ok: false,
      error: { code: "process-failed" },
    });
    await supervised.stop();
  });
});
