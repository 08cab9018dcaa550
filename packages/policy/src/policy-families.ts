import type { TcbStatus } from "@mero-tee/tdx-quote";

import type { PolicyRole } from "./appraisal-policy.ts";
import type { DocumentObject, DocumentReader } from "./document-reader.ts";
import { MEASUREMENT_FIELDS, type Measurement, type MeasurementField } from "./measurement.ts";
import type { MeasurementSet } from "./measurement-set.ts";
import { parseAllowedMeasurement, parseAllowedTcbStatus } from "./reference-list.ts";
import { DEFAULT_TCB_STATUSES } from "./tcb-status-word.ts";

/**
 * The families of keys in a release's policy: values of nodes, values of the KMS, and the historical spelling that a
 * node reads as the KMS's values and that the historical KMS reads as the nodes'.
 *
 * Source: docs/protocol.md; docs/releases.md.
 */
type PolicyFamily = "node_allowed" | "kms_allowed" | "allowed";

/** The lists of one family; null for a key that is absent, which is not the same as an empty list. */
interface FamilyLists extends Readonly<Record<MeasurementField, readonly Measurement[] | null>> {
  readonly tcbStatuses: readonly TcbStatus[] | null;
}

/** The lists of a policy once a family is chosen: all of them from that family. */
export interface ChosenLists extends Readonly<Record<MeasurementField, readonly Measurement[]>> {
  readonly tcbStatuses: readonly TcbStatus[];
}

/** What decides which lists count. */
interface ListChoice {
  readonly role: PolicyRole;
  /** Measurement sets of nodes in the same document. */
  readonly sets: readonly MeasurementSet[] | null;
  /** Whether plain `allowed_*` may be read for nodes, in documents without prefixed keys. */
  readonly allowLegacyFallback: boolean;
}

/**
 * Reads the lists that a role is judged by; problems go to the reader.
 *
 * All families in the document are read, also those that are not used: a document with one malformed value is not
 * trusted for the others. All five registers come from one family; families are never mixed, because a register list of
 * the KMS in a policy for nodes would let a KMS pass as a node.
 *
 * @param policy - the document's `policy` object
 */
export function readPolicyLists(
  reader: DocumentReader,
  policy: DocumentObject,
  { role, sets, allowLegacyFallback }: ListChoice,
): ChosenLists {
  const families: Readonly<Record<PolicyFamily, FamilyLists>> = {
    node_allowed: readFamily(reader, policy, "node_allowed"),
    kms_allowed: readFamily(reader, policy, "kms_allowed"),
    allowed: readFamily(reader, policy, "allowed"),
  };
  refuseOverlap(reader, families, sets ?? []);
  const hasPrefixedKeys = [...policy.members.keys()].some((key) => /^(?:node|kms)_allowed_/.test(key));
  if (hasPrefixedKeys) return chooseFamily(reader, families, role === "node" ? "node_allowed" : "kms_allowed");
  if (role === "node" && !allowLegacyFallback) reader.problems.push({ code: "policy-legacy-family-refused" });
  return chooseFamily(reader, families, "allowed");
}

function readFamily(reader: DocumentReader, policy: DocumentObject, family: PolicyFamily): FamilyLists {
  const register = (name: MeasurementField): readonly Measurement[] | null =>
    reader.list(policy, `${family}_${name}`, (text, field) => parseAllowedMeasurement(text, field, name));
  return {
    tcbStatuses: reader.list(policy, `${family}_tcb_statuses`, parseAllowedTcbStatus),
    mrtd: register("mrtd"),
    rtmr0: register("rtmr0"),
    rtmr1: register("rtmr1"),
    rtmr2: register("rtmr2"),
    rtmr3: register("rtmr3"),
  };
}

/** RTMR3 names what runs; MRTD and the others may well be equal for a node and a KMS on the same platform. */
function refuseOverlap(
  reader: DocumentReader,
  families: Readonly<Record<PolicyFamily, FamilyLists>>,
  sets: readonly MeasurementSet[],
): void {
  const ofKms = new Set([...(families.kms_allowed.rtmr3 ?? []), ...(families.allowed.rtmr3 ?? [])]);
  const ofNodes = [...(families.node_allowed.rtmr3 ?? []), ...sets.map(({ rtmr3 }) => rtmr3)];
  const shared = ofNodes.find((measurement) => ofKms.has(measurement));
  if (shared !== undefined) reader.problems.push({ code: "policy-roles-overlap", measurement: shared });
}

function chooseFamily(
  reader: DocumentReader,
  families: Readonly<Record<PolicyFamily, FamilyLists>>,
  family: PolicyFamily,
): ChosenLists {
  const lists = families[family];
  const missing = MEASUREMENT_FIELDS.filter((field) => lists[field] === null).map((field) => `${family}_${field}`);
  if (missing.length > 0) reader.problems.push({ code: "policy-family-incomplete", family, missing });
  return {
    tcbStatuses: lists.tcbStatuses ?? DEFAULT_TCB_STATUSES,
    mrtd: lists.mrtd ?? [],
    rtmr0: lists.rtmr0 ?? [],
    rtmr1: lists.rtmr1 ?? [],
    rtmr2: lists.rtmr2 ?? [],
    rtmr3: lists.rtmr3 ?? [],
  };
}
