import { open } from "node:fs/promises";
import { POLICY_DOCUMENT_LIMIT_BYTES } from "@mero-tee/policy";
import { err } from "@mero-tee/tdx-quote/result";
import { type ExpectedDocument, readPolicyDocument } from "./policy-document.ts";
import type { PolicySource } from "./policy-source.ts";

/**
 * The policy in a local file of the released form, for machines without a way to the release and for development.
 *
 * @param path - absolute
 */
export function createFilePolicySource(path: string, expected: ExpectedDocument): PolicySource {
  return {
    label: "file",
    isRetried: true,
    async load() {
      let bytes: Uint8Array;
      try {
        bytes = await readAtMost(path, POLICY_DOCUMENT_LIMIT_BYTES + 1);
      } catch (error) {
        const detail = error instanceof Error ? error.message : "unknown error";
        return err({ code: "policy-not-found", reason: "the policy file cannot be read", detail });
      }
      return readPolicyDocument(bytes, expected);
    },
  };
}

// A file may grow while it is read, or be a device without an end.
async function readAtMost(path: string, limit: number): Promise<Uint8Array> {
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
