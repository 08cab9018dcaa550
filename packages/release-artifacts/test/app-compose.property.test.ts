import { readFileSync } from "node:fs";
import { PROFILES } from "@mero-tee/policy";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kmsAppCompose, type KmsDeployment, parseComposeTemplate, reviewAppCompose } from "../src/index.ts";

const TEMPLATE = readFileSync(new URL("../../../scripts/phala/kms-compose-template.yaml", import.meta.url), "utf8");
const parsed = parseComposeTemplate(TEMPLATE);
if (!parsed.ok) throw new Error(parsed.error.reason);
const template = parsed.value;

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString("hex"));

const deployments: fc.Arbitrary<KmsDeployment> = fc.record({
  image: hex(32).map((digest) => `registry.example:5000/some/mero-kms-phala@sha256:${digest}`),
  version: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join(".")),
  profile: fc.constantFrom(...PROFILES),
  nodePolicySha256: hex(32),
  servicePort: fc.integer({ min: 1, max: 65_535 }),
  keyProviderId: hex(91),
  hasRedis: fc.boolean(),
});

function composeOf(deployment: KmsDeployment) {
  const made = kmsAppCompose(template, deployment);
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("an app-compose document", () => {
  test("reads back as the deployment that it was made of", () => {
    fc.assert(
      fc.property(deployments, (deployment) => {
        const { text, composeHash } = composeOf(deployment);
        expect(reviewAppCompose(template, bytesOf(text))).toEqual({ ok: true, value: { deployment, composeHash } });
      }),
    );
  });

  test("that is accepted has the very composition that its deployment leads to, whatever was changed in it", () => {
    const edits = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(3), fc.string({ maxLength: 3 }));
    fc.assert(
      fc.property(deployments, edits, (deployment, [place, removed, inserted]) => {
        const members: Record<string, unknown> = JSON.parse(composeOf(deployment).text);
        const before = String(members["docker_compose_file"]);
        const at = Math.floor(place * before.length);
        const after = before.slice(0, at) + inserted + before.slice(at + removed);
        const changed = bytesOf(JSON.stringify({ ...members, docker_compose_file: after }));
        const reviewed = reviewAppCompose(template, changed);
        const leadsTo = reviewed.ok ? composeOf(reviewed.value.deployment).dockerCompose : null;
        expect([null, after]).toContain(leadsTo);
        expect(leadsTo === null && after === before).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("of any members, or of any bytes, gives a verdict and no exception", () => {
    const names = fc.constantFrom(
      "docker_compose_file",
      "allowed_envs",
      "key_provider_id",
      "name",
      "__proto__",
      "other",
    );
    const documents = fc.dictionary(names, fc.jsonValue()).map((members) => JSON.stringify(members));
    fc.assert(
      fc.property(fc.oneof(documents.map(bytesOf), fc.uint8Array({ maxLength: 200 })), (document) => {
        expect(reviewAppCompose(template, document).ok).toBe(false);
      }),
    );
  });

  test("of any template gives a verdict and no exception", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.nat(TEMPLATE.length), (text, at) => {
        const mixed = TEMPLATE.slice(0, at) + text + TEMPLATE.slice(at);
        const result = parseComposeTemplate(mixed);
        expect(result.ok && text.includes("$")).toBe(false);
      }),
    );
  });
});
