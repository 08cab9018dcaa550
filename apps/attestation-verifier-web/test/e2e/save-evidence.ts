import { readFile } from "node:fs/promises";
import type { Page } from "playwright";

/** Saves the evidence of the report on the page. */
export async function saveEvidence(page: Page): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download evidence" }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}
