import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { configOf, ENV_POLICY, MEASUREMENT, NO_PIN, pin, problemsOf } from "./config/environment.ts";

const SHA256 = "0123456789abcdef".repeat(4);
const LOCKED = pin("locked-read-only\n");

describe("without any variable", () => {
  test("every setting has its documented default", () => {
    expect(configOf({})).toEqual({
      listen: { host: "0.0.0.0", port: 8080 },
      logLevel: "info",
      profile: "locked-read-only",
      isPinned: false,
      dstackSocketPath: "/var/run/dstack.sock",
      keyNamespacePrefix: "merod/storage",
      challengeTtlSeconds: 60,
      maxPendingChallenges: 10_000,
      limits: {
        quotes: { slots: 8, maxWaiting: 256, waitMs: 10_000, maxPerAddress: 32 },
        releases: { slots: 96, maxWaiting: 256, waitMs: 5_000, maxPerAddress: 32 },
        maxCollateralWaits: 64,
        trustedProxies: null,
      },
      redis: null,
      corsOrigins: [],
      acceptMockAttestation: false,
      enforceMeasurementPolicy: true,
      requireKeyWrap: false,
      tls: { mode: "off" },
      policy: { kind: "none" },
      auditFile: null,
      metrics: null,
      collateral: { origins: [{ kind: "intel" }], pccsCaFile: null },
      simulatedRootCaFile: null,
      sigstoreTrustedRootFile: null,
      warnings: [],
    });
  });

  test("the configuration is frozen through and through", () => {
    const config = configOf(ENV_POLICY);
    expect([config, config.listen, config.policy, config.warnings, config.corsOrigins].every(Object.isFrozen)).toBe(
      true,
    );
  });

  test("names that an object inherits are no variables", () => {
    const inherited: Record<string, string> = Object.create({ LISTEN_ADDR: "nonsense" });
    expect(configOf(inherited).listen.port).toBe(8080);
  });
});

/** The settings of collateral from these services alone. */
function collateralFrom(...urls: readonly string[]): Record<string, unknown> {
  return { collateral: { origins: urls.map((url) => ({ kind: "pccs", url })) } };
}

