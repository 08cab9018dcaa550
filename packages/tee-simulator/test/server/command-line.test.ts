import { expect, test } from "vitest";

import { parseCommandLine } from "../../src/server/command-line.ts";

function parse(...args: string[]): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(args, "/work/dir");
}

test("without flags: a free port, the profile that holds where nothing says otherwise, no files, no agent", () => {
  expect(parse()).toEqual({
    ok: true,
    value: { kind: "run", settings: { port: 0, profile: "locked-read-only", exitWithParent: false } },
  });
});

test("reads every flag and resolves relative paths", () => {
  const flags = [
    "--port=8787",
    "--dstack-socket",
    "/run/dstack.sock",
    "--profile",
    "debug",
    "--root-ca-file",
    "root.pem",
    "--policy-file=../policy.json",
    "--seed",
    "same again",
    "--exit-with-parent",
  ];
  expect(parse(...flags)).toEqual({
    ok: true,
    value: {
      kind: "run",
      settings: {
        port: 8787,
        profile: "debug",
        dstackSocket: "/run/dstack.sock",
        rootCaFile: "/work/dir/root.pem",
        policyFile: "/work/policy.json",
        seed: "same again",
        exitWithParent: true,
      },
    },
  });
});

test("asks for help, whatever else stands there", () => {
  expect(parse("--help", "--port", "x")).toEqual({ ok: true, value: { kind: "help" } });
});

test.each([
  { args: ["--port", "65536"], says: "--port" },
  { args: ["--port", "-1"], says: "--port" },
  { args: ["--port", "08"], says: "--port" },
  { args: ["--port", "80a"], says: "--port" },
  { args: ["--port", ""], says: "--port" },
  { args: ["--port"], says: "--port" },
  { args: ["--port", "1", "--port", "2"], says: "--port" },
  { args: ["--profile", "release"], says: "--profile" },
  { args: ["--profile", "DEBUG"], says: "--profile" },
  { args: ["--dstack-socket", ""], says: "--dstack-socket" },
  { args: ["--root-ca-file", ""], says: "--root-ca-file" },
  { args: ["--seed", "a", "--seed", "a"], says: "--seed" },
  { args: ["--exit-with-parent=yes"], says: "--exit-with-parent" },
  { args: ["--rootca", "x"], says: "--rootca" },
  { args: ["serve"], says: "serve" },
])("refuses $args with one line that names the fault", ({ args, says }) => {
  const result = parse(...args);
  if (result.ok) throw new Error("accepted");
  expect(result.error).toContain(says);
  expect(result.error).not.toContain("\n");
});
