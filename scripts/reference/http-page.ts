import { readFileSync } from "node:fs";
import { markdownTable } from "./generated-block.ts";

/** A JSON value that a specification holds. */
type Node = Readonly<Record<string, unknown>>;

const APIS = [
  {
    file: "openapi.json",
    title: "The KMS",
    intro: "The order in which it checks a request is in [protocol](protocol.md#the-order-of-checks).",
  },
  {
    file: "verifier-openapi.json",
    title: "The verifier's API",
    intro: "What it is for, and how to run it: [the verifier's API](verifier-api.md).",
  },
] as const;

const HEAD = `# HTTP reference

<!-- Made by \`pnpm reference\` from the OpenAPI documents; do not edit. -->

Every endpoint with its fields, made from [openapi.json](openapi.json) and [verifier-openapi.json](verifier-openapi.json), which are made
from the schemas that the services validate and answer with. Bodies are JSON. What each error word means is in
[codes](errors.md#tags-on-the-wire).
`;

// Deeper members are in the OpenAPI document.
const MAX_DEPTH = 3;

/** The text of docs/http.md, before it is formatted. */
export function httpPage(docs: URL): string {
  const chapters = APIS.map(({ file, title, intro }) => {
    const paths = objectOf(JSON.parse(readFileSync(new URL(file, docs), "utf8")))["paths"];
    const operations = Object.entries(objectOf(paths)).flatMap(([path, methods]) =>
      Object.entries(objectOf(methods)).map(([method, operation]) => ({
        method,
        path,
        operation: objectOf(operation),
      })),
    );
    const all = operations.flatMap(({ operation }) => refusalsOf(operation).map((row) => row.join()));
    const isShared = (row: readonly string[]): boolean => all.filter((each) => each === row.join()).length > 2;
    const shared = operations.flatMap(({ operation }) => refusalsOf(operation).filter(isShared));
    const rows = [...new Map(shared.map((row) => [row.join(), row])).values()];
    return [
      `## ${title}`,
      intro,
      "Refusals that several endpoints have:",
      markdownTable(["status", "meaning"], rows),
      ...operations.map((each) => endpoint(each, isShared)),
    ].join("\n\n");
  });
  return [HEAD, ...chapters].join("\n\n");
}

/** A row for each status whose body is not an answer with members of its own. */
function refusalsOf(operation: Node): string[][] {
  return Object.entries(objectOf(operation["responses"])).flatMap(([status, value]) =>
    answerOf(status, objectOf(value)) === null ? [[`\`${status}\``, describe(objectOf(value))]] : [],
  );
}

function answerOf(status: string, response: Node): Node | null {
  const body = bodyOf(response);
  return body === null || !/^(?:200|503)$/.test(status) || isErrorBody(body) ? null : body;
}

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly operation: Node;
}

function endpoint({ method, path, operation }: Endpoint, isShared: (row: readonly string[]) => boolean): string {
  const parts = [`### ${method.toUpperCase()} ${path}`, textOf(operation["summary"])];
  const parameters = listOf(operation["parameters"]).map(objectOf);
  if (parameters.length > 0) {
    const rows = parameters.map((parameter) => [
      `\`${textOf(parameter["name"])}\``,
      typeOf(objectOf(parameter["schema"])),
      parameter["required"] === true ? "yes" : "no",
    ]);
    parts.push("Parameters:", markdownTable(["name", "value", "needed"], rows));
  }
  const request = bodyOf(objectOf(operation["requestBody"] ?? {}));
  if (request !== null) parts.push("Request:", markdownTable(["member", "value", "needed"], membersOf(request)));
  for (const [status, value] of Object.entries(objectOf(operation["responses"]))) {
    const body = answerOf(status, objectOf(value));
    if (body === null) continue;
    parts.push(`Answer \`${status}\`:`);
    for (const [index, variant] of variantsOf(body).entries()) {
      if (index > 0) parts.push("or:");
      const rows = membersOf(variant);
      parts.push(rows.length === 0 ? typeOf(variant) : markdownTable(["member", "value", "always"], rows));
    }
  }
  const refusals = refusalsOf(operation).filter((row) => !isShared(row));
  if (refusals.length > 0) parts.push("Otherwise:", markdownTable(["status", "meaning"], refusals));
  return parts.join("\n\n");
}

