import {
  parseTrustedRoot,
  PUBLIC_TRUSTED_ROOT_TAKEN_AT,
  publicTrustedRoot,
  type TrustedRoot,
} from "@mero-tee/release-artifacts/sigstore";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "./context.ts";
import { refusalOfCli, refusalOfSigstore, type Refusal } from "./failure-view.ts";
import { warn } from "./output.ts";
import { parseRfc3339 } from "./rfc3339.ts";

const DOCUMENT_LIMIT_BYTES = 1024 * 1024;
const SECONDS_PER_YEAR = 365 * 86_400;

/** The trusted root of the file, or the one that this release carries, with a word when that one is old. */
export async function loadTrustedRoot(ports: Ports, path: string | undefined): Promise<Result<TrustedRoot, Refusal>> {
  if (path === undefined) {
    const takenAt = parseRfc3339(PUBLIC_TRUSTED_ROOT_TAKEN_AT) ?? 0;
    if (ports.nowSeconds() > takenAt + SECONDS_PER_YEAR) {
      warn(ports, `The trusted root of this release is from ${PUBLIC_TRUSTED_ROOT_TAKEN_AT}; give a newer one.`);
    }
    return ok(publicTrustedRoot());
  }
  const bytes = await ports.files.read(path, DOCUMENT_LIMIT_BYTES);
  if (!bytes.ok) return err(refusalOfCli(bytes.error));
  const parsed = parseTrustedRoot(bytes.value);
  return parsed.ok ? parsed : err(refusalOfSigstore(parsed.error));
}
