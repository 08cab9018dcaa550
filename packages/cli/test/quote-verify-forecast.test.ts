import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { HttpPort } from "../src/http-client.ts";
import { startCli, type CliProcess } from "./dev-process.ts";
import { memoryFiles } from "./memory-files.ts";
import { policyButForRtmr3 } from "./policy-document.ts";
import { readJson } from "./read-json.ts";
import { documentOf, NO_NETWORK, runInWorld, type Outcome, type World } from "./run-cli.ts";

// A process of its own, on a shared machine.
const LIMIT_MS = 120_000;

/** The simulated platform: its early edition is a bar that it is just below. */
let simulator: CliProcess;
let url: string;
let rootCa: string;
let standard: string;
let early: string;
/** A quote that is up to date, and others by the name of their defect. */
const quotes = new Map<string, string>();

const HTTP: HttpPort = async (address, init) => await fetch(address, init);

async function askForQuote(defect?: string, variant?: number): Promise<string> {
  const body = JSON.stringify({ report_data: "07".repeat(64), defect, variant });
  const answer = await fetch(`${url}/quote`, { method: "POST", body });
  return readJson<{ quote: string }>(await answer.text()).quote;
}

async function fetchBundle(...more: readonly string[]): Promise<string> {
  const args = ["collateral", "fetch", "quote.hex", "--pccs", url, "--root-ca", "root.pem", ...more];
  return (await runInWorld(args, world())).stdout;
}

/** The real time, the loopback network, and the files of the simulated platform. */
function world(files: Readonly<Record<string, string>> = {}, port: HttpPort = HTTP): World {
  const contents = {
    "quote.hex": quotes.get("healthy") ?? "",
    "root.pem": rootCa,
    "collateral.json": standard,
    "early.json": early,
    ...files,
  };
  return { files: memoryFiles(contents), fetch: port, now: new Date().toISOString().replace(/\.\d+Z$/, "Z") };
}

beforeAll(async () => {
  simulator = startCli(["simulator", "start", "--seed", "forecast", "--json"]);
  const ready = await simulator.nextEvent();
  url = String(ready?.["simulatorUrl"]);
  rootCa = await (await fetch(`${url}/root-ca.pem`)).text();
  quotes.set("healthy", await askForQuote());
  quotes.set("tdx-module-out-of-date", await askForQuote("tdx-module-out-of-date"));
  quotes.set("tcb-tdx-component-low", await askForQuote("tcb-tdx-component-low", 1));
  quotes.set("td-debug", await askForQuote("td-debug"));
  standard = await fetchBundle();
  early = await fetchBundle("--early");
}, LIMIT_MS);

afterAll(async () => {
  simulator.child.kill("SIGTERM");
  await simulator.ended;
}, LIMIT_MS);

const OFFLINE = ["--collateral", "collateral.json", "--early-collateral", "early.json"];

async function verify(args: readonly string[], in_: World = world()): Promise<Outcome> {
  return await runInWorld(["quote", "verify", "quote.hex", "--root-ca", "root.pem", ...args], in_);
}

const SHORT = [
  { component: "pcesvn", has: 13, needs: 14 },
  { component: "tdx-module", has: 6, needs: 7 },
];

