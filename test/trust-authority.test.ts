import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSimulatedPlatform } from "../packages/tee-simulator/src/index.ts";
import { type RunningSimulator, startSimulator } from "../packages/tee-simulator/src/server/index.ts";
import { at, textAt } from "../scripts/release/mero-tee.ts";
import { meroTee } from "./mero-tee.ts";

let directory: string;
let simulator: RunningSimulator;
let environment: Record<string, string>;

function now(): number {
  return Math.floor(Date.now() / 1000);
}

beforeAll(async () => {
  simulator = await startSimulator({ platform: await createSimulatedPlatform({ now: now() }), now });
  directory = await mkdtemp(join(tmpdir(), "mero-tee-opinion-"));
  await writeFile(join(directory, "root.pem"), simulator.platform.rootCaPem);
  const body = JSON.stringify({ report_data: "07".repeat(64) });
  const answer = await fetch(`${simulator.url}/quote`, { method: "POST", body });
  await writeFile(join(directory, "quote.json"), await answer.text());
  // RSA keys, on a shared machine.
  await simulator.trustAuthority();
}, 60_000);

afterAll(async () => {
  await simulator.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(prepare);

function prepare(): void {
  simulator.changeTokens({});
  environment = {
    ITA_API_KEY: "key",
    ITA_APPRAISAL_URL: `${simulator.url}/appraisal/v2/attest`,
    ITA_PORTAL_URL: simulator.url,
  };
}

async function verify(...more: readonly string[]) {
  const where = ["--pccs", simulator.url, "--root-ca", join(directory, "root.pem")];
  const outcome = await meroTee(["quote", "verify", join(directory, "quote.json"), ...where, ...more], environment);
  return { ...outcome, document: more.includes("--json") ? (JSON.parse(outcome.stdout) as unknown) : null };
}

describe("quote verify --ita", () => {
  test("shows a second opinion that says the same of the machine", async () => {
    const { exitCode, document } = await verify("--ita", "--json");
    expect(exitCode).toBe(0);
    expect(at(document, "secondOpinion")).toMatchObject({
      tcbStatus: "UpToDate",
      advisoryIds: [],
      issuer: simulator.url,
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    expect((await verify("--ita")).stdout).toMatch(/Second opinion\n +issuer +http/);
    expect(at((await verify("--json")).document, "secondOpinion")).toBeUndefined();
  });

  test("takes an address with a slash at its end for the same address", async () => {
    environment["ITA_PORTAL_URL"] = `${simulator.url}/`;
    const { exitCode, document } = await verify("--ita", "--json");
    expect([exitCode, at(document, "secondOpinion", "issuer")]).toEqual([0, simulator.url]);
  });

  test.each([
    ["of another machine", { tdx: { tdx_mrtd: "00".repeat(48) } }, "ita-claims-differ"],
    ["of an older answer of this machine", { tdx: { tdx_report_data: "00".repeat(64) } }, "ita-claims-differ"],
    ["that leaves a register out", { tdx: { tdx_rtmr3: undefined } }, "ita-claims-missing"],
    ["that names no status", { tdx: { attester_tcb_status: undefined } }, "ita-claims-missing"],
    ["of a machine that can be debugged", { tdx: { tdx_is_debuggable: true } }, "ita-debuggable"],
    ["that a policy does not match", { tdx: { policy_ids_unmatched: [{ id: "x" }] } }, "ita-policies-unmatched"],
    ["by another issuer", { claims: { iss: "https://portal.example" } }, "ita-issuer-mismatch"],
    ["that nobody signed", { header: { alg: "none" } }, "ita-algorithm-forbidden"],
    ["by a key that the portal has not", { header: { kid: "other" } }, "ita-key-unknown"],
    ["that has expired", { claims: { exp: 1 } }, "ita-token-expired"],
  ])("refuses a token %s, and what was verified here stays so", async (_, changes, code) => {
    simulator.changeTokens(changes);
    const { exitCode, document } = await verify("--ita", "--json");
    expect(exitCode).toBe(10);
    expect(document).toMatchObject({
      verified: true,
      secondOpinion: null,
      failure: { code, stage: "trust-authority" },
    });
  });

  test.each([
    ["ITA_APPRAISAL_URL", "/nowhere"],
    ["ITA_PORTAL_URL", "/nowhere"],
  ])("without an answer of %s judges nothing", async (name, path) => {
    environment[name] = simulator.url + path;
    const { exitCode, document } = await verify("--ita", "--json");
    expect(exitCode).toBe(1);
    expect(document).toMatchObject({ verified: true, failure: { code: "ita-unavailable" } });
  });

  test("wants every policy that it asked for to have matched", async () => {
    const [asked, other] = ["3d0b3c6a-0b0e-4b6a-9f5e-0a1b2c3d4e5f", "00000000-0000-4000-8000-000000000000"];
    environment["ITA_POLICY_IDS"] = asked;
    for (const matched of [[], [{ id: other }]]) {
      simulator.changeTokens({ tdx: { policy_ids_matched: matched } });
      const { exitCode, document } = await verify("--ita", "--json");
      expect(exitCode).toBe(10);
      expect(document).toMatchObject({ secondOpinion: null, failure: { code: "ita-policies-unmatched" } });
    }
    simulator.changeTokens({ tdx: { policy_ids_matched: [{ id: other }, { id: asked.toUpperCase() }] } });
    expect((await verify("--ita")).exitCode).toBe(0);
  });

  test.each([
    ["ITA_API_KEY", "first-half\nother-half"],
    ["ITA_APPRAISAL_URL", "https://user:other-half@api.example/attest"],
  ])("says nothing of a secret in %s", async (name, value) => {
    environment[name] = value;
    const { exitCode, stdout, stderr } = await verify("--ita", "--json");
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain(name);
    expect(stdout + stderr).not.toContain("half");
  });

  test.each([
    ["no key", "ITA_API_KEY", ""],
    ["a key that would travel in the open", "ITA_APPRAISAL_URL", "http://api.example/attest"],
    ["a portal that is no address", "ITA_PORTAL_URL", "portal"],
    ["policies that are none", "ITA_POLICY_IDS", "one,two"],
    ["a half-hearted demand", "ITA_POLICY_MUST_MATCH", "perhaps"],
  ])("with %s is misuse", async (_, name, value) => {
    environment[name] = value;
    const { exitCode, document } = await verify("--ita", "--json");
    expect(exitCode).toBe(2);
    expect(document).toMatchObject({ failure: { code: "usage-invalid", message: expect.stringContaining(name) } });
  });
});

/** Candidates from a file of claims. */
async function candidates(claims: string, ...more: readonly string[]) {
  const file = join(directory, "claims.json");
  await writeFile(file, claims);
  const args = ["--quote", join(directory, "quote.json"), "--claims", file, "--json", ...more];
  const { exitCode, stdout } = await meroTee(["policy", "candidates", ...args]);
  return { exitCode, document: JSON.parse(stdout) as unknown, file };
}

describe("policy candidates --claims", () => {
  let tdx: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    prepare();
    const answer = await verify("--ita", "--json");
    const [, payload = ""] = textAt(answer.document, "secondOpinion", "token").split(".");
    ({ tdx } = JSON.parse(Buffer.from(payload, "base64url").toString()));
  });

  test("take the TCB status from there, and say where it stood", async () => {
    const { exitCode, document, file } = await candidates(
      JSON.stringify({ tdx: { ...tdx, attester_tcb_status: "up_to_date" } }),
    );
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({
      source_claims_path: file,
      source_claim_paths: {
        tcb_statuses: [{ value: "UpToDate", path: "$.tdx.attester_tcb_status", raw: "up_to_date" }],
      },
      policy: { allowed_tcb_statuses: ["UpToDate"] },
    });
    const given = await candidates(JSON.stringify({ tdx }), "--tcb-status", "UpToDate");
    expect(given).toMatchObject({ exitCode: 2, document: { failure: { code: "usage-invalid" } } });
  });

  test("read claims of version 1, which are flat", async () => {
    const { document } = await candidates(JSON.stringify(tdx));
    expect(document).toMatchObject({ source_claim_paths: { tcb_statuses: [{ path: "$.attester_tcb_status" }] } });
  });

  test.each([
    ["of another machine", { tdx_rtmr2: "00".repeat(48) }, "ita-claims-differ"],
    ["of an older answer of this machine", { tdx_report_data: "00".repeat(64) }, "ita-claims-differ"],
    ["that leave a register out", { tdx_mrtd: undefined }, "ita-claims-missing"],
    ["that name no status", { attester_tcb_status: undefined }, "ita-claims-missing"],
    ["that name a status of nobody", { attester_tcb_status: "Fine" }, "input-unrecognised"],
    ["of a machine that can be debugged", { tdx_is_debuggable: true }, "ita-debuggable"],
    ["that a policy does not match", { policy_ids_unmatched: [{ id: "x" }] }, "ita-policies-unmatched"],
  ])("refuse claims %s", async (_, changed, code) => {
    const claims = JSON.stringify({ tdx: { ...tdx, ...changed } });
    expect(await candidates(claims)).toMatchObject({ exitCode: 10, document: { failure: { code } } });
  });

  test.each(["", "[]", '{"tdx":{},"tdx":{}}'])("refuse a file that is no claims: %s", async (text) => {
    const outcome = await candidates(text);
    expect(outcome).toMatchObject({ exitCode: 10, document: { failure: { code: "input-unrecognised" } } });
  });
});
