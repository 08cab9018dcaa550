import { CODES_PAGE } from "@mero-tee/release-artifacts";
import { PROBLEMS } from "../wire/problems.ts";

/** Headers for the paths of a site that a pattern names. */
interface HeaderRule {
  /** As `vercel.json` spells it; also the source of a regular expression, but for its dots. */
  readonly source: string;
  readonly headers: Readonly<Record<string, string>>;
}

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types mero-verifier",
  "upgrade-insecure-requests",
].join("; ");

const NO_FEATURES = [
  "accelerometer",
  "autoplay",
  "camera",
  "display-capture",
  "encrypted-media",
  "fullscreen",
  "geolocation",
  "gyroscope",
  "hid",
  "identity-credentials-get",
  "idle-detection",
  "local-fonts",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "picture-in-picture",
  "publickey-credentials-create",
  "publickey-credentials-get",
  "screen-wake-lock",
  "serial",
  "storage-access",
  "usb",
  "web-share",
  "window-management",
  "xr-spatial-tracking",
]
  .map((feature) => `${feature}=()`)
  .join(", ");

/**
 * The headers of the site's own files; `vercel.json` says the same, and a test compares them. The API's answers have headers
 * of their own.
 *
 * Source: docs/verifier-api.md.
 */
export const SITE_HEADERS: readonly HeaderRule[] = [
  {
    source: "/((?!api/).*)",
    headers: {
      "Content-Security-Policy": CSP,
      "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Permissions-Policy": NO_FEATURES,
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Frame-Options": "DENY",
      "Cache-Control": "public, max-age=0, must-revalidate",
    },
  },
  { source: "/assets/(.*)", headers: { "Cache-Control": "public, max-age=31536000, immutable" } },
  { source: "/.well-known/verifier-manifest.json", headers: { "Cache-Control": "public, max-age=300" } },
  // Its scripts stand inside it, which no page of this site may do: it is a file to keep, and brings a policy of its own.
  {
    source: "/verifier-offline.html",
    headers: { "Content-Disposition": 'attachment; filename="verifier-offline.html"' },
  },
];

/** Paths of screens, all of which are the one page. */
export const SCREEN_PATHS: readonly string[] = ["kms", "node", "offline", "report", "compare", "learn", "about"];

/** A path that leads elsewhere. */
interface MovedPath {
  readonly from: string;
  readonly to: string;
  /** Whether browsers may keep in mind where it leads. */
  readonly isPermanent: boolean;
}

/**
 * Older names of screens, and the `type` of every problem, which leads to what the documentation says of it.
 *
 * Source: RFC 9457, section 3.1.1: a consumer may follow `type`.
 */
export const MOVED_PATHS: readonly MovedPath[] = [
  { from: "/mero-tee", to: "/node", isPermanent: true },
  ...Object.keys(PROBLEMS).map((code) => ({
    from: problemPath(code),
    to: `${CODES_PAGE}#${code}`,
    isPermanent: false,
  })),
];

/** Where a problem of this code is explained. */
export function problemPath(code: string): string {
  return `/errors/${code}`;
}

/** The headers of one path, later rules over earlier ones. */
export function siteHeadersOf(pathname: string): Record<string, string> {
  return Object.assign(
    {},
    ...SITE_HEADERS.filter(({ source }) => isMatch(source, pathname)).map(({ headers }) => headers),
  );
}

function isMatch(source: string, pathname: string): boolean {
  return new RegExp(`^${source.replaceAll(/\.(?!\*)/g, "\\.")}$`, "u").test(pathname);
}
