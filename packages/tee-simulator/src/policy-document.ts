import { DEFAULT_BINDING_LABEL } from "@mero-tee/policy";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { TD_ATTRIBUTES, XFAM } from "./base-quote.ts";
import { utf8 } from "./byte-writer.ts";
import { formatDate } from "./civil-time.ts";
import {
  dstackBootEvents,
  measureBoot,
  measurementsOf,
  simulatedApplication,
  type GuestProfile,
} from "./measured-boot.ts";

/** What measurement sets call the one kind of machine that is simulated. */
const MACHINE_TYPE = "simulated";

/** Default tag of simulated policy documents. */
export const SIMULATED_TAG = "0.0.0";

/**
 * Writes an attestation policy of the shape that releases publish, with the measurements of the simulated guests.
 *
 * The KMS may stand at two values of RTMR3: before and after it recorded its profile, because newer guest agents
 * cannot extend for it.
 */
export function simulatedPolicyDocument(profile: GuestProfile, tag: string, generatedAt: number): string {
  const node = measurementsOf(measureBoot("node", profile));
  const kmsBoot = measureBoot("kms", profile);
  const kms = measurementsOf(kmsBoot);
  const application = simulatedApplication(profile);
  const kmsUnrecorded = measurementsOf(kmsBoot, dstackBootEvents(application));
  const binding = sha256(utf8(DEFAULT_BINDING_LABEL));
  const kmsValues = {
    tcb_statuses: ["UpToDate"],
    mrtd: [kms.mrtd],
    rtmr0: [kms.rtmr0],
    rtmr1: [kms.rtmr1],
    rtmr2: [kms.rtmr2],
    rtmr3: [kms.rtmr3, kmsUnrecorded.rtmr3],
  };
  const document = {
    schema_version: 1,
    role: "kms",
    profile,
    status: "ready",
    tag,
    commit_sha: "0".repeat(40),
    workflow_run_id: "0",
    workflow_run_attempt: "1",
    generated_at: formatDate(generatedAt),
    source: { repository: "calimero-network/mero-tee", workflow: "simulated platform", ref: "refs/heads/master" },
    policy_registry_entry_path: "simulated-platform",
    measurement_markers: {
      kms_role: "calimero.role=kms",
      node_role: "calimero.role=node",
      node_profile_key: "calimero.profile",
      node_root_hash_key: "calimero.root_hash",
    },
    kms: {
      provider: "mero-kms-phala",
      attest_endpoint: "/attest",
      report_data_layout: { bytes_0_31: "nonce", bytes_32_63: "binding_or_default_domain_separator" },
      default_binding_hex: bytesToHex(binding),
      default_binding_b64: btoa(Array.from(binding, (byte) => String.fromCharCode(byte)).join("")),
    },
    policy: {
      ...prefixed("kms_allowed_", kmsValues),
      kms_rtmr3_mode: "event-log",
      kms_allowed_event_payload: [bytesToHex(application.composeHash)],
      ...prefixed("node_allowed_", {
        tcb_statuses: ["UpToDate"],
        mrtd: [node.mrtd],
        rtmr0: [node.rtmr0],
        rtmr1: [node.rtmr1],
        rtmr2: [node.rtmr2],
        rtmr3: [node.rtmr3],
      }),
      node_measurement_sets: [
        {
          id: `${tag}/${profile}/${MACHINE_TYPE}`,
          profile,
          machine_type: MACHINE_TYPE,
          mrtd: node.mrtd,
          rtmr0: node.rtmr0,
          rtmr1: node.rtmr1,
          rtmr2: node.rtmr2,
          rtmr3: node.rtmr3,
          td_attributes: TD_ATTRIBUTES,
          xfam: XFAM,
        },
      ],
      ...prefixed("allowed_", kmsValues),
    },
    merod_config_path: "tee.kms.phala.attestation",
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
