import { emptyPolicyFields, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { BUILD } from "./config/build.ts";
import { type CollateralSettings, readCollateralSettings } from "./config/collateral-settings.ts";
import { chooseProfile, type PinFile, type ProfileChoice } from "./config/image-profile.ts";
import type { ListenAddress } from "./config/listen-address.ts";
import { readMetricsAddress } from "./config/metrics-address.ts";
import { choosePolicy, type PolicyChoice } from "./config/policy-choice.ts";
import { type Limits, readLimits } from "./config/limits.ts";
import { readRedisSettings, type RedisSettings } from "./config/redis-settings.ts";
import type { LogLevel } from "./config/scalars.ts";
import { chooseTls, type TlsChoice } from "./config/tls-choice.ts";
import {
  type ConfigProblem,
  type Environment,
  isPinRefusing,
  readSettings,
  type SettingsReader,
} from "./config/settings.ts";

/** Everything the operator decides, parsed once at start and frozen. Times are in seconds. */
export interface Config {
  readonly listen: ListenAddress;
  readonly logLevel: LogLevel;
  /** Where TLS ends. */
  readonly tls: TlsChoice;
  /** The profile in force; part of every key path. */
  readonly profile: Profile;
  /** Whether the image itself pins the profile. */
  readonly isPinned: boolean;
  readonly dstackSocketPath: string;
  readonly keyNamespacePrefix: string;
  readonly challengeTtlSeconds: number;
  readonly maxPendingChallenges: number;
  /** Where instances share what is spent, or null: one instance, in memory. */
  readonly redis: RedisSettings | null;
  readonly limits: Limits;
  /** Exact origins; empty leaves CORS off. */
  readonly corsOrigins: readonly string[];
  readonly acceptMockAttestation: boolean;
  readonly enforceMeasurementPolicy: boolean;
  /** Whether keys leave sealed to the node's trust domain only. */
  readonly requireKeyWrap: boolean;
  readonly policy: PolicyChoice;
  readonly collateral: CollateralSettings;
  /** The development switch: a file whose root certificate replaces Intel's, or null. */
  readonly simulatedRootCaFile: string | null;
  /** A file whose trusted root replaces the compiled-in one of Sigstore's public instance, for rehearsals; or null. */
  readonly sigstoreTrustedRootFile: string | null;
  /** Where metrics are served, or null: nowhere. */
  readonly metrics: ListenAddress | null;
  /** The hash-chained file of decisions, or null: none is kept. */
  readonly auditFile: string | null;
  /** Sentences to log at start: what is weakened, deprecated or unused. */
  readonly warnings: readonly string[];
}

/**
 * Parses the environment and the image's profile pin.
 *
 * @param env - the process environment
 * @param pinFile - what the image's pin file held
 * @param builtAs - the version of this build, below which a pinned image takes no policy
 * @returns a frozen configuration, or every problem found, in the order of the settings
 */
export function parseConfig(
  env: Environment,
  pinFile: PinFile,
  builtAs: string = BUILD.version,
): Result<Config, readonly ConfigProblem[]> {
  const settings = readSettings(env);
  const image = chooseProfile(settings, pinFile);
  const enforcement = readEnforcement(settings, image);
  const config: Config = {
    ...image,
    ...enforcement,
    listen: settings.value("LISTEN_ADDR"),
    tls: chooseTls(settings),
    logLevel: settings.value("LOG_LEVEL"),
    dstackSocketPath: settings.value("DSTACK_SOCKET_PATH"),
    keyNamespacePrefix: settings.value("KEY_NAMESPACE_PREFIX"),
    challengeTtlSeconds: settings.value("CHALLENGE_TTL_SECS"),
    maxPendingChallenges: settings.value("MAX_PENDING_CHALLENGES"),
    redis: readRedisSettings(settings),
    limits: readLimits(settings),
    corsOrigins: settings.value("CORS_ALLOWED_ORIGINS") ?? [],
    requireKeyWrap: settings.value("REQUIRE_KEY_WRAP"),
    policy: choosePolicy(settings, image, builtAs),
    collateral: readCollateralSettings(settings),
    simulatedRootCaFile: readReplacedRoot("SIMULATED_ROOT_CA_FILE", settings, image),
    sigstoreTrustedRootFile: readReplacedRoot("SIGSTORE_TRUSTED_ROOT_FILE", settings, image),
    metrics: readMetricsAddress(settings),
    auditFile: settings.value("AUDIT_FILE"),
    warnings: settings.warnings,
  };
  refuseEmptyPolicy(settings, config);
  if (settings.text("RUST_LOG") !== undefined) settings.warn("RUST_LOG is not read; set LOG_LEVEL");
  return settings.problems.length > 0 ? err(settings.problems) : ok(deepFreeze(config));
}

function readEnforcement(
  settings: SettingsReader,
  image: ProfileChoice,
): Pick<Config, "acceptMockAttestation" | "enforceMeasurementPolicy"> {
  const acceptMockAttestation = settings.value("ACCEPT_MOCK_ATTESTATION");
  const enforceMeasurementPolicy = settings.value("ENFORCE_MEASUREMENT_POLICY");
  const forbidden = "is refused on an image pinned to locked-read-only";
  if (acceptMockAttestation) {
    if (isPinRefusing("ACCEPT_MOCK_ATTESTATION", image))
      settings.refuse("setting-forbidden-by-pin", "ACCEPT_MOCK_ATTESTATION", `true ${forbidden}`);
    settings.warn("ACCEPT_MOCK_ATTESTATION is true: anyone can obtain keys with a made-up quote");
  }
  if (!enforceMeasurementPolicy) {
    if (isPinRefusing("ENFORCE_MEASUREMENT_POLICY", image))
      settings.refuse("setting-forbidden-by-pin", "ENFORCE_MEASUREMENT_POLICY", `false ${forbidden}`);
    settings.warn("ENFORCE_MEASUREMENT_POLICY is false: TCB status and measurements of nodes are not checked");
  }
  return { acceptMockAttestation, enforceMeasurementPolicy };
}

function readReplacedRoot(
  name: "SIMULATED_ROOT_CA_FILE" | "SIGSTORE_TRUSTED_ROOT_FILE",
  settings: SettingsReader,
  image: ProfileChoice,
): string | null {
  const path = settings.value(name);
  if (settings.text(name) === undefined) return null;
  if (isPinRefusing(name, image))
    settings.refuse("setting-forbidden-by-pin", name, "is refused on any image with a profile pin");
  return path;
}

function refuseEmptyPolicy(settings: SettingsReader, config: Config): void {
  if (config.policy.kind !== "environment" || !config.enforceMeasurementPolicy || config.acceptMockAttestation) return;
  for (const field of emptyPolicyFields(config.policy.policy)) {
    const name = field === "tcbStatus" ? "ALLOWED_TCB_STATUSES" : `ALLOWED_${field.toUpperCase()}`;
    settings.refuse("policy-empty", name, "must not be empty while measurements are enforced");
  }
}

function deepFreeze<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) {
    // Views of bytes cannot be frozen.
    if (typeof member === "object" && member !== null && !ArrayBuffer.isView(member)) deepFreeze(member);
  }
  return Object.freeze(value);
}
