import * as fc from "fast-check";
import { expect, test } from "vitest";

import { DSTACK_METHODS } from "../../src/server/index.ts";
import { bodyOf, exchange, httpRequest, parseAnswer, runAgent, runSimulator } from "./fixture.ts";

const FIELDS = [
  "report_data",
  "profile",
  "role",
  "defect",
  "variant",
  "quote",
  "nonce",
  "applicationId",
  "path",
  "purpose",
  "algorithm",
  "event",
  "payload",
  "subject",
  "alt_names",
  "usage_ra_tls",
];

/** Bodies from nonsense to nearly right: bytes, JSON, and objects with the names that the endpoints know. */
const body = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.json(),
  fc
    .dictionary(
      fc.constantFrom(...FIELDS),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(
          "",
          "00",
          "00".repeat(32),
          "00".repeat(64),
          "debug",
          "node",
          "kms",
          "ed25519",
          "td-debug",
          0,
          1,
        ),
      ),
    )
    .map((value) => JSON.stringify(value)),
);

/** `{ "error": text }` and nothing more. */
function isRefusal(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).join() === "error";
}

test("every endpoint answers every body with a verdict on it, and nothing throws inside", async () => {
  const { url } = await runSimulator();
  const path = fc.constantFrom("/quote", "/collateral", "/admin-api/tee/attest");
  await fc.assert(
    fc.asyncProperty(path, body, async (target, text) => {
      const response = await fetch(url + target, { method: "POST", body: text });
      expect([200, 400, 404]).toContain(response.status);
      const answer = await bodyOf<object>(response);
      expect("error" in answer).toBe(!response.ok);
    }),
    { numRuns: 200 },
  );
});

test("every query of the provisioning service gets a verdict, and nothing throws inside", async () => {
  const { url } = await runSimulator();
  const path = fc.constantFrom(
    "/tdx/certification/v4/tcb",
    "/tdx/certification/v4/qe/identity",
    "/sgx/certification/v4/pckcrl",
    "/sgx/certification/v4/pckcert",
  );
  const parameter = fc.tuple(
    fc.constantFrom(
      "fmspc",
      "update",
      "tcbEvaluationDataNumber",
      "ca",
      "encoding",
      "cpusvn",
      "pcesvn",
      "pceid",
      "qeid",
    ),
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("53494d000000", "early", "18", "platform", "der", "0000", "00".repeat(16)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(path, fc.array(parameter, { maxLength: 6 }), async (target, parameters) => {
      const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join("&");
      const response = await fetch(`${url}${target}?${query}`);
      expect([200, 400, 404]).toContain(response.status);
      await response.arrayBuffer();
    }),
    { numRuns: 150 },
  );
});

test("every method of the agent answers every body in ASCII with its length, and nothing throws inside", async () => {
  const { agent } = await runAgent();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...DSTACK_METHODS), body, async (method, text) => {
      const answer = parseAnswer(await exchange(agent.socketPath, httpRequest("POST", `/${method}`, text)));
      expect([200, 400]).toContain(answer.status);
      expect(answer.headers.get("content-length")).toBe(String(answer.body.length));
      expect(answer.body).toMatch(/^[\x20-\x7e]*$/);
      const value: unknown = JSON.parse(answer.body);
      expect(isRefusal(value)).toBe(answer.status === 400);
    }),
    { numRuns: 200 },
  );
});

test("the agent survives any bytes", async () => {
  const { agent } = await runAgent();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      await exchange(agent.socketPath, bytes).catch(() => "");
    }),
    { numRuns: 100 },
  );
  expect(parseAnswer(await exchange(agent.socketPath, httpRequest("POST", "/Version", "{}"))).status).toBe(200);
});
