import type { Failure } from "@mero-tee/tdx-quote";
import type { FindingCode } from "./finding.ts";

const CONFIGURE = "Correct the variable; docs/configuration.md says what may stand there.";
const UNPIN = "Unset the variable, or deploy an image that is not pinned to this profile.";
const MOUNT =
  "Mount the guest agent's socket into this container, and name it in DSTACK_SOCKET_PATH; outside dstack there is none.";
const AGENT = "Restart the guest agent, and compare its version with those that docs/deploy-kms.md names.";
const DIGEST = "Compute the digest of the document that you judged, and set that; see docs/policies.md.";
const REJUDGE = "Do not use it: judge the release with `mero-tee release verify`, and take the policy from there.";
const NODE_RELEASE = "Take policy and node release of the same version; see docs/policies.md.";
const REDIS = "Start Redis, or correct REDIS_URL; the KMS connects again by itself.";
const CLOCK = "Set the clocks: let NTP run on this machine and on that of Redis.";

/** What to do about a finding of the service's own parts. */
const ADVICE: Partial<Record<FindingCode, string>> = {
  "setting-warning": "Change the setting, or live with what the sentence says.",
  "settings-file-unusable": "Put a readable file there, or unset the variable.",
  "platform-tcb-behind": "Have the host's firmware and TDX module updated; see docs/runbooks/tcb-raised.md.",
  "tls-certificate-unusable":
    "Correct TLS_SERVER_NAMES or the clock, whichever the sentence is about; see docs/runbooks/node-tls.md.",
  "listen-address-taken": "Stop what listens there, or set another port.",
  "listen-address-unusable": "Set an address that this machine has, and a port that the service's user may take.",
  "setting-not-utf8": CONFIGURE,
  "setting-malformed": CONFIGURE,
  "setting-conflict": "Set one of the two; docs/configuration.md says which excludes which.",
  "setting-forbidden-by-pin": UNPIN,
  "setting-required-by-pin": "Set MERO_NODE_POLICY_SHA256 to the digest of the node release's published-mrtds.json.",
  "policy-empty": "Fill the list that is empty: as it is, it accepts no node.",
  "agent-unavailable": MOUNT,
  "agent-timeout": AGENT,
  "agent-answer-too-large": AGENT,
  "agent-answer-malformed": AGENT,
  "agent-report-data-mismatch": "Do not trust this guest agent: it quotes something else than it is asked for.",
  "policy-not-configured": "Set MERO_KMS_VERSION and MERO_NODE_POLICY_SHA256; see docs/configuration.md.",
  "policy-not-found": "Check the version or the path: nothing is there.",
  "policy-unreadable": "Let the service's user read the file.",
  "policy-unreachable": "Let this machine reach the release host on port 443, or set MERO_KMS_POLICY_FILE.",
  "policy-status": "Try again later; if it stays, set MERO_KMS_POLICY_FILE.",
  "policy-too-large": REJUDGE,
  "policy-digest-mismatch": DIGEST,
  "policy-unsigned": "Put the signature beside the file, as POLICY.json.sigstore.json.",
  "policy-signature-refused": REJUDGE,
  "policy-refused": REJUDGE,
  "policy-too-old": "Set a MERO_KMS_VERSION that is not older than this image.",
  "node-policy-digest-mismatch": DIGEST,
  "node-policy-malformed": NODE_RELEASE,
  "node-policy-mismatch": NODE_RELEASE,
  "redis-unreachable": REDIS,
  "redis-timeout": REDIS,
  "redis-refused": "Give the user of REDIS_URL the right password and the commands that docs/configuration.md lists.",
  "redis-answer-malformed":
    "Point REDIS_URL at a Redis server, not at something in front of it that answers otherwise.",
  "redis-evicts": "Set `maxmemory-policy noeviction` on the server.",
  "redis-clock-off": CLOCK,
  "clock-behind-collateral": CLOCK,
  "audit-unwritable": "Let the service's user write the file and its directory, and make room on the disk.",
  "simulated-root": "Unset SIMULATED_ROOT_CA_FILE in production: as it is, only simulated nodes get keys.",
  "sigstore-root-replaced": "Unset SIGSTORE_TRUSTED_ROOT_FILE in production.",
  "mock-quotes-accepted": "Unset ACCEPT_MOCK_ATTESTATION in production: as it is, anyone gets keys.",
  "policy-not-enforced": "Unset ENFORCE_MEASUREMENT_POLICY in production: as it is, every TDX machine gets keys.",
};

/** What to do about a code of the service's own parts; the documentation of the code where there is nothing shorter. */
export function adviceFor(code: FindingCode): string {
  return ADVICE[code] ?? `See docs/errors.md#${code}.`;
}

/** What to do if this machine's own quote does not verify. */
export function adviceForEvidence({ code, stage }: Failure): string {
  if (stage === "fetch") {
    return "Let this machine reach Intel's services on port 443, or set PCCS_URL or COLLATERAL_DIR; see docs/configuration.md.";
  }
  if (code === "chain-root-untrusted") {
    return "This machine is no genuine TDX machine. For the simulated platform, set SIMULATED_ROOT_CA_FILE to its root.";
  }
  if (code.endsWith("-expired")) {
    return "Check the clock; if it is right, the source gives outdated collateral: use another one.";
  }
  return `See docs/errors.md#${code}; a node on a machine like this gets no key.`;
}
