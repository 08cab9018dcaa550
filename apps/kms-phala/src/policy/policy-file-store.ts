import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ASSET } from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createDocumentPolicySource, type DocumentDemands } from "./document-policy-source.ts";
import type { PolicySource, PolicySourceError } from "./policy-source.ts";

/**
 * The policy in a local file of the released form, for machines without a way to the release and for development. Its
 * signature is looked for beside it, and so are the measurements of the node release, under the names that releases give them.
 *
 * @param path - absolute
 */
export function createFilePolicySource(path: string, demands: DocumentDemands): PolicySource {
  return createDocumentPolicySource({
    label: "file",
    candidates: [{ location: path, isLegacyFile: false }],
    nodeDocument: join(dirname(path), ASSET.publishedMrtds),
    read: readFileAtMost,
    demands,
  });
}

async function readFileAtMost(
  path: string,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>, PolicySourceError>> {
  try {
    const bytes = await readAtMost(path, maxBytes + 1);
    return bytes.length > maxBytes ? err({ code: "policy-too-large", reason: "the policy is too large" }) : ok(bytes);
  } catch (error) {
    const detail = error instanceof Error ? error.message : "unknown error";
    const code = isAbsence(error) ? "policy-not-found" : "policy-unreadable";
    return err({ code, reason: "the policy file cannot be read", detail });
  }
}

// A file may grow while it is read, or be a device without an end.
async function readAtMost(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  await using file = await open(path, "r");
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await file.read(buffer, length, limit - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
