import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** The name under which releases publish the page. */
const FILE = "verifier-offline.html";

/**
 * Puts script, style and worker into the page itself, and forbids it every other source: with `default-src 'none'` nothing can
 * be fetched, and only the two blocks whose digests are named here count as script and style.
 */
export function offlinePage(): Plugin {
  return {
    name: "mero-tee-offline-page",
    apply: "build",
    enforce: "post",
    // Vite itself finishes the chunks in this hook, and has to come first.
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        let [script, style, worker, page] = ["", "", "", ""];
        for (const [name, part] of Object.entries(bundle)) {
          if (part.type === "chunk") script = part.code;
          else if (name.endsWith(".html")) page = text(part.source);
          else if (name.endsWith(".css")) style = text(part.source);
          else if (name.endsWith(".js")) worker = text(part.source);
          delete bundle[name];
        }
        if ([script, style, worker, page].includes("")) throw new Error("a part of the single file is missing");
        this.emitFile({ type: "asset", fileName: FILE, source: singlePage({ script, style, worker, page }) });
      },
    },
  };
}

interface Parts {
  readonly script: string;
  readonly style: string;
  readonly worker: string;
  readonly page: string;
}

function singlePage({ script, style, worker, page }: Parts): string {
  const code = inScript(script);
  const policy = [
    "default-src 'none'",
    `script-src '${digest(code)}'`,
    "worker-src blob:",
    `style-src '${digest(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types mero-verifier",
  ].join("; ");
  const head = page
    .replaceAll(/<script [^>]*src=[^>]*><\/script>/g, "")
    .replaceAll(/<link rel="(?:stylesheet|modulepreload|icon)"[^>]*>/g, "");
  // A replacement text would give meaning to `$&` in the code; a function does not.
  return head
    .replace("<head>", () => `<head>\n    <meta http-equiv="content-security-policy" content="${policy}">`)
    .replace("</head>", () => `<style>${style}</style>\n  </head>`)
    .replace(
      "</body>",
      () =>
        `<script type="text/plain" id="worker-code">${inScript(worker)}</script>\n<script type="module">${code}</script>\n  </body>`,
    );
}

/** Nothing in the code may look like the end of its block. */
function inScript(code: string): string {
  return code.replaceAll(/<\/(?=script)/gi, String.raw`<\/`).replaceAll("<!--", String.raw`<\!--`);
}

function digest(code: string): string {
  return `sha256-${createHash("sha256").update(code).digest("base64")}`;
}

function text(source: string | Uint8Array): string {
  return typeof source === "string" ? source : new TextDecoder().decode(source);
}
