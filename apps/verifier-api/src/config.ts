import { readItaSettings, type ItaSettings } from "./config/ita-settings.ts";
import { parseRates, type Rate } from "./config/rate-limits.ts";
import { readReleaseSettings, type ReleaseSettings } from "./config/release-settings.ts";
import { parsePorts, parseSwitch, wholeNumber } from "./config/scalars.ts";
import { parseServiceBase } from "./config/service-base.ts";
import { type ConfigProblem, type Environment, readEnvironment } from "./config/settings.ts";
import { parseRateLimitUrl } from "./config/rate-limit-url.ts";
import { parseTrustProxy, type TrustProxy } from "./config/trust-proxy.ts";
import { type HostRule, parseHostRules } from "./outbound/host-rules.ts";
import type { TargetKind, TargetRules } from "./outbound/target.ts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** What is counted, each with limits of its own. */
export const RATE_NAMES = ["verify", "ita", "itaTotal", "collateral", "releases", "target"] as const;

/** One of {@link RATE_NAMES}. */
export type RateName = (typeof RATE_NAMES)[number];

/** Everything the operator decides, parsed once. */
export interface Config {
  readonly isProduction: boolean;
  /** The commit that is deployed, or `unknown`. */
  readonly commit: string;
  /** Host names of this very service, besides the one that a request names. */
  readonly ownHosts: readonly string[];
  readonly trustProxy: TrustProxy;
  readonly targets: Readonly<Record<TargetKind, TargetRules>>;
  readonly targetTimeoutMs: number;
  readonly maxTargetBytes: number;
  /** The development switch is on. */
  readonly isInsecure: boolean;
  readonly ita: ItaSettings;
  readonly collateralUrl: string;
  readonly releases: ReleaseSettings;
  readonly rates: Readonly<Record<RateName, readonly Rate[]>>;
  /** Where instances share what they count; null: each counts in its own memory. */
  readonly rateLimitUrl: string | null;
  /** A file whose root certificate replaces Intel's, for development; or null. */
  readonly simulatedRootCaFile: string | null;
  /** A file whose trusted root replaces that of Sigstore's public instance, for development; or null. */
  readonly sigstoreTrustedRootFile: string | null;
  /** Settings that cannot be used; the endpoints of their areas are closed. */
  readonly problems: readonly ConfigProblem[];
}

const PUBLIC_NODES: readonly HostRule[] = [{ kind: "public-address" }];
const PHALA: readonly HostRule[] = [{ kind: "below", suffix: ".phala.network" }];

/**
 * Parses the environment. It always gives a configuration: one with problems answers on the endpoints that they do not
 * touch, and says so on `/api/health`.
 *
 * Source: mero-tee public verifier, environment.
 */
export function parseConfig(env: Environment): Config {
  const { problems, area } = readEnvironment(env);
  const all = area("everything");
  const targets = area("targets");
  const releases = area("releases");
  const collateral = area("collateral");
  const ita = area("ita");
  const isProduction = [all.text("VERCEL_ENV"), all.text("NODE_ENV")].includes("production");
  const isInsecure = !isProduction && all.value("ALLOW_PRIVATE_TARGETS", parseSwitch, false);
  const only = <T>(text: string, value: T): Result<T, string> =>
    isProduction ? err("is for development alone") : text.startsWith("/") ? ok(value) : err("must be an absolute path");
  const path = (name: string): string | null => all.value<string | null>(name, (text) => only(text, text), null);
  return {
    isProduction,
    commit: all.text("VERCEL_GIT_COMMIT_SHA") ?? "unknown",
    ownHosts: [all.text("VERCEL_URL"), all.text("VERCEL_PROJECT_PRODUCTION_URL")].filter((host) => host !== null),
    trustProxy: all.value<TrustProxy>("TRUST_PROXY", parseTrustProxy, null),
    targets: {
      kms: {
        hosts: targets.value("KMS_ALLOWED_HOSTS", parseHostRules, PHALA),
        ports: targets.value<readonly number[]>("KMS_ALLOWED_PORTS", parsePorts, [443, 8443]),
        mayBePrivate: isInsecure,
      },
      node: {
        hosts: targets.value("NODE_ALLOWED_HOSTS", parseHostRules, PUBLIC_NODES),
        ports: targets.value<readonly number[]>("NODE_ALLOWED_PORTS", parsePorts, [80, 443, 2528, 8080, 8443]),
        mayBePrivate: isInsecure,
      },
    },
    targetTimeoutMs: targets.value("TARGET_TIMEOUT_MS", wholeNumber(100, 20_000), 8_000),
    maxTargetBytes: targets.value("MAX_TARGET_BYTES", wholeNumber(1_024, 4 * 1024 * 1024), 1024 * 1024),
    isInsecure,
    ita: readItaSettings(ita, isProduction),
    collateralUrl: collateral.value("COLLATERAL_URL", parseServiceBase, "https://api.trustedservices.intel.com"),
    releases: readReleaseSettings(releases),
    rates: {
      verify: targets.value("RATE_LIMIT_VERIFY", parseRates, [rate(10, 60), rate(100, 86_400)]),
      target: targets.value("RATE_LIMIT_TARGET", parseRates, [rate(6, 60)]),
      ita: ita.value("RATE_LIMIT_ITA", parseRates, [rate(5, 60)]),
      itaTotal: ita.value("RATE_LIMIT_ITA_TOTAL", parseRates, [rate(2, 1), rate(900, 300)]),
      collateral: collateral.value("RATE_LIMIT_COLLATERAL", parseRates, [rate(60, 60)]),
      releases: releases.value("RATE_LIMIT_RELEASES", parseRates, [rate(120, 60)]),
    },
    rateLimitUrl: all.value<string | null>("RATE_LIMIT_URL", parseRateLimitUrl, null),
    simulatedRootCaFile: path("SIMULATED_ROOT_CA_FILE"),
    sigstoreTrustedRootFile: path("SIGSTORE_TRUSTED_ROOT_FILE"),
    problems,
  };
}

function rate(count: number, seconds: number): Rate {
  return { count, seconds };
}
