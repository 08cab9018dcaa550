import { describe, expect, test } from "vitest";
import { type Config, parseConfig } from "../apps/kms-phala/src/config.ts";
import { IMAGE_PROFILE_FILE, type PinFile } from "../apps/kms-phala/src/config/image-profile.ts";
import { SETTINGS, type SettingName } from "../apps/kms-phala/src/config/kms-settings.ts";
import type { Environment } from "../apps/kms-phala/src/config/settings.ts";
import { PROFILES } from "../packages/policy/src/index.ts";
import { blocksOf, chapterOf, codeOf, headingsOf, readPage, rowsOf } from "./markdown.ts";

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

/** An environment that keeps the name of every variable that somebody looks up in it. */
function recording(values: Environment, names: Set<string>): Environment {
  return new Proxy(values, {
    has(target, name) {
      names.add(String(name));
      return Reflect.has(target, name);
    },
    get(target, name) {
      names.add(String(name));
      return Reflect.get(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      names.add(String(name));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys(target) {
      names.add("(every name)");
      return Reflect.ownKeys(target);
    },
  });
}

/** What the configuration reads, whichever source its policy has and whatever the image pins. */
function variablesRead(): readonly string[] {
  const names = new Set<string>();
  for (const env of [{}, { USE_ENV_POLICY: "true" }, { MERO_KMS_POLICY_FILE: "/policy.json" }]) {
    for (const pinFile of [NO_PIN, pin("debug"), pin("locked-read-only")]) parseConfig(recording(env, names), pinFile);
  }
  return [...names];
}

interface Variable {
  readonly name: string;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

function valuesAfter(body: string, label: string): readonly string[] {
  const line = body.split("\n").find((text) => text.startsWith(`- ${label}: `));
  return line === undefined ? [] : codeOf(line).map((value) => (value === '""' ? "" : value));
}

/** Every variable with a section of its own. */
const variables: readonly Variable[] = [...page.matchAll(/^### (?<title>`.+)$/gm)].flatMap(({ groups }) => {
  const title = groups?.["title"] ?? "";
  const body =
    headingsOf(page).find(({ level, text }) => level === 3 && text === title.replaceAll("`", ""))?.body ?? "";
  return codeOf(title).map((name) => ({
    name,
    accepted: valuesAfter(body, "Accepted"),
    refused: valuesAfter(body, "Refused"),
  }));
});

describe("docs/configuration.md", () => {
  test("documents every variable that the KMS reads, and no other", () => {
    expect(Object.keys(SETTINGS).toSorted()).toEqual(variablesRead().toSorted());
  });

  test("has a section for each, in the order of its table", () => {
    expect(variables.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
  });

  test("names the file of the image's pin", () => {
    expect(chapterOf(page, "What a pinned image decides")).toContain(IMAGE_PROFILE_FILE);
  });
});

describe("what docs/configuration.md says of a variable", () => {
  const defaults = Object.entries(SETTINGS).map(([name, { fallback }]) => ({ name, fallback }));
  test.each(defaults.filter(({ fallback }) => fallback !== null))(
    "$name set to its default is as if it were unset",
    ({ name, fallback }) => {
      // Lists that are set without being in force are warned of; that is no difference in what the service does.
      const { warnings: _, ...withDefault } = configOf({ [name]: fallback ?? "" });
      const { warnings: __, ...without } = configOf({});
      expect(withDefault).toEqual(without);
    },
  );

  test.each(variables.flatMap(({ name, accepted }) => accepted.map((value) => ({ name, value }))))(
    "$name=$value is accepted",
    ({ name, value }) => {
      expect(refusedSettings({ [name]: value })).toEqual([]);
    },
  );

  test.each(variables.flatMap(({ name, refused }) => refused.map((value) => ({ name, value }))))(
    "$name=$value refuses to start",
    ({ name, value }) => {
      expect(new Set(refusedSettings({ [name]: value }))).toEqual(new Set([name]));
    },
  );
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
