import { basename } from "node:path";

import {
  parseReleasePolicy,
  POLICY_DOCUMENT_LIMIT_BYTES,
  type AppraisalPolicy,
  type PolicyRole,
  type Profile,
} from "@mero-tee/policy";
import { err, type Result } from "@mero-tee/tdx-quote/result";

import { refusalOfCli, refusalOfPolicy, type Refusal } from "./failure-view.ts";
import type { FileStore } from "./file-store.ts";

/** The historical release file: the only one that may leave out for which role and profile it speaks. */
const LEGACY_FILE_NAME = "kms-phala-attestation-policy.json";

/** A policy file as the command line names it. */
export interface PolicyFile {
  readonly path: string;
  readonly profile: Profile;
  readonly role: PolicyRole;
}

/**
 * Loads the reference values of one role from a release's attestation policy. The file is trusted as it is: its signature
 * is not checked here.
 */
export async function loadPolicy(files: FileStore, file: PolicyFile): Promise<Result<AppraisalPolicy, Refusal>> {
  const content = await files.read(file.path, POLICY_DOCUMENT_LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const expected = { profile: file.profile, isLegacyFile: basename(file.path) === LEGACY_FILE_NAME };
  const policy = parseReleasePolicy(content.value, expected, file.role);
  return policy.ok ? policy : err(refusalOfPolicy(policy.error));
}
