import { expect, test } from "vitest";
import { codeOf, headingsOf } from "./markdown.ts";

/** Variables of an environment. */
type Variables = Readonly<Record<string, string>>;

/** What a page says of one variable, in a section of its own. */
interface DocumentedSetting {
  readonly name: string;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

function valuesAfter(body: string, label: string): readonly string[] {
  const line = body.split("\n").find((text) => text.startsWith(`- ${label}: `));
  return line === undefined ? [] : codeOf(line).map((value) => (value === '""' ? "" : value));
}

/** Every variable with a section; one section may be about several. */
function documentedSettings(page: string): readonly DocumentedSetting[] {
  const headings = headingsOf(page);
  return [...page.matchAll(/^### (?<title>`.+)$/gm)].flatMap(({ groups }) => {
    const title = groups?.["title"] ?? "";
    const body = headings.find(({ level, text }) => level === 3 && text === title.replaceAll("`", ""))?.body ?? "";
    return codeOf(title).map((name) => ({
      name,
      accepted: valuesAfter(body, "Accepted"),
      refused: valuesAfter(body, "Refused"),
    }));
  });
}

/** An environment that keeps the name of every variable that somebody looks up in it. */
export function recording(values: Variables, names: Set<string>): Variables {
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

/** A page about settings, and the program that reads them. */
export interface SettingsPage {
  readonly page: string;
  /** By name, in the order of the page's table. */
  readonly settings: Readonly<Record<string, { readonly fallback: string | null }>>;
  /** Everything that the program looks up. */
  readonly variablesRead: () => readonly string[];
  /** What the program makes of an environment. */
  readonly configured: (variables: Variables) => unknown;
  /** The settings at fault. */
  readonly refusedBy: (variables: Variables) => readonly string[];
}

/** Holds a page to the program: every variable, every default, every example of a value. */
export function testSettingsPage({ page, settings, variablesRead, configured, refusedBy }: SettingsPage): void {
  const variables = documentedSettings(page);

  test("documents every variable that is read, and no other", () => {
    expect(Object.keys(settings).toSorted()).toEqual(variablesRead().toSorted());
  });

  test("has a section for each, in the order of its table", () => {
    expect(variables.map(({ name }) => name)).toEqual(Object.keys(settings));
  });

  const defaults = Object.entries(settings).map(([name, { fallback }]) => ({ name, fallback }));
  test.each(defaults.filter(({ fallback }) => fallback !== null))(
    "$name set to its default is as if it were unset",
    ({ name, fallback }) => {
      expect(configured({ [name]: fallback ?? "" })).toEqual(configured({}));
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
      expect([...new Set(refusedBy({ [name]: value }))]).toEqual([name]);
    },
  );
}
