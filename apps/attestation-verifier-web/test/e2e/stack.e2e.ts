import { DEFAULT_BINDING_LABEL } from "@mero-tee/policy";
import { createHash } from "node:crypto";
import type { IssueQuoteOptions } from "@mero-tee/tee-simulator";
import type { ServerResponse } from "node:http";
import type { Browser } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { findings } from "./axe-findings.ts";
import { launchChromium } from "./chromium.ts";
import type { Corruption } from "./courier.ts";
import { countConnections, type IllTarget, JSON_TYPE, startIllTarget } from "./ill-target.ts";
import { saveEvidence } from "./save-evidence.ts";
import { startStack, type Stack } from "./stack.ts";
import { openPage, stepsOn, verdictOn, type WatchedPage } from "./watched-page.ts";

let stack: Stack;
let browser: Browser;
let watched: WatchedPage | null = null;
let ill: IllTarget;
let inside: { readonly url: string; connections: number; stop(): void };

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchChromium()]);
  ill = await startIllTarget(stack.kmsUrl);
  inside = await countConnections();
});
afterEach(async () => {
  stack.courier.reset();
  stack.simulator.changeTokens({});
  await watched?.close();
  watched = null;
});
afterAll(async () => {
  await browser.close();
  ill.stop();
  inside.stop();
  await stack.stop();
});

/** Opens the page, asks for a check, and waits until there is an answer. */
async function check(
  kind: "kms" | "node",
  url = kind === "kms" ? stack.kmsUrl : stack.simulator.url,
): Promise<WatchedPage> {
  watched = await openPage(browser, stack.courier.url, { serviceWorkers: "block" });
  const { page } = watched;
  await page.goto(`${stack.courier.url}/${kind}`);
  await page.getByRole("textbox", { name: /Address/ }).fill(url);
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await page.locator("h1:not(:has-text('Checking'))").waitFor();
  return watched;
}

const BINDING = createHash("sha256").update(DEFAULT_BINDING_LABEL).digest();

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return Object.fromEntries(Object.entries(value));
}

/** Changes the attester's answer on its way through the API. */
function attestation(change: (held: Record<string, unknown>) => Record<string, unknown>): Corruption {
  return (json) => ({
    ...json,
    attestation: { ...object(json["attestation"]), ...change(object(json["attestation"])) },
  });
}

function events(held: Record<string, unknown>): Record<string, unknown>[] {
  const { eventLog: log } = held;
  const entries: unknown = typeof log === "string" ? JSON.parse(log) : log;
  if (!Array.isArray(entries)) throw new TypeError("no event log");
  return entries.map(object);
}

const tampered = (change: (log: Record<string, unknown>[]) => Record<string, unknown>[]): Corruption =>
  attestation((held) => ({ eventLog: change(events(held)) }));

function isRuntime(event: Record<string, unknown>): boolean {
  return event["imr"] === 3;
}

