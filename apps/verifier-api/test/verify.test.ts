import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { verifyAnswerSchema } from "../src/wire/verify-answer.ts";
import { kmsAnswer, listen, type LoopbackServer, type SimulatedWorld, startSimulatedWorld } from "./simulated-world.ts";

let world: SimulatedWorld;
let kms: LoopbackServer;

beforeAll(async () => {
  world = await startSimulatedWorld();
  kms = await world.kms();
});

afterAll(() => world.close());

const NONCE = Buffer.alloc(32, 7);
const nonce_b64 = NONCE.toString("base64");

async function verify(body: unknown, headers: Record<string, string> = {}, options = {}) {
  const response = await world.serve(options).post("/api/verify", body, headers);
  const json: unknown = await response.json();
  return { status: response.status, json };
}

async function answerOf(body: unknown, headers: Record<string, string> = {}, options = {}) {
  const { status, json } = await verify(body, headers, options);
  expect({ status, json: status === 200 ? "an answer" : json }).toEqual({ status: 200, json: "an answer" });
  return verifyAnswerSchema.parse(json);
}

/** The members of an answer that a test of the OpenAPI document's schema accepts. */
const documented = z.fromJSONSchema(
  JSON.parse(readFileSync(new URL("../../../docs/verifier-openapi.json", import.meta.url), "utf8")).paths["/api/verify"]
    .post.responses["200"].content["application/json"].schema,
);

describe("POST /api/verify of a KMS", () => {
  test("brings the evidence for the browser's nonce, with everything that is needed to judge it", async () => {
    const answer = await answerOf({ v: 2, kms_url: kms.url, nonce_b64 });
    expect(answer).toMatchObject({
      nonce_verified: true,
      nonce_b64,
      nonce_source: "client",
      ita: { status: "ok", region: "us" },
      ita_token_verified: true,
      ita_claims: { tdx: { attester_type: "TDX" } },
      fetched: { kind: "kms", url: `${kms.url}/attest`, remote_address: "127.0.0.1", status: 200, tls: null },
      collateral: { update: "standard", fmspc: world.platform.fmspc, stale: false },
      collateral_early: { update: "early" },
      server_report: { verdict: "simulated" },
    });
    expect(Object.keys(answer.attestation).toSorted()).toEqual(["eventLog", "quoteB64", "reportDataHex", "vmConfig"]);
    expect(documented.safeParse(answer).success).toBe(true);
  });

  test("makes a report whose required steps all hold", async () => {
    const { server_report: report } = await answerOf({ v: 2, kms_url: kms.url, nonce_b64 });
    const steps = z.array(z.object({ id: z.string(), status: z.string(), required: z.boolean() })).parse(report?.steps);
    expect(steps.filter(({ required, status }) => required && status !== "pass")).toEqual([]);
    expect(steps.filter(({ required }) => required)).not.toEqual([]);
  });

  test("sends a binding on, and says so to the KMS alone", async () => {
    const binding = Buffer.alloc(32, 9);
    const seen: unknown[] = [];
    const asked = await world.kms(({ nonce, body, headers }) => {
      seen.push(body, headers["x-mero-verifier"], headers["cookie"], headers["accept-encoding"]);
      return kmsAnswer(world.platform, nonce, binding);
    });
    const body = { v: 2, kms_url: asked.url, nonce_b64, binding_b64: binding.toString("base64") };
    const answer = await answerOf(body, { cookie: "a=b" });
    expect(answer.nonce_verified).toBe(true);
    expect(seen).toEqual([{ nonceB64: nonce_b64, bindingB64: binding.toString("base64") }, "1", undefined, "identity"]);
  });

  test("makes a nonce for a caller without one, and says that it did", async () => {
    const answer = await answerOf({ kms_url: kms.url });
    expect(answer).toMatchObject({ nonce_source: "server", nonce_verified: true });
    expect(Buffer.from(answer.nonce_b64 ?? "", "base64")).toHaveLength(32);
    expect(answer.server_report?.verdict).toBe("simulated");
  });

  test.each([
    { name: "camel case", body: (url: string) => ({ kmsUrl: url, nonceB64: nonce_b64, releaseTag: "" }) },
    { name: "a nonce in hex", body: (url: string) => ({ kms_url: url, nonce: NONCE.toString("hex"), node_url: "" }) },
    { name: "both spellings of one value", body: (url: string) => ({ kms_url: url, kmsUrl: url, nonce_b64 }) },
    { name: "members that nobody knows", body: (url: string) => ({ kms_url: url, nonce_b64, later: { a: 1 } }) },
  ])("reads $name", async ({ body }) => {
    expect(await answerOf(body(kms.url))).toMatchObject({ nonce_b64, nonce_source: "client", nonce_verified: true });
  });
});

