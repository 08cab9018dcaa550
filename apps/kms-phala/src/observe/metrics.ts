import { KMS_ERROR_CODES, type KmsErrorCode } from "@mero-tee/kms-protocol";
import { TCB_STATUSES, type TcbStatus } from "@mero-tee/tdx-quote";
import type { Profile } from "@mero-tee/policy";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { BUILD } from "../config/build.ts";
import type { EndpointPath } from "../http/endpoints.ts";
import type { PolicyIdentity } from "../policy/policy-identity.ts";
import type { CollateralCondition } from "./readiness.ts";
import type { ReadinessReport } from "./readiness-report.ts";
import type { ForecastSummary } from "./tcb-watch.ts";

/** The parts of the service's work that are timed; waiting for a place is one of them. */
const STAGES = [
  "challenge-issue",
  "challenge-spend",
  "queue-attest",
  "queue-get-key",
  "pck-chain",
  "collateral",
  "quote-verify",
  "agent-quote",
  "agent-key",
  "audit",
] as const;

/** One of {@link STAGES}. */
type Stage = (typeof STAGES)[number];

/** Work that has a bound. */
export type BoundedWork = "attest" | "get-key";

/** What a scrape looks at. Everything is read from memory but readiness, which bounds itself. */
export interface ScrapedState {
  readonly readiness: () => Promise<ReadinessReport>;
  readonly collateral: () => CollateralCondition;
  readonly profile: Profile;
  readonly policy: () => PolicyIdentity | null;
  readonly forecast: () => ForecastSummary;
}

/** What the service counts. No label has a value that a stranger chooses: each comes from a list in this program. */
export interface Metrics {
  /** An answer: the endpoint, or null for an unknown path, and why it was refused, or null. */
  answered(endpoint: EndpointPath | null, code: KmsErrorCode | null): void;
  released(wire: "plain" | "wrapped", tcbStatus: TcbStatus | null): void;
  /** A quote that was verified, whatever the policy says of it. */
  verified(tcbStatus: TcbStatus): void;
  /** Times a stage. */
  timed<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  /** Work that got its place (1), or that ended (-1). */
  inFlight(work: BoundedWork, by: 1 | -1): void;
  /** Work that waits for a place (1), or does not any more (-1). */
  waiting(work: BoundedWork, by: 1 | -1): void;
  turnedAway(work: BoundedWork): void;
  /** Everything, in the text format of Prometheus. */
  scrape(state: ScrapedState): Promise<string>;
}

// From a signature check to what a node waits for at most.
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const PREFIX = "mero_kms_";

/**
 * Makes the metrics of one service, in a registry of their own.
 *
 * @param withProcess - whether the process itself is measured too: memory, processor, event loop, collector
 */
export function createMetrics(withProcess = false): Metrics {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames, registers });

  const answers = counter("answers_total", "Answers by endpoint and code; ok is none", ["endpoint", "code"]);
  const releases = counter("keys_released_total", "Keys that left, by wire and TCB status; mock is none", [
    "wire",
    "tcb_status",
  ]);
  const quotes = counter("quotes_verified_total", "Genuine quotes by TCB status, accepted or not", ["tcb_status"]);
  const stages = new Histogram({
    name: `${PREFIX}stage_seconds`,
    help: "Time that the stages of the work take",
    labelNames: ["stage"],
    buckets: SECONDS,
    registers,
  });
  const inFlight = gauge("in_flight", "Work in flight", ["work"]);
  const waiting = gauge("waiting", "Work that waits for a place", ["work"]);
  const turnedAway = counter("turned_away_total", "Work for which there was no room", ["work"]);
  const ready = gauge("ready", "1 while keys can be released", []);
  const checks = gauge("ready_check", "Checks of readiness: 1 ok, 0.5 degraded, 0 failed", ["check"]);
  const condition = gauge("condition", "1 while this code stands in a check of readiness", ["code"]);
  const buildInfo = gauge("build_info", "The build that runs, and as which profile", ["version", "commit", "profile"]);
  const policyInfo = gauge("policy_info", "The policy in force", ["source", "tag", "sha256"]);
  const platforms = gauge("collateral_platforms", "Kinds of machine whose collateral is known, by state", ["state"]);
  const oldest = gauge("collateral_age_seconds", "Age of the oldest collateral held", []);
  const expiry = gauge("collateral_days_left", "Days until the first collateral held expires; negative after it", []);
  const failing = gauge("collateral_failing_platforms", "Kinds of machine whose last fetch failed", []);
  const older = gauge("collateral_discarded_as_older", "Fetched collateral older than what is held", []);
  const nodes = gauge("forecast_nodes", "Nodes of late, by what the early TCB baseline means for them", ["outcome"]);

  // What was never counted is shown as 0, so that a first time is a change.
  for (const code of KMS_ERROR_CODES) answers.inc({ endpoint: "/get-key", code }, 0);
  for (const tcb of TCB_STATUSES) quotes.inc({ tcb_status: tcb }, 0);
  for (const work of ["attest", "get-key"] as const) {
    inFlight.set({ work }, 0);
    waiting.set({ work }, 0);
    turnedAway.inc({ work }, 0);
  }

  const refresh = async (state: ScrapedState): Promise<void> => {
    const report = await state.readiness();
    ready.set(report.ready ? 1 : 0);
    condition.reset();
    for (const [check, { status, code }] of Object.entries(report.checks)) {
      checks.set({ check }, status === "ok" ? 1 : status === "degraded" ? 0.5 : 0);
      if (code !== null) condition.set({ code }, 1);
    }
    buildInfo.set({ version: BUILD.version, commit: BUILD.commit ?? "", profile: state.profile }, 1);
    policyInfo.reset();
    const policy = state.policy();
    if (policy !== null) {
      policyInfo.set({ source: policy.source, tag: policy.tag ?? "", sha256: policy.sha256 ?? "" }, 1);
    }
    const known = state.collateral().platforms;
    for (const name of ["valid", "expired", "absent"] as const) {
      platforms.set({ state: name }, known.filter((platform) => platform.state === name).length);
    }
    const ages = known.flatMap(({ ageSeconds }) => ageSeconds ?? []);
    const left = known.flatMap(({ ageSeconds, fetchedAt, expiresAt }) =>
      expiresAt === null || fetchedAt === null || ageSeconds === null ? [] : [expiresAt - fetchedAt - ageSeconds],
    );
    oldest.set(Math.max(0, ...ages));
    // Without any there is nothing that ages; NaN is how that is said to Prometheus.
    expiry.set(left.length === 0 ? Number.NaN : Math.min(...left) / 86_400);
    failing.set(known.filter(({ consecutiveFailures }) => consecutiveFailures > 0).length);
    older.set(known.reduce((sum, { discardedAsOlder }) => sum + discardedAsOlder, 0));
    for (const [name, count] of Object.entries(state.forecast())) nodes.set({ outcome: name }, count);
  };
  return {
    answered(endpoint, code) {
      answers.inc({ endpoint: endpoint ?? "unknown", code: code ?? "ok" });
    },
    released(wire, tcbStatus) {
      releases.inc({ wire, tcb_status: tcbStatus ?? "mock" });
    },
    verified: (tcbStatus) => quotes.inc({ tcb_status: tcbStatus }),
    async timed(stage, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        stages.observe({ stage }, (performance.now() - start) / 1e3);
      }
    },
    inFlight: (work, by) => inFlight.inc({ work }, by),
    waiting: (work, by) => waiting.inc({ work }, by),
    turnedAway: (work) => turnedAway.inc({ work }),
    async scrape(state) {
      await refresh(state);
      return registry.metrics();
    },
  };
}