describe("values that are accepted", () => {
  test.each([
    { env: { LISTEN_ADDR: "127.0.0.1:0" }, expected: { listen: { host: "127.0.0.1", port: 0 } } },
    { env: { LISTEN_ADDR: "[::1]:65535" }, expected: { listen: { host: "::1", port: 65535 } } },
    { env: { LOG_LEVEL: " Debug " }, expected: { logLevel: "debug" } },
    { env: { DSTACK_SOCKET_PATH: "/tmp/agent.sock" }, expected: { dstackSocketPath: "/tmp/agent.sock" } },
    { env: { KEY_NAMESPACE_PREFIX: "//a/b-c/" }, expected: { keyNamespacePrefix: "a/b-c" } },
    { env: { CHALLENGE_TTL_SECS: "1" }, expected: { challengeTtlSeconds: 1 } },
    { env: { CHALLENGE_TTL_SECS: "3600" }, expected: { challengeTtlSeconds: 3600 } },
    { env: { MAX_PENDING_CHALLENGES: "10000000" }, expected: { maxPendingChallenges: 10_000_000 } },
    { env: { ACCEPT_MOCK_ATTESTATION: " YES " }, expected: { acceptMockAttestation: true } },
    { env: { ACCEPT_MOCK_ATTESTATION: "off" }, expected: { acceptMockAttestation: false } },
    { env: { ENFORCE_MEASUREMENT_POLICY: "0" }, expected: { enforceMeasurementPolicy: false } },
    { env: { USE_ENV_POLICY: "no" }, expected: { policy: { kind: "none" } } },
    { env: { REQUIRE_KEY_WRAP: "false" }, expected: { requireKeyWrap: false } },
    { env: { REQUIRE_KEY_WRAP: " Yes " }, expected: { requireKeyWrap: true } },
    { env: { TLS_MODE: " OFF " }, expected: { tls: { mode: "off" } } },
    {
      env: { TLS_MODE: "dstack", TLS_SERVER_NAMES: "kms.example, kms" },
      expected: { tls: { mode: "dstack", names: ["kms.example", "kms"] } },
    },
    { env: { REDIS_URL: "  " }, expected: { redis: null } },
    { env: { REDIS_URL: "redis://127.0.0.1", REDIS_TIMEOUT_MS: "100" }, expected: { redis: { timeoutMs: 100 } } },
    {
      env: { REDIS_URL: "rediss://redis.example", REDIS_TLS_CA_FILE: "/ca.pem" },
      expected: { redis: { tlsCaFile: "/ca.pem", timeoutMs: 2000 } },
    },
    { env: { MERO_KMS_PROFILE: " Debug " }, expected: { profile: "debug" } },
    { env: { MERO_KMS_PROFILE: "" }, expected: { profile: "locked-read-only" } },
    { env: { KMS_POLICY_PROFILE: "debug-read-only" }, expected: { profile: "debug-read-only" } },
    { env: { MERO_KMS_PROFILE: "debug", KMS_POLICY_PROFILE: "DEBUG" }, expected: { profile: "debug" } },
    { env: { CORS_ALLOWED_ORIGINS: "" }, expected: { corsOrigins: [] } },
    {
      env: { CORS_ALLOWED_ORIGINS: "https://a.example, http://127.0.0.1:5173,http://[::1]:8081" },
      expected: { corsOrigins: ["https://a.example", "http://127.0.0.1:5173", "http://[::1]:8081"] },
    },
    { env: { PCCS_URL: "https://pccs.example/base/" }, expected: collateralFrom("https://pccs.example/base") },
    { env: { PCCS_URL: "http://127.0.0.1:9" }, expected: collateralFrom("http://127.0.0.1:9") },
    { env: { PCCS_URL: "http://[::1]:9" }, expected: collateralFrom("http://[::1]:9") },
    {
      env: { PCCS_URL: "https://b.example, https://a.example" },
      expected: collateralFrom("https://b.example", "https://a.example"),
    },
    {
      env: { COLLATERAL_DIR: "/collateral" },
      expected: { collateral: { origins: [{ kind: "intel" }, { kind: "files", directory: "/collateral" }] } },
    },
    {
      env: { COLLATERAL_DIR: "/collateral", COLLATERAL_SOURCES: "files" },
      expected: { collateral: { origins: [{ kind: "files", directory: "/collateral" }] } },
    },
    {
      env: {
        COLLATERAL_SOURCES: " Files, pccs ,intel",
        COLLATERAL_DIR: "/collateral",
        PCCS_URL: "https://pccs.example",
        PCCS_CA_FILE: "/pccs-ca.pem",
      },
      expected: {
        collateral: {
          origins: [
            { kind: "files", directory: "/collateral" },
            { kind: "pccs", url: "https://pccs.example" },
            { kind: "intel" },
          ],
          pccsCaFile: "/pccs-ca.pem",
        },
        warnings: [],
      },
    },
    {
      env: { PCCS_CA_FILE: "/pccs-ca.pem", PCCS_URL: "http://127.0.0.1:9" },
      expected: { warnings: ["PCCS_CA_FILE is not used without an https PCCS_URL"] },
    },
    { env: { SIMULATED_ROOT_CA_FILE: "/tmp/root.pem" }, expected: { simulatedRootCaFile: "/tmp/root.pem" } },
    {
      env: { MERO_KMS_VERSION: "mero-kms-v2.4.0-rc.1" },
      expected: { policy: { kind: "release", version: "2.4.0-rc.1", sha256: null } },
    },
    {
      env: { MERO_KMS_VERSION: "2.4.0+build.7", MERO_KMS_POLICY_SHA256: ` 0x${SHA256.toUpperCase()} ` },
      expected: { policy: { kind: "release", version: "2.4.0+build.7", sha256: SHA256 } },
    },
    {
      env: { MERO_KMS_POLICY_FILE: "/etc/policy.json" },
      expected: { policy: { kind: "file", path: "/etc/policy.json", tag: null, sha256: null } },
    },
    {
      env: { MERO_KMS_POLICY_FILE: "/etc/policy.json", MERO_KMS_VERSION: "2.4.0" },
      expected: { policy: { kind: "file", path: "/etc/policy.json", tag: "2.4.0", sha256: null } },
    },
    {
      env: { MERO_KMS_VERSION: "2.4.0", MERO_NODE_POLICY_SHA256: SHA256 },
      expected: {
        policy: {
          repository: "calimero-network/mero-tee",
          releasesUrl: null,
          nodeSha256: SHA256,
          oldest: null,
          isSignatureRequired: true,
        },
        sigstoreTrustedRootFile: null,
      },
    },
    {
      env: {
        MERO_KMS_VERSION: "2.4.0",
        MERO_TEE_REPOSITORY: "example/fork",
        MERO_TEE_RELEASES_URL: "https://mirror.example/tee/",
        SIGSTORE_TRUSTED_ROOT_FILE: "/root.json",
      },
      expected: {
        policy: { repository: "example/fork", releasesUrl: "https://mirror.example/tee", isSignatureRequired: true },
        sigstoreTrustedRootFile: "/root.json",
      },
    },
    { env: { MERO_KMS_POLICY_FILE: "/p.json" }, expected: { policy: { isSignatureRequired: false } } },
    {
      env: {
        ...ENV_POLICY,
        ALLOWED_TCB_STATUSES: "uptodate, SWHardeningNeeded",
        ALLOWED_MRTD: `0x${MEASUREMENT.toUpperCase()}`,
      },
      expected: {
        policy: {
          kind: "environment",
          policy: { tcbStatuses: ["UpToDate", "SWHardeningNeeded"], mrtd: [MEASUREMENT] },
        },
      },
    },
  ])("$env", ({ env, expected }) => {
    expect(configOf(env)).toMatchObject(expected);
  });
});