describe("quote verify --forecast", () => {
  test.each([
    { name: "from two files, without a network", args: OFFLINE, port: NO_NETWORK },
    { name: "from a service, which is asked for the early edition too", args: ["--pccs", ""], port: HTTP },
  ])("adds what the platform will be, $name", async ({ args, port }) => {
    const source = args.map((word) => (word === "" ? url : word));
    const outcome = await verify([...source, "--forecast", "--json"], world({}, port));
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    const document = documentOf(outcome);
    expect(document).toMatchObject({ verified: true, tcbStatus: "UpToDate", failure: null });
    expect(document["forecast"]).toEqual({
      tcbStatus: "OutOfDate",
      tcbEvaluationDataNumber: 19,
      qeTcbEvaluationDataNumber: 19,
      short: SHORT,
      failure: null,
    });
    expect(document["forecastFailure"]).toBeNull();
  });

  test("changes nothing else about the document, and without the flag nothing at all", async () => {
    const plain = documentOf(await verify(["--collateral", "collateral.json", "--json"]));
    expect(plain).not.toHaveProperty("forecast");
    expect(plain).not.toHaveProperty("forecastFailure");
    const { forecast, forecastFailure, ...rest } = documentOf(await verify([...OFFLINE, "--forecast", "--json"]));
    expect([forecast, forecastFailure]).toMatchObject([{}, null]);
    expect(rest).toEqual(plain);
    expect(Object.keys(documentOf(await verify([...OFFLINE, "--forecast", "--json"]))).at(-1)).toBe("failure");
  });

  test("says for people which component will be short, and by how much", async () => {
    const { stdout, exitCode } = await verify([...OFFLINE, "--forecast"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^✓ Verified {2}a genuine TDX quote, TCB status UpToDate\n/);
    expect(stdout).toContain("number 19, today 18");
    expect(stdout).toMatch(/TCB status +OutOfDate\n/);
    expect(stdout).toMatch(/pcesvn +has 13, needs 14\n +tdx-module +has 6, needs 7\n/);
    expect(stdout).not.toContain("nothing new");
  });

  test("says so where nothing new is announced", async () => {
    const same = ["--collateral", "collateral.json", "--early-collateral", "collateral.json", "--forecast"];
    expect((await verify(same)).stdout).toContain("nothing new: today's collateral has the same numbers");
    expect(documentOf(await verify([...same, "--json"]))).toMatchObject({
      forecast: { tcbStatus: "UpToDate", short: [], tcbEvaluationDataNumber: 18, qeTcbEvaluationDataNumber: 18 },
    });
  });

  test("tells the forecast of a genuine quote that a policy refuses", async () => {
    const document = documentOf<{ quote: Record<string, string> }>(
      await verify(["--collateral", "collateral.json", "--json"]),
    );
    const policy = policyButForRtmr3(document.quote, "ab".repeat(48));
    const args = [...OFFLINE, "--forecast", "--policy", "policy.json", "--profile", "debug", "--json"];
    const outcome = await verify(args, world({ "policy.json": policy }));
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      verified: true,
      failure: { code: "policy-mismatch" },
      forecast: { tcbStatus: "OutOfDate", short: SHORT },
    });
  });

  test("is a status for a platform that is behind already, and no status where it will be refused", async () => {
    const behind = world({ "quote.hex": quotes.get("tdx-module-out-of-date") ?? "" });
    expect(documentOf(await verify([...OFFLINE, "--forecast", "--json"], behind))).toMatchObject({
      tcbStatus: "OutOfDate",
      forecast: { short: [SHORT[0], { component: "tdx-module", has: 4, needs: 7 }] },
    });
  });
});

function flippedSignature(): string {
  const bundle = readJson<Record<string, string>>(early);
  const signature = bundle["tcb_info_signature"] ?? "";
  return JSON.stringify({
    ...bundle,
    tcb_info_signature: `${signature.startsWith("0") ? "1" : "0"}${signature.slice(1)}`,
  });
}

/** A service that is out of order for the early edition. */
const withoutEarlyEdition: HttpPort = async (address, init) =>
  address.includes("update=early") ? new Response("", { status: 503 }) : await HTTP(address, init);

