import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { buildPage } from "./build-page.ts";

/** Builds what a deployment of the public verifier consists of, besides its functions: the page, and the file behind them. */
const API = fileURLToPath(new URL("../apps/verifier-api", import.meta.url));
const page = await buildPage("site");
await build({ root: API, logLevel: "warn" });
const site = join(API, "dist/site");
await rm(site, { recursive: true, force: true });
await cp(page, site, { recursive: true });
process.stdout.write("apps/verifier-api/dist holds service.js and site/\n");
