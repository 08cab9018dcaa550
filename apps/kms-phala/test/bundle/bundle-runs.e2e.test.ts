import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeReportData } from "@mero-tee/kms-protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE_NAME, bundleService } from "../../bundle/bundle-service.ts";
import { type Deployment, type KmsProgram, type Part, startDeployment } from "../e2e/deployment.ts";
import { converse } from "../e2e/whole-conversation.ts";
import { makePeer, signRequest } from "../peers.ts";

// The bundle alone, as a process that finds nothing of the workspace: no node_modules above it, nowhere to write.
const BUILD = { version: "2.4.0", commit: "aed4e223e6c3b94322280fef57aa739cd233ca2d" };
const START_MS = 120_000;
/** Of nobody; as root, only another user shows that nothing has to be written. */
const OTHER_UID = 10_001;

let folder: string;
let shared: Omit<KmsProgram, "args">;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-alone-"));
  const { code } = await bundleService(BUILD);
  const readOnly = join(folder, "read-only");
  await mkdir(readOnly);
  await writeFile(join(readOnly, BUNDLE_NAME), code);
  await chmod(readOnly, 0o555);
  await chmod(folder, 0o755);
  const user = process.getuid?.() === 0 ? { uid: OTHER_UID } : {};
  shared = { command: process.execPath, cwd: readOnly, ...user };
}, START_MS);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function withKms(options: readonly string[], work: (deployment: Deployment, kms: Part) => Promise<void>) {
  const deployment = await startDeployment({
    replicas: 1,
    kms: { ...shared, args: [...options, BUNDLE_NAME] },
    env: { NODE_OPTIONS: "" },
  });
  try {
    const [kms] = deployment.replicas;
    if (kms === undefined) throw new Error("no KMS");
    await work(deployment, kms);
  } finally {
    await deployment.close();
  }
}

describe("the bundle as a process of its own", () => {
  test.each([
    { name: "in a directory that it cannot write", options: [] },
    {
      name: "forbidden to write, to start processes and to load native code",
      options: ["--permission", "--allow-fs-read=*"],
    },
  ])(
    "gives a node its key on both wires, $name",
    async ({ options }) => {
      await withKms(options, async (deployment, kms) => {
        const { plain, expectedPlain, wrapped, expectedWrapped } = await converse(deployment, kms);
        expect(plain).toEqual({ status: 200, key: expectedPlain });
        expect(wrapped).toBe(expectedWrapped);
        const ready = await fetch(`http://127.0.0.1:${kms.proxy.port}/ready`);
        expect(await ready.json()).toMatchObject({ build: { ...BUILD, profile: "locked-read-only" } });
        expect(kms.output()).toContain(JSON.stringify(BUILD));
        expect(await readdir(join(folder, "read-only"))).toEqual([BUNDLE_NAME]);
      });
    },
    START_MS,
  );

  test(
    "still refuses who does not prove what it runs",
    async () => {
      await withKms([], async (deployment, kms) => {
        const peer = makePeer();
        const prepared = await deployment.prepare(kms, peer);
        if (prepared === null) throw new Error("no challenge");
        const reportData = nodeReportData(prepared.nonce, peer.peerId);
        const { quote } = await deployment.platform.issueQuote({ reportData, profile: "debug" });
        const answer = await deployment.post(kms, "/get-key", {
          ...prepared.body,
          quoteB64: Buffer.from(quote).toString("base64"),
          signatureB64: signRequest(peer, prepared.body["challengeId"] ?? "", prepared.nonce, quote),
        });
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.body)).toMatchObject({ error: "measurement_policy_rejected" });
      });
    },
    START_MS,
  );
});
