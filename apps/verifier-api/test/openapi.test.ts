import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ENDPOINTS } from "../src/wire/endpoints.ts";
import { openApiDocument } from "../src/wire/openapi.ts";
import { PROBLEMS } from "../src/wire/problems.ts";

const COMMITTED = new URL("../../../docs/verifier-openapi.json", import.meta.url);
const document = JSON.parse(JSON.stringify(openApiDocument()));

describe("the OpenAPI document", () => {
  // Mistake 24.
  test("is the page in docs/verifier-openapi.json", () => {
    expect(document).toEqual(JSON.parse(readFileSync(COMMITTED, "utf8")));
  });

  test("has every endpoint with its method, and no other", () => {
    const documented = Object.entries<object>(document.paths).map(([path, operations]) => [
      path,
      Object.keys(operations).join().toUpperCase(),
    ]);
    expect(Object.fromEntries(documented)).toEqual(ENDPOINTS);
  });

  test("names every problem", () => {
    const text = JSON.stringify(document);
    const unnamed = Object.keys(PROBLEMS).filter((code) => !new RegExp(`"description":"[^"]*\\b${code}\\b`).test(text));
    expect(unnamed).toEqual(["endpoint_unknown"]);
  });
});
