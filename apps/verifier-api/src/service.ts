import { createHash } from "node:crypto";
import { type Anchors, INTEL_TRUST_AUTHORITY, verifyTrustAuthorityToken } from "@mero-tee/appraisal";
import type { TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { createCollateralService } from "./collateral/collateral-service.ts";
import type { Config, RateName } from "./config.ts";
import type { ConfigArea } from "./config/settings.ts";
import { createCollateral } from "./endpoints/collateral.ts";
import { createHealth } from "./endpoints/health.ts";
import { createItaAppraise, createItaKeys } from "./endpoints/ita.ts";
import { createCatalog, createReleases } from "./endpoints/release-lists.ts";
import { createCompatMap, createNodePolicy, createPolicy } from "./endpoints/released-files.ts";
import { createVerify } from "./endpoints/verify.ts";
import type { Call, Handle } from "./http/call.ts";
import { createRouter, type LogLine, type Route, type Router } from "./http/router.ts";
import { createItaService } from "./ita/ita-service.ts";
import { createSecondOpinion, type SecondOpinionPorts } from "./ita/second-opinion.ts";
import type { RateLimiter } from "./limits/rate-limiter.ts";
import type { Resolve } from "./outbound/choose-addresses.ts";
import type { ExchangePort } from "./outbound/exchange.ts";
import { createUpstream } from "./outbound/upstream.ts";
import { type Problem, refuse } from "./problem.ts";
import { createReleaseService } from "./releases/release-service.ts";
import { createReporter } from "./verify/server-report.ts";
import type { EndpointPath } from "./wire/endpoints.ts";

/** Everything outside this process, and what it is built as. */
export interface ServicePorts {
  readonly nowMs: () => number;
  readonly resolve: Resolve;
  readonly exchange: ExchangePort;
  readonly limiter: RateLimiter;
  /** Whose signatures of releases count. */
  readonly sigstoreRoot: TrustedRoot;
  /** DER of the root that quotes lead to; absent: Intel's. */
  readonly rootCa?: Uint8Array;
  readonly log: (line: LogLine) => void;
  readonly version: string;
  /** Longest time for a service that is needed, in milliseconds. */
  readonly upstreamMs: number;
  /** Waits. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Longest time for the appraisal on this machine, releases included: its readers do without it sooner than wait. */
const REPORT_MS = 8_000;

/** Builds the API: the same on a deployment platform, on one machine and in tests. */
export function createService(config: Config, ports: ServicePorts): Router {
  const { nowMs } = ports;
  const nowSeconds = (): number => Math.floor(nowMs() / 1000);
  const isClosed = (area: ConfigArea): boolean =>
    config.problems.some((problem) => problem.area === area || problem.area === "everything");
  const upstream = createUpstream(ports.exchange, ports.resolve, ports.upstreamMs);
  const releases = createReleaseService(upstream, config.releases, ports.sigstoreRoot, nowMs);
  const collateral = createCollateralService(upstream, config.collateralUrl, nowMs);
  const ita = createItaService(config.ita, { upstream, nowMs, wait: ports.wait, totalMs: ports.upstreamMs });

  const draw = async (name: RateName, whom: string, sentence: string): Promise<Result<null, Problem>> => {
    const admission = await ports.limiter.draw({ key: `${name}:${whom}`, rates: config.rates[name] });
    if (admission.isAdmitted) return ok(null);
    return refuse("rate_limited", sentence, { retryAfterSeconds: admission.retryAfterSeconds });
  };
  const anchors: Anchors = {
    ...(ports.rootCa === undefined ? {} : { rootCa: ports.rootCa }),
    release: {
      trustedRoot: ports.sigstoreRoot,
      issuer: config.releases.issuer,
      identities: {
        kms: { exact: config.releases.identities.kms },
        node: { exact: config.releases.identities.node },
      },
    },
    trustAuthority: { ...INTEL_TRUST_AUTHORITY, issuer: config.ita.portalUrl },
    newestRelease: { kms: null, node: null },
  };
  const secondOpinion: SecondOpinionPorts = {
    settings: config.ita,
    service: isClosed("ita") ? null : ita,
    verifyToken: async (token, keys) => {
      const answer = { token, keySet: JSON.stringify({ keys }) };
      return (await verifyTrustAuthorityToken(answer, anchors.trustAuthority, nowSeconds())).ok;
    },
    admit: async ({ client }) => {
      const own = await draw("ita", client, "You had Intel Trust Authority asked too often.");
      return own.ok ? await draw("itaTotal", "all", "Intel Trust Authority was asked too often for now.") : own;
    },
  };
  const handles: Readonly<Record<EndpointPath, Handle>> = {
    "/api/verify": createVerify({
      rules: config.targets,
      resolve: ports.resolve,
      exchange: ports.exchange,
      timeoutMs: config.targetTimeoutMs,
      maxBytes: config.maxTargetBytes,
      isOwnHost: (host, port, call) => isOwnHost(config, host, port, call),
      admitTarget: (host) => draw("target", digestOf(host), "This target was asked too often for now."),
      collateral: isClosed("collateral") ? null : collateral,
      secondOpinion: createSecondOpinion(secondOpinion),
      reporter: createReporter({
        anchors,
        releases,
        nowSeconds,
        version: ports.version,
        giveUp: () => ports.wait(REPORT_MS).then(() => null),
      }),
      nowSeconds,
      ...(ports.rootCa === undefined ? {} : { rootCa: ports.rootCa }),
    }),
    "/api/policy": createPolicy(releases),
    "/api/node-policy": createNodePolicy(releases),
    "/api/compat-map": createCompatMap(releases),
    "/api/releases": createReleases(releases),
    "/api/catalog": createCatalog(releases),
    "/api/collateral": createCollateral(collateral, nowMs),
    "/api/ita/keys": createItaKeys(ita),
    "/api/ita/appraise": createItaAppraise(ita, secondOpinion),
    "/api/health": createHealth(
      { version: ports.version, commit: config.commit, core_version: ports.version },
      () => ({
        ita: config.ita.apiKey === null ? "absent" : "configured",
        releases: releases.state(),
        collateral: collateral.state(),
        config: config.problems.length === 0 ? "ok" : config.problems.map(({ setting }) => setting),
        rate_limits: config.rateLimitUrl === null ? "memory" : "shared",
      }),
      nowSeconds,
    ),
  };
  const route = (path: EndpointPath): Route => {
    const { area, rate } = ROUTES[path];
    return {
      handle: handles[path],
      rates: rate === null ? null : { name: rate, rates: config.rates[rate] },
      isClosed: area !== null && isClosed(area),
    };
  };
  return createRouter({ route, config, nowMs, limiter: ports.limiter, log: ports.log });
}

/** Which settings close an endpoint, and which limit counts its requests. */
const ROUTES: Readonly<Record<EndpointPath, { readonly area: ConfigArea | null; readonly rate: RateName | null }>> = {
  "/api/verify": { area: "targets", rate: "verify" },
  "/api/policy": { area: "releases", rate: "releases" },
  "/api/node-policy": { area: "releases", rate: "releases" },
  "/api/compat-map": { area: "releases", rate: "releases" },
  "/api/releases": { area: "releases", rate: "releases" },
  "/api/catalog": { area: "releases", rate: "releases" },
  "/api/collateral": { area: "collateral", rate: "collateral" },
  "/api/ita/keys": { area: "ita", rate: "releases" },
  // Draws from its own limits, once it is about to ask.
  "/api/ita/appraise": { area: "ita", rate: "releases" },
  "/api/health": { area: null, rate: "releases" },
};

function isOwnHost({ ownHosts, isInsecure }: Config, host: string, port: number, { url }: Call): boolean {
  // In development everything is on one host: only the same port of it is this service.
  if (isInsecure) return host === url.hostname && String(port) === url.port;
  return host === url.hostname || ownHosts.includes(host);
}

function digestOf(host: string): string {
  return createHash("sha256").update(host).digest("hex").slice(0, 16);
}
