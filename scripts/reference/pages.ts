import { readFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { fillBlocks } from "./generated-block.ts";
import { httpPage } from "./http-page.ts";
import { configurationTables, verifierTables } from "./setting-tables.ts";

const DOCS = new URL("../../docs/", import.meta.url);

/** The pages that are made from code, whole or in part, and how; the answer is not formatted yet. */
const MAKERS: Readonly<Record<string, (page: string) => string>> = {
  "configuration.md": (page) => fillBlocks(page, configurationTables(page)),
  "verifier-api.md": (page) => fillBlocks(page, verifierTables(page)),
  "http.md": () => httpPage(DOCS),
};

/** A page of docs, as it stands and as the code makes it. */
export interface ReferencePage {
  readonly file: URL;
  readonly name: string;
  readonly current: string;
  readonly made: string;
}

/** Every page that is made from code. */
export async function referencePages(): Promise<readonly ReferencePage[]> {
  const pages = Object.entries(MAKERS).map(async ([name, make]) => {
    const file = new URL(name, DOCS);
    const current = readFileSync(file, "utf8");
    const options = await resolveConfig(file);
    return { file, name, current, made: await format(make(current), { ...options, parser: "markdown" }) };
  });
  return Promise.all(pages);
}
