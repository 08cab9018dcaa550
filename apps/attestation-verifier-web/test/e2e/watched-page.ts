import type { Browser, BrowserContextOptions, Page } from "playwright";

/** A page whose every request and every complaint of the browser is written down. */
export interface WatchedPage {
  readonly page: Page;
  /** Hosts besides the page's own that were asked for anything. */
  readonly foreignHosts: ReadonlySet<string>;
  /** Violations of the content security policy, errors of scripts, and errors on the console. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

/** What Chromium says of a policy feature that it does not know; nothing that the page did. */
const NOT_OURS = /Permissions-Policy|Service Worker registration blocked|Failed to load resource/;

/** Opens a page of its own context. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const foreignHosts = new Set<string>();
  const complaints: string[] = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "blob:" && url.protocol !== "data:" && url.origin !== origin) foreignHosts.add(url.origin);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !NOT_OURS.test(message.text())) complaints.push(message.text());
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      // oxlint-disable-next-line no-console -- the way out of the page
      console.error(`policy violated: ${violatedDirective} ${blockedURI}`),
    );
  });
  return { page, foreignHosts, complaints, close: async () => await context.close() };
}

/** Status of each step of the report on the page, by id. */
export async function stepsOn(page: Page): Promise<Readonly<Record<string, string>>> {
  const steps = await page
    .locator("[data-step]")
    .evaluateAll((elements) => elements.map(({ dataset }) => [dataset["step"] ?? "", dataset["status"] ?? ""]));
  return Object.fromEntries(steps);
}

/** The verdict of the report on the page. */
export async function verdictOn(page: Page): Promise<string | null> {
  const report = page.locator("article[data-verdict]");
  await report.waitFor();
  return await report.getAttribute("data-verdict");
}