// The attack on verifiers that compare the nonce with the text beside the quote: no hardware is needed for it.
async function replaying(): Promise<LoopbackServer> {
  const recorded = await kmsAnswer(world.platform, Buffer.alloc(32, 1));
  return await world.kms(async ({ nonce }) => ({
    ...recorded,
    reportDataHex: Buffer.from(nonce).toString("hex") + recorded.reportDataHex.slice(64),
  }));
}

describe("a KMS that answers with another quote than was asked for", () => {
  test("is shown to a browser with the evidence, as not fresh", async () => {
    const { url } = await replaying();
    const answer = await answerOf({ v: 2, kms_url: url, nonce_b64 });
    expect(answer).toMatchObject({ nonce_verified: false, server_report: { verdict: "failed" } });
    expect(answer.attestation.reportDataHex?.slice(0, 64)).toBe(NONCE.toString("hex"));
  });

  test("is refused to a caller of the first version, in the words that it knows", async () => {
    const { url } = await replaying();
    const { status, json } = await verify({ kms_url: url, nonce_b64 });
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: "nonce_mismatch", error: expect.stringContaining("nonce") });
  });
});

describe("POST /api/verify of a node", () => {
  test("asks its admin API, and passes on what it says of its quote as claims", async () => {
    const answer = await answerOf({ v: 2, node_url: world.simulator.url, nonce_b64 });
    expect(answer).toMatchObject({
      nonce_verified: true,
      fetched: { kind: "node", url: `${world.simulator.url}/admin-api/tee/attest` },
    });
    expect(answer.attestation.quote).toMatchObject({ body: { reportdata: expect.stringMatching(/^(?:07){32}/) } });
  });

  test("asks for an application where one is named", async () => {
    world.simulator.installApplication("app-1", new Uint8Array(32).fill(3));
    const answer = await answerOf({ v: 2, node_url: world.simulator.url, nonce_b64, application_id: "app-1" });
    expect(answer.attestation.quote).toMatchObject({ body: { reportdata: "07".repeat(32) + "03".repeat(32) } });
  });

  test.each([
    { name: "passes with its hash", application_hash: "03".repeat(32), step: { status: "pass" } },
    {
      name: "fails with another hash",
      application_hash: "04".repeat(32),
      step: { status: "fail", code: "binding-mismatch" },
    },
    {
      name: "is not judged without one",
      application_hash: "",
      step: { status: "skip", code: "application-hash-missing" },
    },
  ])("that binds an application $name", async ({ application_hash, step }) => {
    world.simulator.installApplication("app-1", new Uint8Array(32).fill(3));
    const order = { v: 2, node_url: world.simulator.url, nonce_b64, application_id: "app-1", application_hash };
    const { server_report: report } = await answerOf(order);
    expect(report?.verdict).toBe(step.status === "fail" ? "failed" : "simulated");
    expect(report?.steps).toContainEqual(expect.objectContaining({ id: "fresh.binding", required: true, ...step }));
  });

  test.each([
    { name: "says so", newer: [{ tag_name: "mero-tee-v1.0.0" }], note: ['"mero-tee-v1.0.0"'] },
    { name: "says nothing of a prerelease", newer: [{ tag_name: "mero-tee-v1.0.0-rc.1", prerelease: true }], note: [] },
    { name: "says nothing where there is none", newer: [], note: [] },
  ])("whose release is not the newest that is listed $name", async ({ newer, note }) => {
    const host = await listen((request, response) => {
      void (async () => {
        const answer = await fetch(world.simulator.url + (request.url ?? ""));
        const text = await answer.text();
        if (request.url?.includes("/releases?") !== true) return void response.writeHead(answer.status).end(text);
        const own: object[] = JSON.parse(text);
        response.end(JSON.stringify([...own, ...newer.map((release) => ({ ...own[0], ...release }))]));
      })();
    });
    const served = world.serve({ env: { RELEASE_API_URL: host.url } });
    const answer = await served.post("/api/verify", { v: 2, node_url: world.simulator.url, nonce_b64 });
    const { server_report: report } = verifyAnswerSchema.parse(await answer.json());
    const steps = z.array(z.object({ id: z.string(), status: z.string(), summary: z.string() })).parse(report?.steps);
    const selection = steps.find(({ id }) => id === "rel.select");
    expect(selection?.status).toBe("pass");
    expect(Array.from(selection?.summary.matchAll(/not the newest: (\S+) is listed/g) ?? [], ([, tag]) => tag)).toEqual(
      note,
    );
  });

  test("does not show what a target says when it refuses", async () => {
    const secret = "internal host 10.1.2.3 says hello";
    const refusing = await listen(
      (_request, response) => void response.writeHead(500, { "content-type": "text/plain" }).end(secret),
    );
    const { status, json } = await verify({ v: 2, node_url: refusing.url, nonce_b64 });
    expect([status, json]).toMatchObject([502, { code: "target_bad_status" }]);
    expect(JSON.stringify(json)).not.toContain("10.1.2.3");
    expect(JSON.stringify(json)).toContain(`${secret.length} bytes, SHA-256 `);
  });
});

