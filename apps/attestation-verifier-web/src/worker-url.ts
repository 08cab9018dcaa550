// oxlint-disable-next-line import/default -- the build gives the address of the worker, not the module
import url from "./worker/main.ts?worker&url";

import { BUILD } from "./build-facts.ts";

/** Where the worker's code is. In the single file it is a block of text, which becomes a script of its own. */
export function workerUrl(): string {
  if (BUILD.flavour !== "single") return url;
  const code = document.getElementById("worker-code")?.textContent ?? "";
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}
