import { execa } from "execa";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { PROFILES } from "../../packages/policy/src/index.ts";
import { countLevel, levelLine, levelTable } from "../../scripts/image/level-report.ts";
import { finding, timed } from "../../scripts/image/level.ts";
import { treeMutants } from "../../scripts/image/tree-mutants.ts";

/** What runs the tests of node images: how it counts, what it refuses, and that no check of a tree is without a mutant. */
const SCRIPT = fileURLToPath(new URL("../../scripts/image-test.ts", import.meta.url));
const JUDGE = fileURLToPath(new URL("../../ansible/roles/conformance/files/conformance.py", import.meta.url));

const HELD = finding("a step", "debug", { problems: [], seconds: 12.4, seen: ["67 tasks"] });
const BROKEN = finding("a step", "locked-read-only", { problems: ["not so"], seconds: 0 });
const ABSENT = { ...finding("another step", "debug", { problems: [], seconds: 0 }), passed: 0 };

describe("a report", () => {
  test("counts what held and what did not", () => {
    const report = { level: "roles", findings: [HELD, BROKEN, ABSENT] } as const;
    expect(countLevel(report)).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(levelLine(report)).toBe("roles: 1 passed, 1 failed");
  });

  test("of a level that found out nothing is a failure", () => {
    expect(levelLine({ level: "lint", findings: [] })).toBe("lint: 0 passed, 1 failed");
  });

  test("says what was skipped", () => {
    const skipping = { ...HELD, passed: 3, skipped: 2 };
    expect(levelLine({ level: "unit", findings: [skipping] })).toBe("unit: 3 passed, 0 failed, 2 skipped");
  });

  test("shows steps by profiles, then what was seen and what did not hold", () => {
    expect(levelTable({ level: "roles", findings: [HELD, BROKEN, ABSENT] })).toBe(
      [
        "roles         debug   locked-read-only",
        "a step        ✓ 12 s  ✗",
        "another step  –",
        "  a step, debug: 67 tasks",
        "✗ a step, locked-read-only: not so",
      ].join("\n"),
    );
  });

  test("has a step that threw as a failure", async () => {
    const thrown = await timed("a step", null, async () => await Promise.reject(new Error("no room")));
    expect(thrown).toMatchObject({ passed: 0, problems: ["no room"] });
  });
});

describe("mutants", () => {
  test.each(PROFILES)("there are for each check of profile %s", async (profile) => {
    const text = await readFile(JUDGE, "utf8");
    const ids = [...text.matchAll(/^ {4}\("(?<id>[a-z-]+)", "R\d"/gm)].map(({ groups }) => groups?.["id"] ?? "");
    expect(ids.length).toBeGreaterThan(0);
    // Checks for what the profile is allowed to have.
    const foreign = {
      debug: ["network-tools", "recovery-units"],
      "debug-read-only": ["network-tools"],
      "locked-read-only": [],
    };
    const wanted = ids.filter((id) => !foreign[profile].some((each) => each === id));
    expect(
      treeMutants(profile)
        .map(({ check }) => check)
        .toSorted(),
    ).toEqual(wanted.toSorted());
  });
});

describe("the command", () => {
  test.each([
    { args: ["--level", "all"], why: "--level must be one of" },
    { args: ["--profile", "prod"], why: "--profile must be one of debug, debug-read-only, locked-read-only, not prod" },
  ])("refuses $args", async ({ args, why }) => {
    const { exitCode, stderr } = await execa(process.execPath, [SCRIPT, ...args], { reject: false });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(why);
  });

  test("has a companion that installs what levels need", async () => {
    const companion = fileURLToPath(new URL("../../scripts/image/install-programs.ts", import.meta.url));
    const levels = ["--level", "lint", "--level", "unit"];
    const { stdout } = await execa(process.execPath, [companion, ...levels, "--dry-run"]);
    expect(stdout.split("\n").map((line) => line.replace(/^apt-get -o \S+ --quiet --quiet /, ""))).toEqual([
      "update",
      "install --yes --no-install-recommends ansible ansible-lint bash curl packer python3 shellcheck yamllint",
    ]);
    for (const args of [[], ["--level", "all"], ["--level", "lint", "--level", "prod"]]) {
      const refused = await execa(process.execPath, [companion, ...args, "--dry-run"], { reject: false });
      expect(refused.exitCode).toBe(2);
    }
  });

  test("names the packages of a level", async () => {
    const { stdout } = await execa(process.execPath, [SCRIPT, "--level", "lint", "--packages"]);
    expect(stdout).toBe("ansible ansible-lint packer shellcheck yamllint");
  });
});
