import { readItaSettings, type ItaSettings } from "./config/ita-settings.ts";
import type { Rate } from "./config/rate-limits.ts";
import { readReleaseSettings, type ReleaseSettings } from "./config/release-settings.ts";
import { type ConfigProblem, type Environment, readSettings } from "./config/settings.ts";
import type { TrustProxy } from "./config/trust-proxy.ts";
import type { TargetKind, TargetRules } from "./outbound/target.ts";

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

/**
 * Parses the environment. It always gives a configuration: one with problems answers on the endpoints that they do not
 * touch, and says so on `/api/health`.
 *
 * Source: docs/verifier-api.md.
 */
export function parseConfig(env: Environment): Config {
  const settings = readSettings(env);
  const { isProduction, problems } = settings;
  const isInsecure = !isProduction && settings.value("ALLOW_PRIVATE_TARGETS");
  return {
    isProduction,
    commit: settings.value("VERCEL_GIT_COMMIT_SHA") ?? "unknown",
    ownHosts: [settings.value("VERCEL_URL"), settings.value("VERCEL_PROJECT_PRODUCTION_URL")].filter(
      (host) => host !== null,
    ),
    trustProxy: settings.value("TRUST_PROXY"),
    targets: {
      kms: {
        hosts: settings.value("KMS_ALLOWED_HOSTS"),
        ports: settings.value("KMS_ALLOWED_PORTS"),
        mayBePrivate: isInsecure,
      },
      node: {
        hosts: settings.value("NODE_ALLOWED_HOSTS"),
        ports: settings.value("NODE_ALLOWED_PORTS"),
        mayBePrivate: isInsecure,
      },
    },
    targetTimeoutMs: settings.value("TARGET_TIMEOUT_MS"),
    maxTargetBytes: settings.value("MAX_TARGET_BYTES"),
    isInsecure,
    ita: readItaSettings(settings, isProduction),
    collateralUrl: settings.value("COLLATERAL_URL"),
    releases: readReleaseSettings(settings),
    rates: {
      verify: settings.value("RATE_LIMIT_VERIFY"),
      target: settings.value("RATE_LIMIT_TARGET"),
      ita: settings.value("RATE_LIMIT_ITA"),
      itaTotal: settings.value("RATE_LIMIT_ITA_TOTAL"),
      collateral: settings.value("RATE_LIMIT_COLLATERAL"),
      releases: settings.value("RATE_LIMIT_RELEASES"),
    },
    rateLimitUrl: settings.value("RATE_LIMIT_URL"),
    simulatedRootCaFile: settings.value("SIMULATED_ROOT_CA_FILE"),
    sigstoreTrustedRootFile: settings.value("SIGSTORE_TRUSTED_ROOT_FILE"),
    problems,
  };
}
