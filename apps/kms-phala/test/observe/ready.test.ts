import type { PlatformStatus } from "@mero-tee/tdx-quote/collateral";
import { err } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import type { AppDeps } from "../../src/app.ts";
import { BUILD } from "../../src/config/build.ts";
import type { GuestAgent } from "../../src/guest-agent.ts";
import type { Conditions } from "../../src/observe/readiness.ts";
import type { ReadinessReport } from "../../src/observe/readiness-report.ts";
import { fakeAgent, startHarness } from "../harness.ts";

const CHECKS = [
  "policy",
  "challengeStore",
  "guestAgent",
  "collateral",
  "audit",
  "profileEvent",
  "trustAnchor",
  "enforcement",
] as const;
const OK = { status: "ok", code: null, reason: null };

function platformIn(state: PlatformStatus["state"]): PlatformStatus {
  return {
    fmspc: "b0c06f000000",
    ca: "platform",
    channel: "standard",
    source: null,
    state,
    fetchedAt: null,
    ageSeconds: null,
    validFrom: null,
    expiresAt: null,
    secondsLeft: null,
    tcbEvaluationDataNumber: null,
    isRefreshing: false,
    consecutiveFailures: 0,
    lastFailure: null,
    failedSources: [],
    discardedAsOlder: 0,
  };
}

function collateral(states: readonly PlatformStatus["state"][], isClockBehind = false): Conditions["collateral"] {
  return () => ({ platforms: states.map(platformIn), isClockBehind });
}

async function ask(options: { env?: Record<string, string>; deps?: Partial<AppDeps> } = {}) {
  const harness = await startHarness(options);
  const answer = await harness.app.inject({ method: "GET", url: "/ready" });
  const health = await harness.app.inject({ method: "GET", url: "/health" });
  await harness.app.close();
  return { status: answer.statusCode, report: answer.json<ReadinessReport>(), headers: answer.headers, health };
}

const ALL_WELL: Partial<Conditions> = { collateral: collateral(["valid"]), profileEvent: () => "present" };

describe("GET /ready", () => {
  test("is 200 where keys can be released, with every check", async () => {
    const { status, report, headers } = await ask({ deps: { conditions: ALL_WELL } });
    expect(status).toBe(200);
    expect(report).toEqual({
      ready: true,
      checks: Object.fromEntries(CHECKS.map((check) => [check, OK])),
      build: { version: BUILD.version, commit: null, profile: "locked-read-only" },
    });
    expect(headers).toMatchObject({ "cache-control": "no-store" });
  });

  test.each<{ code: string; check: string; deps: Partial<AppDeps> }>([
    {
      code: "policy-missing",
      check: "policy",
      deps: { policy: { current: () => err({ reason: "the policy is not the pinned one" }) } },
    },
    {
      code: "challenge-store-closed",
      check: "challengeStore",
      deps: { conditions: { ...ALL_WELL, challengeStoreProblem: () => "redis-unreachable" } },
    },
    {
      code: "guest-agent-unusable",
      check: "guestAgent",
      deps: { agent: withoutKeys() },
    },
    {
      code: "collateral-expired",
      check: "collateral",
      deps: { conditions: { ...ALL_WELL, collateral: collateral(["expired", "absent"]) } },
    },
    {
      code: "clock-behind-collateral",
      check: "collateral",
      deps: { conditions: { ...ALL_WELL, collateral: collateral(["valid"], true) } },
    },
    { code: "audit-unwritable", check: "audit", deps: { conditions: { ...ALL_WELL, isAuditBroken: () => true } } },
  ])(
    "is 503 for $code, and says so of that check alone, while /health stays as it is",
    async ({ code, check, deps }) => {
      const { status, report, health } = await ask({ deps: { conditions: ALL_WELL, ...deps } });
      expect(status).toBe(503);
      expect(report.ready).toBe(false);
      const failed = Object.entries(report.checks).filter(([, found]) => found.status !== "ok");
      expect(failed).toEqual([[check, { status: "failed", code, reason: expect.stringMatching(/^.{10,}$/) }]]);
      expect(health.statusCode).toBe(200);
      expect(health.json()).toEqual({ status: "alive", service: "mero-kms-phala" });
    },
  );

  test.each<{ code: string; check: string; env?: Record<string, string>; conditions?: Partial<Conditions> }>([
    { code: "simulated-root", check: "trustAnchor", env: { SIMULATED_ROOT_CA_FILE: "/root-ca.pem" } },
    { code: "sigstore-root-replaced", check: "trustAnchor", env: { SIGSTORE_TRUSTED_ROOT_FILE: "/root.json" } },
    { code: "mock-quotes-accepted", check: "enforcement", env: { ACCEPT_MOCK_ATTESTATION: "true" } },
    { code: "policy-not-enforced", check: "enforcement", env: { ENFORCE_MEASUREMENT_POLICY: "false" } },
    { code: "collateral-none", check: "collateral", conditions: { collateral: collateral([]) } },
    // A stranger can name a platform that Intel does not answer for: that must not take the instance out of service.
    { code: "collateral-none", check: "collateral", conditions: { collateral: collateral(["absent", "absent"]) } },
    {
      code: "collateral-partly-expired",
      check: "collateral",
      conditions: { collateral: collateral(["expired", "valid"]) },
    },
    { code: "profile-event-absent", check: "profileEvent", conditions: { profileEvent: () => "absent" } },
    { code: "profile-event-pending", check: "profileEvent", conditions: { profileEvent: () => "pending" } },
  ])("shows $code and stays ready", async ({ code, check, env = {}, conditions = {} }) => {
    const { status, report } = await ask({ env, deps: { conditions: { ...ALL_WELL, ...conditions } } });
    expect(status).toBe(200);
    const shown = Object.entries(report.checks).filter(([, found]) => found.status !== "ok");
    expect(shown).toEqual([[check, { status: "degraded", code, reason: expect.stringMatching(/^.{10,}$/) }]]);
  });
});

