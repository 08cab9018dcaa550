import type { Browser, BrowserContextOptions } from "playwright";

import { openPage, verdictOn, type WatchedPage } from "./watched-page.ts";

/** An address such as a real KMS has; nothing is asked there. */
const SHOWN_URL = "https://3f9a1c-8080.dstack-prod5.phala.network";

/** Opens the page and lets it show what a worker says, instead of what its own would find. */
export async function openState(
  browser: Browser,
  origin: string,
  worker: string,
  look: BrowserContextOptions,
): Promise<WatchedPage> {
  const watched = await openPage(browser, origin, { ...look, serviceWorkers: "block" });
  const { page } = watched;
  await page.route("**/assets/main-*.js", async (route) => {
    await route.fulfill({ contentType: "text/javascript", body: worker });
  });
  await page.goto(`${origin}/kms#v=1&k=kms&u=${encodeURIComponent(SHOWN_URL)}`);
  await page.getByRole("button", { name: "Check", exact: true }).click();
  await verdictOn(page);
  return watched;
}
