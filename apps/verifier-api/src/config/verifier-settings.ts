import { DEFAULT_REPOSITORY, GITHUB_ACTIONS_ISSUER, parseServiceBase } from "@mero-tee/release-artifacts";
import { ok } from "@mero-tee/tdx-quote/result";
import { type HostRule, parseHostRules } from "../outbound/host-rules.ts";
import { parseDevelopmentFile } from "./development-file.ts";
import { parseItaUrl } from "./ita-region.ts";
import { parseRateLimitUrl } from "./rate-limit-url.ts";
import { parseRates, type Rate } from "./rate-limits.ts";
import { parseRepository, workflowOf } from "./release-identity.ts";
import {
  parseIdentity,
  parseOrigins,
  parsePorts,
  parseSecret,
  parseSwitch,
  parseUuids,
  wholeNumber,
} from "./scalars.ts";
import { optional, type Setting, type SettingForm, withDefault } from "./setting.ts";
import { parseTrustProxy, type TrustProxy } from "./trust-proxy.ts";

/** What each variable of the verifier's API is read as. */
export interface SettingValues {
  readonly KMS_ALLOWED_HOSTS: readonly HostRule[];
  readonly NODE_ALLOWED_HOSTS: readonly HostRule[];
  readonly KMS_ALLOWED_PORTS: readonly number[];
  readonly NODE_ALLOWED_PORTS: readonly number[];
  readonly TARGET_TIMEOUT_MS: number;
  readonly MAX_TARGET_BYTES: number;
  readonly RATE_LIMIT_VERIFY: readonly Rate[];
  readonly RATE_LIMIT_TARGET: readonly Rate[];
  readonly RATE_LIMIT_COLLATERAL: readonly Rate[];
  readonly RATE_LIMIT_RELEASES: readonly Rate[];
  readonly RATE_LIMIT_ITA: readonly Rate[];
  readonly RATE_LIMIT_ITA_TOTAL: readonly Rate[];
  readonly RATE_LIMIT_URL: string | null;
  readonly TRUST_PROXY: TrustProxy;
  readonly ITA_API_KEY: string | null;
  readonly ITA_APPRAISAL_URL: string;
  readonly ITA_PORTAL_URL: string;
  readonly ITA_POLICY_IDS: readonly string[] | null;
  readonly CORS_ITA_ORIGINS: readonly string[] | null;
  readonly COLLATERAL_URL: string;
  readonly RELEASE_REPO: string;
  readonly RELEASE_API_URL: string;
  readonly RELEASE_DOWNLOAD_URL: string;
  readonly GITHUB_TOKEN: string | null;
  readonly SIGSTORE_ISSUER: string;
  readonly SIGSTORE_IDENTITY_KMS: string;
  readonly SIGSTORE_IDENTITY_NODE: string;
  readonly ALLOW_PRIVATE_TARGETS: boolean;
  readonly SIMULATED_ROOT_CA_FILE: string | null;
  readonly SIGSTORE_TRUSTED_ROOT_FILE: string | null;
  readonly NODE_ENV: string | null;
  readonly VERCEL_ENV: string | null;
  readonly VERCEL_URL: string | null;
  readonly VERCEL_PROJECT_PRODUCTION_URL: string | null;
  readonly VERCEL_GIT_COMMIT_SHA: string | null;
}

/** The name of a variable of the verifier's API. */
export type SettingName = keyof SettingValues;

const TEXT: SettingForm<string> = { words: "text", parse: ok };
const HOST_RULES: SettingForm<readonly HostRule[]> = { words: "comma list of host rules", parse: parseHostRules };
const PORTS: SettingForm<readonly number[]> = { words: "comma list of ports", parse: parsePorts };
const RATES: SettingForm<readonly Rate[]> = { words: "comma list of rates", parse: parseRates };
const SECRET: SettingForm<string> = { words: "ASCII without blanks", parse: parseSecret };
const ITA_URL: SettingForm<string> = { words: "https URL on a host of Intel's", parse: parseItaUrl };
const SERVICE_BASE: SettingForm<string> = { words: "https URL", parse: parseServiceBase };
const IDENTITY: SettingForm<string> = { words: "https URL, letter by letter", parse: parseIdentity };
const DEVELOPMENT_FILE: SettingForm<string> = { words: "absolute path", parse: parseDevelopmentFile };

function between(minimum: number, maximum: number): SettingForm<number> {
  const words = `${minimum.toLocaleString("en")} to ${maximum.toLocaleString("en")}`;
  return { words, parse: wholeNumber(minimum, maximum) };
}

/**
 * Every variable that the API reads, in the order of its reference: the one place that says which endpoints it closes, what
 * may stand in it, what stands for it otherwise, and what it decides. `docs/verifier-api.md` is made from it.
 */
