import { ok } from "@mero-tee/tdx-quote/result";
import type { Admission } from "../admission.ts";
import type { AuditTrail } from "../audit/audit-trail.ts";
import type { ChallengeStore } from "../challenge/challenge-store.ts";
import type { GuestAgent } from "../guest-agent.ts";
import type { QuoteVerification } from "../quote-verification.ts";
import type { BoundedWork, Metrics } from "./metrics.ts";

/** The same store, timed. */
export function observeChallenges(challenges: ChallengeStore, metrics: Metrics): ChallengeStore {
  return {
    issue: (peerId) => metrics.timed("challenge-issue", () => challenges.issue(peerId)),
    open(challengeId, peerId) {
      const opened = challenges.open(challengeId, peerId);
      return opened.ok ? ok({ spend: () => metrics.timed("challenge-spend", () => opened.value.spend()) }) : opened;
    },
  };
}

/** The same verification, timed, with the statuses that it finds. */
export function observeEvidence(evidence: QuoteVerification, metrics: Metrics): QuoteVerification {
  return {
    platformOf: (quote) => metrics.timed("pck-chain", () => evidence.platformOf(quote)),
    collateralFor: (platform) => metrics.timed("collateral", () => evidence.collateralFor(platform)),
    async verify(quote, collateral) {
      const verified = await metrics.timed("quote-verify", () => evidence.verify(quote, collateral));
      if (verified.ok) metrics.verified(verified.value.tcbStatus);
      return verified;
    },
  };
}

/** The same agent, timed where a request waits for it. */
export function observeAgent(agent: GuestAgent, metrics: Metrics): GuestAgent {
  return {
    quote: (reportData) => metrics.timed("agent-quote", () => agent.quote(reportData)),
    deriveKey: (path) => metrics.timed("agent-key", () => agent.deriveKey(path)),
    emitEvent: (name, payload) => agent.emitEvent(name, payload),
    tlsKey: (names) => agent.tlsKey(names),
  };
}

/** The same trail, timed where a key waits for it. */
export function observeAudit(audit: AuditTrail, metrics: Metrics): AuditTrail {
  return {
    released: (event) => metrics.timed("audit", () => audit.released(event)),
    refused: (code, event) => audit.refused(code, event),
  };
}

/** The same door, with what is behind it, before it, and turned away. */
export function observeAdmission(admission: Admission, work: BoundedWork, metrics: Metrics): Admission {
  return {
    async enter(caller) {
      metrics.waiting(work, 1);
      const slot = await metrics
        .timed(`queue-${work}`, () => admission.enter(caller))
        .finally(() => metrics.waiting(work, -1));
      if (slot === null) {
        metrics.turnedAway(work);
        return null;
      }
      metrics.inFlight(work, 1);
      let isHeld = true;
      return () => {
        if (isHeld) metrics.inFlight(work, -1);
        isHeld = false;
        slot();
      };
    },
  };
}
