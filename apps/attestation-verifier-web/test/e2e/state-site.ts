import type { Browser, BrowserContextOptions } from "playwright";

import { launchChromium } from "./chromium.ts";
import { openState } from "./open-state.ts";
import { type State, shownStates, workerThatSays } from "./shown-states.ts";
import { builtSite, serveSite } from "./site.ts";
import type { WatchedPage } from "./watched-page.ts";
import { createWorld } from "./world.ts";

/** Both themes, on a desk and in a hand. */
export const LOOKS = (["light", "dark"] as const).flatMap((colorScheme) =>
  [1280, 360].map((width) => ({ colorScheme, viewport: { width, height: width === 360 ? 740 : 900 } })),
);

/** Every screen, by its path. */
export const SCREENS = ["/", "/kms", "/node", "/offline", "/report", "/compare", "/learn", "/about"] as const;

/** The built site with a browser on it, which can be shown every answer. */
export interface StateSite {
  readonly browser: Browser;
  readonly origin: string;
  show(state: State, look: BrowserContextOptions): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** Serves the built site and starts a browser. */
export async function openStateSite(): Promise<StateSite> {
  const [site, browser] = await Promise.all([
    builtSite("site").then(async (folder) => await serveSite(folder)),
    launchChromium(),
  ]);
  const states = await shownStates(await createWorld());
  return {
    browser,
    origin: site.said,
    show: async (state, look) => await openState(browser, site.said, workerThatSays(states[state]), look),
    close: async () => {
      await browser.close();
      await site.stop();
    },
  };
}
