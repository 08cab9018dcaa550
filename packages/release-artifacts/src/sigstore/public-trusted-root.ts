import { parseTrustedRoot, type TrustedRoot } from "./trusted-root.ts";
import document from "./public-good-trusted-root.json" with { type: "json" };

/**
 * The day on which the trusted root below was taken over, RFC 3339. Keys do not expire with the file; but a key that
 * Sigstore has put into use since is not in it.
 */
export const PUBLIC_TRUSTED_ROOT_TAKEN_AT = "2026-11-21T00:00:00Z";

/**
 * The trusted root of Sigstore's public instance as this release knows it, `public-good-trusted-root.json`: byte for byte
 * the target `trusted_root.json` of its TUF repository, as `@sigstore/tuf` 5.0.1 ships it.
 *
 * Throws on a file that does not parse: it is part of this program.
 */
export function publicTrustedRoot(): TrustedRoot {
  const parsed = parseTrustedRoot(JSON.stringify(document));
  if (!parsed.ok) throw new Error(`the compiled-in trusted root: ${parsed.error.code}`);
  return parsed.value;
}
