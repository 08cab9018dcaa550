import { describe, expect, test } from "vitest";
import { parseConfig } from "../src/config.ts";
import { parseRates } from "../src/config/rate-limits.ts";
import { isNamedHost, parseHostRules } from "../src/outbound/host-rules.ts";

/** The setting at fault and its area; null where there is none. */
function problemOf(env: Record<string, string>): string | null {
  const [problem] = parseConfig(env).problems;
  return problem === undefined ? null : `${problem.area} ${problem.setting}`;
}

describe("the configuration", () => {
  test("has no problems by default, in production and outside", () => {
    expect(parseConfig({}).problems).toEqual([]);
    expect(parseConfig({ NODE_ENV: "production" }).problems).toEqual([]);
  });

  test("takes an empty text for an unset variable", () => {
    expect(parseConfig({ ITA_API_KEY: "", RATE_LIMIT_VERIFY: "" })).toEqual(parseConfig({}));
  });

  test.each([
    { env: { KMS_ALLOWED_HOSTS: "(.*\\.)?phala.network" }, problem: "targets KMS_ALLOWED_HOSTS" },
    { env: { KMS_ALLOWED_PORTS: "443,0" }, problem: "targets KMS_ALLOWED_PORTS" },
    { env: { NODE_ALLOWED_HOSTS: "Example.com" }, problem: "targets NODE_ALLOWED_HOSTS" },
    { env: { TARGET_TIMEOUT_MS: "60000" }, problem: "targets TARGET_TIMEOUT_MS" },
    { env: { MAX_TARGET_BYTES: "1e6" }, problem: "targets MAX_TARGET_BYTES" },
    { env: { RATE_LIMIT_VERIFY: "unlimited" }, problem: "targets RATE_LIMIT_VERIFY" },
    { env: { RATE_LIMIT_COLLATERAL: "0/min" }, problem: "collateral RATE_LIMIT_COLLATERAL" },
    { env: { COLLATERAL_URL: "http://pccs.example" }, problem: "collateral COLLATERAL_URL" },
    { env: { RELEASE_REPO: "a/b/c" }, problem: "releases RELEASE_REPO" },
    { env: { RELEASE_API_URL: "https://user@host/" }, problem: "releases RELEASE_API_URL" },
    { env: { GITHUB_TOKEN: "two words" }, problem: "releases GITHUB_TOKEN" },
    { env: { SIGSTORE_IDENTITY_KMS: ".*" }, problem: "releases SIGSTORE_IDENTITY_KMS" },
    { env: { ITA_APPRAISAL_URL: "https://evil.example/appraisal" }, problem: "ita ITA_APPRAISAL_URL" },
    { env: { ITA_PORTAL_URL: "https://portal.eu.trustauthority.intel.com" }, problem: "ita ITA_PORTAL_URL" },
    { env: { ITA_POLICY_IDS: "all" }, problem: "ita ITA_POLICY_IDS" },
    { env: { CORS_ITA_ORIGINS: "*" }, problem: "ita CORS_ITA_ORIGINS" },
    { env: { TRUST_PROXY: "all" }, problem: "everything TRUST_PROXY" },
    { env: { RATE_LIMIT_URL: "redis://10.0.0.1" }, problem: "everything RATE_LIMIT_URL" },
    { env: { ALLOW_PRIVATE_TARGETS: "yes" }, problem: "everything ALLOW_PRIVATE_TARGETS" },
    { env: { SIMULATED_ROOT_CA_FILE: "root.pem" }, problem: "everything SIMULATED_ROOT_CA_FILE" },
  ])("names $problem", ({ env, problem }) => {
    expect(problemOf(env)).toBe(problem);
  });

  test("shows no value of a setting in what it says of it", () => {
    const problems = parseConfig({ ITA_API_KEY: "hunter two", GITHUB_TOKEN: "hunter two" }).problems;
    expect(problems.map(({ setting }) => setting)).toEqual(["ITA_API_KEY", "GITHUB_TOKEN"]);
    expect(JSON.stringify(problems)).not.toContain("hunter");
  });

  test.each(["NODE_ENV", "VERCEL_ENV"])("lets nothing of development through where %s says production", (name) => {
    const config = parseConfig({ [name]: "production", ALLOW_PRIVATE_TARGETS: "1" });
    expect([config.isInsecure, config.targets.kms.mayBePrivate, config.targets.node.mayBePrivate]).toEqual([
      false,
      false,
      false,
    ]);
    for (const file of ["SIMULATED_ROOT_CA_FILE", "SIGSTORE_TRUSTED_ROOT_FILE"]) {
      expect(problemOf({ [name]: "production", [file]: "/root" })).toBe(`everything ${file}`);
      expect(problemOf({ [file]: "/root" })).toBeNull();
    }
    const loopback = { ITA_APPRAISAL_URL: "http://127.0.0.1/a", ITA_PORTAL_URL: "http://127.0.0.1" };
    expect(problemOf({ [name]: "production", ...loopback })).toBe("ita ITA_APPRAISAL_URL");
    expect(problemOf(loopback)).toBeNull();
  });

  test("knows the regions of Intel Trust Authority by their hosts", () => {
    const eu = {
      ITA_APPRAISAL_URL: "https://api.eu.trustauthority.intel.com/appraisal/v2/attest",
      ITA_PORTAL_URL: "https://portal.eu.trustauthority.intel.com",
    };
    expect(parseConfig(eu)).toMatchObject({ problems: [], ita: { region: "eu" } });
    expect(parseConfig({})).toMatchObject({ ita: { region: "us", apiKey: null } });
    expect(parseConfig({ ...eu, ITA_PORTAL_URL: `${eu.ITA_PORTAL_URL}/` }).ita).toEqual(parseConfig(eu).ita);
  });
});

