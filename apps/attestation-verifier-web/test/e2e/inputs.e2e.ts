import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { launchChromium } from "./chromium.ts";
import type { Program } from "./program.ts";
import { builtSite, serveSite } from "./site.ts";
import { openPage, stepsOn, verdictOn } from "./watched-page.ts";

let site: Program;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([builtSite("site").then((folder) => serveSite(folder)), launchChromium()]);
});
afterAll(async () => {
  await browser.close();
  await site.stop();
});

const MARKUP = '"><img src=x onerror="document.title=1"><script>document.title=1</script>';
const GARBAGE = [
  "\u202Ereversed",
  "javascript:alert(1)",
  MARKUP,
  "{".repeat(150),
  "\u0000\u0001",
  "https://user:pw@x.example/",
];

/** Gives the page a development stand-in in place of a quote, and asks for a verdict. */
async function judgeStandIn(page: Page): Promise<void> {
  const buffer = Buffer.concat([Buffer.from("MOCK_TDX_QUOTE_V1"), Buffer.alloc(64)]);
  const files = page.locator("input[type=file]").first();
  await files.setInputFiles({ name: "mock.bin", mimeType: "application/octet-stream", buffer });
  await page.getByText("a mock quote").waitFor();
  await page.getByRole("button", { name: "Check these files" }).click();
}

