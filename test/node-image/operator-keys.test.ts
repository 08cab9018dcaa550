import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";
import { SILENT, startMetadataServer, type Attributes, type MetadataServer } from "./metadata-server.ts";

/** What gives the operator of a debug image access. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/ssh_debug/files/calimero-ssh-keys", import.meta.url));
const KEY = `ssh-ed25519 AAAA${"C3NzaC1lZDI1".padEnd(64, "A")} someone@example.com`;
const IGNORED = "calimero-ssh-keys: a line of operator-keys ignored: no Ed25519 key";

const CURL = await debianProgram("curl");

let server: MetadataServer;
let folder: string;
beforeAll(async () => {
  server = await startMetadataServer();
});
afterAll(() => {
  server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "keys-"));
  // There is one: making it is ssh-keygen's part, which not every machine has.
  await writeFile(join(folder, "ssh_host_ed25519_key"), "");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function fetchKeys(attributes: Attributes) {
  server.give(attributes);
  const { exitCode, stderr } = await execa("bash", [SCRIPT, server.base, folder], { reject: false });
  return { exitCode, stderr, keys: await readFile(join(folder, "authorized_keys"), "utf8") };
}

describe.skipIf(CURL === null)("the operator's keys", () => {
  test("are those of the attribute, one a line", async () => {
    const outcome = await fetchKeys({ "operator-keys": `${KEY}\n\n${KEY.split(" ").slice(0, 2).join(" ")}\n` });
    expect(outcome).toEqual({
      exitCode: 0,
      stderr: "",
      keys: `${KEY}\n${KEY.split(" ").slice(0, 2).join(" ")}\n`,
    });
  });

  test.each([
    { name: "with an option", line: `command="/bin/sh" ${KEY}` },
    { name: "of another kind", line: KEY.replace("ssh-ed25519", "ssh-rsa") },
    { name: "that is cut", line: KEY.replace("AAAAAAAA", "A") },
    { name: "with shell words", line: KEY.replace("someone", "$(reboot)") },
    { name: "that certifies others", line: `cert-authority ${KEY}` },
  ])("leave out a line $name", async ({ line }) => {
    expect(await fetchKeys({ "operator-keys": `${line}\n${KEY}` })).toEqual({
      exitCode: 0,
      stderr: IGNORED,
      keys: `${KEY}\n`,
    });
  });

  // The longer one does not fit into a pipe: its end is never taken from curl.
  test.each([100, 20_000])("are none where the attribute is too long: %d lines", async (lines) => {
    const outcome = await fetchKeys({ "operator-keys": `${KEY}\n`.repeat(lines) });
    expect(outcome).toMatchObject({ exitCode: 0, keys: "" });
    expect(outcome.stderr).toContain("longer than 4096 bytes");
  });

  test("are none where the attribute is absent, or does not come", async () => {
    expect(await fetchKeys({})).toMatchObject({ exitCode: 0, keys: "" });
    expect(await fetchKeys({ "operator-keys": SILENT })).toMatchObject({ exitCode: 0, keys: "" });
  });
});
