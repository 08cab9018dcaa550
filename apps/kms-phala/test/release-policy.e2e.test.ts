import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "@mero-tee/tdx-quote/result";
import { type RunningSimulator, startSimulator } from "@mero-tee/tee-simulator/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatListenAddress } from "../src/config/listen-address.ts";
import { createFetchPort } from "../src/fetch-client.ts";
import { type RunningService, type ServiceDeps, type StartFailure, startService } from "../src/service.ts";
import { NO_PIN, pin } from "./config/environment.ts";
import { until } from "./e2e/until.ts";
import { makePeer, NOW, platform } from "./harness.ts";
import { manualClock } from "./manual-clock.ts";
import { bundleOf, POLICY, policyOf, PUBLISHED, sha256, sigstore } from "./policy/release-world.ts";

const POLICY_PATH = "/mero-kms-v2.4.0/kms-phala-attestation-policy.locked-read-only.json";
const RELEASE: Readonly<Record<string, string>> = {
  [POLICY_PATH]: POLICY,
  [`${POLICY_PATH}.sigstore.json`]: bundleOf(POLICY),
  "/mero-tee-v2.4.0/published-mrtds.json": PUBLISHED,
};

let folder: string;
let simulator: RunningSimulator;
let logs: string[];
let pending: (() => void)[];
const servers: Server[] = [];
const running: RunningService[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-release-"));
  simulator = await startSimulator({ platform, now: () => NOW, dstackSocketPath: join(folder, "dstack.sock") });
  await writeFile(join(folder, "trusted-root.json"), sigstore.trustedRoot);
  logs = [];
  pending = [];
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await simulator.close();
  await rm(folder, { recursive: true });
});

/** A server on this machine that answers for a release host. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** Answers with the files of the release, some of them changed. */
function release(changes: Readonly<Record<string, string>> = {}): RequestListener {
  const files: Readonly<Record<string, string>> = { ...RELEASE, ...changes };
  return (request, response) => {
    const text = files[request.url ?? ""];
    response.writeHead(text === undefined ? 404 : 200).end(text ?? "");
  };
}

function start(
  env: Record<string, string | undefined>,
  deps: Partial<ServiceDeps> = {},
): Promise<Result<RunningService, StartFailure>> {
  return startService({
    env: {
      LISTEN_ADDR: "127.0.0.1:0",
      DSTACK_SOCKET_PATH: join(folder, "dstack.sock"),
      MERO_KMS_VERSION: "2.4.0",
      ...env,
    },
    pinFile: NO_PIN,
    clock: manualClock(NOW),
    fetch: createFetchPort(),
    fetchTrusting: createFetchPort,
    schedule(work) {
      pending.push(work);
      return () => undefined;
    },
    logStream: { write: (line) => void logs.push(line) },
    ...deps,
  });
}

async function listen(env: Record<string, string | undefined>, deps: Partial<ServiceDeps> = {}): Promise<string> {
  const started = await start(env, deps);
  if (!started.ok) throw new Error(started.error.lines.join("\n"));
  running.push(started.value);
  return `http://${formatListenAddress(started.value.address)}`;
}

