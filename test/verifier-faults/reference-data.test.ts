import { createSimulatedPlatform, type PlatformOptions } from "../../packages/tee-simulator/src/index.ts";
import { NOW } from "../appraisal/world.ts";
import { allowing, type FaultRow, testFaults, world } from "./fault-rows.ts";
import { type Answering, type FaultyCheck, objectOf } from "./fault-world.ts";

/** Collateral of a platform that differs in something; its keys and its machine are the same. */
async function collateralOf(options: Partial<PlatformOptions>): Promise<FaultyCheck> {
  const platform = await createSimulatedPlatform({ seed: "verifier-api", now: NOW, ...options });
  return { corrupt: world.collateralInstead(await platform.collateralText()) };
}

/** A quote with a defect that lies in the lists of what was revoked. */
function revoked(defect: string): FaultyCheck {
  let text = "";
  const answer: Answering = async (nonce) => {
    const own = await world.answer(nonce, { defect });
    text = await world.platform.collateralText({ forQuote: Buffer.from(String(own["quoteB64"]), "base64") });
    return own;
  };
  return {
    answer,
    corrupt: { "/api/verify": (json, path) => world.collateralInstead(text)["/api/verify"]?.(json, path) },
  };
}

/** Changes Intel's reference data on its way. */
function collateral(change: (held: Record<string, unknown>) => Record<string, unknown>): FaultyCheck {
  return {
    corrupt: {
      "/api/verify": (json) => {
        const held = objectOf(json["collateral"]);
        return { ...json, collateral: { ...held, ...change(held) } };
      },
    },
  };
}

const REFERENCE_ROWS: readonly FaultRow[] = [
  {
    name: "the collateral has expired",
    fault: async () => await collateralOf({ now: NOW - 60 * 86_400 }),
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the signature of the collateral is broken",
    fault: () => collateral(({ tcb_info_signature: text }) => ({ tcb_info_signature: `00${String(text).slice(2)}` })),
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the collateral is written again, with the same meaning",
    fault: () => collateral(({ tcb_info: text }) => ({ tcb_info: JSON.stringify(JSON.parse(String(text)), null, 1) })),
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the collateral is of another processor model",
    fault: async () => await collateralOf({ fmspc: "53494d000001" }),
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the collateral is of another root",
    fault: async () => await collateralOf({ seed: "somebody else" }),
    steps: { "dcap.collateral": "fail" },
    verdict: "failed",
  },
  {
    name: "the source of collateral is down, and nothing is kept",
    fault: () => ({ api: { env: { COLLATERAL_URL: "http://127.0.0.1:9" } } }),
    steps: { "dcap.collateral": "error", "tcb.status": "skip", "tcb.baseline": "skip" },
    verdict: "incomplete",
  },
  {
    name: "the machine's certificate is revoked",
    fault: () => revoked("pck-revoked"),
    steps: { "dcap.crl": "fail" },
    verdict: "failed",
  },
  {
    name: "the issuer of the machine's certificate is revoked",
    fault: () => revoked("pck-ca-revoked"),
    steps: { "dcap.crl": "fail" },
    verdict: "failed",
  },
  {
    name: "the signer of the collateral is revoked",
    fault: () => revoked("tcb-signing-revoked"),
    steps: { "dcap.crl": "fail" },
    verdict: "failed",
  },
  {
    name: "the machine is out of date, which the release does not allow",
    fault: async () => await collateralOf({ tcbStatus: "OutOfDate" }),
    steps: { "tcb.status": "fail" },
    verdict: "failed",
  },
  {
    name: "the machine is out of date, which the signed release allows",
    fault: async () => ({
      corrupt: {
        ...(await collateralOf({ tcbStatus: "OutOfDate" })).corrupt,
        ...world.releaseInstead({ policy: allowing(["UpToDate", "OutOfDate"]) }),
      },
    }),
    steps: { "tcb.status": "warn", "rel.sigstore": "pass" },
    verdict: "caution",
  },
  {
    name: "the machine is out of date, which the release allows and the reader does not",
    fault: async () => ({
      corrupt: {
        ...(await collateralOf({ tcbStatus: "OutOfDate" })).corrupt,
        ...world.releaseInstead({ policy: allowing(["UpToDate", "OutOfDate"]) }),
      },
      check: { expected: { tag: null, profile: null, bindingHex: null, isStrict: true } },
    }),
    steps: { "tcb.status": "fail" },
    verdict: "failed",
  },
  {
    name: "the machine needs configuration, too, which the release does not allow",
    fault: async () => await collateralOf({ tcbStatus: "OutOfDateConfigurationNeeded" }),
    steps: { "tcb.status": "fail" },
    verdict: "failed",
  },
  {
    name: "the machine's level is revoked, although the release allows that",
    fault: async () => ({
      corrupt: {
        ...(await collateralOf({ tcbStatus: "Revoked" })).corrupt,
        ...world.releaseInstead({ policy: allowing(["UpToDate", "Revoked"]) }),
      },
    }),
    steps: { "tcb.status": "fail" },
    verdict: "failed",
  },
];

testFaults(REFERENCE_ROWS);
