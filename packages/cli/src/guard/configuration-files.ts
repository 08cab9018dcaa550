import { parseAllDocuments } from "yaml";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "../cli-failure.ts";
import type { Repository } from "./repository-client.ts";

/** A configuration file as plain values. */
export interface ConfigurationFile {
  readonly path: string;
  readonly value: unknown;
}

/** What is deployed, or deploys: workflows and actions, compose templates, and the scripts of the lanes. */
const YAML_PATHS = /^(?:\.github\/(?:workflows|actions)\/.+|scripts\/.+|.*compose[^/]*)\.ya?ml$/;
const DOCKERFILE_PATHS = /(?:^|\/)(?:Dockerfile(?:\.[\w.-]+)?|[\w.-]+\.Dockerfile)$/;
const SCRIPT_PATHS = /^scripts\/(?:release|policy|attestation|phala)\/.+\.ts$/;

/**
 * Reads every file that says what is deployed and how.
 *
 * Error: `input-unrecognised` for YAML that does not parse: nothing could be said about it.
 */
export async function configurationFiles(
  repository: Repository,
): Promise<Result<readonly ConfigurationFile[], CliFailure>> {
  const files: ConfigurationFile[] = [];
  for (const path of repository.files) {
    const read = READERS.find(({ paths }) => paths.test(path));
    const text = read === undefined ? null : await repository.read(path);
    if (read === undefined || text === null) continue;
    const value = read.valueOf(text);
    if (value === null) return err(cliFailure("input-unrecognised", `${path} is no YAML that can be read one way.`));
    files.push({ path, value });
  }
  return ok(files);
}

/** A reader gives null for what it cannot read. */
const READERS: readonly { readonly paths: RegExp; readonly valueOf: (text: string) => unknown }[] = [
  { paths: YAML_PATHS, valueOf: yamlValue },
  { paths: DOCKERFILE_PATHS, valueOf: dockerfileValue },
  { paths: SCRIPT_PATHS, valueOf: scriptValue },
];

function yamlValue(text: string): unknown {
  const documents = parseAllDocuments(text, { uniqueKeys: true, prettyErrors: false });
  if (!Array.isArray(documents)) return {};
  if (documents.some(({ errors, warnings }) => errors.length > 0 || warnings.length > 0)) return null;
  const values: readonly unknown[] = documents.map((document): unknown => document.toJS({ maxAliasCount: 0 }));
  return values.length === 1 ? values[0] : values;
}

/** The base images under `image`, as compose files name them, and every instruction as text. */
function dockerfileValue(text: string): unknown {
  const lines = text.replaceAll(/\\\n/g, " ").split("\n");
  const defaults = new Map(
    lines.flatMap((line) => {
      const { name, value } = /^ARG (?<name>\w+)=(?<value>\S+)/i.exec(line)?.groups ?? {};
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
  const stages = new Set(["scratch"]);
  const images: string[] = [];
  for (const line of lines) {
    const { image, stage } = /^FROM (?:--\S+ )*(?<image>\S+)(?: AS (?<stage>\S+))?/i.exec(line)?.groups ?? {};
    if (image === undefined) continue;
    const resolved = image.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => defaults.get(name) ?? whole);
    if (!stages.has(resolved)) images.push(resolved);
    if (stage !== undefined) stages.add(stage);
  }
  return { stages: images.map((image) => ({ image })), instructions: lines.map((line) => ({ run: line })) };
}

/** What a script sets by name: `NAME: "value"`, `NAME = "value"` and `NAME=value`. */
function scriptValue(text: string): unknown {
  return [...text.matchAll(/\b(?<name>[A-Z][A-Z0-9_]*)["']?\]?\s*[:=]\s*["'`]?(?<value>[^\s"'`,;)]*)/g)].map(
    ({ groups }) => ({
      [groups?.["name"] ?? ""]: groups?.["value"] ?? "",
    }),
  );
}