describe("what keeps a forecast from being made leaves the verdict alone", () => {
  test.each([
    {
      name: "with a wrong signature",
      content: flippedSignature,
      code: "tcb-info-signature-invalid",
      stage: "tcb-info",
    },
    { name: "that is no bundle", content: () => "[", code: "collateral-malformed", stage: "collateral-parse" },
  ])("early collateral $name", async ({ content, code, stage }) => {
    const bad = world({ "early.json": content() });
    const outcome = await verify([...OFFLINE, "--forecast", "--json"], bad);
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({
      verified: true,
      tcbStatus: "UpToDate",
      forecast: null,
      forecastFailure: { code, stage, message: expect.stringMatching(/\.$/) },
      failure: null,
    });
    const { stdout } = await verify([...OFFLINE, "--forecast"], bad);
    expect(stdout).toMatch(/^✓ Verified/);
    expect(stdout).toContain(`docs/errors.md#${code}`);
  });

  test("early collateral that is older than the standard one", async () => {
    const swapped = ["--collateral", "early.json", "--early-collateral", "collateral.json"];
    const outcome = await verify([...swapped, "--forecast", "--json"]);
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({
      verified: true,
      tcbStatus: "OutOfDate",
      forecast: null,
      forecastFailure: { code: "early-collateral-older", stage: "forecast" },
    });
  });

  test("a service that has no early edition", async () => {
    const outcome = await verify(["--pccs", url, "--forecast", "--json"], world({}, withoutEarlyEdition));
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({
      verified: true,
      forecast: null,
      forecastFailure: { code: "fetch-status", stage: "fetch" },
      failure: null,
    });
  });
});

describe("a quote that does not verify has no forecast", () => {
  test.each([
    { defect: "td-debug", code: "td-debug-enabled" },
    { defect: "tcb-tdx-component-low", code: "tcb-not-supported" },
  ])("$defect", async ({ defect, code }) => {
    const low = world({ "quote.hex": quotes.get(defect) ?? "" });
    const outcome = await verify([...OFFLINE, "--forecast", "--json"], low);
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      verified: false,
      forecast: null,
      forecastFailure: null,
      failure: { code },
    });
  });
});

describe("a platform that falls short today", () => {
  test("is refused with the component, the version seen and the version needed", async () => {
    const low = world({ "quote.hex": quotes.get("tcb-tdx-component-low") ?? "" });
    const sentence = "The platform is below every security version that Intel still lists: tdx[2] is 1, needs 2";
    const { failure } = documentOf<{ failure: { message: string } }>(
      await verify(["--collateral", "collateral.json", "--json"], low),
    );
    expect(failure.message).toContain(sentence);
    expect((await verify(["--collateral", "collateral.json"], low)).stdout).toContain(sentence);
  });

  test("is reported with its components, and a policy's refusal names them", async () => {
    const behind = { "quote.hex": quotes.get("tdx-module-out-of-date") ?? "" };
    const { stdout } = await verify(["--collateral", "collateral.json"], world(behind));
    expect(stdout).toMatch(/Security versions that fall short\n +tdx-module +has 4, needs 6\n/);
    const { quote } = documentOf<{ quote: Record<string, string> }>(
      await verify(["--collateral", "collateral.json", "--json"], world(behind)),
    );
    const policy = policyButForRtmr3(quote, quote["rtmr3"] ?? "");
    const args = ["--collateral", "collateral.json", "--policy", "policy.json", "--profile", "debug", "--json"];
    const outcome = await verify(args, world({ ...behind, "policy.json": policy }));
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      failure: {
        code: "policy-mismatch",
        message: expect.stringContaining("tcbStatus is OutOfDate (tdx-module is 4, needs 6)"),
      },
    });
  });
});

describe("a forecast, misused", () => {
  test.each([
    { name: "early collateral without --forecast", args: ["--early-collateral", "early.json"] },
    {
      name: "a forecast that would have to be fetched in an offline verification",
      args: ["--collateral", "a", "--forecast"],
    },
  ])("refuses $name as usage", async ({ args }) => {
    const outcome = await verify([...args, "--json"]);
    expect(outcome.exitCode).toBe(2);
    expect(documentOf(outcome)).toMatchObject({ failure: { code: "usage-invalid" } });
  });

  test("says 11 when the early bundle is missing", async () => {
    const args = ["--collateral", "collateral.json", "--early-collateral", "absent", "--forecast", "--json"];
    const outcome = await verify(args);
    expect(outcome.exitCode).toBe(11);
    expect(documentOf(outcome)).toMatchObject({ forecast: null, failure: { code: "file-missing" } });
  });
});
