import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ENDPOINTS } from "../../src/http/endpoints.ts";
import { type Harness, makePeer, startHarness } from "../harness.ts";

const COMMITTED = new URL("../../../../docs/openapi.json", import.meta.url);

interface Operation {
  readonly summary: string;
  readonly requestBody?: { content: Record<string, { schema: BodySchema }> };
  readonly responses: Record<
    string,
    { description: string; content: Record<string, { schema: Parameters<typeof z.fromJSONSchema>[0] }> }
  >;
}

interface BodySchema {
  readonly properties: Record<string, { type?: string; anyOf?: readonly { type: string }[] }>;
  readonly required: readonly string[];
}

let harness: Harness;
let document: { paths: Record<string, Record<string, Operation>> };

beforeAll(async () => {
  harness = await startHarness();
  const answer = await harness.app.inject({ method: "GET", url: "/openapi.json" });
  document = answer.json();
});

afterAll(async () => {
  await harness.app.close();
});

function bodyOf(path: string): BodySchema {
  const schema = document.paths[path]?.["post"]?.requestBody?.content["application/json"]?.schema;
  if (schema === undefined) throw new Error(`no body is documented for ${path}`);
  return schema;
}

/** The schema that an answer of this status must have, as a checker. */
function checkerOf(path: string, method: string, status: number): z.ZodType {
  const responses = document.paths[path]?.[method]?.responses ?? {};
  const found = responses[String(status)] ?? responses[`${Math.floor(status / 100)}XX`];
  const schema = found?.content["application/json"]?.schema;
  if (schema === undefined) throw new Error(`no answer ${status} is documented for ${path}`);
  return z.fromJSONSchema(schema);
}

/** A body with every documented member, each of the documented type. */
function sample(path: string): Record<string, unknown> {
  return Object.fromEntries(Object.keys(bodyOf(path).properties).map((name) => [name, "x"]));
}

describe("GET /openapi.json", () => {
  test("is the page in docs/openapi.json", () => {
    expect(document).toEqual(JSON.parse(readFileSync(COMMITTED, "utf8")));
  });

  test("has every endpoint with its method, and no other", () => {
    const documented = Object.entries(document.paths).map(([path, operations]) => [path, Object.keys(operations)]);
    const served = Object.entries(ENDPOINTS).map(([path, allow]) => [path, [allow.split(",", 1)[0]?.toLowerCase()]]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(served));
  });

  test("names every status and tag of an error", () => {
    const text = JSON.stringify(document.paths["/get-key"]?.["post"]?.responses);
    for (const answer of ["401 invalid_challenge", "403 measurement_policy_rejected", "503 audit_unavailable"]) {
      expect(text).toContain(answer);
    }
  });
});

describe("the bodies that it documents", () => {
  const POSTS = Object.entries(ENDPOINTS).flatMap(([path, allow]) => (allow === "POST" ? [path] : []));

  test.each(POSTS)("of %s have the shape that the service reads, with or without what is optional", async (path) => {
    const { required } = bodyOf(path);
    const whole = sample(path);
    const least = Object.fromEntries(Object.entries(whole).filter(([name]) => required.includes(name)));
    for (const body of [whole, least, { ...whole, unknown: 1 }]) {
      expect((await harness.post(path, body)).statusCode).not.toBe(422);
    }
  });

  test.each(POSTS)("of %s are refused as soon as a member departs", async (path) => {
    const { required, properties } = bodyOf(path);
    const whole = sample(path);
    for (const name of Object.keys(properties)) {
      expect({ name, status: (await harness.post(path, { ...whole, [name]: 7 })).statusCode }).toEqual({
        name,
        status: 422,
      });
    }
    for (const name of required) {
      const { [name]: _, ...without } = whole;
      expect({ name, status: (await harness.post(path, without)).statusCode }).toEqual({ name, status: 422 });
    }
  });
});

describe("the answers that it documents", () => {
  test("are those that the service gives", async () => {
    const peer = makePeer();
    const body = await harness.request(peer);
    const asked: [string, unknown][] = [
      ["/challenge", { peerId: peer.peerId }],
      ["/challenge", { peerId: "x" }],
      ["/attest", { nonceB64: Buffer.alloc(32, 7).toString("base64") }],
      ["/attest", { nonceB64: "x" }],
      ["/get-key", body],
      ["/get-key", body],
      ["/get-key", {}],
    ];
    for (const [path, content] of asked) {
      const answer = await harness.post(path, content);
      expect(checkerOf(path, "post", answer.statusCode).safeParse(answer.json())).toMatchObject({ success: true });
    }
    for (const path of ["/health", "/ready", "/openapi.json"]) {
      const answer = await harness.app.inject({ method: "GET", url: path });
      expect(checkerOf(path, "get", answer.statusCode).safeParse(answer.json())).toMatchObject({ success: true });
    }
  });

  test("leave no room for another: a key of the wrong length is none", () => {
    expect(checkerOf("/get-key", "post", 200).safeParse({ key: "00" }).success).toBe(false);
    expect(checkerOf("/get-key", "post", 401).safeParse({ error: "invented" }).success).toBe(false);
  });
});
