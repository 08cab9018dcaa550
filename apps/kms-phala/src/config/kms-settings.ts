import { DEFAULT_PROFILE, PROFILES } from "@mero-tee/policy";
import { DEFAULT_REPOSITORY } from "@mero-tee/release-artifacts";
import { COLLATERAL_ORDER, type CollateralWord, PCCS_URLS } from "./collateral-settings.ts";
import { CORS_ORIGINS } from "./cors-origins.ts";
import { KEY_NAMESPACE } from "./key-namespace.ts";
import { LISTEN_ADDRESS, type ListenAddress } from "./listen-address.ts";
import { METRICS_HOST } from "./metrics-address.ts";
import { RELEASE_VERSION } from "./release-version.ts";
import { REPOSITORY } from "./repository-name.ts";
import { REDIS, type RedisTarget } from "./redis-url.ts";
import { ABSOLUTE_PATH, BOOLEAN, LOG_LEVEL, type LogLevel, SHA256, wholeNumber } from "./scalars.ts";
import { SERVICE_URL } from "./service-url.ts";
import { anyText, optional, type Setting, withDefault } from "./setting.ts";
import { SERVER_NAMES, TLS_MODE, type TlsMode } from "./tls-choice.ts";
import { TRUSTED_PROXIES, type TrustedProxies } from "./trusted-proxies.ts";

/** What each variable of the KMS is read as. */
export interface SettingValues {
  readonly LISTEN_ADDR: ListenAddress;
  readonly LOG_LEVEL: LogLevel;
  readonly TLS_MODE: TlsMode;
  readonly TLS_SERVER_NAMES: readonly string[] | null;
  readonly AUDIT_FILE: string | null;
  readonly METRICS_PORT: number | null;
  readonly METRICS_HOST: string;
  readonly CORS_ALLOWED_ORIGINS: readonly string[] | null;
  readonly DSTACK_SOCKET_PATH: string;
  readonly KEY_NAMESPACE_PREFIX: string;
  readonly REQUIRE_KEY_WRAP: boolean;
  readonly CHALLENGE_TTL_SECS: number;
  readonly MAX_PENDING_CHALLENGES: number;
  readonly REDIS_URL: RedisTarget | null;
  readonly REDIS_TLS_CA_FILE: string | null;
  readonly REDIS_SENTINEL_PASSWORD: string | null;
  readonly REDIS_TIMEOUT_MS: number;
  readonly DEBUG: string | null;
  readonly MAX_QUOTES_IN_FLIGHT: number;
  readonly MAX_QUOTES_WAITING: number;
  readonly MAX_QUOTE_WAIT_SECS: number;
  readonly MAX_RELEASES_IN_FLIGHT: number;
  readonly MAX_RELEASES_WAITING: number;
  readonly MAX_RELEASE_WAIT_SECS: number;
  readonly MAX_COLLATERAL_WAITS: number;
  readonly TRUSTED_PROXIES: TrustedProxies | null;
  readonly MAX_PER_ADDRESS: number;
  readonly MERO_KMS_PROFILE: string;
  readonly KMS_POLICY_PROFILE: string | null;
  readonly MERO_KMS_VERSION: string | null;
  readonly MERO_KMS_POLICY_FILE: string | null;
  readonly MERO_KMS_POLICY_SHA256: string | null;
  readonly MERO_NODE_POLICY_SHA256: string | null;
  readonly MERO_TEE_REPOSITORY: string;
  readonly MERO_TEE_RELEASES_URL: string | null;
  readonly USE_ENV_POLICY: boolean;
  readonly ALLOWED_TCB_STATUSES: string;
  readonly ALLOWED_MRTD: string | null;
  readonly ALLOWED_RTMR0: string | null;
  readonly ALLOWED_RTMR1: string | null;
  readonly ALLOWED_RTMR2: string | null;
  readonly ALLOWED_RTMR3: string | null;
  readonly ENFORCE_MEASUREMENT_POLICY: boolean;
  readonly ACCEPT_MOCK_ATTESTATION: boolean;
  readonly COLLATERAL_SOURCES: readonly CollateralWord[] | null;
  readonly PCCS_URL: readonly string[] | null;
  readonly PCCS_CA_FILE: string | null;
  readonly COLLATERAL_DIR: string | null;
  readonly SIMULATED_ROOT_CA_FILE: string | null;
  readonly SIGSTORE_TRUSTED_ROOT_FILE: string | null;
  readonly RUST_LOG: string | null;
}

