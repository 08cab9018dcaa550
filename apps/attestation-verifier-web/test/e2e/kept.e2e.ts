import type { Browser, Page } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

import { launchChromium } from "./chromium.ts";
import { saveEvidence } from "./save-evidence.ts";
import { startStack, type Stack } from "./stack.ts";
import { openPage, stepsOn, verdictOn, type WatchedPage } from "./watched-page.ts";

let stack: Stack;
let browser: Browser;
let watched: WatchedPage | null = null;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchChromium()]);
});
afterEach(async () => {
  stack.courier.reset();
  await watched?.close();
  watched = null;
});
afterAll(async () => {
  await browser.close();
  await stack.stop();
});

/** Checks the KMS, with or without the tick, and gives its answer as a file, before the API falls silent. */
async function checkFirst(isTicked: boolean): Promise<{ readonly page: Page; readonly answer: Buffer }> {
  watched = await openPage(browser, stack.courier.url, { serviceWorkers: "block" });
  const { page } = watched;
  await page.goto(`${stack.courier.url}/kms`);
  await page.getByText("Options").click();
  await page.getByText("Nothing is stored.").waitFor();
  if (isTicked) {
    await page.getByLabel("Keep Intel's reference data").check();
    await page.getByText("nothing of the evidence").waitFor();
  }
  await page.getByRole("textbox", { name: /Address/ }).fill(stack.kmsUrl);
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await verdictOn(page);
  const { bytes } = await saveEvidence(page);
  const { inputs }: { inputs: { responder_json: string } } = JSON.parse(bytes.toString());
  for (const path of ["/api/collateral", "/api/releases", "/api/catalog", "/api/policy", "/api/compat-map"])
    stack.courier.answer(path, 503, "{}");
  return { page, answer: Buffer.from(inputs.responder_json) };
}

/** Judges the KMS's answer, and nothing else, as a file. */
async function judgeFile(page: Page, answer: Buffer): Promise<Readonly<Record<string, string>>> {
  await page.getByRole("link", { name: "Files" }).click();
  const file = { name: "answer.json", mimeType: "application/json", buffer: answer };
  await page.locator("input[type=file]").first().setInputFiles(file);
  await page.getByText("is an attestation").waitFor();
  await page.getByRole("button", { name: "Check these files" }).click();
  await verdictOn(page);
  return await stepsOn(page);
}

describe("reference data that the browser keeps", () => {
  test("is used without a network once the reader has ticked it, with its age, and forgotten with the tick", async () => {
    const { page, answer } = await checkFirst(true);
    const kept: readonly string[] = await page.evaluate(async () => {
      const cache = await caches.open("mero-kept-reference-data");
      const requests = await cache.keys();
      const texts = await Promise.all(requests.map(async (request) => await (await cache.match(request))?.text()));
      return [...requests.map(({ url }) => url), ...texts.map(String)];
    });
    // Nothing of the evidence is among it.
    expect(kept.length).toBeGreaterThan(6);
    expect(kept.filter((text) => text.includes(stack.kmsUrl) || text.includes("quoteB64"))).toEqual([]);

    const before = stack.courier.asked.length;
    expect(await judgeFile(page, answer)).toMatchObject({
      "dcap.collateral": "pass",
      "rel.sigstore": "pass",
      "rel.measurements": "pass",
      "fresh.nonce": "skip",
    });
    expect(stack.courier.asked.slice(before)).toEqual([]);
    await page.locator('[data-step="dcap.collateral"] summary', { hasText: "Details" }).click();
    await page
      .getByText(/kept in this browser since \d{4}-/)
      .first()
      .waitFor();

    await page.getByRole("link", { name: "Files" }).click();
    await page.getByLabel("Keep Intel's reference data").uncheck();
    await page.getByText("Files and pasted text are read and checked here.").waitFor();
    await page.getByRole("button", { name: "Remove all" }).click();
    expect(await judgeFile(page, answer)).toMatchObject({ "dcap.collateral": "skip", "rel.select": "skip" });
    expect(watched?.complaints).toEqual([]);
  });

  test("is nothing unless the reader has ticked it", async () => {
    const { page, answer } = await checkFirst(false);
    expect(await page.evaluate(async () => await caches.keys())).toEqual([]);
    expect(await judgeFile(page, answer)).toMatchObject({ "dcap.collateral": "skip", "rel.select": "skip" });
  });

  test("that was changed in the browser's storage fails like any other", async () => {
    const { page, answer } = await checkFirst(true);
    await page.evaluate(async () => {
      const cache = await caches.open("mero-kept-reference-data");
      for (const request of await cache.keys()) {
        const response = await cache.match(request);
        const text = (await response?.text())?.replace(/(?<=EvaluationDataNumber[^0-9]{1,6})\d+/, "99");
        if (response !== undefined) await cache.put(request, new Response(text, { headers: response.headers }));
      }
    });
    expect(await judgeFile(page, answer)).toMatchObject({ "dcap.collateral": "fail" });
    expect(await verdictOn(page)).toBe("failed");
  });
});
