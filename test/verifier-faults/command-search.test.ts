import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpPort } from "../../packages/cli/src/http-client.ts";
import { memoryFiles } from "../../packages/cli/test/memory-files.ts";
import { documentOf, runInWorld } from "../../packages/cli/test/run-cli.ts";
import { decideVerdict, type Step } from "../../packages/appraisal/src/index.ts";
import { formatRfc3339Utc } from "../../packages/tdx-quote/src/index.ts";
import { NOW } from "../appraisal/world.ts";
import { type FaultWorld, startFaultWorld } from "./fault-world.ts";
import { WITHDRAWN_RELEASE } from "./withdrawn-release.ts";

let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld();
}, 120_000);
afterAll(async () => await world.close());

interface Verdict {
  readonly verdict: string;
  readonly steps: readonly Step[];
}

const GITHUB = /^https:\/\/(?:api\.)?github\.com(?=\/)/;

/** The real network, where the simulator stands in for GitHub; what is asked of it is written down. */
function network(asked: string[], change: (url: string) => Response | null = () => null): HttpPort {
  return async (url, init) => {
    if (!GITHUB.test(url)) return await fetch(url, init);
    asked.push(url.replace(GITHUB, ""));
    const [list = "", tag] = url.replace(GITHUB, world.simulator.url).split("/tags/");
    const answer = change(url) ?? (await fetch(list, init));
    return tag === undefined ? answer : await releaseOf(answer, tag);
  };
}

/** GitHub's answer about one tag, out of its list: the simulator has the list alone. */
async function releaseOf(list: Response, tag: string): Promise<Response> {
  const releases: { readonly tag_name: string }[] = JSON.parse(await list.text());
  return json(releases.find(({ tag_name: name }) => name === tag));
}

async function verify(
  fetchPort: HttpPort,
  ...more: readonly string[]
): Promise<{ readonly exitCode: number; readonly document: Verdict }> {
  const { url } = await world.kms();
  const files = memoryFiles({
    "root.pem": world.platform.rootCaPem,
    "sigstore.json": world.simulator.sigstore().trustedRoot,
  });
  const flags = ["--root-ca", "root.pem", "--trusted-root", "sigstore.json", "--pccs", world.simulator.url];
  const outcome = await runInWorld(["verify", "kms", url, ...flags, ...more, "--allow-simulated", "--json"], {
    files,
    fetch: fetchPort,
    now: formatRfc3339Utc(NOW),
  });
  return { exitCode: outcome.exitCode, document: documentOf<Verdict>(outcome) };
}

function statusOf({ steps }: Verdict, id: string): string | undefined {
  return steps.find((step) => step.id === id)?.status;
}

function selectionOf({ steps }: Verdict): string {
  return steps.find(({ id }) => id === "rel.select")?.summary ?? "";
}

const json = (value: unknown): Response =>
  new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });

/** The list of releases with a number of newer ones before it, which do not exist. */
async function listed(newer: number): Promise<(url: string) => Response | null> {
  const answer = await fetch(`${world.simulator.url}/repos/calimero-network/mero-tee/releases`);
  const own: unknown[] = JSON.parse(await answer.text());
  const others = Array.from({ length: newer }, (_, index) => ({ tag_name: `mero-kms-v1.${index}.0`, assets: [] }));
  return (url) => (url.includes("/releases?") ? json([...own, ...others]) : null);
}

const catalog =
  (answer: () => Response) =>
  (url: string): Response | null =>
    url.endsWith("/contents/compatibility-catalog.json") ? answer() : null;

describe("mero-tee verify kms, of a release that was withdrawn", () => {
  test.each([
    { name: "which nobody names", more: [] },
    { name: "which is asked for", more: ["--version", "0.0.0"] },
  ])("$name: a warning, with the reason", async ({ more }) => {
    const asked: string[] = [];
    const { document } = await verify(
      network(
        asked,
        catalog(() => json({ schema_version: 1, releases: [WITHDRAWN_RELEASE] })),
      ),
      ...more,
    );
    expect(asked).toContain("/repos/calimero-network/mero-tee/contents/compatibility-catalog.json");
    expect(document.steps.find(({ id }) => id === "rel.select")).toMatchObject({
      status: "warn",
      code: "release-withdrawn",
      summary: 'mero-kms-v0.0.0 was withdrawn: "it leaks keys".',
    });
    expect(decideVerdict(document.steps, "production", new Set()).verdict).toBe("caution");
  });

  test.each([
    { name: "does not exist", answer: () => new Response("no", { status: 404 }) },
    { name: "is none", answer: () => json({ releases: "all of them" }) },
    { name: "comes from another host", answer: () => Response.redirect("https://evil.example/catalog") },
  ])("says that nobody knows, where the catalog $name", async ({ answer }) => {
    const { exitCode, document } = await verify(network([], catalog(answer)), "--version", "0.0.0");
    expect(exitCode).toBe(0);
    const selected = document.steps.find(({ id }) => id === "rel.select");
    expect(selected?.status).toBe("pass");
    expect(selected?.evidence.find(({ label }) => label === "Taken from")?.value).toBe(
      "calimero-network/mero-tee, without the catalog that names the withdrawn ones",
    );
  });
});

describe("mero-tee verify kms, where nobody names a release", () => {
  test("finds the one that runs there, among others of this lane", async () => {
    const asked: string[] = [];
    const { exitCode, document } = await verify(network(asked));
    expect({ exitCode, verdict: document.verdict }).toEqual({ exitCode: 0, verdict: "simulated" });
    expect(selectionOf(document)).not.toContain("not the newest");
    for (const id of ["rel.select", "rel.sigstore", "rel.measurements"]) expect(statusOf(document, id)).toBe("pass");
    expect(asked.filter((path) => path.includes("/mero-tee-v"))).toEqual([]);
  });

  test("looks no further than twelve releases", async () => {
    const { exitCode, document } = await verify(network([], await listed(12)));
    expect(exitCode).toBe(10);
    expect(statusOf(document, "rel.select")).toBe("skip");
    const found = await verify(network([], await listed(11)));
    expect(found.exitCode).toBe(0);
    expect(selectionOf(found.document)).toContain('It is not the newest: "mero-kms-v1.10.0" is listed.');
  });

  test("says so where the host is down, and decides nothing", async () => {
    const { exitCode, document } = await verify(network([], () => new Response("no", { status: 500 })));
    expect(exitCode).toBe(10);
    expect(statusOf(document, "rel.select")).toBe("error");
  });
});
