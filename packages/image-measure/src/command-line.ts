import { PROFILES, type Profile } from "@mero-tee/policy";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { refuseImage, type ImageError } from "./image-error.ts";

/** What the kernel command line of a node image says about it. */
export interface NodeCommandLine {
  readonly role: "node";
  readonly profile: Profile;
  /** dm-verity root hash, 64 lower-case hex digits. */
  readonly rootHash: string;
}

/** The parameters that an image must have exactly once, and what they may be. */
const PARAMETERS = { role: /^node$/, profile: /^[a-z-]+$/, root_hash: /^[0-9a-f]{64}$/ } as const;

function invalid(detail: string): { readonly ok: false; readonly error: ImageError } {
  return refuseImage("command-line-invalid", `the kernel command line ${detail}`);
}

/** The one value of a parameter; null where it is missing, doubled or malformed. */
function theOne(words: readonly string[], name: keyof typeof PARAMETERS): string | null {
  const values = words.filter((word) => word.startsWith(`calimero.${name}=`) || word === `calimero.${name}`);
  const value = values[0]?.slice(`calimero.${name}=`.length);
  return values.length === 1 && value !== undefined && PARAMETERS[name].test(value) ? value : null;
}

/**
 * Reads role, profile and root hash from the command line that an image has built in; each must stand there exactly once.
 *
 * Errors: `command-line-invalid`; `test-image` for `calimero.test`, whatever its value: what a test build lets in, no
 * release may measure.
 */
export function parseNodeCommandLine(text: string): Result<NodeCommandLine, ImageError> {
  if (!/^[\x20-\x7e]*$/.test(text)) return invalid("must be printable ASCII on one line");
  const words = text.split(" ").filter((word) => word !== "");
  if (words.some((word) => word === "calimero.test" || word.startsWith("calimero.test="))) {
    return refuseImage("test-image", "calimero.test on the command line marks a test build, which is never released");
  }
  const role = theOne(words, "role");
  if (role === null) return invalid("must have calimero.role=node exactly once");
  const found = theOne(words, "profile");
  const profile = PROFILES.find((known) => known === found);
  if (profile === undefined) return invalid(`must have calimero.profile exactly once, one of ${PROFILES.join(", ")}`);
  const rootHash = theOne(words, "root_hash");
  if (rootHash === null) return invalid("must have calimero.root_hash exactly once, 64 lower-case hex digits");
  return ok({ role: "node", profile, rootHash });
}