describe("bad input", () => {
  test.each(["/", "/kms", "/node"])("every field of %s takes garbage calmly, and nothing is sent", async (path) => {
    const { page, complaints, close } = await openPage(browser, site.said, { serviceWorkers: "block" });
    const sent: string[] = [];
    page.on("request", (request) => request.method() === "POST" && sent.push(request.url()));
    await page.goto(site.said + path);
    await page.getByText("Options").click();
    for (const garbage of GARBAGE) {
      for (const field of await page.locator("form input[type=text], form input:not([type])").all())
        await field.fill(garbage);
      await page
        .getByRole("button", { name: /^Check/ })
        .first()
        .click();
      expect(await page.locator("form [role=status]").innerText()).not.toBe("");
    }
    expect(await page.locator("img, main script").count()).toBe(0);
    expect(await page.title()).not.toBe("1");
    expect(sent).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  test("dropped garbage is named for what it is, and none of it runs", async () => {
    const { page, complaints, close } = await openPage(browser, site.said, { serviceWorkers: "block" });
    await page.goto(`${site.said}/offline`);
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles([
        { name: `${MARKUP}.json`.replaceAll("/", "_"), mimeType: "text/html", buffer: Buffer.from(MARKUP) },
        { name: "deep.json", mimeType: "application/json", buffer: Buffer.from("[".repeat(100_000)) },
        { name: "noise.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(1_000_000, 0x5a) },
        { name: "twice.json", mimeType: "application/json", buffer: Buffer.from('{"quote":"00","quote":"01"}') },
        { name: "bomb.json.gz", mimeType: "application/gzip", buffer: gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20)) },
        { name: "large.json", mimeType: "application/json", buffer: Buffer.from(`{"quote":1e${"9".repeat(5000)}}`) },
        { name: "empty", mimeType: "text/plain", buffer: Buffer.alloc(0) },
        { name: "huge.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(8 * 1024 * 1024 + 1) },
      ]);
    await page.getByText("huge.bin has 8,388,609 bytes. More than 8 MiB is not read.").waitFor();
    await page.getByText("was not recognised").nth(5).waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    await page.getByRole("button", { name: "Check these files" }).click();
    expect(await verdictOn(page)).toBe("failed");
    expect((await stepsOn(page))["input.parse"]).toBe("fail");
    expect(complaints).toEqual([]);
    await close();
  });

  test("a pasted document never fills the address field: it becomes a file", async () => {
    const { page, close } = await openPage(browser, site.said, { serviceWorkers: "block" });
    await page.goto(site.said);
    await page.getByRole("textbox", { name: /Address/ }).evaluate((field) => {
      const data = new DataTransfer();
      data.setData("text", `{"quoteB64":"${"A".repeat(9000)}"}`);
      field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    await page.getByRole("heading", { name: "Check files" }).waitFor();
    await page.getByText("pasted text").first().waitFor();
    expect(new URL(page.url()).pathname).toBe("/offline");
    await close();
  });

  test("a host that hides behind other letters is shown in both spellings", async () => {
    const { page, close } = await openPage(browser, site.said, { serviceWorkers: "block" });
    await page.goto(`${site.said}/kms`);
    await page.getByRole("textbox", { name: /Address/ }).fill("https://xn--80ak6aa92e.phala.network");
    expect(await page.locator("form [role=status]").innerText()).toContain("аррӏе.phala.network");
    await close();
  });
});

test("after one visit the page opens and judges without a network", async () => {
  const { page, close } = await openPage(browser, site.said);
  await page.goto(site.said);
  await page.evaluate(async () => await navigator.serviceWorker.ready);
  await page.context().setOffline(true);
  await page.goto(`${site.said}/offline`);
  await page.getByText("No network: only local checks.").waitFor();
  await judgeStandIn(page);
  expect(await verdictOn(page)).toBe("failed");
  await close();
});

const VECTORS = fileURLToPath(new URL("../../../../../shared/vectors/", import.meta.url));

test.skipIf(!existsSync(VECTORS))(
  "a recorded quote of a real machine leads to Intel's root, and its age stays unknown",
  async () => {
    const { page, close } = await openPage(browser, site.said, { serviceWorkers: "block" });
    await page.goto(`${site.said}/offline`);
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles([`${VECTORS}quotes/dcap-qvl-tdx-v4.bin`, `${VECTORS}collateral/dcap-qvl-b0c06f-2025-06.json`]);
    await page.getByText("a collateral bundle").waitFor();
    await page.getByRole("button", { name: "Check these files" }).click();
    const report = page.locator("article[data-verdict]");
    await report.waitFor();
    expect(await report.getAttribute("data-class")).toBe("production");
    // Its collateral has expired since: what was good then is no verdict for today.
    expect(await stepsOn(page)).toMatchObject({
      "dcap.chain": "pass",
      "dcap.collateral": "fail",
      "fresh.nonce": "skip",
    });
    expect(await verdictOn(page)).toBe("failed");
    expect(await page.locator('[data-verdict="verified"]').count()).toBe(0);
    await close();
  },
);

describe("the single file", () => {
  test("opens from a disk, asks nobody, and judges in its own worker", async () => {
    const url = pathToFileURL(`${await builtSite("single")}/verifier-offline.html`).href;
    const { page, complaints, close } = await openPage(browser, "null");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).protocol));
    await page.goto(url);
    await page.getByRole("heading", { name: "Check files" }).waitFor();
    await judgeStandIn(page);
    expect(await verdictOn(page)).toBe("failed");
    // Places on the report are behind the `#`, as screens are, and are no screens.
    await page.getByRole("navigation", { name: "All checks" }).getByRole("link", { name: "Not revoked" }).click();
    expect(await verdictOn(page)).toBe("failed");
    await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
    expect(await verdictOn(page)).toBe("failed");
    await page.getByRole("button", { name: "challenge" }).click();
    await page.getByRole("link", { name: "More: Challenge" }).click();
    await page.getByRole("heading", { name: "What is proven, and how" }).waitFor();
    await page.getByRole("link", { name: "About" }).click();
    await page.getByText("The single file. Uses no network at all.").waitFor();
    expect(new Set(asked)).toEqual(new Set(["file:", "blob:"]));
    expect(await page.evaluate(async () => await fetch("https://example.com").catch(() => "refused"))).toBe("refused");
    expect(
      complaints.filter((complaint) => !complaint.includes("example.com") && !complaint.includes("connect-src")),
    ).toEqual([]);
    await close();
  });
});