describe("POST /api/verify of evidence that is sent", () => {
  test("takes an attestation, and has no nonce unless one is given", async () => {
    const attestation = await kmsAnswer(world.platform, NONCE);
    expect(await answerOf({ v: 2, attestation })).toMatchObject({
      nonce_verified: null,
      nonce_source: "none",
      fetched: null,
      collateral: { update: "standard" },
    });
    expect(await answerOf({ v: 2, attestation, nonce_b64 })).toMatchObject({ nonce_verified: true });
  });

  test("takes a bare attestation as clients of the first version send it, under data or flat, in hex or base64", async () => {
    const { quoteB64, ...rest } = await kmsAnswer(world.platform, NONCE);
    const hex = Buffer.from(quoteB64, "base64").toString("hex");
    for (const body of [
      { quoteB64, ...rest },
      { data: { quote_b64: quoteB64 } },
      { quote: `0x${hex}`, event_log: [] },
    ]) {
      expect((await answerOf(body)).attestation.quoteB64).toBe(quoteB64);
    }
  });

  test("gives evidence that nobody can read on, as not fresh", async () => {
    const attestation = { quoteB64: Buffer.from("MOCK_TDX_QUOTE_V1 and so on").toString("base64") };
    const answer = await answerOf({ v: 2, attestation, nonce_b64 });
    expect(answer).toMatchObject({ nonce_verified: false, collateral: null, server_report: { verdict: "failed" } });
  });

  test("leaves out every member that no step knows", async () => {
    const attestation = {
      ...(await kmsAnswer(world.platform, NONCE)),
      html: "<script>",
      quote: { evil: 1, body: { a: "b" } },
    };
    const answer = await answerOf({ v: 2, attestation });
    expect(Object.keys(answer.attestation)).not.toContain("html");
    expect(answer.attestation.quote).toEqual({ body: { a: "b" } });
  });
});

