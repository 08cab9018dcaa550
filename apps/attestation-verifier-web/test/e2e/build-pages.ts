import { builtSite } from "./site.ts";

/** Builds the pages that the tests open from the sources as they are; `MERO_TEE_PAGES_BUILT=1` takes the last builds. */
export async function setup(): Promise<void> {
  if (process.env["MERO_TEE_PAGES_BUILT"] === "1") return;
  await builtSite("site", "anew");
  await builtSite("sim", "anew");
}
