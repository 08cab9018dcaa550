import { describe, expect, test } from "vitest";
import { parseConfig, RATE_NAMES } from "../apps/verifier-api/src/config.ts";
import { SETTINGS } from "../apps/verifier-api/src/config/verifier-settings.ts";
import { recording, testSettingsPage } from "./documented-settings.ts";
import { chapterOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/verifier-api.md");

describe("docs/verifier-api.md", () => {
  testSettingsPage({
    page,
    settings: SETTINGS,
    variablesRead() {
      const names = new Set<string>();
      parseConfig(recording({}, names));
      return [...names];
    },
    configured: (variables) => parseConfig(variables),
    refusedBy: (variables) => parseConfig(variables).problems.map(({ setting }) => setting),
  });

  test("has in its table of limits each rate that is counted", () => {
    const rows = rowsOf(chapterOf(page, "Limits")).filter(([name = ""]) => name.includes("RATE_LIMIT"));
    expect(rows).toHaveLength(RATE_NAMES.length);
  });
});