describe("what POST /api/verify refuses", () => {
  const kms_url = "https://a.phala.network";
  const long = "A".repeat(200_000);
  test.each([
    { name: "a body that is no JSON", body: "{", status: 400, code: "bad_json" },
    { name: "a list", body: "[]", status: 400, code: "bad_json" },
    { name: "a key that stands twice", body: `{"kms_url":"a","kms_url":"b"}`, status: 400, code: "bad_json" },
    { name: "a number for an address", body: { kms_url: 7 }, status: 400, code: "bad_json" },
    { name: "nothing to verify", body: {}, status: 400, code: "missing_target" },
    { name: "two targets", body: { kms_url, node_url: "http://34.65.1.1" }, status: 400, code: "ambiguous_target" },
    {
      name: "two spellings that differ",
      body: { kms_url, kmsUrl: "https://b.phala.network" },
      status: 400,
      code: "ambiguous_target",
    },
    { name: "a short nonce", body: { kms_url, nonce_b64: "AAAA" }, status: 400, code: "bad_nonce" },
    { name: "two nonces", body: { kms_url, nonce_b64, nonce: "07".repeat(32) }, status: 400, code: "bad_nonce" },
    {
      name: "a nonce with another spelling",
      body: { kms_url, nonce_b64: `${nonce_b64}\n` },
      status: 400,
      code: "bad_nonce",
    },
    {
      name: "a binding for a node",
      body: { node_url: "http://34.65.1.1", binding_b64: nonce_b64 },
      status: 400,
      code: "bad_binding",
    },
    {
      name: "an application of a KMS",
      body: { kms_url, application_id: "a" },
      status: 400,
      code: "bad_application_id",
    },
    {
      name: "the hash of no application",
      body: { node_url: "http://34.65.1.1", application_hash: "07".repeat(32) },
      status: 400,
      code: "bad_application_hash",
    },
    {
      name: "a short hash of an application",
      body: { node_url: "http://34.65.1.1", application_id: "a", application_hash: "07" },
      status: 400,
      code: "bad_application_hash",
    },
    { name: "a tag that climbs", body: { kms_url, release_tag: "mero-kms-v../../x" }, status: 400, code: "bad_tag" },
    { name: "a profile that is none", body: { kms_url, profile: "production" }, status: 400, code: "bad_profile" },
    { name: "an attestation without a quote", body: { attestation: { eventLog: [] } }, status: 400, code: "bad_quote" },
    {
      name: "a quote of no hex and no base64",
      body: { attestation: { quoteB64: "?" } },
      status: 400,
      code: "bad_quote",
    },
    { name: "a quote far too long", body: { attestation: { quoteB64: long } }, status: 413, code: "too_large" },
    {
      name: "more events than a log has",
      body: { attestation: { quoteB64: "AAAA", eventLog: Array(5001).fill(0) } },
      status: 413,
      code: "too_large",
    },
    {
      name: "more bytes than a body may have",
      body: `{"kms_url":"${"a".repeat(1_600_000)}"}`,
      status: 413,
      code: "too_large",
    },
  ])("$name", async ({ body, status, code }) => {
    const answer = await verify(body);
    expect(answer).toMatchObject({ status, json: { code, status, error: expect.any(String) } });
  });

  test("a body that is not declared as JSON", async () => {
    expect(await verify("{}", { "content-type": "text/plain" })).toMatchObject({
      status: 415,
      json: { code: "not_json" },
    });
  });
});

describe("a target that does not answer as it should", () => {
  test("in its time", async () => {
    const target = await listen(() => undefined);
    const answer = await verify({ v: 2, kms_url: target.url, nonce_b64 }, {}, { env: { TARGET_TIMEOUT_MS: "200" } });
    expect(answer).toMatchObject({ status: 504, json: { code: "target_timeout" } });
  });

  test.each([
    { name: "with no JSON", type: "application/json", body: "<html>", code: "target_bad_body", status: 502 },
    { name: "not declared as JSON", type: "text/html", body: "{}", code: "target_bad_body", status: 502 },
    { name: "without a quote", type: "application/json", body: "{}", code: "attestation_unusable", status: 422 },
    {
      name: "with a duplicate key",
      type: "application/json",
      body: `{"quoteB64":"AAAA","quoteB64":"BBBB"}`,
      code: "target_bad_body",
      status: 502,
    },
    {
      name: "nested without end",
      type: "application/json",
      body: "[".repeat(40) + "]".repeat(40),
      code: "target_bad_body",
      status: 502,
    },
    {
      name: "with more values than evidence has",
      type: "application/json",
      body: JSON.stringify({ quoteB64: "AAAA", eventLog: [Array(20_001).fill(0)] }),
      code: "target_bad_body",
      status: 502,
    },
  ])("$name", async ({ type, body, code, status }) => {
    const target = await listen(
      (_request, response) => void response.writeHead(200, { "content-type": type }).end(body),
    );
    expect(await verify({ v: 2, kms_url: target.url, nonce_b64 })).toMatchObject({ status, json: { code } });
  });
});