/** A KMS that trusts the tests' Sigstore, as only an image without a pin can. */
async function rehearse(mirror: string, env: Record<string, string> = {}): Promise<string> {
  const trustedRoot = join(folder, "trusted-root.json");
  return await listen({ MERO_TEE_RELEASES_URL: mirror, SIGSTORE_TRUSTED_ROOT_FILE: trustedRoot, ...env });
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

/** What /get-key says to a request that gets no further than the policy: why there is none, or no word of it. */
async function policyState(url: string): Promise<unknown> {
  const request = { challengeId: "0".repeat(32), quoteB64: "AA==", peerId: makePeer().peerId };
  const answer = await post(`${url}/get-key`, { ...request, peerPublicKeyB64: "AA==", signatureB64: "AA==" });
  const body: { readonly error: string; readonly details?: string } = JSON.parse(await answer.text());
  return body.error === "policy_not_ready" ? { status: answer.status, details: body.details } : "ready";
}

function logged(text: string): Promise<void> {
  return until(() => logs.some((line) => line.includes(text)));
}

describe("a KMS with the policy of a release", () => {
  test("takes it from a mirror, compares it with the pinned node release and says who signed it", async () => {
    const url = await rehearse(await serve(release()), { MERO_NODE_POLICY_SHA256: sha256(PUBLISHED) });
    await logged("policy loaded");
    expect(await policyState(url)).toBe("ready");
    const line = logs.find((each) => each.includes("policy loaded")) ?? "";
    expect(JSON.parse(line)).toMatchObject({
      source: "release 2.4.0",
      tag: "2.4.0",
      sha256: sha256(POLICY),
      nodePolicySha256: sha256(PUBLISHED),
      signer: { identity: expect.stringContaining("release-kms-phala.yaml@refs/heads/master"), logIndex: 1_000_021 },
    });
    expect(
      logs.some((each) => each.includes("SIGSTORE_TRUSTED_ROOT_FILE replaces") && each.includes('"level":40')),
    ).toBe(true);
  });

  test("answers everything but /get-key while the release host fails, and is ready once it does not", async () => {
    let isDown = true;
    const up = release();
    const mirror = await serve((request, response) => {
      if (isDown) response.writeHead(502).end("bad gateway");
      else up(request, response);
    });
    const url = await rehearse(mirror);
    await logged("policy-status");
    expect(await policyState(url)).toEqual({ status: 503, details: "the policy could not be downloaded" });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await post(`${url}/attest`, { nonceB64: Buffer.alloc(32).toString("base64") })).status).toBe(200);
    expect((await post(`${url}/challenge`, { peerId: makePeer().peerId })).status).toBe(200);
    isDown = false;
    for (const work of pending.splice(0)) work();
    await logged("policy loaded");
    expect(await policyState(url)).toBe("ready");
  });

  test("does not follow a mirror that leads elsewhere: nobody there is asked", async () => {
    let visits = 0;
    const elsewhere = await serve((request, response) => {
      visits += 1;
      release()(request, response);
    });
    const mirror = await serve((request, response) => {
      response.writeHead(302, { location: `${elsewhere}${request.url ?? ""}?token=planted` }).end();
    });
    const url = await rehearse(mirror);
    await logged("policy-unreachable");
    expect(await policyState(url)).toMatchObject({ status: 503 });
    expect(visits).toBe(0);
    expect(logs.join("")).not.toContain("planted");
  });

  test.each([
    { name: "announced", headers: { "content-length": "104857600" } },
    { name: "not announced", headers: {} },
  ])("stops reading a body of 100 MB, $name", async ({ headers }) => {
    const chunk = Buffer.alloc(65_536, 0x20);
    let sent = 0;
    let isGone = false;
    const mirror = await serve((_request, response) => {
      response.writeHead(200, headers);
      response.once("close", () => (isGone = true));
      const more = (): void => {
        while (sent < 104_857_600 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const url = await rehearse(mirror);
    await logged("policy-too-large");
    expect(await policyState(url)).toEqual({ status: 503, details: "the policy is too large" });
    await until(() => isGone);
    expect(sent).toBeLessThan(104_857_600 / 2);
  });

  test("refuses an edited policy, and never reads its values", async () => {
    const edited = policyOf(({ policy }) => (policy["node_allowed_rtmr3"] = ["ee".repeat(48)]));
    const url = await rehearse(await serve(release({ [POLICY_PATH]: edited })));
    await logged("policy-signature-refused");
    expect(await policyState(url)).toEqual({
      status: 503,
      details: "the signature of the policy is refused: artifact-digest-mismatch",
    });
  });
});

describe("an image that is pinned", () => {
  test("believes the compiled-in Sigstore alone: a pinned policy that another one vouches for is refused", async () => {
    const mirror = await serve(release());
    const env = { MERO_TEE_RELEASES_URL: mirror, MERO_KMS_POLICY_SHA256: sha256(POLICY) };
    const url = await listen(env, { pinFile: pin("locked-read-only") });
    await logged("policy-signature-refused");
    expect(await policyState(url)).toMatchObject({
      status: 503,
      details: expect.stringMatching(/^the signature of the policy is refused: /),
    });
  });

  test("takes no trusted root, no other repository and no unpinned policy", async () => {
    const env = {
      SIGSTORE_TRUSTED_ROOT_FILE: join(folder, "trusted-root.json"),
      MERO_TEE_REPOSITORY: "example/fork",
    };
    const started = await start(env, { pinFile: pin("locked-read-only") });
    const settings = started.ok ? [] : started.error.lines.map((line) => line.split(": ")[1]);
    expect(new Set(settings)).toEqual(
      new Set(["MERO_NODE_POLICY_SHA256", "MERO_TEE_REPOSITORY", "SIGSTORE_TRUSTED_ROOT_FILE", "more"]),
    );
  });

  test("refuses the policy of a release before its own, also from a file", async () => {
    const path = join(folder, "policy.json");
    await writeFile(path, policyOf(undefined, "debug", "2.3.9"));
    const env = { MERO_KMS_VERSION: undefined, MERO_KMS_POLICY_FILE: path };
    const older = await listen(env, { pinFile: pin("debug"), builtAs: "2.4.0" });
    expect(await policyState(older)).toEqual({ status: 503, details: "the policy is older than this image" });
    const same = await listen(env, { pinFile: pin("debug"), builtAs: "2.3.9" });
    expect(await policyState(same)).toBe("ready");
    expect(logs.some((line) => line.includes("the policy is not signed") && line.includes('"level":40'))).toBe(true);
  });
});

describe("a trusted root file", () => {
  test.each([
    { name: "is missing", content: null },
    { name: "is no JSON", content: "no root" },
    { name: "is of another form", content: "{}" },
  ])("that $name refuses to start", async ({ content }) => {
    const path = join(folder, "other-root.json");
    if (content !== null) await writeFile(path, content);
    expect(await start({ SIGSTORE_TRUSTED_ROOT_FILE: path })).toMatchObject({
      ok: false,
      error: { exitCode: 78, lines: [expect.stringMatching(/^kms-phala: SIGSTORE_TRUSTED_ROOT_FILE: /)] },
    });
  });
});
