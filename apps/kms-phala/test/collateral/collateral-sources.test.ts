import { once } from "node:events";
import { createServer } from "node:https";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDstackAgent } from "@mero-tee/tee-simulator/server";
import { createCollateralVerifier, type FetchPort } from "@mero-tee/tdx-quote/collateral";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFileCollateralSource } from "../../src/collateral/collateral-file-store.ts";
import { logCollateral } from "../../src/collateral/collateral-log.ts";
import { COLLATERAL_WAIT_MS, createCollateralSources } from "../../src/collateral/collateral-sources.ts";
import { createDstackAgent } from "../../src/dstack-client.ts";
import { createEvidence } from "../../src/evidence.ts";
import { createFetchPort } from "../../src/fetch-client.ts";
import type { TlsKey } from "../../src/guest-agent.ts";
import { NOW, platform } from "../harness.ts";

let folder: string;
const PLATFORM = { fmspc: platform.fmspc, ca: platform.ca } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-collateral-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("the sources of the settings", () => {
  test("come in their order, and each channel asks for its own edition", async () => {
    const urls: string[] = [];
    const portOf =
      (name: string): FetchPort =>
      (url) => {
        urls.push(`${name} ${url}`);
        return Promise.reject(new Error("no network"));
      };
    const ports = { fetch: portOf("plain"), fetchFromPccs: portOf("pccs") };
    for (const channel of ["standard", "early"] as const) {
      const sources = createCollateralSources(
        [
          { kind: "files", directory: folder },
          { kind: "pccs", url: "https://pccs.example:8081/base" },
          { kind: "intel" },
        ],
        channel,
        ports,
      );
      expect(sources.map(({ name }) => name)).toEqual(["files", "pccs pccs.example:8081", "intel"]);
      for (const source of sources) await source.fetchCollateral(PLATFORM);
    }
    const { fmspc } = PLATFORM;
    expect(urls.filter((url) => url.includes("/tcb?"))).toEqual([
      `pccs https://pccs.example:8081/base/tdx/certification/v4/tcb?fmspc=${fmspc}`,
      `plain https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=${fmspc}`,
      `pccs https://pccs.example:8081/base/tdx/certification/v4/tcb?fmspc=${fmspc}&update=early`,
      `plain https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=${fmspc}&update=early`,
    ]);
  });

  test("leave a key release well within the 30 s of a node, together with all else that it may wait for", () => {
    const [turn, challengeStore, guestAgent] = [5_000, 2_500, 6_000];
    expect(turn + challengeStore + COLLATERAL_WAIT_MS + 2 * guestAgent).toBeLessThan(30_000);
  });
});

function bundleFile(suffix = ".json"): string {
  return join(folder, `${PLATFORM.fmspc}-${PLATFORM.ca}${suffix}`);
}