describe("rates", () => {
  test.each([
    {
      text: "10/min,100/day",
      rates: [
        { count: 10, seconds: 60 },
        { count: 100, seconds: 86_400 },
      ],
    },
    {
      text: "2/s, 900/5min",
      rates: [
        { count: 2, seconds: 1 },
        { count: 900, seconds: 300 },
      ],
    },
    { text: "1/h", rates: [{ count: 1, seconds: 3_600 }] },
  ])("$text", ({ text, rates }) => {
    expect(parseRates(text)).toEqual({ ok: true, value: rates });
  });

  test.each(["", "10", "10/", "-1/min", "1.5/min", "10/minute", "10/min,", "0/s", "1/s,1/s,1/s,1/s,1/s"])(
    "not %s",
    (text) => {
      expect(parseRates(text).ok).toBe(false);
    },
  );
});

describe("rules for hosts", () => {
  test.each([
    { rule: "kms.example.com", admits: "kms.example.com", not: "a.kms.example.com" },
    { rule: ".example.com", admits: "a.b.example.com", not: "example.com" },
    { rule: ".example.com", admits: "a.example.com", not: "evilexample.com" },
    { rule: "re:^kms-\\d+\\.example\\.com$", admits: "kms-12.example.com", not: "kms-12.example.com.evil" },
    { rule: "re:^(a|b)\\.example\\.com$", admits: "b.example.com", not: "b.example.com.evil" },
    { rule: "re:^[a-z.]+\\.example\\.com$", admits: "a.b.example.com", not: "1.example.com" },
    { rule: "[2600:1901::5]", admits: "[2600:1901::5]", not: "[2600:1901::6]" },
  ])("$rule admits $admits and not $not", ({ rule, admits, not }) => {
    const parsed = parseHostRules(rule);
    if (!parsed.ok) throw new Error(parsed.error);
    expect([isNamedHost(parsed.value, admits), isNamedHost(parsed.value, not)]).toEqual([true, false]);
  });

  test.each([
    "",
    "a,,b",
    "*.example.com",
    ".",
    "exa mple.com",
    "a|b.example",
    "(a)",
    "re:a\\.example$",
    "re:^a\\.example",
    "re:^a.example$",
    "re:^a\\.example|evil$",
    "re:^a\\.example\\$",
    "re:^(a$",
    `re:^${"a".repeat(200)}$`,
    "UPPER.example",
    "-a.example",
  ])("refuses %s", (text) => {
    expect(parseHostRules(text).ok).toBe(false);
  });
});