function withoutKeys(): GuestAgent {
  return {
    ...fakeAgent(),
    deriveKey: () => Promise.resolve(err({ code: "agent-unavailable", reason: "planted /var/run/dstack.sock" })),
  };
}

describe("a flood of /ready", () => {
  test("asks the guest agent once, and again only after a while", async () => {
    const inner = fakeAgent();
    const paths: string[] = [];
    let monotonicMs = 0;
    const agent: GuestAgent = {
      ...inner,
      deriveKey(path) {
        paths.push(path);
        return inner.deriveKey(path);
      },
    };
    const { app } = await startHarness({
      deps: { agent, conditions: { ...ALL_WELL, monotonicMs: () => monotonicMs } },
    });
    const flood = async (): Promise<Set<number>> => {
      const answers = await Promise.all(
        Array.from({ length: 500 }, async () => app.inject({ method: "GET", url: "/ready" })),
      );
      return new Set(answers.map(({ statusCode }) => statusCode));
    };
    expect(await flood()).toEqual(new Set([200]));
    expect(paths).toEqual(["mero-kms/ready/v1"]);
    monotonicMs += 9_999;
    await flood();
    expect(paths).toHaveLength(1);
    monotonicMs += 1;
    await flood();
    expect(paths).toHaveLength(2);
    await app.close();
  });

  test("while the guest agent hangs waits for it once, and is answered", async () => {
    const gate = Promise.withResolvers<void>();
    const inner = fakeAgent();
    let asked = 0;
    const agent: GuestAgent = {
      ...inner,
      async deriveKey(path) {
        asked += 1;
        await gate.promise;
        return inner.deriveKey(path);
      },
    };
    const { app } = await startHarness({ deps: { agent, conditions: ALL_WELL } });
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => app.inject({ method: "GET", url: "/ready" })),
    );
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([503]));
    expect(asked).toBe(1);
    gate.resolve();
    await app.close();
  });

  test("learns nothing but codes and sentences of ours: no path, host or error of the agent", async () => {
    const { report } = await ask({ deps: { agent: withoutKeys(), conditions: ALL_WELL } });
    expect(JSON.stringify(report)).not.toContain("planted");
    expect(report.checks.guestAgent.reason).toBe("the guest agent gives no key: agent-unavailable");
  });
});
