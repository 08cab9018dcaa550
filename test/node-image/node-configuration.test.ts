import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { standIn } from "../../scripts/image/stand-ins.ts";

/** What makes merod's configuration at boot, with a stand-in for merod. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/merotee/files/calimero-init", import.meta.url));
const TOML = '[tee.kms.phala]\nurl = "https://kms.example.com/"\n';
const IDENTITY = 'peer_id = "12D3KooWKept"\nkeypair = "23jhKept"\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp("/var/tmp/calimero-init-");
  for (const name of ["run", "image", "home", "data"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "merod"), standIn("merod"));
  await chmod(join(folder, "merod"), 0o755);
  await writeFile(join(folder, "run/server-port"), "2428\n");
  await writeFile(join(folder, "run/swarm-port"), "2528\n");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

async function boot({
  mode = "read-only",
  toml = TOML,
  data = at("data"),
}: { mode?: string; toml?: string | null; data?: string } = {}) {
  await writeFile(at("image/merod-mode"), `${mode}\n`);
  await rm(at("run/node.toml"), { force: true });
  if (toml !== null) await writeFile(at("run/node.toml"), toml);
  const args = [SCRIPT, at("run"), at("image"), at("home"), data, at("merod")];
  const { exitCode, stderr } = await execa("bash", args, { reject: false });
  return { exitCode, stderr };
}

const config = async (): Promise<string> => await readFile(at("home/default/config.toml"), "utf8");

describe("the configuration of merod at boot", () => {
  test("comes from merod itself, the machine's attributes and the profile", async () => {
    expect(await boot()).toEqual({ exitCode: 0, stderr: "calimero-init: OK read-only" });
    const text = await config();
    expect(text).toContain("init --server-host 127.0.0.1 --server-port 2428 --swarm-port 2528 --mode read-only\n");
    expect(text).toContain("server.jsonrpc.enabled=false server.sse.enabled=false server.websocket.enabled=false\n");
    expect(text.endsWith(`\n${TOML}`)).toBe(true);
  });

  test("leaves the interfaces on in the full mode", async () => {
    expect(await boot({ mode: "full" })).toMatchObject({ exitCode: 0 });
    const text = await config();
    expect(text).not.toContain("enabled=false");
    expect(text).not.toContain("--mode");
  });

  test("keeps the identity, and nothing else, on the data disk", async () => {
    await boot();
    expect(await readFile(at("data/identity.toml"), "utf8")).toBe(
      'peer_id = "12D3KooWStandin"\nkeypair = "23jhStandin"\n',
    );
    expect((await stat(at("data/identity.toml"))).mode & 0o777).toBe(0o600);
    await writeFile(at("data/identity.toml"), IDENTITY);
    await writeFile(at("data/config.toml"), "accept_mock = true\n");
    expect(await boot()).toMatchObject({ exitCode: 0 });
    const text = await config();
    expect(text).toContain(`[identity]\n${IDENTITY}`);
    expect(text).not.toContain("Standin");
    expect(text).not.toContain("accept_mock");
  });

  test.each([
    { name: "a third line", text: `${IDENTITY}[tee.kms.phala.attestation]\n` },
    { name: "a quote in it", text: IDENTITY.replace("Kept", 'Kept"\\n[tee]\\n#') },
    { name: "a letter that base 58 has not", text: IDENTITY.replace("Kept", "0OIl") },
    { name: "the lines exchanged", text: IDENTITY.split("\n").toReversed().join("\n").trimStart() },
    { name: "one line", text: 'peer_id = "12D3KooWKept"\n' },
    { name: "nothing", text: "" },
  ])("refuses an identity with $name", async ({ text }) => {
    await writeFile(at("data/identity.toml"), text);
    const { exitCode, stderr } = await boot();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "calimero-init: FAILED the identity on the data disk is malformed",
    });
  });

  test("refuses an identity that is a link, or large", async () => {
    await writeFile(at("elsewhere"), IDENTITY);
    await symlink(at("elsewhere"), at("data/identity.toml"));
    expect((await boot()).stderr).toContain("FAILED the identity on the data disk is no small file");
    await rm(at("data/identity.toml"));
    await writeFile(at("data/identity.toml"), "x".repeat(1025));
    expect((await boot()).stderr).toContain("FAILED the identity on the data disk is no small file");
  });

  test("refuses a data disk without a KMS: merod would store in clear", async () => {
    const { exitCode, stderr } = await boot({ toml: null });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("FAILED no KMS");
  });

  test("takes data in memory without a KMS", async () => {
    const data = await mkdtemp("/dev/shm/calimero-");
    try {
      expect(await boot({ toml: null, data })).toMatchObject({ exitCode: 0 });
    } finally {
      await rm(data, { recursive: true });
    }
  });

  test("refuses a merod that fails", async () => {
    await writeFile(at("merod"), "#!/bin/sh\nexit 3\n");
    expect(await boot()).toEqual({ exitCode: 1, stderr: "calimero-init: FAILED merod init ended with 3" });
  });
});
