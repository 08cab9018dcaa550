import { parseRfc3339Utc } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import type { AppraisalPolicy, PolicyRole } from "./appraisal-policy.ts";
import { type DocumentObject, DocumentReader, pathOf } from "./document-reader.ts";
import { excerpt } from "./foreign-text.ts";
import { readMeasurementSets } from "./measurement-set.ts";
import { readPolicyLists } from "./policy-families.ts";
import type { PolicyError } from "./policy-error.ts";
import { DEFAULT_PROFILE, type Profile } from "./profile.ts";

/** Longest policy document that is read, in bytes. Source: docs/protocol.md. */
export const POLICY_DOCUMENT_LIMIT_BYTES = 1_048_576;

/** What the reader of a release policy knows about the document before opening it. */
export interface ExpectedRelease {
  /** The profile that the reader runs as, or judges for. */
  readonly profile: Profile;
  /** The release asked for, `2.4.0` or `mero-kms-v2.4.0`; absent for a local file of any release. */
  readonly tag?: string;
  /** Whether the document is the historical file without a profile in its name. */
  readonly isLegacyFile: boolean;
  /**
   * Whether plain `allowed_*` lists may be read for nodes. An explicit opt-in, since in a historical file they may be
   * the KMS's own values; without effect in documents with prefixed keys, and for role `kms`.
   */
  readonly allowLegacyFallback?: boolean;
}

/**
 * Reads `kms-phala-attestation-policy[.<profile>].json`, and takes from it the reference values of one role.
 *
 * The envelope must be of role `kms`, of the expected profile and release, of schema version 1 and `ready`; `role` and
 * `profile` may be missing only in the historical file, which speaks for `locked-read-only` alone. Measurement sets of
 * nodes must all be of that profile; the lists stay required beside them, for readers that know no sets. Unknown members are
 * ignored; known ones of the wrong type refuse the document, wherever they stand. The document is not authenticated
 * here: its signature or digest is the caller's to check.
 *
 * @param document - text or UTF-8, at most {@link POLICY_DOCUMENT_LIMIT_BYTES}
 * @param role - `node` for what a KMS demands of nodes, `kms` for what nodes and verifiers demand of a KMS
 * Errors: the first problem found; see {@link PolicyError}.
 * Source: docs/protocol.md; docs/releases.md.
 */
export function parseReleasePolicy(
  document: string | Uint8Array,
  expected: ExpectedRelease,
  role: PolicyRole,
): Result<AppraisalPolicy, PolicyError> {
  const json = parseStrictJson(document, { maxBytes: POLICY_DOCUMENT_LIMIT_BYTES });
  if (!json.ok) return err({ code: "policy-json-malformed", ...json.error });
  if (!(json.value instanceof Map)) {
    return err({ code: "policy-field-malformed", field: "the policy document", expected: "an object" });
  }
  const root: DocumentObject = { path: "", members: json.value };
  const reader = new DocumentReader();
  const { tag, generatedAt } = readEnvelope(reader, root, expected);
  const policy = reader.object(root, "policy");
  if (policy === null) reader.problems.push({ code: "policy-field-missing", field: "policy" });
  const body = policy ?? { path: "policy", members: new Map() };
  const sets = readMeasurementSets(reader, body, "node_measurement_sets", expected.profile);
  const lists = readPolicyLists(reader, body, {
    role,
    sets,
    allowLegacyFallback: expected.allowLegacyFallback === true,
  });
  const kmsOnly = readKmsMembers(reader, root, body);
  const [problem] = reader.problems;
  if (problem !== undefined) return err(problem);
  const source = expected.isLegacyFile ? "legacy-file" : "release-file";
  const common = { source, role, profile: expected.profile, tag, generatedAt, ...lists } as const;
  if (role === "kms") return ok({ ...common, ...kmsOnly });
  return ok(sets === null ? common : { ...common, measurementSets: sets });
}

