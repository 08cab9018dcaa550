import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { findings } from "./axe-findings.ts";
import { openState } from "./open-state.ts";
import { shownStates, STATES, workerThatSays } from "./shown-states.ts";
import { LOOKS, openStateSite, SCREENS, type StateSite } from "./state-site.ts";
import { openPage, verdictOn } from "./watched-page.ts";
import { createWorld } from "./world.ts";

let site: StateSite;

beforeAll(async () => {
  site = await openStateSite();
});
afterAll(async () => {
  await site.close();
});

async function isWiderThanItsWindow(page: Page): Promise<boolean> {
  return await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
}

const WORDS = {
  verified: "Verified",
  caution: "Genuine, but a debug image",
  failed: "Do not trust",
  incomplete: "Not enough to decide",
  simulated: "Simulated – proves nothing",
} as const;

describe.each(STATES)("the answer %s", (state) => {
  test.each(LOOKS)(
    "in $colorScheme at $viewport.width: no finding of axe, nothing too wide, no violation",
    async (look) => {
      const { page, complaints, foreignHosts, close } = await site.show(state, look);
      expect(await page.locator("h1").innerText()).toBe(WORDS[state]);
      expect(await verdictOn(page)).toBe(state);
      // The answer is seen without scrolling, and has the focus.
      expect((await page.locator("h1").boundingBox())?.y).toBeLessThan(look.viewport.height - 80);
      expect(await page.locator("h1").evaluate((heading) => heading === document.activeElement)).toBe(true);
      expect(await isWiderThanItsWindow(page)).toBe(false);
      expect(await findings(page)).toEqual([]);
      expect(complaints).toEqual([]);
      expect([...foreignHosts]).toEqual([]);
      await close();
    },
  );
});

test("only the verified answer is green", async () => {
  for (const state of STATES) {
    const { page, close } = await site.show(state, { colorScheme: "light", viewport: { width: 1280, height: 900 } });
    expect(await page.locator('section[data-verdict="verified"]').count()).toBe(state === "verified" ? 1 : 0);
    await close();
  }
});

test("what was not checked stands before everything else, with a way to try again", async () => {
  const { page, close } = await site.show("incomplete", {
    colorScheme: "light",
    viewport: { width: 1280, height: 900 },
  });
  const titles = await page.locator("article h2").allInnerTexts();
  expect(titles[0]).toBe("Not checked");
  expect(await page.getByRole("button", { name: "Retry" }).count()).toBe(1);
  await close();
});

test("an advisory leads to Intel's page about it, and stands with the date of its patch level", async () => {
  const world = await createWorld(({ tcbInfo }) => {
    for (const level of tcbInfo.document.tcbLevels) level.advisoryIDs = ["INTEL-SA-01036", "<img src=x>"];
  });
  const { verified } = await shownStates(world);
  const look = { colorScheme: "light", viewport: { width: 360, height: 740 } } as const;
  const { page, complaints, close } = await openState(site.browser, site.origin, workerThatSays(verified), look);
  const step = page.locator('[data-step="tcb.advisories"]');
  await step.getByText("Details").click();
  const values = await step.locator("dd").allInnerTexts();
  expect(values).toEqual(["<img src=x>, patch level of 2024-11-13", "INTEL-SA-01036, patch level of 2024-11-13"]);
  const links = step.getByRole("link");
  expect(await links.count()).toBe(1);
  expect(await links.getAttribute("href")).toBe(
    "https://www.intel.com/content/www/us/en/security-center/advisory/intel-sa-01036.html",
  );
  expect(await links.getAttribute("rel")).toBe("noreferrer noopener");
  expect(await findings(page)).toEqual([]);
  expect(await isWiderThanItsWindow(page)).toBe(false);
  expect(complaints).toEqual([]);
  await close();
});

