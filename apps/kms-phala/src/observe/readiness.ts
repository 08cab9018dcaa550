import type { PlatformStatus } from "@mero-tee/tdx-quote/collateral";
import type { Config } from "../config.ts";
import { withDeadline } from "../deadline.ts";
import type { GuestAgent } from "../guest-agent.ts";
import type { PolicyHolder } from "../policy/policy-holder.ts";
import type { ProfileEventOutcome } from "../profile-event.ts";
import { type CheckOutcome, OK, outcome, type ReadinessReport } from "./readiness-report.ts";

/** What is known of the parts that nobody has to ask. */
export interface Conditions {
  /** Why the challenge store is closed: a code, or null while it is open. */
  readonly challengeStoreProblem: () => string | null;
  readonly collateral: () => CollateralCondition;
  /** Whether the audit file could not be written the last time; false where there is none. */
  readonly isAuditBroken: () => boolean;
  /** What came of the profile event; null where none is wanted. */
  readonly profileEvent: () => ProfileEventOutcome["kind"] | "pending" | null;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
}

/** What is held of collateral. */
export interface CollateralCondition {
  readonly platforms: readonly PlatformStatus[];
  /** Whether the clock is behind the newest collateral that was accepted. */
  readonly isClockBehind: boolean;
}

/** What readiness is made of. */
export interface ReadinessSources extends Conditions {
  readonly policy: Pick<PolicyHolder, "current">;
  readonly agent: Pick<GuestAgent, "deriveKey">;
  readonly settings: Pick<
    Config,
    "simulatedRootCaFile" | "sigstoreTrustedRootFile" | "acceptMockAttestation" | "enforceMeasurementPolicy"
  >;
}

/** Says whether keys can be released. */
export type Readiness = () => Promise<ReadinessReport>;

// The guest agent alone has to be asked. Whatever number of callers asks us, it is asked this often at most.
const AGENT_PROBE_LIFE_MS = 10_000;
// Whoever asks for readiness waits about a second; an agent that takes longer gives no key in time either.
const AGENT_PATIENCE_MS = 2_000;
// No key of a node has this path: a node's ends in its peer id.
const PROBE_PATH = "mero-kms/ready/v1";

/**
 * Makes the answer to "can this instance release keys?". All of it is in memory but for the guest agent, which is asked
 * for a key that nobody uses, by one caller at a time, and not again for a while.
 */
export function createReadiness(sources: ReadinessSources): Readiness {
  const agent = createAgentProbe(sources);
  return async () => {
    const guestAgent = await agent();
    const { settings } = sources;
    const checks = {
      policy: judgePolicy(sources.policy),
      challengeStore: judgeChallengeStore(sources.challengeStoreProblem()),
      guestAgent,
      collateral: judgeCollateral(sources.collateral()),
      audit: sources.isAuditBroken() ? outcome("audit-unwritable", "the audit file cannot be written") : OK,
      profileEvent: judgeProfileEvent(sources.profileEvent()),
      trustAnchor: judgeTrustAnchor(settings),
      enforcement: judgeEnforcement(settings),
    };
    return { ready: Object.values(checks).every(({ status }) => status !== "failed"), checks };
  };
}

function createAgentProbe({ agent, monotonicMs }: ReadinessSources): () => Promise<CheckOutcome> {
  let last: { readonly at: number; readonly outcome: CheckOutcome } | null = null;
  let inFlight: Promise<CheckOutcome> | null = null;
  const probe = async (): Promise<CheckOutcome> => {
    const key = await agent.deriveKey(PROBE_PATH);
    if (key.ok) key.value.wipe();
    const found = key.ok ? OK : outcome("guest-agent-unusable", `the guest agent gives no key: ${key.error.code}`);
    last = { at: monotonicMs(), outcome: found };
    return found;
  };
  return async () => {
    if (last !== null && monotonicMs() - last.at < AGENT_PROBE_LIFE_MS) return last.outcome;
    inFlight ??= probe().finally(() => {
      inFlight = null;
    });
    return withDeadline(inFlight, AGENT_PATIENCE_MS, () =>
      outcome("guest-agent-unusable", "the guest agent gives no key: it takes too long"),
    );
  };
}

function judgePolicy(policy: Pick<PolicyHolder, "current">): CheckOutcome {
  const current = policy.current();
  return current.ok ? OK : outcome("policy-missing", current.error.reason);
}

function judgeTrustAnchor({
  simulatedRootCaFile,
  sigstoreTrustedRootFile,
}: ReadinessSources["settings"]): CheckOutcome {
  if (simulatedRootCaFile !== null) {
    return outcome("simulated-root", "a simulated root replaces Intel's; only simulated nodes get keys");
  }
  if (sigstoreTrustedRootFile === null) return OK;
  return outcome("sigstore-root-replaced", "another Sigstore than the public one vouches for policies");
}

function judgeChallengeStore(problem: string | null): CheckOutcome {
  return problem === null ? OK : outcome("challenge-store-closed", `spent challenges cannot be counted: ${problem}`);
}

/**
 * What was never fetched with success does not make an instance unready: it is fetched when a node asks, and an instance
 * that nobody asks any more would stay unready. Nor could a stranger, who may name any genuine platform, then take it out
 * of service. What expired is fetched by a timer.
 */
function judgeCollateral({ platforms, isClockBehind }: CollateralCondition): CheckOutcome {
  if (isClockBehind) {
    return outcome("clock-behind-collateral", "the clock is behind the newest collateral that was accepted");
  }
  const valid = platforms.filter(({ state }) => state === "valid").length;
  const expired = platforms.filter(({ state }) => state === "expired").length;
  if (valid > 0 && expired > 0) {
    return outcome("collateral-partly-expired", `collateral of ${expired} platforms has expired and cannot be renewed`);
  }
  if (expired > 0) return outcome("collateral-expired", "all collateral has expired and cannot be renewed");
  return valid > 0 ? OK : outcome("collateral-none", "no collateral yet; it is fetched for the first node");
}

function judgeProfileEvent(event: ReturnType<Conditions["profileEvent"]>): CheckOutcome {
  switch (event) {
    case null:
    case "present":
    case "emitted":
      return OK;
    case "pending":
      return outcome("profile-event-pending", "RTMR3 has not been looked at yet");
    case "absent":
    case "foreign":
      return outcome("profile-event-absent", "RTMR3 does not say which profile this KMS runs as");
    default:
      return event satisfies never;
  }
}

function judgeEnforcement(settings: ReadinessSources["settings"]): CheckOutcome {
  if (settings.acceptMockAttestation) {
    return outcome("mock-quotes-accepted", "anyone can obtain keys with a made-up quote");
  }
  if (settings.enforceMeasurementPolicy) return OK;
  return outcome("policy-not-enforced", "TCB status and measurements of nodes are not checked");
}
