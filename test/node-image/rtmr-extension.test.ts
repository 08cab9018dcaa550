import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The script that extends RTMR3 at boot, on files that stand for the kernel's. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/merotee/files/calimero-rtmr", import.meta.url));
const ROOT_HASH = "4b485463654c432a0c6147e35f2b32e1f7d4822bb6e3a8e7ab5f5dc20df4b414";
const ZEROS = Buffer.alloc(48);
/** Digests of the worked example; computed apart from the script. */
const DIGESTS = {
  debug: "64e43a1ff3de9b1f564241ce9071eee7058ac5c83a2c4eede4764d9123548fd15bfa32633368e16ed04a4c8275955b80",
  "debug-read-only": "a94ce75431380befad267a56b2413e88b14e518b639d7632fc4f5f194cee8e1f05aef79179318ff743169bb9b21e61d2",
  "locked-read-only":
    "0b3d8d951518a5f8246e22e094c1816f3b43d4bad6b73732bd824251e4b35fba4251941268195f6b128d474f3bf1a180",
} as const;
const LINE = `quiet ro calimero.role=node calimero.profile=debug calimero.root_hash=${ROOT_HASH}\n`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rtmr-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Machine {
  readonly line?: string;
  readonly profile?: string;
  /** What the register holds; null for a machine without the device. */
  readonly register?: Uint8Array | null;
  /** Runs the script under a limit. */
  readonly under?: readonly string[];
  readonly console?: string;
}

const at = (name: string): string => join(folder, name);

async function extend(
  { line = LINE, profile = "debug", register = ZEROS, under = [], ...machine }: Machine,
  device?: string,
) {
  const terminal = machine.console ?? at("console");
  await writeFile(at("cmdline"), line);
  await writeFile(at("image-profile"), `${profile}\n`);
  await writeFile(at("console"), "");
  await rm(at("rtmr3"), { force: true });
  if (register !== null) await writeFile(at("rtmr3"), register);
  const args = [SCRIPT, terminal, at("cmdline"), at("image-profile"), at("absent"), device ?? at("rtmr3")];
  const [program = "bash", ...rest] = [...under, "bash", ...args];
  const { exitCode, stderr } = await execa(program, rest, { reject: false });
  const written = register === null ? null : (await readFile(at("rtmr3"))).toString("hex");
  return { exitCode, stderr, written, console: await readFile(at("console"), "utf8") };
}

describe("the extension of RTMR3 at boot", () => {
  test.each(Object.entries(DIGESTS))("writes the digest of profile %s", async (profile, digest) => {
    const line = LINE.replace("profile=debug", `profile=${profile}`);
    const outcome = await extend({ line, profile });
    expect(outcome).toMatchObject({ exitCode: 0, written: digest });
    expect(outcome.console).toBe(`calimero-rtmr: OK node ${profile} ${ROOT_HASH}\r\n`);
  });

  test.each([
    { name: "no role", line: LINE.replace("calimero.role=node", ""), why: "calimero.role is missing" },
    { name: "a role twice", line: `calimero.role=node ${LINE}`, why: "calimero.role is on the command line 2 times" },
    {
      name: "another role",
      line: LINE.replace("role=node", "role=kms"),
      why: "calimero.role on the command line is malformed",
    },
    {
      name: "a profile twice",
      line: `calimero.profile=debug ${LINE}`,
      why: "calimero.profile is on the command line 2 times",
    },
    {
      name: "a profile without value",
      line: `calimero.profile ${LINE}`,
      why: "calimero.profile is on the command line 2 times",
    },
    {
      name: "an unknown profile",
      line: LINE.replace("=debug", "=prod"),
      why: "calimero.profile on the command line is malformed",
    },
    {
      name: "a root hash of 63 digits",
      line: LINE.replace(ROOT_HASH, ROOT_HASH.slice(1)),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "a root hash in capitals",
      line: LINE.replace(ROOT_HASH, ROOT_HASH.toUpperCase()),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "the word none as root hash",
      line: LINE.replace(ROOT_HASH, "none"),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "two root hashes",
      line: LINE.replace("\n", ` calimero.root_hash=${ROOT_HASH}\n`),
      why: "root_hash is on the command line 2 times",
    },
    {
      name: "a quoted parameter",
      line: LINE.replace("calimero.profile=debug", '"calimero.profile=debug"'),
      why: "has a quote",
    },
    { name: "a line break", line: LINE.replace(" ", "\n"), why: "not one line" },
    { name: "nothing", line: "", why: "not one line" },
    { name: "the profile of another image", profile: "locked-read-only", why: "the image is not of profile debug" },
  ])("refuses a command line with $name, and extends nothing", async ({ why, ...machine }) => {
    const outcome = await extend(machine);
    expect(outcome).toMatchObject({ exitCode: 1, written: ZEROS.toString("hex") });
    expect(outcome.stderr).toContain(`calimero-rtmr: FAILED`);
    expect(outcome.stderr).toContain(why);
    expect(outcome.console).toContain(why);
  });

  test("refuses a machine without the device", async () => {
    const outcome = await extend({ register: null });
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain("rtmr3:sha384 missing");
  });

  test("refuses a second extension", async () => {
    const extended = Buffer.from(DIGESTS.debug, "hex");
    const outcome = await extend({ register: extended });
    expect(outcome).toMatchObject({ exitCode: 1, written: DIGESTS.debug });
    expect(outcome.stderr).toContain("has been extended before");
  });

  test("refuses a register that is no 48 bytes", async () => {
    const outcome = await extend({ register: ZEROS.subarray(1) });
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain("not 48 bytes");
  });

  test("refuses a write that ends after 20 bytes", async () => {
    const outcome = await extend({ under: ["prlimit", "--fsize=20", "--"], console: "/dev/null" });
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain("could not be written");
  });

  test("refuses a device that has no room", async () => {
    const outcome = await extend({}, "/dev/full");
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain("could not be written");
  });

  test("refuses a device that swallows what is written", async () => {
    const swallowing = join(folder, "swallowing");
    await symlink("/dev/zero", swallowing);
    const outcome = await extend({}, swallowing);
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.stderr).toContain("still zero");
  });
});
