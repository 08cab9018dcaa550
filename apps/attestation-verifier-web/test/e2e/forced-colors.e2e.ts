import type { BrowserContextOptions, Locator, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { findings } from "./axe-findings.ts";
import { type State, STATES } from "./shown-states.ts";
import { LOOKS, openStateSite, SCREENS, type StateSite } from "./state-site.ts";
import { openPage, type WatchedPage } from "./watched-page.ts";

/** The page where the reader's system chooses the colours: there are few of them, and no shadows and no grounds. */
let site: StateSite;

beforeAll(async () => {
  site = await openStateSite();
});
afterAll(async () => {
  await site.close();
});
const [WIDE] = LOOKS;

async function showState(state: State, look: BrowserContextOptions | undefined): Promise<WatchedPage> {
  return await site.show(state, { ...look, forcedColors: "active" });
}

/** Shapes and words of marks, without what colour would add. */
async function marksOn(
  page: Page,
): Promise<readonly { status: string; shape: string; word: string; isSeen: boolean }[]> {
  return await page.locator("[data-status]:has(> svg)").evaluateAll((marks) =>
    marks.map((mark) => {
      const svg = mark.querySelector("svg");
      const { stroke } = getComputedStyle(svg ?? mark);
      return {
        status: mark.getAttribute("data-status") ?? "",
        shape: svg?.innerHTML ?? "",
        word: mark.textContent,
        isSeen: stroke !== getComputedStyle(document.documentElement).backgroundColor && stroke !== "none",
      };
    }),
  );
}

/** How an element differs from its like by lines alone. */
async function linesOf(element: Locator): Promise<string> {
  return await element.evaluate((each) => {
    const { outlineStyle, outlineWidth, textDecorationLine, borderTopStyle, borderTopWidth } = getComputedStyle(each);
    return [outlineStyle, outlineWidth, textDecorationLine, borderTopStyle, borderTopWidth].join(" ");
  });
}

describe.each(STATES)("the answer %s in forced colours", (state) => {
  test.each(LOOKS)("in $colorScheme at $viewport.width: no finding of axe, every mark is seen", async (look) => {
    const { page, complaints, close } = await showState(state, look);
    expect(await page.evaluate(() => matchMedia("(forced-colors: active)").matches)).toBe(true);
    expect(await findings(page)).toEqual([]);
    const marks = await marksOn(page);
    expect(marks.length).toBeGreaterThan(20);
    expect(marks.filter(({ word, isSeen }) => word === "" || !isSeen)).toEqual([]);
    // A status has one word, and a shape and a word have one status.
    for (const key of ["shape", "word"] as const) {
      const statuses = Map.groupBy(marks, (mark) => mark[key]);
      for (const alike of statuses.values()) expect(new Set(alike.map(({ status }) => status)).size).toBe(1);
    }
    expect(complaints).toEqual([]);
    await close();
  });
});

test("each answer has a shape and words of its own", async () => {
  const seen: string[][] = [];
  for (const state of STATES) {
    const { page, close } = await showState(state, WIDE);
    const band = page.locator("section[data-verdict]");
    const icon = band.locator("svg").first();
    expect(await icon.isVisible()).toBe(true);
    seen.push([await icon.innerHTML(), await band.locator("h1").innerText()]);
    expect(await linesOf(band)).not.toContain("none 0px none none");
    await close();
  }
  for (const index of [0, 1]) expect(new Set(seen.map((each) => each[index])).size).toBe(STATES.length);
});

test("whatever the Tab key reaches on a report shows that it has the focus", async () => {
  const { page, close } = await showState("verified", WIDE);
  const without: string[] = [];
  let reached = 0;
  for (let press = 0; press < 150; press++) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const focused = document.activeElement;
      if (focused === null || focused === document.body) return null;
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(focused);
      const ground = getComputedStyle(document.documentElement).backgroundColor;
      const isVisible = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && outlineColor !== ground;
      return { name: `${focused.localName} ${focused.textContent.slice(0, 40)}`, isVisible };
    });
    if (seen === null) break;
    reached += 1;
    if (!seen.isVisible) without.push(seen.name);
  }
  expect(reached).toBeGreaterThan(40);
  expect(without).toEqual([]);
  await close();
});

test("the chosen event and the present screen are marked by a line", async () => {
  const { page, close } = await showState("verified", WIDE);
  await page.locator('[data-register="rtmr3"] > summary').press("Enter");
  const list = page.getByRole("listbox", { name: "Events of RTMR3" });
  const chosen = list.locator('[aria-selected="true"]');
  await chosen.waitFor();
  expect(await linesOf(chosen)).not.toBe(await linesOf(list.locator('[aria-selected="false"]').first()));
  await page.goto(`${site.origin}/learn`);
  const links = page.locator("header nav a");
  expect(await linesOf(page.locator('header nav a[aria-current="page"]'))).not.toBe(await linesOf(links.first()));
  await close();
});

describe.each(SCREENS)("the screen %s in forced colours", (path) => {
  test.each(LOOKS.filter(({ viewport }) => viewport.width === 360))(
    "in $colorScheme: no finding of axe",
    async (look) => {
      const { page, complaints, close } = await openPage(site.browser, site.origin, {
        ...look,
        forcedColors: "active",
        serviceWorkers: "block",
      });
      await page.goto(site.origin + path);
      await page.locator("h1").waitFor();
      await page.locator("details").evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
      expect(await findings(page)).toEqual([]);
      expect(complaints).toEqual([]);
      await close();
    },
  );
});
