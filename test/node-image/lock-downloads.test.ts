import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import { writeArchive } from "../../packages/release-artifacts/src/index.ts";
import { archiveAt } from "../../scripts/image/archive-client.ts";
import { COMPONENTS } from "../../scripts/image/download-catalogue.ts";
import { parseLock } from "../../scripts/image/lock-changes.ts";
import { lockDisagreements } from "../../scripts/image/lock-downloads.ts";

/** What pins the downloads of node images, on archives in a folder. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const UNCHOSEN = {
  imageVersion: "0.0.0",
  merodVersion: "0.0.0",
  traefikVersion: "0.0.0",
  nodeExporterVersion: "0.0.0",
  vmagentVersion: "0.0.0",
  vectorVersion: "0.0.0",
};
const CHOSEN = { merod: "0.12.0", traefik: "3.5.0", "node-exporter": "1.10.2", vmagent: "1.129.1", vector: "0.51.0" };
const VERSION_OF = new Map(
  Object.entries({
    merodVersion: CHOSEN.merod,
    traefikVersion: CHOSEN.traefik,
    nodeExporterVersion: CHOSEN["node-exporter"],
    vmagentVersion: CHOSEN.vmagent,
    vectorVersion: CHOSEN.vector,
  }),
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
  await mkdir(join(folder, "ansible"));
  await writeFile(join(folder, "ansible/downloads.lock.json"), "[]\n");
  await writeFile(join(folder, "versions.json"), `${JSON.stringify(UNCHOSEN, null, 2)}\n`);
  for (const component of COMPONENTS) {
    const version = VERSION_OF.get(component.member) ?? "";
    await put(component.url(version), component.path(version), `program ${component.name}`);
  }
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Publishes an archive with one program. */
async function put(url: string, path: string, text: string): Promise<void> {
  const name = path.replace(/^\.\//, "");
  const archive = await writeArchive([{ name, content: new TextEncoder().encode(text) }], 0);
  await writeFile(join(folder, basename(url)), archive);
}

async function pin(...args: readonly string[]) {
  const script = [join(ROOT, "scripts/image-lock.ts"), "--root", folder, "--archives", folder, ...args];
  const { exitCode, stdout, stderr } = await execa(process.execPath, script, { reject: false });
  const files = await Promise.all(
    ["ansible/downloads.lock.json", "versions.json"].map(async (name) => await readFile(join(folder, name), "utf8")),
  );
  return { exitCode, stdout, stderr, lock: files[0] ?? "", versions: files[1] ?? "" };
}

const EVERYTHING = Object.entries(CHOSEN).flatMap(([name, version]) => [`--${name}`, version]);

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("the lock of downloads", () => {
  test("is filled together with versions.json, the same whatever the order of options", async () => {
    const first = await pin(...EVERYTHING);
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    const archive = await readFile(join(folder, "vector-0.51.0-x86_64-unknown-linux-gnu.tar.gz"));
    const entries: unknown = JSON.parse(first.lock);
    expect(entries).toHaveLength(7);
    expect(entries).toContainEqual({
      name: "vector",
      version: "0.51.0",
      url: "https://github.com/vectordotdev/vector/releases/download/v0.51.0/vector-0.51.0-x86_64-unknown-linux-gnu.tar.gz",
      sha256: sha256(archive),
      size: archive.length,
      extract: [
        {
          path: "./vector-x86_64-unknown-linux-gnu/bin/vector",
          to: "vector",
          mode: "0755",
          sha256: sha256("program vector"),
        },
      ],
    });
    expect(JSON.parse(first.versions)).toMatchObject({ imageVersion: "0.0.0", merodVersion: "0.12.0" });
    const again = await pin(
      ...EVERYTHING.toReversed().flatMap((_, at, all) => (at % 2 === 0 ? [all[at + 1] ?? "", all[at] ?? ""] : [])),
    );
    expect(again).toMatchObject({ exitCode: 0, lock: first.lock, versions: first.versions });
    expect(await pin("--check")).toMatchObject({ exitCode: 0, stdout: "7 downloads, as versions.json says" });
  });

  test("refuses other bytes under one version, and changes nothing", async () => {
    const before = await pin("--traefik", CHOSEN.traefik);
    await put("x/traefik_v3.5.0_linux_amd64.tar.gz", "traefik", "another program");
    const after = await pin("--traefik", CHOSEN.traefik);
    expect(after).toMatchObject({ exitCode: 10, lock: before.lock, versions: before.versions });
    expect(after.stderr).toBe("traefik 3.5.0 has another SHA-256 than before");
  });

  test.each([
    { name: "the latest", args: ["--traefik", "latest"], why: 'traefik: "latest" is no version' },
    { name: "a version that leads elsewhere", args: ["--merod", "0.12.0/../../x"], why: "is no version" },
    { name: "an archive that is not there", args: ["--traefik", "3.5.1"], why: "is not there" },
  ])("refuses $name, and changes nothing", async ({ args, why }) => {
    const { exitCode, stderr, lock } = await pin(...args);
    expect({ exitCode, lock }).toEqual({ exitCode: 10, lock: "[]\n" });
    expect(stderr).toContain(why);
  });

  test.each([
    { name: "that leads out of its directory", path: "../traefik", why: "leads out of the archive's directory" },
    { name: "without the program", path: "readme", why: "the archive has no traefik" },
  ])("refuses an archive $name", async ({ path, why }) => {
    await put("x/traefik_v3.5.0_linux_amd64.tar.gz", path, "x");
    const { exitCode, stderr, lock } = await pin("--traefik", CHOSEN.traefik);
    expect({ exitCode, lock }).toEqual({ exitCode: 10, lock: "[]\n" });
    expect(stderr).toContain(why);
  });

  test("takes no command line that names no version", async () => {
    expect(await pin()).toMatchObject({ exitCode: 2, stderr: "no version was given" });
  });

  test("that versions.json contradicts is refused", async () => {
    await pin("--traefik", CHOSEN.traefik);
    await writeFile(
      join(folder, "versions.json"),
      JSON.stringify({ ...UNCHOSEN, traefikVersion: "3.5.1", vectorVersion: "0.51.0" }),
    );
    expect(await pin("--check")).toMatchObject({
      exitCode: 10,
      stderr:
        "traefik is 3.5.0 in the lock file, 3.5.1 in versions.json\nvector 0.51.0 of versions.json is not in the lock file",
    });
  });

  test("without a program of the core release is refused by rule G-07", async () => {
    await pin("--merod", CHOSEN.merod);
    const path = join(folder, "ansible/downloads.lock.json");
    const lock = parseLock(await readFile(path, "utf8"));
    const versions = { ...UNCHOSEN, merodVersion: CHOSEN.merod };
    expect(lockDisagreements(lock, versions)).toEqual([]);
    const without = lock.filter(({ name }) => name !== "mero-auth");
    expect(lockDisagreements(without, versions)).toEqual([
      `mero-auth ${CHOSEN.merod} of versions.json is not in the lock file`,
      "G-07: the merod release lacks mero-auth_x86_64-unknown-linux-gnu.tar.gz",
    ]);
  });

  test("of this repository is what its versions.json says", async () => {
    const lock = parseLock(await readFile(join(ROOT, "ansible/downloads.lock.json"), "utf8"));
    expect(lockDisagreements(lock, JSON.parse(await readFile(join(ROOT, "versions.json"), "utf8")))).toEqual([]);
  });
});

/** A host that answers each address as it is told. */
function host(answers: Readonly<Record<string, { readonly status: number; readonly location?: string }>>): HttpPort {
  return async (url) => {
    const answer = answers[url] ?? { status: 404 };
    const body = new Response("bytes").body;
    return await Promise.resolve({
      status: answer.status,
      headers: { get: (name) => (name === "location" ? (answer.location ?? null) : null) },
      body,
    });
  };
}
async function fetched(port: HttpPort, url: string): Promise<string> {
  let text = "";
  for await (const chunk of archiveAt(port, url)) text += new TextDecoder().decode(chunk);
  return text;
}

describe("an archive that is fetched", () => {
  const START = "https://github.com/o/n/a.tar.gz";
  const STORE = "https://release-assets.githubusercontent.com/a";

  test("comes from GitHub, and from its storage", async () => {
    const port = host({ [START]: { status: 302, location: STORE }, [STORE]: { status: 200 } });
    expect(await fetched(port, START)).toBe("bytes");
  });

  test.each([
    { name: "without TLS", url: "http://github.com/a", answers: {}, why: "is not https" },
    { name: "from another host", url: "https://example.com/a", answers: {}, why: "example.com is no host of releases" },
    {
      name: "where it leads to a connection without TLS",
      url: START,
      answers: { [START]: { status: 302, location: "http://github.com/a" } },
      why: "is not https",
    },
    {
      name: "where it leads to another host",
      url: START,
      answers: { [START]: { status: 302, location: "https://example.com/a" } },
      why: "example.com is no host of releases",
    },
    {
      name: "where it leads in a circle",
      url: START,
      answers: { [START]: { status: 302, location: START } },
      why: "leads on more than 3 times",
    },
    { name: "that is not there", url: START, answers: {}, why: "answers with 404" },
  ])("is refused $name", async ({ url, answers, why }) => {
    await expect(fetched(host(answers), url)).rejects.toThrow(why);
  });
});
