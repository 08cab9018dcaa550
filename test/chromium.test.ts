import { describe, expect, test } from "vitest";
import { provideChromium } from "../scripts/chromium.ts";

/** A machine on which an installation, where there may be one, ends as told. */
function machine(options: { has: boolean; installs?: "chromium" | "nothing" | "fails" }) {
  const calls: string[] = [];
  let has = options.has;
  return {
    calls,
    find: () => {
      calls.push("find");
      return Promise.resolve(has ? "/usr/bin/chromium" : null);
    },
    ...(options.installs === undefined
      ? {}
      : {
          install: () => {
            calls.push("install");
            has = options.installs === "chromium";
            return Promise.resolve(options.installs !== "fails");
          },
        }),
  };
}

const FOUND = { kind: "found", path: "/usr/bin/chromium" };
const MISSING = { kind: "missing" };

describe("a Chromium for the tests", () => {
  test.each([
    { name: "is used where there is one", has: true, installs: "fails" as const, calls: ["find"], answer: FOUND },
    {
      name: "is installed where that is ours to do",
      has: false,
      installs: "chromium" as const,
      calls: ["find", "install", "find"],
      answer: FOUND,
    },
    {
      name: "is missing when it cannot be installed",
      has: false,
      installs: "fails" as const,
      calls: ["find", "install"],
      answer: MISSING,
    },
    {
      name: "is missing when an installation brings none",
      has: false,
      installs: "nothing" as const,
      calls: ["find", "install", "find"],
      answer: MISSING,
    },
    { name: "is missing where nothing may be installed", has: false, calls: ["find"], answer: MISSING },
  ])("$name", async ({ calls, answer, ...options }) => {
    const source = machine(options);
    expect(await provideChromium(source)).toMatchObject(answer);
    expect(source.calls).toEqual(calls);
  });

  test("that is missing comes with how to get it", async () => {
    expect(await provideChromium(machine({ has: false }))).toMatchObject({
      why: expect.stringContaining("apt-get install chromium"),
    });
  });
});
