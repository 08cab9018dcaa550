import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright";

import { STATES } from "./shown-states.ts";
import { openStateSite } from "./state-site.ts";

/*
 * Takes the pictures of `docs/verifier.md`: every answer in both themes, on a desk and on a phone.
 * `node apps/attestation-verifier-web/test/e2e/pictures.ts` writes them into `docs/images`.
 */
const IMAGES = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));
const WIDTHS = [
  [1280, 800],
  [360, 740],
] as const;
const QUALITY = 0.6;

/** PNG to WebP, which is a fifth of the size; the browser that drew the picture can write it, too. */
async function toWebp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  const base64 = await page.evaluate(
    async ([data, quality]) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality).replace(/^.*,/, "");
    },
    [png.toString("base64"), QUALITY] as const,
  );
  await page.close();
  return Buffer.from(base64, "base64");
}

const site = await openStateSite();
for (const state of STATES) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const [width, height] of WIDTHS) {
      const look = { colorScheme, viewport: { width, height } };
      const { page, close } = await site.show(state, look);
      // The focus is on the answer; its outline belongs to whoever uses the keys.
      await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
      const picture = await toWebp(site.browser, await page.screenshot());
      await writeFile(`${IMAGES}verifier-${state}-${width}-${colorScheme}.webp`, picture);
      await close();
    }
  }
}
await site.close();