export const SETTINGS: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  KMS_ALLOWED_HOSTS: withDefault("targets", HOST_RULES, ".phala.network", "which KMS are asked"),
  NODE_ALLOWED_HOSTS: withDefault("targets", HOST_RULES, "ip:public", "which nodes are asked"),
  KMS_ALLOWED_PORTS: withDefault("targets", PORTS, "443,8443", "on which ports"),
  NODE_ALLOWED_PORTS: withDefault("targets", PORTS, "80,443,2528,8080,8443", "on which ports"),
  TARGET_TIMEOUT_MS: withDefault("targets", between(100, 20_000), "8000", "how long a target may take"),
  MAX_TARGET_BYTES: withDefault("targets", between(1_024, 4 * 1024 * 1024), "1048576", "how much it may say"),
  RATE_LIMIT_VERIFY: withDefault("targets", RATES, "10/min,100/day", "evidence, by caller"),
  RATE_LIMIT_TARGET: withDefault("targets", RATES, "6/min", "evidence, by target"),
  RATE_LIMIT_COLLATERAL: withDefault("collateral", RATES, "60/min", "collateral, by caller"),
  RATE_LIMIT_RELEASES: withDefault("releases", RATES, "120/min", "everything else, by caller"),
  RATE_LIMIT_ITA: withDefault("ita", RATES, "5/min", "second opinions, by caller"),
  RATE_LIMIT_ITA_TOTAL: withDefault("ita", RATES, "2/s,900/5min", "second opinions, in all"),
  RATE_LIMIT_URL: optional(
    "everything",
    { words: "`rediss://` URL", parse: parseRateLimitUrl },
    "where instances count together",
  ),
  TRUST_PROXY: optional("everything", { words: "`vercel`", parse: parseTrustProxy }, "where addresses come from"),
  ITA_API_KEY: optional("ita", SECRET, "the second opinion"),
  ITA_APPRAISAL_URL: withDefault(
    "ita",
    ITA_URL,
    "https://api.trustauthority.intel.com/appraisal/v2/attest",
    "where it is asked",
  ),
  ITA_PORTAL_URL: withDefault("ita", ITA_URL, "https://portal.trustauthority.intel.com", "whose tokens count"),
  ITA_POLICY_IDS: optional("ita", { words: "comma list of UUIDs", parse: parseUuids }, "by which policies"),
  CORS_ITA_ORIGINS: optional("ita", { words: "comma list of origins", parse: parseOrigins }, "for which other sites"),
  COLLATERAL_URL: withDefault(
    "collateral",
    SERVICE_BASE,
    "https://api.trustedservices.intel.com",
    "where collateral comes from",
  ),
  RELEASE_REPO: withDefault(
    "releases",
    { words: "`OWNER/NAME`", parse: parseRepository },
    DEFAULT_REPOSITORY,
    "whose releases",
  ),
  RELEASE_API_URL: withDefault("releases", SERVICE_BASE, "https://api.github.com", "where they are listed"),
  RELEASE_DOWNLOAD_URL: withDefault("releases", SERVICE_BASE, "https://github.com", "where their files are"),
  GITHUB_TOKEN: optional("releases", SECRET, "more lists an hour"),
  SIGSTORE_ISSUER: withDefault("releases", IDENTITY, GITHUB_ACTIONS_ISSUER, "who vouches for the signer"),
  // Where only the repository is set, the workflow of that.
  SIGSTORE_IDENTITY_KMS: withDefault(
    "releases",
    IDENTITY,
    workflowOf("kms", DEFAULT_REPOSITORY),
    "who signs KMS releases",
  ),
  SIGSTORE_IDENTITY_NODE: withDefault(
    "releases",
    IDENTITY,
    workflowOf("node", DEFAULT_REPOSITORY),
    "who signs node releases",
  ),
  ALLOW_PRIVATE_TARGETS: withDefault("everything", { words: "`1`, `0`", parse: parseSwitch }, "0", "development"),
  SIMULATED_ROOT_CA_FILE: optional("everything", DEVELOPMENT_FILE, "development"),
  SIGSTORE_TRUSTED_ROOT_FILE: optional("everything", DEVELOPMENT_FILE, "development"),
  NODE_ENV: optional("everything", TEXT, "whether this is production"),
  VERCEL_ENV: optional("everything", TEXT, "whether this is production"),
  VERCEL_URL: optional("everything", TEXT, "a name of this service"),
  VERCEL_PROJECT_PRODUCTION_URL: optional("everything", TEXT, "a name of this service"),
  VERCEL_GIT_COMMIT_SHA: optional("everything", TEXT, "what was deployed"),
};
