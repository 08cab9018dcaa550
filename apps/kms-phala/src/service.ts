import { access } from "node:fs/promises";
import { CODES_PAGE } from "@mero-tee/release-artifacts";
import type { FetchPort } from "@mero-tee/tdx-quote/collateral";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { buildApp } from "./app.ts";
import { type AuditFile, openAuditFile } from "./audit/audit-file-store.ts";
import { createAuditTrail } from "./audit/audit-trail.ts";
import { type ClockSource, createChallengeClock } from "./challenge/challenge-clock.ts";
import { createMemoryChallengeStore } from "./challenge/memory-challenge-store.ts";
import { createSharedChallengeStore, type SharedChallengeStore } from "./challenge/shared-challenge-store.ts";
import { logCollateral } from "./collateral/collateral-log.ts";
import { createCollateralSources } from "./collateral/collateral-sources.ts";
import { type Config, parseConfig } from "./config.ts";
import { BUILD } from "./config/build.ts";
import type { PinFile } from "./config/image-profile.ts";
import { formatListenAddress, type ListenAddress } from "./config/listen-address.ts";
import type { Environment } from "./config/settings.ts";
import type { SharedSetError } from "./challenge/shared-spent-set.ts";
import { loadSettingFiles, type SettingFiles } from "./config/setting-files-store.ts";
import { createDstackAgent } from "./dstack-client.ts";
import { createEvidence } from "./evidence.ts";
import type { GuestAgent } from "./guest-agent.ts";
import type { LogStream } from "./http/logger.ts";
import { createMetrics } from "./observe/metrics.ts";
import { buildMetricsServer } from "./observe/metrics-server.ts";
import { createTcbWatch } from "./observe/tcb-watch.ts";
import type { Conditions } from "./observe/readiness.ts";
import { identifyPolicy, type PolicyIdentity } from "./policy/policy-identity.ts";
import { choosePolicySource } from "./policy/choose-policy-source.ts";
import { createPolicyHolder, type PolicyObserver, type Schedule } from "./policy/policy-holder.ts";
import { observePolicy } from "./policy/policy-log.ts";
import { recordProfileEvent } from "./profile-event.ts";
import { createRedisSpentSet } from "./redis-spent-client.ts";
import type { TlsCertificate } from "./tls/tls-credentials.ts";
import { createTlsKeeper, type TlsObserver } from "./tls/tls-keeper.ts";

/** Exit status for settings that refuse to start (`EX_CONFIG` of sysexits). */
const EXIT_CONFIG = 78;

/** Exit status for everything else that keeps the service from running. */
export const EXIT_FAILURE = 1;

const REFRESH_MS = 600_000;

/** The world that the service runs in. */
export interface ServiceDeps {
  readonly env: Environment;
  readonly pinFile: PinFile;
  readonly clock: ClockSource;
  readonly fetch: FetchPort;
  /** The same way out, for servers whose certificates lead to these (PEM). */
  readonly fetchTrusting: (caPem: string) => FetchPort;
  readonly schedule: Schedule;
  readonly logStream?: LogStream;
  /** The version that this image was built as; by default the one that is compiled in. */
  readonly builtAs?: string;
}

