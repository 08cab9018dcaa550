import { open } from "node:fs/promises";
import { join } from "node:path";
import { COLLATERAL_LIMIT_BYTES, failure, type Failure, parseCollateral } from "@mero-tee/tdx-quote";
import type { CollateralChannel, CollateralSource } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/**
 * Collateral in local files, for machines without a way to any service: one bundle for each platform, named
 * `<fmspc>-<platform|processor>.json`, or `….early.json` for the early channel. Read anew whenever it is asked for.
 *
 * @param directory - absolute
 */
export function createFileCollateralSource(directory: string, channel: CollateralChannel): CollateralSource {
  const suffix = channel === "early" ? ".early.json" : ".json";
  return {
    name: "files",
    async fetchCollateral({ fmspc, ca }) {
      // The FMSPC is hex by the time it comes here; it becomes part of a path, so that is not left to hope.
      if (!/^[0-9a-f]{12}$/.test(fmspc)) return unreadable("FMSPC is not 12 hex digits");
      const content = await readAtMost(join(directory, `${fmspc}-${ca}${suffix}`), COLLATERAL_LIMIT_BYTES);
      if (!content.ok) return content;
      const collateral = parseCollateral(content.value);
      return collateral.ok ? ok(collateral.value.bundle) : collateral;
    },
  };
}

// A file may grow while it is read, or be a device without an end.
async function readAtMost(path: string, limit: number): Promise<Result<Uint8Array, Failure>> {
  try {
    await using file = await open(path, "r");
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ end: limit })) {
      if (!(chunk instanceof Uint8Array)) return unreadable("not bytes");
      length += chunk.length;
      if (length > limit) return unreadable("larger than a bundle can be");
      chunks.push(chunk);
    }
    return ok(Buffer.concat(chunks, length));
  } catch (error) {
    // The code alone: a message of the file system names the path.
    const isCoded = error instanceof Error && "code" in error && typeof error.code === "string";
    return unreadable(isCoded ? String(error.code) : "cannot be read");
  }
}

function unreadable(reason: string): { readonly ok: false; readonly error: Failure } {
  return err(failure("fetch", "fetch-failed", { subject: "collateral file", reason }));
}
