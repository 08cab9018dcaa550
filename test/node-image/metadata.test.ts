import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";
import { SILENT, startMetadataServer, type Attributes, type MetadataServer } from "./metadata-server.ts";

/** The reader of metadata, against a server that stands for the host's: whatever it says is hostile. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/merotee/files/calimero-metadata", import.meta.url));

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
  folder = await mkdtemp(join(tmpdir(), "metadata-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Image {
  readonly version?: string;
  readonly wrapsKeys?: boolean;
  readonly kmsHosts?: string;
}

async function read(given: Attributes, { version = "2.4.0", wrapsKeys = false, kmsHosts = "" }: Image = {}) {
  server.give(given);
  const image = await mkdtemp(join(folder, "image-"));
  const out = await mkdtemp(join(folder, "out-"));
  await writeFile(join(image, "image-version"), `${version}\n`);
  if (wrapsKeys) await writeFile(join(image, "wraps-keys"), "");
  await writeFile(join(image, "kms-hosts"), kmsHosts);
  const { exitCode, stderr } = await execa("bash", [SCRIPT, server.base, image, out], { reject: false });
  const files: Record<string, string> = {};
  for (const name of await readdir(out)) files[name] = await readFile(join(out, name), "utf8");
  return { exitCode, log: stderr.split("\n").filter((line) => line !== ""), files };
}

const DEFAULTS = {
  "merod.env": 'MERO_TEE_VERSION="2.4.0"\nMERO_KMS_VERSION="2.4.0"\n',
  "server-port": "2428\n",
  "swarm-port": "2528\n",
  "traefik.env": "MEROD_SERVER_PORT=2428\n",
};
const KMS = "https://kms.example.com/a";

describe.skipIf(CURL === null)("the attributes of the machine", () => {
  test("leave the defaults where there are none, without a word", async () => {
    expect(await read({})).toEqual({ exitCode: 0, log: [], files: DEFAULTS });
  });

  test("go to files where they match", async () => {
    const given = {
      "server-port": "3428",
      "swarm-port": "3528",
      "tee-release-version": "2.4.1",
      "kms-release-version": "10.0.0",
      "kms-url": KMS,
      "metrics-endpoint": "https://metrics.example.com/api/v1/write",
      "logs-endpoint": "https://logs.example.com:8443",
    };
    expect(await read(given, { wrapsKeys: true })).toEqual({
      exitCode: 0,
      log: [],
      files: {
        "merod.env": 'MERO_TEE_VERSION="2.4.1"\nMERO_KMS_VERSION="10.0.0"\n',
        "server-port": "3428\n",
        "swarm-port": "3528\n",
        "traefik.env": "MEROD_SERVER_PORT=3428\n",
        "node.toml": `[tee.kms.phala]\nurl = "${KMS}/"\n`,
        "metrics.env": "METRICS_ENDPOINT=https://metrics.example.com/api/v1/write\n",
        "logs.env": "LOGS_ENDPOINT=https://logs.example.com:8443\n",
      },
    });
  });

  test.each([
    { key: "server-port", name: "with a line break at its end", value: "3428\n", why: "malformed" },
    { key: "server-port", name: "with a second line", value: "3428\nMERO_KMS_VERSION=1.0.0", why: "malformed" },
    {
      key: "server-port",
      name: "with a zero byte",
      value: Uint8Array.of(0x33, 0x34, 0x00, 0x32, 0x38),
      why: "malformed",
    },
    { key: "server-port", name: "that is a command", value: "$(touch /tmp/owned)", why: "malformed" },
    { key: "server-port", name: "with digits of another script", value: "３４２８", why: "malformed" },
    { key: "server-port", name: "that is empty", value: "", why: "malformed" },
    { key: "server-port", name: "of megabytes", value: "3".repeat(4_000_000), why: "longer than 4096 bytes" },
    { key: "server-port", name: "of 4097 bytes", value: "3".repeat(4097), why: "longer than 4096 bytes" },
    { key: "server-port", name: "of 4096 bytes", value: "3".repeat(4096), why: "malformed" },
    { key: "server-port", name: "beyond all ports", value: "65536", why: "65536 is no port that it may have" },
    { key: "server-port", name: "that needs privileges", value: "1023", why: "1023 is no port that it may have" },
    { key: "swarm-port", name: "of another service", value: "3001", why: "3001 is no port that it may have" },
    { key: "tee-release-version", name: "with a quote", value: '2.4.1"\nLD_PRELOAD="/x', why: "malformed" },
    { key: "tee-release-version", name: "older than the image", value: "2.3.40", why: "older than this image" },
    { key: "kms-release-version", name: "older than the image", value: "2.3.40", why: "older than this image" },
    { key: "kms-release-version", name: "of another major version", value: "1.99.99", why: "older than this image" },
    { key: "kms-release-version", name: "that is a candidate", value: "2.5.0-rc.1", why: "release candidate" },
    { key: "kms-release-version", name: "with a zero in front", value: "02.5.0", why: "malformed" },
    { key: "kms-url", name: "without TLS", value: "http://kms.example.com/", why: "malformed" },
    { key: "kms-url", name: "with a user", value: "https://kms.example.com@evil.example/", why: "malformed" },
    { key: "kms-url", name: "with TOML in it", value: 'https://a/"\naccept_mock = true\n"', why: "malformed" },
    { key: "metrics-endpoint", name: "with a query", value: "https://m.example/?a=$HOME", why: "malformed" },
    { key: "logs-endpoint", name: "with blanks", value: "https://l.example/a b", why: "malformed" },
  ])("$key $name is ignored", async ({ key, value, why }) => {
    const { exitCode, log, files } = await read({ [key]: value }, { wrapsKeys: true });
    expect({ exitCode, files }).toEqual({ exitCode: 0, files: DEFAULTS });
    expect(log).toHaveLength(1);
    expect(log[0]).toContain(`${key} ignored`);
    expect(log[0]).toContain(why);
  });

  test("of a host that does not answer are ignored", async () => {
    const { exitCode, log, files } = await read({ "kms-url": SILENT }, { wrapsKeys: true });
    expect({ exitCode, files }).toEqual({ exitCode: 0, files: DEFAULTS });
    expect(log).toEqual(["calimero-metadata: kms-url ignored: no answer of the metadata server in 2 s"]);
  });

  test("cannot put two services on one port", async () => {
    const { log, files } = await read({ "server-port": "2528" });
    expect(files).toEqual(DEFAULTS);
    expect(log).toEqual(["calimero-metadata: server-port and swarm-port ignored: both are 2528"]);
  });

  test("choose no KMS where keys are not sealed to the node", async () => {
    const { log, files } = await read({ "kms-url": KMS });
    expect(files).toEqual(DEFAULTS);
    expect(log[0]).toContain("kms-url ignored: keys are not sealed to the node");
  });

  test("choose a KMS whose host is in the image", async () => {
    const { log, files } = await read({ "kms-url": KMS }, { kmsHosts: "other.example.com\nkms.example.com\n" });
    expect(log).toEqual([]);
    expect(files["node.toml"]).toBe(`[tee.kms.phala]\nurl = "${KMS}/"\n`);
  });

  test("choose no KMS whose host only looks like one of the image", async () => {
    const { files } = await read({ "kms-url": "https://kms-example.com/" }, { kmsHosts: "kms.example.com\n" });
    expect(files["node.toml"]).toBeUndefined();
  });

  test("choose no merod", async () => {
    const { log, files } = await read({ "merod-version": "0.1.0" });
    expect(files).toEqual(DEFAULTS);
    expect(log).toEqual(["calimero-metadata: merod-version refused: the image has its node agent built in"]);
  });

  test("are not read by an image that does not know its version", async () => {
    const { exitCode, files } = await read({}, { version: "latest" });
    expect({ exitCode, files }).toEqual({ exitCode: 1, files: {} });
  });
});
