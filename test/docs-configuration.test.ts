import { describe, expect, test } from "vitest";
import { type Config, parseConfig } from "../apps/kms-phala/src/config.ts";
import { IMAGE_PROFILE_FILE, type PinFile } from "../apps/kms-phala/src/config/image-profile.ts";
import { SETTINGS, type SettingName } from "../apps/kms-phala/src/config/kms-settings.ts";
import type { Environment } from "../apps/kms-phala/src/config/settings.ts";
import { PROFILES } from "../packages/policy/src/index.ts";
import { recording, testSettingsPage } from "./documented-settings.ts";
import { blocksOf, chapterOf, readPage, rowsOf } from "./markdown.ts";

const NO_PIN: PinFile = { kind: "absent" };
const page = readPage("docs/configuration.md");

function pin(profile: string): PinFile {
  return { kind: "present", bytes: new TextEncoder().encode(profile) };
}

function configOf(env: Environment, pinFile: PinFile = NO_PIN): Config {
  const parsed = parseConfig(env, pinFile);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** The settings at fault. */
function refusedSettings(env: Environment, pinFile: PinFile = NO_PIN): readonly string[] {
  const parsed = parseConfig(env, pinFile);
  return parsed.ok ? [] : parsed.error.map(({ setting }) => setting);
}

/** What the configuration reads, whichever source its policy has and whatever the image pins. */
function variablesRead(): readonly string[] {
  const names = new Set<string>();
  for (const env of [{}, { USE_ENV_POLICY: "true" }, { MERO_KMS_POLICY_FILE: "/policy.json" }]) {
    for (const pinFile of [NO_PIN, pin("debug"), pin("locked-read-only")]) parseConfig(recording(env, names), pinFile);
  }
  return [...names];
}

describe("docs/configuration.md", () => {
  testSettingsPage({
    page,
    settings: SETTINGS,
    variablesRead,
    configured(variables) {
      // Lists that are set without being in force are warned of; that is no difference in what the service does.
      const { warnings: _, ...config } = configOf(variables);
      return config;
    },
    refusedBy: refusedSettings,
  });

  test("names the file of the image's pin", () => {
    expect(chapterOf(page, "What a pinned image decides")).toContain(IMAGE_PROFILE_FILE);
  });
});

describe("the examples of docs/configuration.md", () => {
  const examples = blocksOf(page, "env").map((text) => {
    const lines = text.trim().split("\n");
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  });
  const [release, file, development] = examples;

  test("are three", () => {
    expect(examples).toHaveLength(3);
  });

  test.each([
    { name: "a release", env: release, kind: "release" },
    { name: "a file", env: file, kind: "file" },
  ])("the one for production with $name starts on a locked-read-only image, without a warning", ({ env, kind }) => {
    expect(configOf(env ?? {}, pin("locked-read-only"))).toMatchObject({
      isPinned: true,
      enforceMeasurementPolicy: true,
      acceptMockAttestation: false,
      simulatedRootCaFile: null,
      policy: { kind },
      warnings: [],
    });
  });

  test("the one for development starts where no image pins a profile, and only there", () => {
    expect(configOf(development ?? {})).toMatchObject({ policy: { kind: "file" }, enforceMeasurementPolicy: true });
    for (const profile of PROFILES) {
      expect(refusedSettings(development ?? {}, pin(profile))).toContain("SIMULATED_ROOT_CA_FILE");
    }
  });
});

/** The environments behind each row of the table, by the variable with the rule; a row may depend on the image's pin. */
const PINNED_ROWS: Partial<Record<SettingName, (profile: string) => readonly Environment[]>> = {
  MERO_KMS_PROFILE: (profile) => [
    { MERO_KMS_PROFILE: "" },
    { MERO_KMS_PROFILE: PROFILES.find((other) => other !== profile) },
  ],
  MERO_KMS_VERSION: () => [{ MERO_KMS_VERSION: "2.3.9", MERO_KMS_POLICY_SHA256: "0f".repeat(32) }],
  MERO_NODE_POLICY_SHA256: () => [{ MERO_KMS_VERSION: "2.4.0" }, { MERO_KMS_POLICY_FILE: "/policy.json" }],
  MERO_TEE_REPOSITORY: () => [{ MERO_TEE_REPOSITORY: "example/fork" }],
  ENFORCE_MEASUREMENT_POLICY: () => [{ ENFORCE_MEASUREMENT_POLICY: "false" }],
  ACCEPT_MOCK_ATTESTATION: () => [{ ACCEPT_MOCK_ATTESTATION: "true" }],
  SIMULATED_ROOT_CA_FILE: () => [{ SIMULATED_ROOT_CA_FILE: "/root-ca.pem" }],
  SIGSTORE_TRUSTED_ROOT_FILE: () => [{ SIGSTORE_TRUSTED_ROOT_FILE: "/trusted-root.json" }],
};

describe("the table of pins in docs/configuration.md", () => {
  const rows = rowsOf(chapterOf(page, "What a pinned image decides"));
  const rules = Object.entries(SETTINGS).flatMap(([name, { pin: rule }]) => (rule === null ? [] : [name]));

  test("has a row for each rule", () => {
    expect(rules).toEqual(Object.keys(PINNED_ROWS));
    expect(rows).toHaveLength(rules.length);
  });

  test.each(
    Object.values(PINNED_ROWS).map((environments, index) => ({ environments, rule: rules[index], row: rows[index] })),
  )("is right about $rule", ({ environments, row = [] }) => {
    const cells = row.slice(1);
    const columns = [["none"], ["debug", "debug-read-only"], ["locked-read-only"]];
    const seen = columns.map((profiles) => {
      const outcomes = profiles.flatMap((profile) =>
        environments(profile).map((env) => parseConfig(env, profile === "none" ? NO_PIN : pin(profile), "2.4.0").ok),
      );
      return outcomes.every(Boolean) ? "allowed" : outcomes.some(Boolean) ? "mixed" : "refused";
    });
    expect(cells).toEqual(seen);
  });
});
