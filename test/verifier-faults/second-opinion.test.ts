import { createHmac, createPublicKey } from "node:crypto";
import type { Fault } from "../../packages/tee-simulator/src/server/index.ts";
import { NOW } from "../appraisal/world.ts";
import { type FaultRow, testFaults, world } from "./fault-rows.ts";
import { type FaultyCheck, type FaultWorld, objectOf } from "./fault-world.ts";
import type { Corruption } from "./page.ts";

const [signingKey] = (await world.simulator.trustAuthority()).keySet.keys;
/** The key of the second opinion, PEM. */
const publicKey = createPublicKey({ key: { ...signingKey }, format: "jwk" }).export({ type: "spki", format: "pem" });

/** A token in place of the one that came. */
function token(
  change: (parts: { header: Record<string, unknown>; claims: string; signed: string }) => string,
): FaultyCheck {
  const swap: Corruption = (json) => {
    const [header = "", claims = ""] = String(json["ita_token"]).split(".");
    const read = objectOf(JSON.parse(Buffer.from(header, "base64url").toString()));
    return {
      ...json,
      ita_token: change({ header: read, claims, signed: `${header}.${claims}` }),
      ita_token_verified: true,
    };
  };
  return { corrupt: { "/api/verify": swap } };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What Intel's stand-in says from now on. */
function saying(changes: Parameters<FaultWorld["simulator"]["changeTokens"]>[0]): FaultyCheck {
  world.simulator.changeTokens(changes);
  return {};
}

/** Intel's service fails at the next question. */
function failing(fault: Fault): FaultyCheck {
  world.simulator.failNext("/appraisal/v2/attest", fault);
  return {};
}

const OPINION_ROWS: readonly FaultRow[] = [
  {
    name: "the second opinion describes another RTMR3",
    fault: () => saying({ tdx: { tdx_rtmr3: "00".repeat(48) } }),
    steps: { "ita.token": "pass", "ita.claims": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion is an unsigned token",
    fault: () => token(({ claims }) => `${part({ alg: "none", typ: "JWT" })}.${claims}.`),
    steps: { "ita.token": "fail", "ita.claims": "skip" },
    verdict: "failed",
  },
  {
    // Mistake 7.
    name: "the second opinion is signed with the public key as a password",
    fault: () =>
      token(({ header, claims }) => {
        const signed = `${part({ ...header, alg: "HS256" })}.${claims}`;
        return `${signed}.${createHmac("sha256", publicKey).update(signed).digest("base64url")}`;
      }),
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion has expired",
    fault: () => saying({ claims: { iat: NOW - 7200, nbf: NOW - 7200, exp: NOW - 3600 } }),
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion is of another issuer",
    fault: () => saying({ claims: { iss: "https://portal.example.com" } }),
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion names a key that nobody knows",
    fault: () => saying({ header: { kid: "00".repeat(32) } }),
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
  {
    name: "the keys of the second opinion are swapped",
    fault: () => ({ corrupt: { "/api/ita/keys": (json) => ({ ...json, keys: [] }) } }),
    steps: { "ita.token": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion has another status, by another baseline",
    fault: () =>
      saying({ tdx: { attester_tcb_status: "OutOfDate", tdx_collateral: { tcb_evaluation_data_number: 99 } } }),
    steps: { "ita.token": "pass", "ita.claims": "warn" },
    verdict: "caution",
  },
  {
    // Mistake 9.
    name: "the second opinion has another status, by the same baseline",
    fault: () => saying({ tdx: { attester_tcb_status: "OutOfDate" } }),
    steps: { "ita.claims": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion has a status that nobody knows, by the same baseline",
    fault: () => saying({ tdx: { attester_tcb_status: "Splendid" } }),
    steps: { "ita.claims": "fail" },
    verdict: "failed",
  },
  {
    name: "the second opinion says nothing of the status",
    fault: () => saying({ tdx: { attester_tcb_status: null } }),
    steps: { "ita.token": "pass", "ita.claims": "warn" },
    verdict: "caution",
  },
  {
    // Mistake 5.
    name: "the site asks for no second opinion",
    fault: () => ({ api: { env: { ITA_API_KEY: "" } } }),
    steps: { "ita.token": "skip", "ita.claims": "skip" },
    verdict: "verified",
  },
  {
    name: "the reader wants no second opinion",
    fault: () => ({ check: { asksIntel: false } }),
    steps: { "ita.token": "skip" },
    verdict: "verified",
  },
  {
    name: "Intel's service asks for patience",
    fault: () => failing({ kind: "error", status: 429, message: "later" }),
    steps: { "ita.token": "error", "ita.claims": "skip" },
    verdict: "verified",
  },
  {
    name: "Intel's service fails",
    fault: () => failing({ kind: "error", status: 500, message: "no" }),
    steps: { "ita.token": "error" },
    verdict: "verified",
  },
  {
    name: "Intel's service says nothing",
    fault: () => ({ ...failing({ kind: "hang" }), api: { upstreamMs: 4_000 } }),
    steps: { "ita.token": "error" },
    verdict: "verified",
  },
];

testFaults(OPINION_ROWS);
