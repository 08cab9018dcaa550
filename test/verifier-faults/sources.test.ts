import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome, Source } from "../../apps/attestation-verifier-web/src/worker/protocol.ts";
import { listen } from "../../apps/verifier-api/test/simulated-world.ts";
import type { StepId } from "../../packages/appraisal/src/index.ts";
import { type FaultWorld, type FaultyCheck, startFaultWorld } from "./fault-world.ts";
import { stepsOf, verdictOnHardware } from "./page.ts";

let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld();
}, 120_000);
afterAll(async () => await world.close());

interface SourceRow {
  readonly source: Source;
  readonly name: string;
  readonly fault: () => FaultyCheck;
  readonly step: StepId;
  /** Whether nothing can be decided without it. */
  readonly isRequired: boolean;
  /** What may be asked for, and nothing else. */
  readonly asks: RegExp;
}

const DOWN = "http://127.0.0.1:9";

const ROWS: readonly SourceRow[] = [
  {
    source: "collateral",
    name: "Intel's reference data",
    fault: () => ({ api: { env: { COLLATERAL_URL: DOWN } } }),
    step: "dcap.collateral",
    isRequired: true,
    asks: /^\/api\/collateral\?/,
  },
  {
    source: "early-collateral",
    name: "Intel's early data",
    fault: () => ({ corrupt: { "/api/verify": (json) => ({ ...json, collateral_early: null }) } }),
    step: "tcb.baseline",
    isRequired: false,
    asks: /^\/api\/collateral\?.*update=early$/,
  },
  {
    source: "releases",
    name: "the release host",
    fault: () => ({ api: { env: { RELEASE_API_URL: DOWN, RELEASE_DOWNLOAD_URL: DOWN } } }),
    step: "rel.select",
    isRequired: true,
    asks: /^\/api\/(?:catalog$|(?:releases|policy|compat-map)\?)/,
  },
  {
    source: "opinion",
    name: "the second opinion",
    fault: () => {
      world.simulator.failNext("/appraisal/v2/attest", { kind: "error", status: 500, message: "no" });
      return {};
    },
    step: "ita.token",
    isRequired: false,
    asks: /^\/api\/ita\/(?:appraise|keys)$/,
  },
];

/** A KMS that answers once, so that whoever asks it again is found out. */
async function answersOnce(): Promise<{ readonly url: string; readonly asked: () => number }> {
  let count = 0;
  const { url } = await listen((request, response) => {
    count += 1;
    void (async () => {
      const asked: { nonceB64: string } = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
      const answer = await world.answer(Buffer.from(asked.nonceB64, "base64"));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    })();
  });
  return { url, asked: () => count };
}

async function first({ api, ...faulty }: FaultyCheck, url: string): Promise<Outcome> {
  const asked = await world.askAt(url, world.serve(api), faulty);
  if (!asked.ok) throw new Error(asked.error.code);
  return asked.value;
}

describe("a source that did not answer", () => {
  test.each(ROWS)(
    "$name is asked again by itself, and the evidence is not",
    async ({ source, fault, step, isRequired, asks }) => {
      const kms = await answersOnce();
      const lacking = await first(fault(), kms.url);
      expect(stepsOf(lacking)[step]).toBe("error");
      expect(verdictOnHardware(lacking)).toBe(isRequired ? "incomplete" : "verified");

      const asked: string[] = [];
      const whole = await world.fetchAgain(world.serve(), lacking, source, asked);
      expect(verdictOnHardware(whole)).toBe("verified");
      expect(stepsOf(whole)).toMatchObject({
        [step]: source === "early-collateral" ? "warn" : "pass",
        "fresh.nonce": "pass",
      });
      expect(whole.request.challenge).toEqual(lacking.request.challenge);
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((path) => !asks.test(path))).toEqual([]);
      expect(kms.asked()).toBe(1);
      // The first outcome is what it was.
      expect(stepsOf(lacking)[step]).toBe("error");
    },
  );

  test("that is still down leaves everything as it was", async () => {
    const kms = await answersOnce();
    const dead = { env: { COLLATERAL_URL: DOWN } };
    const lacking = await first({ api: dead }, kms.url);
    const again = await world.fetchAgain(world.serve(dead), lacking, "collateral", []);
    expect(stepsOf(again)).toEqual(stepsOf(lacking));
    expect(verdictOnHardware(again)).toBe("incomplete");
  });
});
