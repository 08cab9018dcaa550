import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { problemSchema } from "../../src/wire/problem-schema.ts";
import { createWorld } from "../service-world.ts";
import { SSRF_TABLE } from "./ssrf-table.ts";

/** What became of a target: the reason for which it was refused, or the first address that was dialled. */
async function decide(body: Record<string, unknown>, answers?: readonly string[]) {
  const names = answers === undefined ? {} : { "a.phala.network": [answers] };
  const world = createWorld({ names });
  const response = await world.post("/api/verify", { v: 2, ...body });
  const { code, reason } = problemSchema.parse(await response.json());
  return { world, code, reason, status: response.status };
}

/** A listener on loopback that counts the bytes it gets. */
async function listen() {
  let bytes = 0;
  const server = createServer((socket) =>
    socket.on("data", (chunk) => (bytes += chunk.length)).on("error", () => undefined),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    received: () => bytes,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe("POST /api/verify with the default configuration", () => {
  // Mistake 17.
  test.each(SSRF_TABLE)("row $row: $kind $url", async ({ kind, url, answers, decision }) => {
    const { world, ...problem } = await decide({ [`${kind}_url`]: url }, answers);
    // Nothing is behind an allowed address: that it was dialled is the decision.
    const expected =
      typeof decision === "string"
        ? { status: 403, code: "target_refused", reason: decision, dialled: [] }
        : { status: 502, code: "target_unreachable", reason: undefined, dialled: [decision.dials] };
    expect({ ...problem, dialled: world.dialled }).toEqual(expected);
  });

  test("has a row for every number of the table but those with tests of their own", () => {
    const covered = new Set(SSRF_TABLE.map(({ row }) => row));
    const missing = Array.from({ length: 59 }, (_, index) => index + 1).filter((row) => !covered.has(row));
    expect(missing).toEqual([25, 26, 59]);
  });

  test("row 25: a name is looked up once, so a second answer is never asked for", async () => {
    const world = createWorld({ names: { "a.phala.network": [["34.65.1.1"], ["127.0.0.1"]] } });
    await world.post("/api/verify", { v: 2, kms_url: "https://a.phala.network" });
    expect({ lookups: world.lookups, dialled: world.dialled }).toEqual({
      lookups: ["a.phala.network"],
      dialled: ["34.65.1.1:443"],
    });
  });

  test("tries two addresses at most, one of each kind first", async () => {
    const answers = ["34.65.1.1", "34.65.1.2", "2600:1901::1", "2600:1901::2"];
    const { world } = await decide({ kms_url: "https://a.phala.network" }, answers);
    expect(world.dialled).toEqual(["2600:1901::1:443", "34.65.1.1:443"]);
  });

  test.each([
    {
      name: "more answers than anyone needs",
      answers: Array.from({ length: 17 }, (_, index) => `34.65.1.${index}`),
      reason: "dns_mixed",
    },
    { name: "a mapped private address", answers: ["::ffff:10.0.0.1"], reason: "address_forbidden" },
    { name: "NAT64 of the metadata service", answers: ["64:ff9b::a9fe:a9fe"], reason: "address_forbidden" },
    { name: "an address of a tunnel", answers: ["2002:7f00:1::"], reason: "address_forbidden" },
    { name: "an address with a zone", answers: ["fe80::1%eth0"], reason: "address_forbidden" },
    { name: "no address at all", answers: ["localhost"], reason: "address_forbidden" },
  ])("refuses a name that resolves to $name", async ({ answers, reason }) => {
    const { world, ...problem } = await decide({ kms_url: "https://a.phala.network" }, answers);
    expect(problem).toEqual({ status: 403, code: "target_refused", reason });
    expect(world.dialled).toEqual([]);
  });

  test("judges a mapped public address by the address inside, and dials what was answered", async () => {
    const { world } = await decide({ kms_url: "https://a.phala.network" }, ["::ffff:34.65.1.1"]);
    expect(world.dialled).toEqual(["::ffff:34.65.1.1:443"]);
  });

  test("drops a connection whose other end is not the address that was chosen", async () => {
    const listener = await listen();
    const redirected = createWorld({
      hosts: { "34.65.1.1": listener.port },
      names: { "a.phala.network": [["34.65.1.1"]] },
      remoteAddress: () => "127.0.0.1",
    });
    const response = await redirected.post("/api/verify", { v: 2, kms_url: "https://a.phala.network" });
    expect(await response.json()).toMatchObject({ code: "target_refused", reason: "address_forbidden" });
    expect(listener.received()).toBe(0);
    await listener.close();
  });

  test("refuses to ask itself, by the name under which it was asked and by those of its deployment", async () => {
    const world = createWorld({
      env: {
        KMS_ALLOWED_HOSTS: ".calimero.network,.vercel.app",
        VERCEL_URL: "verifier-1.vercel.app",
      },
    });
    for (const url of ["https://verifier.calimero.network", "https://verifier-1.vercel.app/"]) {
      const response = await world.post("/api/verify", { v: 2, kms_url: url });
      expect(await response.json()).toMatchObject({ code: "target_refused", reason: "host_not_allowed" });
    }
    expect(world.lookups).toEqual([]);
  });
});
