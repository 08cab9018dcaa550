import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { PROBLEMS } from "../../src/wire/problems.ts";
import { MOVED_PATHS, SCREEN_PATHS, SITE_HEADERS, siteHeadersOf } from "../../src/http/site-headers.ts";

const deployment = z
  .object({
    headers: z.array(
      z.object({ source: z.string(), headers: z.array(z.object({ key: z.string(), value: z.string() })) }),
    ),
    redirects: z.array(z.object({ source: z.string(), destination: z.string(), permanent: z.boolean() })),
    rewrites: z.array(z.object({ source: z.string(), destination: z.string() })),
    functions: z.record(z.string(), z.object({ maxDuration: z.int(), memory: z.int() })),
  })
  .parse(JSON.parse(readFileSync(new URL("../../vercel.json", import.meta.url), "utf8")));

describe("vercel.json", () => {
  // Mistake 21.
  test("says of every header what the local server says", () => {
    const written = deployment.headers.map(({ source, headers }) => ({
      source,
      headers: Object.fromEntries(headers.map(({ key, value }) => [key, value])),
    }));
    expect(written).toEqual(SITE_HEADERS);
  });

  test("serves the one page for every screen, and leads older names on", () => {
    expect(deployment.rewrites).toEqual([{ source: `/(${SCREEN_PATHS.join("|")})`, destination: "/index.html" }]);
    expect(deployment.redirects).toEqual(
      MOVED_PATHS.map(({ from, to, isPermanent }) => ({ source: from, destination: to, permanent: isPermanent })),
    );
  });

  test("leads the type of every problem to what the documentation says of its code", () => {
    const codes = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");
    for (const code of Object.keys(PROBLEMS)) {
      const moved = MOVED_PATHS.find(({ from }) => from === `/errors/${code}`);
      const [page, anchor] = moved?.to.split("#") ?? [];
      expect(page).toBe("https://github.com/calimero-network/mero-tee/blob/master/docs/errors.md");
      expect(codes).toContain(`\n### ${anchor}\n`);
    }
  });

  test("gives functions thirty seconds and half a gigabyte", () => {
    expect(deployment.functions).toEqual({ "api/**/*.js": { maxDuration: 30, memory: 512 } });
  });
});

describe("the headers of the site", () => {
  test.each(["/", "/kms", "/assets/index-abc.js", "/favicon.svg", "/verifier-offline.html"])(
    "let %s run nothing of others",
    (path) => {
      expect(siteHeadersOf(path)).toMatchObject({
        "Content-Security-Policy": expect.stringContaining("default-src 'none'; script-src 'self'; worker-src 'self'"),
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
      });
    },
  );

  test("leave the API its own", () => {
    expect(siteHeadersOf("/api/health")).toEqual({});
  });

  test.each([
    { path: "/index.html", cache: "public, max-age=0, must-revalidate" },
    { path: "/assets/index-abc.js", cache: "public, max-age=31536000, immutable" },
    { path: "/.well-known/verifier-manifest.json", cache: "public, max-age=300" },
    { path: "/xwell-known/verifier-manifest.json", cache: "public, max-age=0, must-revalidate" },
  ])("keep $path as long as it may be kept", ({ path, cache }) => {
    expect(siteHeadersOf(path)["Cache-Control"]).toBe(cache);
  });
});