describe("values that refuse to start", () => {
  test.each([
    ...[
      "",
      "8080",
      "localhost:8080",
      "0.0.0.0",
      "0.0.0.0:65536",
      "0.0.0.0:-1",
      "1.2.3:80",
      "[::1]",
      "::1:80",
      "[fe80::1%eth0]:80",
    ].map((value) => ({ name: "LISTEN_ADDR", value })),
    ...["", "verbose", "info,debug"].map((value) => ({ name: "LOG_LEVEL", value })),
    ...["", "dstack.sock", "./dstack.sock", "http://127.0.0.1:80", "/tmp/a\0b"].map((value) => ({
      name: "DSTACK_SOCKET_PATH",
      value,
    })),
    ...["", "/", "a//b", "a/./b", "../a", "a b", "a/\u0007", "sch\u00f6n", " a"].map((value) => ({
      name: "KEY_NAMESPACE_PREFIX",
      value,
    })),
    ...["", "0", "3601", "-1", "1.5", "1e3", " 60", "0x10", "sixty"].map((value) => ({
      name: "CHALLENGE_TTL_SECS",
      value,
    })),
    ...["", "0", "10000001", "-1", "many"].map((value) => ({ name: "MAX_PENDING_CHALLENGES", value })),
    ...["ACCEPT_MOCK_ATTESTATION", "ENFORCE_MEASUREMENT_POLICY", "USE_ENV_POLICY", "REQUIRE_KEY_WRAP"].flatMap((name) =>
      ["", "2", "y", "tru", "null"].map((value) => ({ name, value })),
    ),
    ...["not a url", "http://redis.example", "redis://", "rediss:6379"].map((value) => ({ name: "REDIS_URL", value })),
    ...["", "0", "65", "8.0"].map((value) => ({ name: "MAX_QUOTES_IN_FLIGHT", value })),
    ...["", "0", "16"].map((value) => ({ name: "MAX_QUOTE_WAIT_SECS", value })),
    ...["", "0", "6"].map((value) => ({ name: "MAX_RELEASE_WAIT_SECS", value })),
    ...["", "1", "1025"].map((value) => ({ name: "MAX_RELEASES_IN_FLIGHT", value })),
    ...["", "-1", "10001"].flatMap((value) => [
      { name: "MAX_QUOTES_WAITING", value },
      { name: "MAX_RELEASES_WAITING", value },
      { name: "MAX_PER_ADDRESS", value },
    ]),
    ...["proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1,", "none,10.0.0.1", "fe80::1%eth0"].map(
      (value) => ({
        name: "TRUSTED_PROXIES",
        value,
      }),
    ),
    ...["", "99", "2501", "2s"].map((value) => ({ name: "REDIS_TIMEOUT_MS", value })),
    ...["", "ca.pem"].map((value) => ({ name: "REDIS_TLS_CA_FILE", value })),
    ...["", "latest", "2.4", "v2.4.0", "2.4.0/../..", "2.4.0-", "2.4.0 ", "02.4.0", "mero-kms-2.4.0"].map((value) => ({
      name: "MERO_KMS_VERSION",
      value,
    })),
    ...["production", "locked_read_only"].map((value) => ({ name: "MERO_KMS_PROFILE", value })),
    { name: "KMS_POLICY_PROFILE", value: "production" },
    ...["", "abc", SHA256.slice(1), `${SHA256}0`, "g".repeat(64)].flatMap((value) => [
      { name: "MERO_KMS_POLICY_SHA256", value },
      { name: "MERO_NODE_POLICY_SHA256", value },
    ]),
    ...[
      "*",
      "https://a.example,*",
      "https://a.example/",
      "https://a.example/x",
      "a.example",
      "https://",
      "https://a.example,,https://b.example",
      "https://A.example",
      "https://a.example:443",
      "https://u@a.example",
      "https://a.example:99999",
      "null",
    ].map((value) => ({ name: "CORS_ALLOWED_ORIGINS", value })),
    ...[
      "",
      "pccs",
      "http://pccs.example",
      "http://localhost:8081",
      "ftp://127.0.0.1",
      "https://u:p@pccs.example",
      "https://a/?x",
      "https://a/#x",
    ].flatMap((value) => [
      { name: "PCCS_URL", value },
      { name: "MERO_TEE_RELEASES_URL", value },
    ]),
    ...["https://a,,https://b", "https://a,https://A/", "https://a,https://b,https://c,https://d"].map((value) => ({
      name: "PCCS_URL",
      value,
    })),
    ...["", "google", "intel,intel", "intel,"].map((value) => ({
      name: "COLLATERAL_SOURCES",
      value,
    })),
    ...["PCCS_CA_FILE", "COLLATERAL_DIR"].flatMap((name) => ["", "relative"].map((value) => ({ name, value }))),
    ...["", "on", "ra-tls", "dstack,off"].map((value) => ({ name: "TLS_MODE", value })),
    ...["", "policy.json"].map((value) => ({ name: "MERO_KMS_POLICY_FILE", value })),
    ...["", "root.pem"].flatMap((value) => [
      { name: "SIMULATED_ROOT_CA_FILE", value },
      { name: "SIGSTORE_TRUSTED_ROOT_FILE", value },
    ]),
    ...["", "mero-tee", "a/b/c", "a/..", "https://github.com/a/b", "a/b@refs", "a b/c"].map((value) => ({
      name: "MERO_TEE_REPOSITORY",
      value,
    })),
    ...["", "Fine", "UpToDate,,OutOfDate", "Revoked"].map((value) => ({ name: "ALLOWED_TCB_STATUSES", value })),
    ...["ALLOWED_MRTD", "ALLOWED_RTMR0", "ALLOWED_RTMR1", "ALLOWED_RTMR2", "ALLOWED_RTMR3"].map((name) => ({
      name,
      value: `${MEASUREMENT},abc`,
    })),
  ])("$name=$value is malformed", ({ name, value }) => {
    expect(problemsOf({ [name]: value })).toMatchObject([{ code: "setting-malformed", setting: name }]);
  });

  test("no message repeats the password of a Redis URL", () => {
    const problems = [
      ...problemsOf({ REDIS_URL: "redis://:hunter2@redis.example/x" }),
      ...problemsOf({ REDIS_URL: "redis://:hunter2%ff@redis.example" }),
      ...problemsOf({ REDIS_URL: "x:hunter2@y" }),
      ...problemsOf({ REDIS_URL: "redis://:hunter2@127.0.0.1", REDIS_SENTINEL_PASSWORD: "hunter2", DEBUG: "hunter2" }),
    ];
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("nothing that prints a configuration prints the passwords of Redis", () => {
    const config = configOf({
      REDIS_URL: "redis+sentinel://hunter1:hunter2@127.0.0.1/kms",
      REDIS_SENTINEL_PASSWORD: "hunter3",
    });
    expect(config.redis?.target.credentials()).toEqual({ username: "hunter1", password: "hunter2" });
    expect(config.redis?.sentinelPassword()).toBe("hunter3");
    expect(JSON.stringify(config) + inspect(config, { depth: null })).not.toContain("hunter");
  });

  test.each([
    { env: { DEBUG: "*" }, setting: "DEBUG" },
    { env: { REDIS_TLS_CA_FILE: "/ca.pem" }, setting: "REDIS_TLS_CA_FILE" },
    { env: { REDIS_SENTINEL_PASSWORD: "hunter2" }, setting: "REDIS_SENTINEL_PASSWORD" },
  ])("$setting is refused beside a Redis that has no use for it", ({ env, setting }) => {
    expect(problemsOf({ REDIS_URL: "redis://127.0.0.1", ...env })).toMatchObject([
      { code: "setting-conflict", setting },
    ]);
    expect(configOf(env).redis).toBeNull();
  });

  test.each([
    { env: { MAX_COLLATERAL_WAITS: "96" } },
    { env: { MAX_RELEASES_IN_FLIGHT: "10", MAX_COLLATERAL_WAITS: "10" } },
  ])("collateral may not be waited for by every key release: $env", ({ env }) => {
    expect(problemsOf(env)).toMatchObject([{ code: "setting-conflict", setting: "MAX_COLLATERAL_WAITS" }]);
  });

  test.each([
    { env: { MAX_COLLATERAL_WAITS: "95" }, expected: 95 },
    { env: { MAX_RELEASES_IN_FLIGHT: "9" }, expected: 6 },
    { env: { MAX_RELEASES_IN_FLIGHT: "2" }, expected: 1 },
  ])("$env lets $expected wait for collateral", ({ env, expected }) => {
    expect(configOf(env).limits.maxCollateralWaits).toBe(expected);
  });

  test.each([
    { value: "none", expected: [] },
    { value: " 10.0.0.0/8, ::1 ", expected: ["10.0.0.0/8", "::1"] },
    { value: "", expected: null },
  ])("TRUSTED_PROXIES=$value", ({ value, expected }) => {
    expect(configOf({ TRUSTED_PROXIES: value }).limits.trustedProxies).toEqual(expected);
  });

  test.each([
    { url: "redis://redis.example", warns: true },
    { url: "redis://localhost", warns: true },
    { url: "redis+cluster://127.0.0.1,redis.example", warns: true },
    { url: "redis://127.0.0.1", warns: false },
    { url: "redis://[::1]", warns: false },
    { url: "unix:///run/redis.sock", warns: false },
    { url: "rediss://redis.example", warns: false },
    { url: "rediss+sentinel://redis.example/kms", warns: false },
  ])("plain text to $url: warned of: $warns", ({ url, warns }) => {
    expect(configOf({ REDIS_URL: url }).warnings.some((warning) => warning.includes("plain text"))).toBe(warns);
  });

  test.each(["\ufffd", "\ud800", "a\udc00b"])("text that is not UTF-8 is refused in every variable (%j)", (value) => {
    const names =
      "LISTEN_ADDR LOG_LEVEL DSTACK_SOCKET_PATH KEY_NAMESPACE_PREFIX CHALLENGE_TTL_SECS MAX_PENDING_CHALLENGES REDIS_URL " +
      "REDIS_TLS_CA_FILE REDIS_SENTINEL_PASSWORD REDIS_TIMEOUT_MS DEBUG " +
      "MAX_PER_ADDRESS MAX_RELEASES_IN_FLIGHT MAX_COLLATERAL_WAITS MAX_QUOTES_IN_FLIGHT MAX_QUOTES_WAITING " +
      "MAX_QUOTE_WAIT_SECS MAX_RELEASES_WAITING MAX_RELEASE_WAIT_SECS TRUSTED_PROXIES " +
      "ACCEPT_MOCK_ATTESTATION ENFORCE_MEASUREMENT_POLICY USE_ENV_POLICY REQUIRE_KEY_WRAP RUST_LOG MERO_KMS_VERSION " +
      "TLS_MODE TLS_SERVER_NAMES " +
      "MERO_KMS_PROFILE KMS_POLICY_PROFILE MERO_KMS_POLICY_SHA256 MERO_NODE_POLICY_SHA256 MERO_KMS_POLICY_FILE " +
      "MERO_TEE_REPOSITORY MERO_TEE_RELEASES_URL SIGSTORE_TRUSTED_ROOT_FILE " +
      "CORS_ALLOWED_ORIGINS PCCS_URL PCCS_CA_FILE COLLATERAL_DIR COLLATERAL_SOURCES SIMULATED_ROOT_CA_FILE ALLOWED_TCB_STATUSES ALLOWED_MRTD ALLOWED_RTMR0 " +
      "ALLOWED_RTMR1 ALLOWED_RTMR2 ALLOWED_RTMR3";
    const problems = problemsOf(Object.fromEntries(names.split(" ").map((name) => [name, value])));
    expect(new Set(problems.map(({ setting }) => setting))).toEqual(new Set(names.split(" ")));
    expect(problems.every(({ code }) => code === "setting-not-utf8")).toBe(true);
  });

  test.each([
    { env: { COLLATERAL_SOURCES: "intel", PCCS_URL: "https://pccs.example" }, setting: "PCCS_URL" },
    { env: { COLLATERAL_SOURCES: "intel", COLLATERAL_DIR: "/collateral" }, setting: "COLLATERAL_DIR" },
    { env: { COLLATERAL_SOURCES: "pccs,intel" }, setting: "COLLATERAL_SOURCES" },
  ])(
    "a source of collateral that is given and not named, or named and not given, is refused: $setting",
    ({ env, setting }) => {
      expect(problemsOf(env)).toMatchObject([{ code: "setting-conflict", setting }]);
    },
  );

  test("all problems are listed, not the first", () => {
    const problems = problemsOf({
      LISTEN_ADDR: "x",
      CHALLENGE_TTL_SECS: "0",
      CORS_ALLOWED_ORIGINS: "*",
      REQUIRE_KEY_WRAP: "maybe",
    });
    expect(problems.map(({ setting }) => setting).toSorted()).toEqual([
      "CHALLENGE_TTL_SECS",
      "CORS_ALLOWED_ORIGINS",
      "LISTEN_ADDR",
      "REQUIRE_KEY_WRAP",
    ]);
  });

  test.each([
    "",
    "kms.example,",
    "KMS.example",
    "*.example",
    "kms_1.example",
    "-kms.example",
    "kms.example.",
    "kms..example",
    "10.0.0.1",
    "[::1]",
    "https://kms.example",
    "kms.example:443",
    "kms example",
    "kms.example,kms.example",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(127)}ab`,
    Array.from({ length: 17 }, (_, index) => `kms-${index}`).join(),
  ])("TLS_SERVER_NAMES=%s is malformed", (value) => {
    expect(problemsOf({ TLS_MODE: "dstack", TLS_SERVER_NAMES: value })).toMatchObject([
      { code: "setting-malformed", setting: "TLS_SERVER_NAMES" },
    ]);
  });

  test.each([
    { TLS_MODE: "dstack" },
    { TLS_MODE: "off", TLS_SERVER_NAMES: "kms.example" },
    { TLS_SERVER_NAMES: "kms" },
  ])("half of a decision about TLS is refused: %j", (env) => {
    expect(problemsOf(env)).toMatchObject([{ code: "setting-conflict", setting: "TLS_SERVER_NAMES" }]);
  });

  test("two profile variables that differ contradict each other", () => {
    expect(problemsOf({ MERO_KMS_PROFILE: "debug", KMS_POLICY_PROFILE: "debug-read-only" })).toMatchObject([
      { code: "setting-conflict", setting: "KMS_POLICY_PROFILE" },
    ]);
  });

  test.each([
    { setting: "MERO_KMS_POLICY_FILE", value: "/p.json" },
    { setting: "MERO_NODE_POLICY_SHA256", value: SHA256 },
  ])("$setting beside a policy in the environment contradicts it", ({ setting, value }) => {
    expect(problemsOf({ ...ENV_POLICY, [setting]: value })).toMatchObject([{ code: "setting-conflict", setting }]);
  });
});

describe("a policy in the environment", () => {
  test("takes UpToDate alone when no status is named", () => {
    expect(configOf(ENV_POLICY)).toMatchObject({ policy: { policy: { tcbStatuses: ["UpToDate"] } } });
  });

  test("refuses to start with an empty list, and names every one", () => {
    expect(problemsOf({ USE_ENV_POLICY: "1", ALLOWED_MRTD: MEASUREMENT, ALLOWED_RTMR2: "" })).toMatchObject(
      ["ALLOWED_RTMR0", "ALLOWED_RTMR1", "ALLOWED_RTMR2", "ALLOWED_RTMR3"].map((setting) => ({
        code: "policy-empty",
        setting,
      })),
    );
  });

  test.each([{ ENFORCE_MEASUREMENT_POLICY: "false" }, { ACCEPT_MOCK_ATTESTATION: "true" }])(
    "may be empty with %j, where an empty list still rejects",
    (env) => {
      expect(configOf({ USE_ENV_POLICY: "1", ...env })).toMatchObject({ policy: { policy: { mrtd: [] } } });
    },
  );

  test("leaves the version and the digest unread, with a warning for each", () => {
    const config = configOf({ ...ENV_POLICY, MERO_KMS_VERSION: "whatever", MERO_KMS_POLICY_SHA256: SHA256 });
    expect(config.policy.kind).toBe("environment");
    expect(config.warnings).toHaveLength(2);
  });

  test("lists that are set but not used are parsed all the same, with a warning", () => {
    const config = configOf({ ALLOWED_MRTD: MEASUREMENT });
    expect(config.policy.kind).toBe("none");
    expect(config.warnings).toEqual([expect.stringContaining("ALLOWED_*")]);
  });
});

describe("the profile pin of the image", () => {
  test.each(["debug", "debug-read-only", "locked-read-only"])("%s decides the profile", (profile) => {
    expect(configOf({}, pin(`  ${profile}\n`))).toMatchObject({ profile, isPinned: true });
  });

  test("a variable that agrees is accepted", () => {
    expect(configOf({ MERO_KMS_PROFILE: "DEBUG" }, pin("debug"))).toMatchObject({ profile: "debug" });
  });

  test.each(["MERO_KMS_PROFILE", "KMS_POLICY_PROFILE"])("%s that differs is refused", (name) => {
    expect(problemsOf({ [name]: "debug" }, LOCKED)).toMatchObject([{ code: "setting-conflict", setting: name }]);
  });

  test("an empty variable is refused", () => {
    expect(problemsOf({ MERO_KMS_PROFILE: " " }, LOCKED)).toMatchObject([
      { code: "setting-malformed", setting: "MERO_KMS_PROFILE" },
    ]);
  });

  test.each([
    { name: "an empty file", pinFile: pin("\n") },
    { name: "an unknown word", pinFile: pin("production") },
    { name: "two words", pinFile: pin("debug debug") },
    { name: "bytes that are not UTF-8", pinFile: { kind: "present", bytes: Uint8Array.of(0xff) } as const },
    { name: "a file that cannot be read", pinFile: { kind: "unreadable" } as const },
  ])("$name refuses to start", ({ pinFile }) => {
    expect(problemsOf({}, pinFile)).toMatchObject([
      { code: "setting-malformed", setting: "/etc/mero-kms/image-profile" },
    ]);
  });

  test("a broken pin still forbids the simulated root", () => {
    expect(problemsOf({ SIMULATED_ROOT_CA_FILE: "/root.pem" }, { kind: "unreadable" })).toMatchObject([
      { setting: "/etc/mero-kms/image-profile" },
      { code: "setting-forbidden-by-pin", setting: "SIMULATED_ROOT_CA_FILE" },
    ]);
  });

  test.each(
    ["debug", "debug-read-only", "locked-read-only"].flatMap((profile) => [
      { profile, setting: "SIMULATED_ROOT_CA_FILE", value: "/root.pem" },
      { profile, setting: "SIGSTORE_TRUSTED_ROOT_FILE", value: "/root.json" },
      { profile, setting: "MERO_TEE_REPOSITORY", value: "example/fork" },
    ]),
  )("$profile forbids $setting", ({ profile, setting, value }) => {
    expect(problemsOf({ [setting]: value }, pin(profile))).toMatchObject([
      { code: "setting-forbidden-by-pin", setting },
    ]);
  });

  test("lets a mirror give the releases, and the default repository be named", () => {
    const env = { MERO_TEE_RELEASES_URL: "https://mirror.example", MERO_TEE_REPOSITORY: "calimero-network/mero-tee" };
    expect(configOf(env, LOCKED).warnings).toEqual([]);
  });

  test.each([
    { env: { ACCEPT_MOCK_ATTESTATION: "true" }, setting: "ACCEPT_MOCK_ATTESTATION" },
    { env: { ENFORCE_MEASUREMENT_POLICY: "false" }, setting: "ENFORCE_MEASUREMENT_POLICY" },
  ])("locked-read-only forbids $env, a debug image does not", ({ env, setting }) => {
    expect(problemsOf(env, LOCKED)).toMatchObject([{ code: "setting-forbidden-by-pin", setting }]);
    expect(configOf(env, pin("debug")).warnings).toEqual([expect.stringContaining(setting)]);
    expect(configOf(env, NO_PIN).warnings).toEqual([expect.stringContaining(setting)]);
  });

  test.each([{ MERO_KMS_VERSION: "2.4.0" }, { MERO_KMS_POLICY_FILE: "/p.json" }])(
    "locked-read-only demands a signature and a digest with %j",
    (env) => {
      expect(problemsOf(env, LOCKED)).toMatchObject([
        { code: "setting-required-by-pin", setting: "MERO_NODE_POLICY_SHA256" },
      ]);
      for (const name of ["MERO_KMS_POLICY_SHA256", "MERO_NODE_POLICY_SHA256"]) {
        expect(configOf({ ...env, [name]: SHA256 }, LOCKED).policy).toMatchObject({ isSignatureRequired: true });
      }
      expect(configOf(env, pin("debug")).policy).toMatchObject({ sha256: null, nodeSha256: null });
    },
  );

  test("locked-read-only warns of a policy that nobody signs", () => {
    expect(configOf(ENV_POLICY, LOCKED).warnings).toEqual([expect.stringContaining("signed by nobody")]);
    expect(configOf(ENV_POLICY, pin("debug")).warnings).toEqual([]);
  });

  test.each(["debug", "debug-read-only", "locked-read-only"])(
    "%s refuses a release below the one it was built as, and looks into files for it",
    (profile) => {
      const env = { MERO_KMS_VERSION: "2.3.9", MERO_KMS_POLICY_SHA256: SHA256 };
      expect(problemsOf(env, pin(profile), "2.4.0")).toMatchObject([
        { code: "setting-forbidden-by-pin", setting: "MERO_KMS_VERSION" },
      ]);
      expect(configOf(env, pin(profile), "2.3.9").policy).toMatchObject({ version: "2.3.9", oldest: "2.3.9" });
      const file = { MERO_KMS_POLICY_FILE: "/p.json", MERO_KMS_POLICY_SHA256: SHA256 };
      expect(configOf(file, pin(profile), "2.4.0").policy).toMatchObject({ tag: null, oldest: "2.4.0" });
      expect(configOf(env, NO_PIN, "2.4.0").policy).toMatchObject({ version: "2.3.9", oldest: null });
    },
  );
});

describe("warnings", () => {
  test.each([
    { env: { KMS_POLICY_PROFILE: "debug" }, warning: "KMS_POLICY_PROFILE is deprecated" },
    { env: { RUST_LOG: "debug" }, warning: "RUST_LOG is not read" },
    { env: { MERO_TEE_REPOSITORY: "example/fork" }, warning: "example/fork signs" },
  ])("$env is warned of", ({ env, warning }) => {
    expect(configOf(env).warnings).toEqual([expect.stringContaining(warning)]);
  });
});
