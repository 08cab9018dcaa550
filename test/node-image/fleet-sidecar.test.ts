import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";
import { SILENT, startMetadataServer, type Attributes, type MetadataServer } from "./metadata-server.ts";

/** What joins a fleet, with a metadata server, a node and a fleet on loopback. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/merotee/files/calimero-fleet", import.meta.url));
const UNIT = fileURLToPath(new URL("../../ansible/roles/merotee/files/units/fleet-sidecar.service", import.meta.url));
const TOKEN = "fleet.Token-0123456789";
const INFO = '{"data":{"mrtd":"ab"}}';
const openssl = await debianProgram("openssl");

let folder: string;
let metadata: MetadataServer;
let node: Server;
let fleet: Server;
/** What the fleet was asked, and how it answers. */
let asked: { readonly authorization: string | undefined; readonly body: string }[] = [];
let answer: { status: number; location?: string } = { status: 204 };
let nodeStatus = 200;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-"));
  metadata = await startMetadataServer();
  node = createServer((request, response) => {
    response.writeHead(request.url === "/admin-api/tee/info" ? nodeStatus : 404).end(INFO);
  });
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  if (openssl === null) return;
  await execa(openssl, [...made, "-keyout", key, "-out", cert, ...subject]);
  fleet = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({ authorization: request.headers.authorization, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location }).end();
    });
  });
  await Promise.all([listen(node), listen(fleet)]);
});
afterAll(async () => {
  metadata.close();
  for (const server of openssl === null ? [] : [node, fleet]) server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  [asked, answer, nodeStatus] = [[], { status: 204 }, 200];
});

async function joining(given: Attributes, url = `https://localhost:${portOf(fleet)}/join`, isTrusted = true) {
  metadata.give(given);
  await writeFile(join(folder, "fleet-url"), `${url}\n`);
  await writeFile(join(folder, "server-port"), `${portOf(node)}\n`);
  const { exitCode, stderr } = await execa("bash", [SCRIPT, metadata.base, folder, folder], {
    reject: false,
    env: isTrusted ? { CURL_CA_BUNDLE: join(folder, "cert.pem") } : {},
  });
  return { exitCode, stderr };
}

const HOSTILE_TOKENS: readonly { readonly name: string; readonly token: Attributes[string] }[] = [
  { name: "with a line break", token: `${TOKEN}\n` },
  { name: "with a header of its own", token: `${TOKEN}\r\nX-Other: 1` },
  { name: "with a configuration of curl", token: `${TOKEN}"\nurl = "file:///etc/shadow` },
  { name: "with shell words", token: `${TOKEN}$(touch /tmp/owned)` },
  { name: "with a zero byte", token: Buffer.from(`${TOKEN}\0`) },
  { name: "that is empty", token: "" },
  { name: "of megabytes", token: "a".repeat(4_000_000) },
  { name: "that never comes", token: SILENT },
];

describe.skipIf(openssl === null)("a node that has a fleet", () => {
  test("joins it with its token, and says what it is", async () => {
    expect(await joining({ "fleet-token": TOKEN })).toEqual({ exitCode: 0, stderr: "calimero-fleet: OK joined" });
    expect(asked).toEqual([{ authorization: `Bearer ${TOKEN}`, body: INFO }]);
  });

  test("joins none without a token", async () => {
    expect(await joining({})).toEqual({
      exitCode: 0,
      stderr: "calimero-fleet: OK no fleet-token: this node joins no fleet",
    });
    expect(asked).toEqual([]);
  });

  test.each(HOSTILE_TOKENS)("sends nothing for a token $name, and fails", async ({ token }) => {
    const { exitCode, stderr } = await joining({ "fleet-token": token });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^calimero-fleet: FAILED (?:fleet-token is|no answer)/);
    expect(asked).toEqual([]);
  });

  test.each([
    { name: "refuses it", status: 403 },
    { name: "fails", status: 500 },
    { name: "leads elsewhere", status: 302, location: "https://example.com/" },
  ])("fails when the fleet $name", async (told) => {
    answer = told;
    expect(await joining({ "fleet-token": TOKEN })).toEqual({
      exitCode: 1,
      stderr: `calimero-fleet: FAILED the fleet did not take this node: status ${told.status}, request ended with 0`,
    });
    expect(asked).toHaveLength(1);
  });

  test("tells nothing to a fleet whose certificate it does not know", async () => {
    const { exitCode, stderr } = await joining({ "fleet-token": TOKEN }, undefined, false);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("FAILED the fleet did not take this node: status 000, request ended with 60");
    expect(asked).toEqual([]);
  });

  test.each(["http://localhost/join", "", "https://a/ https://b/", "file:///etc/shadow"])(
    "fails with an address that is none: %j",
    async (url) => {
      expect(await joining({ "fleet-token": TOKEN }, url)).toEqual({
        exitCode: 1,
        stderr: "calimero-fleet: FAILED the image names no fleet",
      });
    },
  );

  test("fails while merod does not say what it is", async () => {
    nodeStatus = 503;
    const { exitCode, stderr } = await joining({ "fleet-token": TOKEN });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "calimero-fleet: FAILED merod does not say what it is",
    });
    expect(asked).toEqual([]);
  });

  test("has a user of its own, and a failed join is a failed unit", async () => {
    const lines = (await readFile(UNIT, "utf8")).split("\n");
    expect(lines).toEqual(expect.arrayContaining(["User=fleet-sidecar", "Type=oneshot", "Restart=on-failure"]));
    expect(lines.filter((line) => line.startsWith("ExecStart"))).toEqual([
      "ExecStart=/usr/lib/calimero/calimero-fleet http://169.254.169.254/computeMetadata/v1 /usr/lib/calimero /run/calimero",
    ]);
  });
});