describe("collateral in files", () => {
  const verify = createCollateralVerifier(new Uint8Array(platform.rootCa));

  test("is read anew for each fetch, and verifies as if it had been fetched", async () => {
    const files = createFileCollateralSource(folder, "standard");
    expect(await files.fetchCollateral(PLATFORM)).toMatchObject({
      ok: false,
      error: { code: "fetch-failed", facts: { subject: "collateral file", reason: "ENOENT" } },
    });
    await writeFile(bundleFile(), JSON.stringify(await platform.collateral()));
    const bundle = await files.fetchCollateral(PLATFORM);
    if (!bundle.ok) throw new Error(bundle.error.code);
    expect(await verify(bundle.value, NOW)).toMatchObject({ ok: true, value: { fmspc: PLATFORM.fmspc } });
  });

  test("has a file of its own for the early channel", async () => {
    const early = createFileCollateralSource(folder, "early");
    expect((await early.fetchCollateral(PLATFORM)).ok).toBe(false);
    await writeFile(bundleFile(".early.json"), JSON.stringify(await platform.collateral()));
    expect((await early.fetchCollateral(PLATFORM)).ok).toBe(true);
  });

  test("is refused where it is no bundle, and where it is larger than one", async () => {
    const other = { fmspc: "001122334455", ca: "platform" } as const;
    const files = createFileCollateralSource(folder, "standard");
    await writeFile(join(folder, "001122334455-platform.json"), "{}");
    expect(await files.fetchCollateral(other)).toMatchObject({ ok: false, error: { code: "collateral-malformed" } });
    await writeFile(join(folder, "001122334455-platform.json"), Buffer.alloc(25_165_825, " "));
    expect(await files.fetchCollateral(other)).toMatchObject({
      ok: false,
      error: { facts: { reason: "larger than a bundle can be" } },
    });
    await mkdir(join(folder, "001122334456-platform.json"));
    expect((await files.fetchCollateral({ ...other, fmspc: "001122334456" })).ok).toBe(false);
  });

  test("is looked for in its directory only, whatever a platform calls itself", async () => {
    const files = createFileCollateralSource(join(folder, "inner"), "standard");
    await mkdir(join(folder, "inner"));
    const { fmspc, ca } = PLATFORM;
    expect(await files.fetchCollateral({ fmspc: `../${fmspc}`, ca })).toMatchObject({
      ok: false,
      error: { facts: { reason: "FMSPC is not 12 hex digits" } },
    });
  });
});

/** A server key for localhost, certified by an authority of its own. */
async function serverKey(profile: "debug" | "locked-read-only"): Promise<TlsKey> {
  const simulated = await startDstackAgent({
    socketPath: join(folder, `${profile}.sock`),
    guest: platform.bootGuest(profile),
    now: () => Math.floor(Date.now() / 1000),
    onBug: (error) => {
      throw error;
    },
  });
  const issued = await createDstackAgent({ socketPath: simulated.socketPath }).tlsKey(["localhost"]);
  await simulated.close();
  if (!issued.ok) throw new Error(issued.error.reason);
  return issued.value;
}

function authorityOf({ chainPem }: TlsKey): string {
  return chainPem.at(-1) ?? "";
}

describe("a PCCS with a certificate of its own authority", () => {
  test("is spoken to with that authority, and refused without it or with another", async () => {
    const own = await serverKey("locked-read-only");
    const foreign = await serverKey("debug");
    const server = createServer(
      { key: own.keyPem.use((pem) => Buffer.from(pem)), cert: own.chainPem.join("\n") },
      (_request, response) => response.writeHead(404).end(),
    );
    server.listen(0, "localhost");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const codeWith = async (fetchFromPccs: FetchPort): Promise<string> => {
      const ports = { fetch: () => expect.unreachable(), fetchFromPccs };
      const [source] = createCollateralSources([{ kind: "pccs", url: `https://localhost:${port}` }], "standard", ports);
      const fetched = await source?.fetchCollateral(PLATFORM);
      return fetched?.ok === false ? `${fetched.error.code} ${fetched.error.facts.actual ?? ""}` : "fetched";
    };
    expect(await codeWith(createFetchPort(authorityOf(own)))).toBe("fetch-status 404");
    expect(await codeWith(createFetchPort())).toBe("fetch-failed ");
    expect(await codeWith(createFetchPort(authorityOf(foreign)))).toBe("fetch-failed ");
    server.close();
    server.closeAllConnections();
  });
});

describe("the time that sources take", () => {
  test("is not waited for without end; what comes late serves the next request", async () => {
    const late = Promise.withResolvers<void>();
    const evidence = createEvidence({
      sources: [
        {
          name: "slow",
          async fetchCollateral() {
            await late.promise;
            return { ok: true, value: await platform.collateral() };
          },
        },
      ],
      waitMs: 10,
      maxWaits: 64,
      now: () => NOW,
      rootCa: new Uint8Array(platform.rootCa),
    });
    expect(await evidence.collateralFor(PLATFORM)).toMatchObject({
      ok: false,
      error: { facts: { reason: "no source answered in time" } },
    });
    late.resolve();
    await evidence.refreshDue();
    expect((await evidence.collateralFor(PLATFORM)).ok).toBe(true);
  });
});

