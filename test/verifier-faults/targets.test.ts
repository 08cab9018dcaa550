import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen, type LoopbackServer } from "../../apps/verifier-api/test/simulated-world.ts";
import { createTlsIssuer } from "../../packages/tee-simulator/src/server/index.ts";
import { type FaultWorld, startFaultWorld } from "./fault-world.ts";
import { stepsOf } from "./page.ts";

/** What a KMS does instead of answering, what the page is told, and that it is well once the KMS is. */
let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld();
}, 120_000);
afterAll(async () => await world.close());

interface TargetRow {
  readonly name: string;
  readonly code: string;
  readonly answer: (response: ServerResponse) => void;
  /** How long the API waits at most; its own default where absent. */
  readonly timeoutMs?: number;
}

const JSON_TYPE = { "content-type": "application/json" };
const drips: NodeJS.Timeout[] = [];

afterAll(() => drips.forEach((timer) => clearInterval(timer)));

const ROWS: readonly TargetRow[] = [
  { name: "a KMS that says nothing", code: "target_timeout", answer: () => undefined, timeoutMs: 300 },
  {
    name: "a KMS that answers a byte at a time",
    code: "target_timeout",
    answer(response) {
      response.writeHead(200, JSON_TYPE);
      drips.push(setInterval(() => response.write(" "), 50));
    },
  },
  {
    name: "a KMS that announces 5 GiB",
    code: "target_bad_body",
    answer: (response) =>
      response.writeHead(200, { ...JSON_TYPE, "content-length": String(5 * 2 ** 30) }).flushHeaders(),
  },
  {
    name: "a KMS that sends without end",
    code: "target_bad_body",
    answer(response) {
      response.writeHead(200, JSON_TYPE);
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", more);
      more();
    },
  },
  {
    name: "a KMS that compresses its answer",
    code: "target_bad_body",
    answer: (response) => void response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end("{}"),
  },
  {
    name: "a KMS that refuses",
    code: "target_bad_status",
    answer: (response) => void response.writeHead(403, JSON_TYPE).end('{"quoteB64":"AAAA"}'),
  },
  {
    name: "a KMS that answers without a quote",
    code: "attestation_unusable",
    answer: (response) => void response.writeHead(200, JSON_TYPE).end("{}"),
  },
];

describe("a target that gives no evidence gives no result", () => {
  test.each(ROWS)("$name: $code, and a check once it is well", async ({ code, answer, timeoutMs }) => {
    let isWell = false;
    const target = await listen((request, response) => {
      if (!isWell) return answer(response);
      // Now it is a healthy one behind the same address.
      void (async () => {
        const asked: { nonceB64: string } = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
        const healthy = await world.answer(Buffer.from(asked.nonceB64, "base64"));
        response.writeHead(200, JSON_TYPE).end(JSON.stringify(healthy));
      })();
    });
    const api = world.serve(timeoutMs === undefined ? {} : { env: { TARGET_TIMEOUT_MS: String(timeoutMs) } });
    expect(await world.askAt(target.url, api)).toMatchObject({ ok: false, error: { code } });
    isWell = true;
    const again = await world.askAt(target.url, world.serve());
    expect(again.ok && again.value.report.verdict).toBe("simulated");
    expect(again.ok && stepsOf(again.value)).toMatchObject({ "fresh.nonce": "pass", "rel.measurements": "pass" });
  });

  test("a KMS that redirects to a loopback address: that address sees no connection", async () => {
    let connections = 0;
    const inside = await listen((_request, response) => {
      connections += 1;
      response.end("{}");
    });
    const target = await listen((_request, response) => void response.writeHead(302, { location: inside.url }).end());
    expect(await world.askAt(target.url, world.serve())).toMatchObject({
      ok: false,
      error: { code: "target_redirected" },
    });
    expect(connections).toBe(0);
  });

  test("a KMS that is down", async () => {
    expect(await world.askAt("http://127.0.0.1:9", world.serve())).toMatchObject({
      ok: false,
      error: { code: "target_unreachable" },
    });
  });

  test("a KMS whose name has no address", async () => {
    const api = world.serve({ env: { KMS_ALLOWED_HOSTS: ".phala.network" }, names: { "gone.phala.network": [[]] } });
    expect(await world.askAt("https://gone.phala.network", api)).toMatchObject({
      ok: false,
      error: { code: "target_unreachable" },
    });
    expect(api.dialled).toEqual([]);
  });

  test("a KMS whose name leads inside, too", async () => {
    const names = { "both.phala.network": [["34.65.123.45", "10.0.0.5"]] };
    const api = world.serve({ env: { KMS_ALLOWED_HOSTS: ".phala.network", ALLOW_PRIVATE_TARGETS: "0" }, names });
    expect(await world.askAt("https://both.phala.network", api)).toMatchObject({
      ok: false,
      error: { code: "target_refused", facts: ["HTTP 403", "dns_mixed"] },
    });
    expect(api.dialled).toEqual([]);
  });

  test("a KMS with a certificate of nobody's", async () => {
    const target = await serveTls("a.phala.network");
    const api = world.serve({
      env: { KMS_ALLOWED_HOSTS: ".phala.network" },
      names: { "a.phala.network": [["34.65.123.45"]] },
      hosts: { "34.65.123.45": target.port },
    });
    expect(await world.askAt("https://a.phala.network", api)).toMatchObject({
      ok: false,
      error: { code: "target_unreachable" },
    });
    expect(api.dialled).toEqual(["34.65.123.45:443"]);
  });
});

/** A server whose certificate no public authority issued. */
async function serveTls(name: string): Promise<Pick<LoopbackServer, "port">> {
  const now = Math.floor(Date.now() / 1000);
  const issuer = createTlsIssuer(new Uint8Array(32).fill(3));
  const issued = issuer.issue({
    subject: name,
    altNames: [name],
    serverAuth: true,
    clientAuth: false,
    notBefore: now - 60,
  });
  if (!issued.ok) throw new Error(issued.error);
  const { key, certificate_chain: chain } = issued.value;
  const server = createServer({ key, cert: chain.join("\n") }, (_request, response) => void response.end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => server.close());
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0 };
}