test("the answer as it came is a tree: opened with the keys, drawn branch by branch, and only ever text", async () => {
  const markup = "<img src=x onerror=alert(1)>";
  const answer = JSON.stringify({
    [markup]: "\u202Eturned",
    events: Array.from({ length: 250 }, (_, index) => ({ index, note: markup })),
    long: "ab".repeat(500),
    empty: {},
    none: null,
    // No number of JavaScript's: its spelling is shown.
    number: 7,
  }).replace('"number":7', '"number":1e400');
  const { verified } = await shownStates(await createWorld());
  const worker = workerThatSays({ ...verified, answer });
  const look = { colorScheme: "light", viewport: { width: 360, height: 740 } } as const;
  const { page, complaints, close } = await openState(site.browser, site.origin, worker, look);
  const card = page.locator("#card-raw");
  const openWithKeys = async (name: string): Promise<void> => {
    await card.locator("summary", { hasText: name }).first().focus();
    await page.keyboard.press("Enter");
  };
  await openWithKeys("Answer as it came");
  const top = card.locator("details[open] > div > ul > li");
  await top.first().waitFor();
  expect(await top.allInnerTexts()).toEqual([
    `${markup}: "\\u{202e}turned"`,
    "events: 250 items",
    `long: "${"ab".repeat(20)}"… 1,000 characters`,
    "empty: {}",
    "none: null",
    "number: 1e400",
  ]);
  // Nothing of a branch is there before it is opened, and then no more of it than a reader can see.
  const rows = top.nth(1).locator("details > ul > li");
  expect(await rows.count()).toBe(0);
  await openWithKeys("events");
  await rows.nth(99).waitFor();
  expect(await rows.count()).toBe(100);
  await card.getByRole("button", { name: "Show 100 more of 150" }).press("Enter");
  await card.getByRole("button", { name: "Show 50 more" }).press("Enter");
  await rows.nth(249).waitFor();
  await rows.first().locator("summary").press("Enter");
  await rows.first().getByText(markup).waitFor();
  await openWithKeys("long");
  await card.getByText("ab".repeat(500), { exact: true }).waitFor();
  expect(await page.locator("main img").count()).toBe(0);
  expect(await card.getByRole("button", { name: "Copy Answer as it came" }).count()).toBe(1);
  expect(await card.getByRole("button", { name: "Download" }).count()).toBe(1);
  expect(await isWiderThanItsWindow(page)).toBe(false);
  expect(await findings(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
});

test("a printed report has everything open and no controls", async () => {
  const { page, close } = await site.show("verified", { colorScheme: "dark", viewport: { width: 1280, height: 900 } });
  await page.emulateMedia({ media: "print" });
  expect(await page.getByRole("button", { name: "Print" }).isVisible()).toBe(false);
  const why = page.locator('[data-step="fresh.nonce"] details p');
  expect(await why.evaluate((text) => text.checkVisibility({ contentVisibilityAuto: true }))).toBe(true);
  expect(await page.getByText(/SHA-256 of the quote [0-9a-f]{64}/).isVisible()).toBe(true);
  await close();
});

// Mistake 22.
test("a replay is walked through with the keys alone", async () => {
  const { page, close } = await site.show("verified", { colorScheme: "light", viewport: { width: 1280, height: 900 } });
  await page.locator('[data-register="rtmr3"] > summary').focus();
  await page.keyboard.press("Enter");
  const list = page.getByRole("listbox", { name: "Events of RTMR3" });
  await list.focus();
  const chosen = async (): Promise<string> => await list.locator('[aria-selected="true"]').innerText();
  const first = await chosen();
  await page.keyboard.press("ArrowDown");
  expect(await chosen()).not.toBe(first);
  await page.keyboard.press("End");
  const last = await chosen();
  await page.keyboard.press("Home");
  expect(await chosen()).toBe(first);
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.textContent ?? "")).toMatch(
    new RegExp(`^${last.split("\n")[0]} ·`),
  );
  await close();
});

test("a word of the glossary opens with a press and closes with Escape", async () => {
  const { page, close } = await site.show("verified", { colorScheme: "light", viewport: { width: 360, height: 740 } });
  const term = page.getByRole("button", { name: "collateral" });
  await term.click();
  await page.getByText("Signed data from Intel that a quote is checked with").waitFor();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");
  expect(await term.getAttribute("aria-expanded")).toBe("false");
  await close();
});

test("a word's explanation is another screen, and the answer is still there on the way back", async () => {
  const { page, close } = await site.show("verified", { colorScheme: "light", viewport: { width: 1280, height: 900 } });
  await page.getByRole("button", { name: "collateral" }).click();
  await page.getByRole("link", { name: "More: Collateral" }).click();
  await page.getByRole("heading", { name: "What is proven, and how" }).waitFor();
  const word = page.locator("#collateral");
  await expect.poll(async () => (await word.boundingBox())?.y ?? -1).toBeLessThan(900);
  await page.goBack();
  expect(await verdictOn(page)).toBe("verified");
  await close();
});

test("the link that is copied leads to the check, wherever on the report the reader is", async () => {
  const { page, close } = await site.show("verified", {
    colorScheme: "light",
    viewport: { width: 1280, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.getByRole("navigation", { name: "All checks" }).getByRole("link", { name: "Not revoked" }).click();
  expect(new URL(page.url()).hash).toBe("#step-dcap.crl");
  expect(await verdictOn(page)).toBe("verified");
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByText("Copied").waitFor();
  const copied = new URL(await page.evaluate(async () => await navigator.clipboard.readText()));
  expect(copied.pathname).toBe("/report");
  expect(copied.hash).toMatch(/^#v=1&k=kms&u=https/);
  await close();
});

describe.each(SCREENS)("the screen %s", (path) => {
  test.each(LOOKS)("in $colorScheme at $viewport.width: no finding of axe, nothing too wide", async (look) => {
    const { page, complaints, foreignHosts, close } = await openPage(site.browser, site.origin, {
      ...look,
      serviceWorkers: "block",
    });
    await page.goto(site.origin + path);
    await page.locator("h1").waitFor();
    await page.locator("details").evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
    expect(await page.locator("h1").count()).toBe(1);
    expect(await isWiderThanItsWindow(page)).toBe(false);
    expect(await findings(page)).toEqual([]);
    expect(complaints).toEqual([]);
    expect([...foreignHosts]).toEqual([]);
    await close();
  });
});