/** Why the service does not run, and the lines to print about it. */
export interface StartFailure {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** A service that listens. */
export interface RunningService {
  readonly address: ListenAddress;
  /** Where metrics are served, or null: nowhere. */
  readonly metricsAddress: ListenAddress | null;
  /** Stops accepting, lets requests in flight finish, and resolves when they have. */
  stop(): Promise<void>;
  /** Resolves if the service finds out later that it must not run. */
  readonly failed: Promise<StartFailure>;
}

/**
 * Starts the service: settings, the profile event, the policy, and only then the socket. Settings that refuse are all
 * reported; nothing listens after a failure.
 */
export async function startService(deps: ServiceDeps): Promise<Result<RunningService, StartFailure>> {
  const config = parseConfig(deps.env, deps.pinFile, deps.builtAs);
  if (!config.ok) {
    const problems = config.error.map(({ setting, message }) => `kms-phala: ${setting}: ${message}`);
    const pages = new Set(config.error.map(({ code }) => `kms-phala: more: ${CODES_PAGE}#${code}`));
    return err({ exitCode: EXIT_CONFIG, lines: [...problems, ...pages] });
  }
  const files = await loadSettingFiles(config.value);
  if (!files.ok) {
    const { setting, reason } = files.error;
    return err({ exitCode: EXIT_CONFIG, lines: [`kms-phala: ${setting}: ${reason}`] });
  }
  const { auditFile } = config.value;
  const audit = auditFile === null ? ok(null) : await openAuditFile(auditFile, nowOf(deps.clock));
  if (!audit.ok) return err({ exitCode: EXIT_CONFIG, lines: [`kms-phala: AUDIT_FILE: ${audit.error}`] });
  return run(config.value, deps, { ...files.value, audit: audit.value });
}

function nowOf(clock: ClockSource): () => number {
  return () => Math.floor(clock.wallMs() / 1000);
}

/** The files that the settings name. */
interface Files extends SettingFiles {
  readonly audit: AuditFile | null;
}

/** What parts of the service have said of themselves. */
interface Known {
  challengeStoreProblem: SharedSetError["code"] | null;
  profileEvent: ReturnType<Conditions["profileEvent"]>;
  policy: PolicyIdentity | null;
}

async function run(
  config: Config,
  deps: ServiceDeps,
  { root, tlsCa, pccsCa, sigstoreRoot, audit: auditFile }: Files,
): Promise<Result<RunningService, StartFailure>> {
  const { clock, fetch, schedule, logStream } = deps;
  const now = nowOf(clock);
  const agent = createDstackAgent({ socketPath: config.dstackSocketPath });
  const tls = config.tls.mode === "off" ? ok(null) : await createTlsKeeper({ agent, names: config.tls.names, now });
  if (!tls.ok) return err(failure(`TLS_MODE: no certificate from the guest agent: ${tls.error}`));
  const keeper = tls.value;
  const policy = createPolicyHolder({
    source: choosePolicySource(config, fetch, sigstoreRoot?.trustedRoot),
    schedule,
    now,
  });
  const ways = { fetch, fetchFromPccs: pccsCa === null ? fetch : deps.fetchTrusting(pccsCa) };
  const evidence = createEvidence({
    sources: createCollateralSources(config.collateral.origins, "standard", ways),
    earlySources: createCollateralSources(config.collateral.origins, "early", ways),
    observe: (status) => logCollateral(app.log, status),
    now,
    rootCa: root?.der ?? null,
    maxWaits: config.limits.maxCollateralWaits,
  });
  const known: Known = {
    challengeStoreProblem: null,
    profileEvent: config.acceptMockAttestation ? null : "pending",
    policy: null,
  };
  const onFailure = (kind: string, reason: string): void =>
    app.log.error({ kind, reason }, "the audit file cannot be written: no key is released");
  const trail = auditFile === null ? null : createAuditTrail({ file: auditFile, schedule, now, onFailure });
  const shared = sharedChallenges(config, deps, agent, tlsCa, (problem) => {
    known.challengeStoreProblem = problem?.code ?? null;
    if (problem === null) app.log.info("the challenge store answers");
    else
      app.log.warn(
        { cause: problem.code, word: problem.word },
        "the challenge store is unavailable: no key is released",
      );
  });
  const watch = createTcbWatch({
    early: evidence.heldEarly,
    now,
    rootCa: root?.der ?? null,
  });
  const metrics = createMetrics(config.metrics !== null);
  const app = buildApp(config, {
    metrics,
    watch,
    agent,
    policy,
    evidence,
    challenges:
      shared ??
      createMemoryChallengeStore({
        ttlSeconds: config.challengeTtlSeconds,
        maxSpent: config.maxPendingChallenges,
        clock: createChallengeClock(clock),
      }),
    conditions: {
      challengeStoreProblem: () => known.challengeStoreProblem,
      profileEvent: () => known.profileEvent,
      collateral: () => evidence.condition(),
      isAuditBroken: () => auditFile?.isBroken() ?? false,
      monotonicMs: () => clock.monotonicMs(),
    },
    policyIdentity: () => known.policy,
    ...(trail === null ? {} : { audit: trail }),
    ...(keeper === null ? {} : { tls: keeper }),
    ...(logStream === undefined ? {} : { logStream }),
  });
  if (keeper !== null) logCertificate(app.log, "TLS ends in this process", keeper.certificate);
  for (const warning of config.warnings) app.log.warn(warning);
  if (root !== null) {
    app.log.warn(
      { rootSha256: root.sha256 },
      "SIMULATED PLATFORM: SIMULATED_ROOT_CA_FILE replaces Intel's root; keys are released to simulated nodes only",
    );
  }
  if (sigstoreRoot !== null) {
    app.log.warn(
      { rootSha256: sigstoreRoot.sha256 },
      "SIGSTORE_TRUSTED_ROOT_FILE replaces the trusted root of Sigstore: policies count that somebody else vouches for",
    );
  }
  const renewal: TlsObserver = {
    renewed: (certificate) => logCertificate(app.log, "TLS certificate renewed", certificate),
    failed: (reason) => app.log.error({ reason }, "TLS certificate not renewed; the old one serves on"),
  };
  const stopRefreshing = repeat(schedule, REFRESH_MS, async () => {
    await Promise.all([evidence.refreshDue(), keeper?.renewIfDue(renewal)]);
  });
  const scrape = (): Promise<string> =>
    metrics.scrape({
      readiness: app.readiness,
      profile: config.profile,
      collateral: () => evidence.condition(),
      policy: () => known.policy,
      forecast: () => watch.summary(),
    });
  const metricsServer = buildMetricsServer(scrape, () => clock.monotonicMs());
  const stop = async (): Promise<void> => {
    await metricsServer.close();
    stopRefreshing();
    policy.stop();
    await app.close();
    shared?.stop();
    await trail?.stop();
  };
  const refuseToRun = async (reason: StartFailure): Promise<Result<RunningService, StartFailure>> => {
    await stop();
    return err(reason);
  };

  const noted = await trail?.note({
    kind: "start",
    profile: config.profile,
    trustAnchor: root === null ? "intel" : "custom",
    discardedBytes: auditFile?.discardedBytes ?? 0,
  });
  if (noted?.ok === false) return refuseToRun(failure(`AUDIT_FILE: cannot be written: ${noted.error.reason}`));
  if (noted?.ok === true)
    app.log.info({ audit: noted.value, discardedBytes: auditFile?.discardedBytes }, "audit file continues");
  const profileFailure = await recordProfile(config, agent, app.log, known);
  if (profileFailure !== null) return refuseToRun(profileFailure);
  // Only the first attempt is waited for, which is bounded; after it the store says why it is closed.
  await shared?.start();
  const failed = Promise.withResolvers<StartFailure>();
  const failures: StartFailure[] = [];
  const logged = observePolicy(config, app.log, (reason) => {
    failures.push(failure(reason));
    failed.resolve(failure(reason));
  });
  const observer: PolicyObserver = {
    ...logged,
    loaded(source, loaded) {
      known.policy = identifyPolicy(source, loaded.policy.tag, loaded.sha256);
      void trail?.note({ kind: "policy", ...known.policy });
      logged.loaded(source, loaded);
    },
  };
  const loading = policy.start(observer);
  // A release host that does not answer must not keep /health and /attest from doing so; /get-key says why it waits.
  if (config.policy.kind !== "release") await loading;
  const [unusablePolicy] = failures;
  if (unusablePolicy !== undefined) return refuseToRun(unusablePolicy);
  try {
    await app.listen({
      host: config.listen.host,
      port: config.listen.port,
      listenTextResolver: (url) => `accepting connections at ${url}`,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    return refuseToRun(failure(`LISTEN_ADDR: cannot listen: ${reason}`));
  }
  const address = boundAddress(app, config.listen);
  if (config.metrics !== null) {
    try {
      // A copy: the framework writes into it.
      await metricsServer.listen({ ...config.metrics });
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown error";
      return refuseToRun(failure(`METRICS_PORT: cannot listen: ${reason}`));
    }
  }
  const metricsAddress = config.metrics === null ? null : boundAddress(metricsServer, config.metrics);
  if (metricsAddress !== null) app.log.info({ address: formatListenAddress(metricsAddress) }, "metrics are served");
  app.log.info({ address: formatListenAddress(address), profile: config.profile, build: BUILD }, "listening");
  return ok({ address, metricsAddress, stop, failed: failed.promise });
}

/** The port that the kernel chose, where it was asked to. */
function boundAddress({ server }: FastifyInstance, { host, port }: ListenAddress): ListenAddress {
  const bound = server.address();
  return { host, port: typeof bound === "object" && bound !== null ? bound.port : port };
}

function logCertificate(log: FastifyBaseLogger, message: string, { sha256, notAfter }: TlsCertificate): void {
  log.info({ sha256, notAfter }, message);
}

// Without a timer collateral would only be refreshed by requests, and a quiet service would meet an outage unprepared.
function repeat(schedule: Schedule, pauseMs: number, work: () => Promise<void>): () => void {
  let cancel = schedule(turn, pauseMs);
  function turn(): void {
    void work();
    cancel = schedule(turn, pauseMs);
  }
  return () => cancel();
}

function sharedChallenges(
  { redis, challengeTtlSeconds, profile }: Config,
  { clock, schedule }: ServiceDeps,
  agent: GuestAgent,
  tlsCa: string | null,
  observe: (problem: SharedSetError | null) => void,
): SharedChallengeStore | null {
  if (redis === null) return null;
  const spent = createRedisSpentSet({ ...redis, tlsCa });
  return createSharedChallengeStore({
    ttlSeconds: challengeTtlSeconds,
    profile,
    spent,
    agent,
    clock,
    schedule,
    observe,
  });
}

async function recordProfile(
  config: Config,
  agent: GuestAgent,
  log: FastifyBaseLogger,
  known: Known,
): Promise<StartFailure | null> {
  try {
    await access(config.dstackSocketPath);
  } catch {
    // Whatever keeps the socket away may pass; keys are refused until then, and the log says why.
    log.warn("the socket of the guest agent is missing: no key can be released until it is there");
  }
  if (config.acceptMockAttestation) return null;
  const outcome = await recordProfileEvent(agent, config.profile);
  known.profileEvent = outcome.kind;
  if (outcome.kind === "foreign") return failure("RTMR3 already says that this boot runs another profile");
  if (outcome.kind === "absent") log.warn({ reason: outcome.reason }, "profile event absent");
  else log.info({ outcome: outcome.kind, profile: config.profile }, "profile event is in RTMR3");
  return null;
}

function failure(line: string): StartFailure {
  return { exitCode: EXIT_FAILURE, lines: [`kms-phala: ${line}`] };
}