function readEnvelope(
  reader: DocumentReader,
  root: DocumentObject,
  expected: ExpectedRelease,
): { readonly tag: string | null; readonly generatedAt: number | null } {
  readSchemaVersion(reader, root);
  const mayBeSilent = expected.isLegacyFile && expected.profile === DEFAULT_PROFILE;
  const expectMember = (
    key: "role" | "profile" | "tag",
    wanted: string | undefined,
    mayBeMissing: boolean,
  ): string | null => {
    const actual = reader.text(root, key);
    if (actual === null) {
      if (!mayBeMissing && !root.members.has(key)) reader.problems.push({ code: "policy-field-missing", field: key });
    } else if (wanted !== undefined && actual !== wanted) {
      reader.problems.push({ code: `policy-${key}-mismatch`, expected: wanted, actual: excerpt(actual) });
    }
    return actual;
  };
  const tag = expectMember("tag", expected.tag?.replace(/^mero-kms-v/, ""), expected.tag === undefined);
  expectMember("role", "kms", mayBeSilent);
  expectMember("profile", expected.profile, mayBeSilent);
  const status = reader.text(root, "status");
  if (status !== null && status !== "ready") {
    reader.problems.push({ code: "policy-not-ready", status: excerpt(status) });
  }
  return { tag, generatedAt: readGeneratedAt(reader, root) };
}

function readSchemaVersion(reader: DocumentReader, root: DocumentObject): void {
  const version = root.members.get("schema_version");
  if (version === undefined) return;
  if (typeof version !== "object" || version === null || !("kind" in version)) {
    reader.malformed("schema_version", "the number 1");
  } else if (version.text !== "1") {
    reader.problems.push({ code: "policy-schema-version-unsupported", actual: excerpt(version.text) });
  }
}

function readGeneratedAt(reader: DocumentReader, root: DocumentObject): number | null {
  const text = reader.text(root, "generated_at");
  if (text === null) return null;
  return parseRfc3339Utc(text) ?? reader.malformed("generated_at", "an RFC 3339 time in UTC");
}

type KmsMembers = Pick<AppraisalPolicy, "defaultBinding" | "rtmr3Mode" | "composeHashes">;

function readKmsMembers(reader: DocumentReader, root: DocumentObject, policy: DocumentObject): KmsMembers {
  const defaultBinding = readDefaultBinding(reader, root);
  const mode = reader.text(policy, "kms_rtmr3_mode") ?? "exact";
  if (mode !== "exact" && mode !== "event-log") reader.malformed("policy.kms_rtmr3_mode", '"exact" or "event-log"');
  const composeHashes = reader.list(policy, "kms_allowed_event_payload", (text, field) => {
    const hash = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
    if (hash === undefined)
      return err({ code: "policy-field-malformed", field, expected: "a string of 64 hex digits" });
    return ok(hash.toLowerCase());
  });
  return {
    ...(defaultBinding === null ? {} : { defaultBinding }),
    rtmr3Mode: mode === "event-log" ? mode : "exact",
    composeHashes: composeHashes ?? [],
  };
}

function readDefaultBinding(reader: DocumentReader, root: DocumentObject): Uint8Array<ArrayBuffer> | null {
  const kms = reader.object(root, "kms");
  if (kms === null) return null;
  const hex = reader.text(kms, "default_binding_hex");
  const base64 = reader.text(kms, "default_binding_b64");
  const fromHex = hex === null ? null : parseHex(hex.replace(/^0x/, ""), 32);
  if (hex !== null && fromHex === null) reader.malformed("kms.default_binding_hex", "a string of 64 hex digits");
  const decoded = base64 === null ? null : parseBase64(base64);
  const fromBase64 = decoded?.length === 32 ? decoded : null;
  const base64Field = pathOf(kms, "default_binding_b64");
  if (base64 !== null && fromBase64 === null) reader.malformed(base64Field, "32 bytes as canonical base64");
  if (fromHex !== null && fromBase64 !== null && !equalBytes(fromHex, fromBase64)) {
    reader.problems.push({ code: "policy-binding-contradiction", field: base64Field });
  }
  return fromBase64 ?? fromHex;
}
