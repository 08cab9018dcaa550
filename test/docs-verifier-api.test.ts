import { describe, expect, test } from "vitest";
import { parseConfig, RATE_NAMES } from "../apps/verifier-api/src/config.ts";
import { SETTINGS } from "../apps/verifier-api/src/config/verifier-settings.ts";
import { chapterOf, codeOf, headingsOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/verifier-api.md");

interface Variable {
  readonly name: string;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

function valuesAfter(body: string, label: string): readonly string[] {
  const line = body.split("\n").find((text) => text.startsWith(`- ${label}: `));
  return line === undefined ? [] : codeOf(line);
}

const variables: readonly Variable[] = headingsOf(page)
  .filter(({ level }) => level === 3)
  .map(({ text, body }) => ({
    name: text,
    accepted: valuesAfter(body, "Accepted"),
    refused: valuesAfter(body, "Refused"),
  }));

function variablesRead(): readonly string[] {
  const names = new Set<string>();
  const env = new Proxy<Record<string, string>>(
    {},
    {
      getOwnPropertyDescriptor(_target, name) {
        names.add(String(name));
        return undefined;
      },
    },
  );
  parseConfig(env);
  return [...names];
}

function refusedBy(env: Record<string, string>): readonly string[] {
  return parseConfig(env).problems.map(({ setting }) => setting);
}

describe("docs/verifier-api.md", () => {
  test("documents every variable that the API reads, and no other", () => {
    expect(Object.keys(SETTINGS).toSorted()).toEqual([...variablesRead()].toSorted());
  });

  test("has a section for each, in the order of its table", () => {
    expect(variables.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
  });

  test("has in its table of limits each rate that is counted", () => {
    const rows = rowsOf(chapterOf(page, "Limits")).filter(([name = ""]) => name.includes("RATE_LIMIT"));
    expect(rows).toHaveLength(RATE_NAMES.length);
  });

  const defaults = Object.entries(SETTINGS).map(([name, { fallback }]) => ({ name, fallback }));
  test.each(defaults.filter(({ fallback }) => fallback !== null))(
    "$name set to its default is as if it were unset",
    ({ name, fallback }) => {
      expect(parseConfig({ [name]: fallback ?? "" })).toEqual(parseConfig({}));
    },
  );

  test.each(variables.flatMap(({ name, accepted }) => accepted.map((value) => ({ name, value }))))(
    "$name=$value is accepted",
    ({ name, value }) => {
      expect(refusedBy({ [name]: value })).toEqual([]);
    },
  );

  test.each(variables.flatMap(({ name, refused }) => refused.map((value) => ({ name, value }))))(
    "$name=$value is refused",
    ({ name, value }) => {
      expect(refusedBy({ [name]: value })).toEqual([name]);
    },
  );
});