function describe(response: Node): string {
  return textOf(response["description"]).replaceAll(/\b[a-z]+(?:_[a-z]+)+\b/g, (word) => `\`${word}\``);
}

function isErrorBody(schema: Node): boolean {
  const members = objectOf(schema["properties"] ?? {});
  return "error" in members || "code" in members;
}

function bodyOf(holder: Node): Node | null {
  const [content] = Object.values(objectOf(holder["content"] ?? {}));
  const schema = content === undefined ? undefined : objectOf(content)["schema"];
  return schema === undefined ? null : objectOf(schema);
}

function variantsOf(schema: Node): readonly Node[] {
  const variants = listOf(schema["anyOf"] ?? schema["oneOf"]).map(objectOf);
  return variants.length === 0 ? [schema] : variants;
}

/** A row for each member, those of objects inside under a dotted name. */
function membersOf(schema: Node, prefix = "", depth = 1): string[][] {
  const required = listOf(schema["required"]);
  return Object.entries(objectOf(schema["properties"] ?? {})).flatMap(([name, value]) => {
    const member = objectOf(value);
    const row = [`\`${prefix}${name}\``, typeOf(member), required.includes(name) ? "yes" : "no"];
    const inner = innerOf(member);
    if (inner === null || depth >= MAX_DEPTH) return [row];
    return [row, ...membersOf(inner.schema, `${prefix}${name}${inner.joint}`, depth + 1)];
  });
}

/** The object inside a member, if it is one, or a list or a map of one. */
function innerOf(schema: Node): { readonly schema: Node; readonly joint: string } | null {
  const only = variantsOf(schema).find((variant) => variant["type"] !== "null");
  if (only === undefined) return null;
  if (only["properties"] !== undefined) return { schema: only, joint: "." };
  const items = only["items"];
  if (isObject(items)) {
    const inside = innerOf(items);
    return inside === null ? null : { schema: inside.schema, joint: `[]${inside.joint}` };
  }
  const entries = only["additionalProperties"];
  if (!isObject(entries)) return null;
  const inside = innerOf(entries);
  return inside === null ? null : { schema: inside.schema, joint: `.*${inside.joint}` };
}

/** What a schema lets through, in a few words. */
function typeOf(schema: Node): string {
  const variants = listOf(schema["anyOf"] ?? schema["oneOf"]).map(objectOf);
  if (variants.length > 0) return [...new Set(variants.map(typeOf))].join(" or ");
  if (schema["const"] !== undefined) return `\`${JSON.stringify(schema["const"])}\``;
  const words = listOf(schema["enum"]);
  if (words.length > 0) return words.map((word) => `\`${textOf(word)}\``).join(", ");
  const type = schema["type"];
  const name = Array.isArray(type) ? type.join(" or ") : typeof type === "string" ? type : "any";
  if (name === "array") return `list of ${isObject(schema["items"]) ? typeOf(schema["items"]) : "anything"}`;
  if (typeof schema["pattern"] === "string") return `${name}, \`${schema["pattern"]}\``;
  const [minimum, maximum] = [schema["minLength"], schema["maxLength"]];
  if (minimum !== undefined && minimum === maximum) return `${name} of ${textOf(minimum)} characters`;
  if (maximum !== undefined) return `${name} of up to ${textOf(maximum)} characters`;
  return name;
}

function isObject(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(value: unknown): Node {
  if (!isObject(value)) throw new TypeError("the OpenAPI document has something else where an object belongs");
  return value;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