describe("an honest stack", () => {
  test.each(["kms", "node"] as const)(
    "a %s of a simulated platform comes out as simulated, with every check held",
    async (kind) => {
      const { page, foreignHosts, complaints } = await check(kind);
      expect(await verdictOn(page)).toBe("simulated");
      const steps = await stepsOn(page);
      const noted = Object.entries(steps).filter(([, status]) => status !== "pass" && status !== "info");
      // The simulated machine is just below the next bar; a node has neither event log nor composition.
      const expected = kind === "kms" ? /^tcb\.baseline$/ : /^(?:tcb\.baseline|log\.\w+|app\..+|rel\.compat)$/;
      expect(noted.filter(([id]) => !expected.test(id))).toEqual([]);
      expect(steps["tcb.baseline"]).toBe("warn");
      expect(await page.title()).toContain("[SIMULATED]");
      expect(page.url()).toContain("sim=1");
      expect([...foreignHosts]).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  test("a simulated report has no word of praise and no tick", async () => {
    const { page } = await check("kms");
    await page.locator("details").evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
    const words = await page.locator("body").innerText();
    expect(words.match(/verified|genuine|trusted/gi)).toBeNull();
    expect(await page.locator("[data-tick]").count()).toBe(0);
  });

  test("sends the address and a random challenge, and nothing else of the reader", async () => {
    await check("kms");
    const body: unknown = JSON.parse(stack.courier.asked.find(({ path }) => path === "/api/verify")?.body ?? "{}");
    expect(Object.keys(object(body)).toSorted()).toEqual(["collateral", "ita", "kms_url", "nonce_b64", "v"]);
  });

  // Mistake 20.
  test("opening a link fills the form, focuses nothing by force, and asks nobody", async () => {
    watched = await openPage(browser, stack.courier.url, { serviceWorkers: "block" });
    await watched.page.goto(
      `${stack.courier.url}/?kms_url=${encodeURIComponent(stack.kmsUrl)}&release_tag=mero-kms-v2.4.0`,
    );
    await expect.poll(() => watched?.page.url()).toContain("/kms#v=1&k=kms&u=");
    expect(new URL(watched.page.url()).search).toBe("");
    expect(await watched.page.getByRole("textbox", { name: "Address of the KMS" }).inputValue()).toBe(stack.kmsUrl);
    expect(stack.courier.asked.filter(({ path }) => path === "/api/verify")).toEqual([]);
  });

  test("saved evidence opens again, without a network, and says what it came to then and today", async () => {
    const { page } = await check("kms");
    const { name, bytes } = await saveEvidence(page);
    expect(name).toMatch(/^SIMULATED-mero-evidence-kms-/);
    await page.getByRole("link", { name: "Files" }).click();
    stack.courier.reset();
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({ name: "evidence.json", mimeType: "application/json", buffer: bytes });
    await page.getByText("evidence file of this verifier").waitFor();
    await page.getByRole("button", { name: "Check these files" }).click();
    await page.getByText("when this was saved").waitFor();
    expect(await verdictOn(page)).toBe("simulated");
    expect(stack.courier.asked).toEqual([]);

    const edited = bytes.toString().replace('"verdict": "simulated"', '"verdict": "verified"');
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("button", { name: "Remove all" }).click();
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({ name: "edited.json", mimeType: "application/json", buffer: Buffer.from(edited) });
    await page.getByRole("button", { name: "Check these files" }).click();
    await page.getByText("it was changed after it was saved").waitFor();
    expect(await verdictOn(page)).toBe("simulated");
  });

  test("a node's answer in a file is judged by the hash of the application that it was asked for", async () => {
    stack.simulator.installApplication("app-1", new Uint8Array(32).fill(7));
    const nonce = "0a".repeat(32);
    const answer = await fetch(`${stack.simulator.url}/admin-api/tee/attest`, {
      method: "POST",
      headers: JSON_TYPE,
      body: JSON.stringify({ nonce, applicationId: "app-1" }),
    });
    watched = await openPage(browser, stack.courier.url, { serviceWorkers: "block" });
    const { page, complaints } = watched;
    await page.goto(`${stack.courier.url}/offline`);
    const file = { name: "answer.json", mimeType: "application/json", buffer: Buffer.from(await answer.text()) };
    await page.locator("input[type=file]").first().setInputFiles(file);
    await page.getByLabel("The challenge that was sent").fill(nonce);
    await page.getByLabel("Fetch Intel's reference data").check();
    await page.getByText("Options").click();
    const hash = page.getByLabel("Hash of an application's bytecode");
    expect(await hash.count()).toBe(0);
    await page.getByLabel("A node").check();
    expect(await page.getByLabel("Application id").count()).toBe(0);
    await hash.fill("07");
    await page.getByRole("button", { name: "Check these files" }).click();
    await page.getByText("The hash of an application's bytecode is 32 bytes: 64 hex digits.").waitFor();
    expect(await findings(page)).toEqual([]);
    await hash.fill("07".repeat(32));
    await page.getByRole("button", { name: "Check these files" }).click();
    expect(await verdictOn(page)).toBe("simulated");
    expect(await stepsOn(page)).toMatchObject({
      "fresh.nonce": "pass",
      "fresh.binding": "pass",
      "rel.measurements": "pass",
    });
    const { bytes } = await saveEvidence(page);

    // What the file says that it was to bind does not count for a reader who knows better.
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("button", { name: "Remove all" }).click();
    const saved = { name: "evidence.json", mimeType: "application/json", buffer: bytes };
    await page.locator("input[type=file]").first().setInputFiles(saved);
    await page.getByLabel("A node").check();
    await page.getByText("Options").click();
    await hash.fill("08".repeat(32));
    await page.getByRole("button", { name: "Check these files" }).click();
    expect(await verdictOn(page)).toBe("failed");
    expect(await stepsOn(page)).toMatchObject({ "fresh.nonce": "warn", "fresh.binding": "fail" });
    expect(complaints).toEqual([]);
  });

  test("evidence is compared with a release that is fetched for it, and its signers are named", async () => {
    const { page } = await check("kms");
    const { bytes } = await saveEvidence(page);
    await page.getByRole("link", { name: "Compare" }).click();
    const file = { name: "evidence.json", mimeType: "application/json", buffer: bytes };
    await page.getByLabel("First evidence file").setInputFiles(file);
    const ask = page.getByRole("button", { name: "Compare with this release" });
    await page.locator("button:enabled", { hasText: "Compare with this release" }).waitFor();
    await page.getByLabel("Or a release").fill("somebody's");
    await ask.click();
    await page.getByText("A release tag looks like").waitFor();
    await page.getByLabel("Or a release").fill("mero-kms-v0.0.0");
    await ask.click();
    await page.getByRole("heading", { name: "Registers beside mero-kms-v0.0.0" }).waitFor();
    await page.getByText("Every register that was compared has a value of this release.").waitFor();
    expect(await stepsOn(page)).toMatchObject({ "rel.sigstore": "pass", "rel.measurements": "pass" });
    expect(await page.locator("[data-tick]").count()).toBe(0);
    expect(await findings(page)).toEqual([]);

    await page.getByLabel("Or a release").fill("mero-kms-v9.9.9");
    await ask.click();
    await page.getByRole("heading", { name: "Registers beside mero-kms-v9.9.9" }).waitFor();
    expect(await stepsOn(page)).toMatchObject({ "rel.select": "fail" });
  });
});

interface FaultRow {
  readonly name: string;
  readonly path?: string;
  readonly change: () => Corruption | Promise<Corruption>;
  /** Steps that must come out so. */
  readonly steps: Readonly<Record<string, string>>;
  /** `simulated` where nothing fails: what a real machine would be called then is the appraisal's own test. */
  readonly verdict: "failed" | "simulated";
}

const other = async (): Promise<string> => {
  const reportData = new Uint8Array([...new Uint8Array(32).fill(7), ...BINDING]);
  const { quote } = await stack.simulator.platform.issueQuote({ reportData, role: "kms" });
  return Buffer.from(quote).toString("base64");
};

/** The answer to the right challenge, by a machine that differs; a second opinion about the machine that was asked is left out. */
const otherMachine = (changes: Partial<IssueQuoteOptions>) => (): Corruption => async (json) => {
  const reportData = new Uint8Array([...Buffer.from(String(json["nonce_b64"]), "base64"), ...BINDING]);
  const { quote, eventLog } = await stack.simulator.platform.issueQuote({ reportData, role: "kms", ...changes });
  const answer = { quoteB64: Buffer.from(quote).toString("base64"), eventLog: JSON.parse(eventLog) };
  return { ...json, attestation: { ...object(json["attestation"]), ...answer }, ita_token: null };
};

/** One fault of each kind, for what the screen makes of it; every other one is in `test/verifier-faults`. */
const ROWS: readonly FaultRow[] = [
  {
    name: "the API substitutes a recorded quote",
    change: async () => {
      const quoteB64 = await other();
      return attestation(() => ({ quoteB64 }));
    },
    steps: { "fresh.nonce": "fail", "src.side-fields": "warn" },
    verdict: "failed",
  },
  {
    name: "a quote of another machine comes with a forged reportDataHex",
    change: async () => {
      const quoteB64 = await other();
      return (json) => ({
        ...json,
        attestation: {
          ...object(json["attestation"]),
          quoteB64,
          reportDataHex: Buffer.concat([Buffer.from(String(json["nonce_b64"]), "base64"), BINDING]).toString("hex"),
        },
        nonce_verified: true,
      });
    },
    steps: { "fresh.nonce": "fail", "src.side-fields": "warn" },
    verdict: "failed",
  },
  {
    name: "a foreign image comes with published registers beside the quote",
    change: async () => {
      const foreign = otherMachine({ report: { mrtd: "5e".repeat(48) } })();
      const { mrtd } = stack.simulator.platform.measurementsFor("kms", "locked-read-only");
      return async (json, path) => {
        const changed = object(await foreign(json, path));
        return { ...changed, attestation: { ...object(changed["attestation"]), quote: { body: { mrtd } } } };
      };
    },
    steps: { "rel.measurements": "fail", "src.side-fields": "warn" },
    verdict: "failed",
  },
  {
    name: "an event's payload was changed",
    change: () =>
      tampered((log) =>
        log.map((event) => (event["event"] === "compose-hash" ? { ...event, event_payload: "00".repeat(32) } : event)),
      ),
    steps: { "log.parse": "fail", "app.compose-hash": "skip" },
    verdict: "failed",
  },
  {
    name: "the event log is missing",
    change: () => (json) => {
      const { eventLog: _, ...rest } = object(json["attestation"]);
      return { ...json, attestation: rest };
    },
    steps: { "log.parse": "skip", "app.compose-hash": "skip" },
    verdict: "simulated",
  },
  {
    name: "the collateral's signed text was changed",
    change: () => (json) => {
      const collateral = object(json["collateral"]);
      return {
        ...json,
        collateral: {
          ...collateral,
          tcb_info: String(collateral["tcb_info"]).replace(/(?<=EvaluationDataNumber": ?)\d+/, "99"),
        },
      };
    },
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the collateral did not come",
    change: () => (json) => ({ ...json, collateral: null, collateral_early: null }),
    steps: { "dcap.collateral": "error", "tcb.status": "skip" },
    verdict: "simulated",
  },
  {
    name: "the API swaps the policy for one that nobody signed",
    path: "/api/policy",
    change: () => (json) => ({
      ...json,
      bytes_b64: Buffer.from(`${Buffer.from(String(json["bytes_b64"]), "base64").toString()} `).toString("base64"),
    }),
    steps: { "rel.sigstore": "fail", "rel.measurements": "skip" },
    verdict: "failed",
  },
  {
    name: "the image is a debug image of a signed release",
    change: otherMachine({ profile: "debug" }),
    steps: { "rel.profile": "warn" },
    verdict: "simulated",
  },
  {
    name: "a development stand-in answers in place of a quote",
    change: () =>
      attestation(() => ({
        quoteB64: Buffer.concat([Buffer.from("MOCK_TDX_QUOTE_V1"), Buffer.alloc(64)]).toString("base64"),
      })),
    steps: { "quote.parse": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion is an unsigned token",
    change: () => (json) => {
      const [, claims = ""] = String(json["ita_token"]).split(".");
      const header = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
      return { ...json, ita_token: `${header}.${claims}.`, ita_token_verified: true };
    },
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
];

describe("a corrupt courier or a bad machine", () => {
  test.each(ROWS)("$name", async ({ path = "/api/verify", change, steps, verdict }) => {
    stack.courier.corrupt(path, await change());
    const { page, complaints, foreignHosts } = await check("kms");
    expect({ verdict: await verdictOn(page), steps: await stepsOn(page) }).toMatchObject({ verdict, steps });
    expect(await page.locator('[data-verdict="verified"], [data-verdict="caution"]').count()).toBe(0);
    expect(complaints).toEqual([]);
    expect([...foreignHosts]).toEqual([]);
  });

  test("Intel's stand-in describes another machine", async () => {
    stack.simulator.changeTokens({ tdx: { tdx_rtmr3: "00".repeat(48) } });
    const { page } = await check("kms");
    expect(await verdictOn(page)).toBe("failed");
    expect(await stepsOn(page)).toMatchObject({ "ita.token": "pass", "ita.claims": "fail" });
    expect(await page.getByText("Second opinion: differs").count()).toBe(1);
  });

  test("the API claims another verdict than the browser's, and that is an alarm", async () => {
    const quoteB64 = await other();
    stack.courier.corrupt("/api/verify", (json, path) => ({
      ...object(attestation(() => ({ quoteB64 }))(json, path)),
      server_report: { verdict: "verified", steps: [], core_version: "0" },
    }));
    const { page } = await check("kms");
    expect(await verdictOn(page)).toBe("failed");
    await page.getByText("This site's server came to another verdict than your browser").waitFor();
  });

  test("a reader who is stricter than the release is told nothing about the site", async () => {
    stack.courier.corrupt("/api/verify", (json) => ({
      ...json,
      server_report: { verdict: "verified", steps: [], core_version: "0" },
    }));
    watched = await openPage(browser, stack.courier.url, { serviceWorkers: "block" });
    const { page } = watched;
    await page.goto(`${stack.courier.url}/kms`);
    await page.getByRole("textbox", { name: /Address/ }).fill(stack.kmsUrl);
    await page.getByText("Options").click();
    await page.getByLabel("Accept only the TCB status UpToDate").check();
    await page.getByRole("button", { name: "Check", exact: true }).click();
    expect(await verdictOn(page)).toBe("simulated");
    expect(await page.getByText("This site's server came to another verdict").count()).toBe(0);
  });

  test("markup in every text that a machine controls is shown as text", async () => {
    const markup = '<img src=x onerror="document.title=1">\u202Etxt';
    stack.courier.corrupt(
      "/api/verify",
      tampered((log) => log.map((event) => (isRuntime(event) ? { ...event, event: markup } : event))),
    );
    const { page, complaints } = await check("kms");
    expect(await verdictOn(page)).toBe("failed");
    await page.locator("details").evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).toContain("[SIMULATED]");
    expect(await page.locator("body").innerText()).not.toContain("\u202E");
    expect(complaints).toEqual([]);
  });

  test.each([
    { name: "garbage", status: 200, body: "<html>" },
    { name: "an error page", status: 500, body: "<html>" },
    { name: "a list", status: 200, body: "[]" },
    { name: "duplicate keys", status: 200, body: '{"attestation":{},"attestation":{}}' },
    {
      name: "a problem with markup in it",
      status: 502,
      body: '{"code":"target_timeout","detail":"<b onclick=x>","reason":"<i>"}',
    },
  ])(
    "an API that answers with $name gives no result, and Try again works once it is well",
    async ({ status, body }) => {
      stack.courier.answer("/api/verify", status, body);
      const { page, complaints } = await check("kms");
      await page.getByRole("heading", { name: "Not enough to decide" }).waitFor();
      expect(await page.locator("main").innerText()).not.toMatch(/onclick|<html>/);
      stack.courier.reset();
      await page.getByRole("button", { name: "Try again" }).click();
      expect(await verdictOn(page)).toBe("simulated");
      expect(complaints).toEqual([]);
    },
  );

  test("a KMS that is down is no result", async () => {
    const { page } = await check("kms", "http://127.0.0.1:9");
    await page.getByRole("heading", { name: "Not enough to decide" }).waitFor();
    expect(await page.locator("main").innerText()).toContain("target_unreachable");
  });

  test.each<{ name: string; code: string; answer: (response: ServerResponse) => void }>([
    {
      name: "redirects to a loopback address",
      code: "target_redirected",
      answer: (response) => void response.writeHead(302, { location: inside.url }).end(),
    },
    {
      name: "answers a byte at a time",
      code: "target_timeout",
      answer(response) {
        response.writeHead(200, JSON_TYPE);
        const timer = setInterval(() => response.write(" "), 50);
        response.once("close", () => clearInterval(timer));
      },
    },
    {
      name: "announces 5 GiB",
      code: "target_bad_body",
      answer: (response) => response.writeHead(200, { ...JSON_TYPE, "content-length": "5368709120" }).flushHeaders(),
    },
    {
      name: "compresses its answer",
      code: "target_bad_body",
      answer: (response) => void response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end("{}"),
    },
  ])("a KMS that $name is no result, and Try again works once it is well", async ({ code, answer }) => {
    ill.answer = answer;
    const { page, complaints } = await check("kms", ill.url);
    await page.getByRole("heading", { name: "Not enough to decide" }).waitFor();
    expect(await page.locator("main").innerText()).toContain(code);
    expect(await page.locator('[data-verdict="verified"], [data-verdict="caution"]').count()).toBe(0);
    expect(inside.connections).toBe(0);
    ill.answer = null;
    await page.getByRole("button", { name: "Try again" }).click();
    expect(await verdictOn(page)).toBe("simulated");
    expect(complaints).toEqual([]);
  });

  test("a source that was down is asked again by itself, and the machine is not", async () => {
    stack.courier.corrupt("/api/verify", (json) => ({ ...json, collateral: null, collateral_early: null }));
    const { page, complaints } = await check("kms");
    expect(await stepsOn(page)).toMatchObject({ "dcap.collateral": "error", "tcb.status": "skip" });
    await page.getByRole("button", { name: "Fetch Intel's reference data again" }).click();
    await page.locator('[data-step="dcap.collateral"][data-status="pass"]').waitFor();
    expect(await verdictOn(page)).toBe("simulated");
    expect(await stepsOn(page)).toMatchObject({ "fresh.nonce": "pass", "tcb.status": "pass", "tcb.baseline": "warn" });
    expect(stack.courier.asked.filter(({ path }) => path === "/api/verify")).toHaveLength(1);
    expect(await page.getByRole("button", { name: /^Fetch / }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