/** The name of a variable of the KMS. */
export type SettingName = keyof SettingValues;

// Parsed where all five are read together, since an error names an entry of a list.
const MEASUREMENTS = anyText("comma list of 96 hex digits each");
const PROFILE_WORD = anyText(PROFILES.map((profile) => `\`${profile}\``).join(", "));

/**
 * Every variable that the KMS reads, in the order of its reference: the one place that says what may stand in it, what
 * stands for it otherwise, what a pinned image refuses of it, and what it is for. `docs/configuration.md` is made from it.
 */
export const SETTINGS: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  LISTEN_ADDR: withDefault(LISTEN_ADDRESS, "0.0.0.0:8080", "where it listens"),
  LOG_LEVEL: withDefault(LOG_LEVEL, "info", "how much it logs"),
  TLS_MODE: withDefault(TLS_MODE, "off", "where TLS ends"),
  TLS_SERVER_NAMES: optional(SERVER_NAMES, "the names in its certificate"),
  AUDIT_FILE: optional(ABSOLUTE_PATH, "the file of decisions"),
  METRICS_PORT: optional(wholeNumber(0, 65_535), "metrics"),
  METRICS_HOST: withDefault(METRICS_HOST, "127.0.0.1", "who reaches them"),
  CORS_ALLOWED_ORIGINS: optional(CORS_ORIGINS, "which web pages may read its answers"),
  DSTACK_SOCKET_PATH: withDefault(ABSOLUTE_PATH, "/var/run/dstack.sock", "the guest agent"),
  KEY_NAMESPACE_PREFIX: withDefault(KEY_NAMESPACE, "merod/storage", "the first part of every key's path"),
  REQUIRE_KEY_WRAP: withDefault(BOOLEAN, "false", "whether keys leave sealed only"),
  CHALLENGE_TTL_SECS: withDefault(wholeNumber(1, 3600), "60", "how long a challenge is good"),
  MAX_PENDING_CHALLENGES: withDefault(wholeNumber(1, 10_000_000), "10000", "how many spent challenges are remembered"),
  REDIS_URL: optional(REDIS, "what several instances share"),
  REDIS_TLS_CA_FILE: optional(ABSOLUTE_PATH, "whom to trust as Redis"),
  REDIS_SENTINEL_PASSWORD: optional(anyText("text"), "the password of the Sentinels"),
  REDIS_TIMEOUT_MS: withDefault(wholeNumber(100, 2_500), "2000", "how long Redis may take"),
  DEBUG: optional(anyText("nothing"), "must be unset beside Redis"),
  MAX_QUOTES_IN_FLIGHT: withDefault(wholeNumber(1, 64), "8", "quotes for `/attest` at once"),
  MAX_QUOTES_WAITING: withDefault(wholeNumber(0, 10_000), "256", "how many wait for one"),
  MAX_QUOTE_WAIT_SECS: withDefault(wholeNumber(1, 15), "10", "how long they wait"),
  MAX_RELEASES_IN_FLIGHT: withDefault(wholeNumber(2, 1_024), "96", "key releases at once"),
  MAX_RELEASES_WAITING: withDefault(wholeNumber(0, 10_000), "256", "how many wait for one"),
  MAX_RELEASE_WAIT_SECS: withDefault(wholeNumber(1, 5), "5", "how long they wait"),
  // Where only the number of releases is set, two thirds of that.
  MAX_COLLATERAL_WAITS: withDefault(wholeNumber(1, 1_023), "64", "key releases that wait for collateral"),
  TRUSTED_PROXIES: optional(TRUSTED_PROXIES, "whose word on addresses is taken"),
  MAX_PER_ADDRESS: withDefault(wholeNumber(1, 10_000), "32", "what one address may hold"),
  MERO_KMS_PROFILE: withDefault(PROFILE_WORD, DEFAULT_PROFILE, "the image profile", {
    on: "any",
    what: "a profile variable that differs from the pin, or is empty",
  }),
  KMS_POLICY_PROFILE: optional(PROFILE_WORD, "its deprecated other name"),
  MERO_KMS_VERSION: optional(RELEASE_VERSION, "the release whose policy applies", {
    on: "any",
    what: "`MERO_KMS_VERSION` older than the version that the image was built as",
  }),
  MERO_KMS_POLICY_FILE: optional(ABSOLUTE_PATH, "the policy in a file"),
  MERO_KMS_POLICY_SHA256: optional(SHA256, "the digest that pins the policy"),
  MERO_NODE_POLICY_SHA256: optional(SHA256, "the digest that pins the node release", {
    on: "locked-read-only",
    what: "a policy from a release or a file with neither `MERO_NODE_POLICY_SHA256` nor `MERO_KMS_POLICY_SHA256`",
  }),
  MERO_TEE_REPOSITORY: withDefault(REPOSITORY, DEFAULT_REPOSITORY, "whose releases, and so whose signatures", {
    on: "any",
    what: "`MERO_TEE_REPOSITORY` other than the default",
  }),
  MERO_TEE_RELEASES_URL: optional(SERVICE_URL, "a mirror of the releases"),
  USE_ENV_POLICY: withDefault(BOOLEAN, "false", "take the policy from the variables below"),
  ALLOWED_TCB_STATUSES: withDefault(anyText("comma list of TCB statuses"), "UpToDate", "accepted TCB statuses"),
  ALLOWED_MRTD: optional(MEASUREMENTS, "accepted measurements"),
  ALLOWED_RTMR0: optional(MEASUREMENTS, "accepted measurements"),
  ALLOWED_RTMR1: optional(MEASUREMENTS, "accepted measurements"),
  ALLOWED_RTMR2: optional(MEASUREMENTS, "accepted measurements"),
  ALLOWED_RTMR3: optional(MEASUREMENTS, "accepted measurements"),
  ENFORCE_MEASUREMENT_POLICY: withDefault(BOOLEAN, "true", "whether the policy is applied", {
    on: "locked-read-only",
    what: "`ENFORCE_MEASUREMENT_POLICY=false`",
  }),
  ACCEPT_MOCK_ATTESTATION: withDefault(BOOLEAN, "false", "whether mock quotes count", {
    on: "locked-read-only",
    what: "`ACCEPT_MOCK_ATTESTATION=true`",
  }),
  COLLATERAL_SOURCES: optional(COLLATERAL_ORDER, "the order of the sources of collateral"),
  PCCS_URL: optional(PCCS_URLS, "collateral services instead of Intel's"),
  PCCS_CA_FILE: optional(ABSOLUTE_PATH, "whom to trust as one of them"),
  COLLATERAL_DIR: optional(ABSOLUTE_PATH, "collateral in local files"),
  SIMULATED_ROOT_CA_FILE: optional(ABSOLUTE_PATH, "the development switch", {
    on: "any",
    what: "`SIMULATED_ROOT_CA_FILE`",
  }),
  SIGSTORE_TRUSTED_ROOT_FILE: optional(ABSOLUTE_PATH, "another Sigstore, for rehearsals", {
    on: "any",
    what: "`SIGSTORE_TRUSTED_ROOT_FILE`",
  }),
  RUST_LOG: optional(anyText("nothing"), "not read"),
};