// The next recovery has a higher number: in one cache with it, every standard set would pass for a rollback.
const raised = await createSimulatedPlatform({
  seed: "kms-phala",
  now: NOW,
  adjust({ tcbInfo, qeIdentity }) {
    tcbInfo.document.tcbEvaluationDataNumber += 1;
    qeIdentity.document.tcbEvaluationDataNumber += 1;
  },
});

describe("the early channel", () => {
  test("is kept apart, fetched for platforms that are held, and no verdict rests on it", async () => {
    let now = NOW;
    const asked: string[] = [];
    const statuses: unknown[] = [];
    const sourceOf = (name: string, of: typeof platform) => ({
      name,
      async fetchCollateral() {
        asked.push(name);
        return { ok: true, value: await of.collateral({ now }) } as const;
      },
    });
    const evidence = createEvidence({
      sources: [sourceOf("standard", platform)],
      earlySources: [sourceOf("early", raised)],
      observe: (status) =>
        logCollateral({ info: (facts: unknown) => statuses.push(facts), warn: () => expect.unreachable() }, status),
      maxWaits: 64,
      now: () => now,
      rootCa: new Uint8Array(platform.rootCa),
    });
    await evidence.refreshDue();
    expect(asked).toEqual([]);
    await evidence.collateralFor(PLATFORM);
    expect(asked).toEqual(["standard"]);
    await evidence.refreshDue();
    await evidence.refreshDue();
    expect(asked).toEqual(["standard", "early"]);
    expect(evidence.heldEarly(PLATFORM)?.tcbInfo.tcbEvaluationDataNumber).toBeGreaterThan(0);
    expect(evidence.heldEarly({ fmspc: "001122334455" })).toBe(null);
    const [standard] = evidence.condition().platforms;
    const [early] = evidence.earlyCollateral();
    const numberOf = (status: typeof standard): number => status?.tcbEvaluationDataNumber?.tcbInfo ?? Number.NaN;
    expect(numberOf(early)).toBe(numberOf(standard) + 1);
    expect([standard?.channel, early?.channel]).toEqual(["standard", "early"]);
    expect(statuses).toMatchObject([{ channel: "standard" }, { channel: "early" }]);

    now += 7 * 3600;
    await evidence.refreshDue();
    expect(asked).toEqual(["standard", "early", "standard"]);
    expect(evidence.condition().platforms).toMatchObject([{ ageSeconds: 0, discardedAsOlder: 0 }]);
  });
});

describe("the log of collateral", () => {
  test("warns of a source that gives nothing, also where the next one helps, and names it with its reason", async () => {
    const lines: unknown[] = [];
    const log = {
      info: (...line: readonly unknown[]) => lines.push(["info", ...line]),
      warn: (...line: readonly unknown[]) => lines.push(["warn", ...line]),
    };
    let isDown = false;
    const down = createFileCollateralSource(join(folder, "nowhere"), "standard");
    const evidence = createEvidence({
      sources: [
        down,
        {
          name: "intel",
          fetchCollateral: async (asked) =>
            isDown ? down.fetchCollateral(asked) : { ok: true, value: await platform.collateral() },
        },
      ],
      observe: (status) => logCollateral(log, status),
      maxWaits: 64,
      now: () => NOW,
      rootCa: new Uint8Array(platform.rootCa),
    });
    await evidence.collateralFor(PLATFORM);
    isDown = true;
    await evidence.collateralFor({ ...PLATFORM, fmspc: "001122334499" });
    const failed = { source: "files", code: "fetch-failed", subject: "collateral file", reason: "ENOENT" };
    expect(lines).toMatchObject([
      ["warn", { source: "intel", state: "valid", failed: [failed] }, "a source gave no collateral"],
      ["warn", { source: null, state: "absent", failed: [failed, { source: "intel" }] }, "no source gave collateral"],
    ]);
    expect(JSON.stringify(lines)).not.toContain(folder);
  });
});
