import { type AppraisalPolicy, type Measurement, type PolicyField, parseMeasurement } from "@mero-tee/policy";
import { parseCollateral, parseQuote } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { describe, expect, test } from "vitest";

import {
  type KmsTrust,
  type PostPort,
  createKmsClient,
  createKmsVerifier,
  fetchStorageKey,
  verifyKmsAttestation,
} from "../../src/client/index.ts";
import type { ReceivedAttestation } from "../../src/index.ts";
import { bytes, unwrap, vectorIdentity } from "../wire-vector.ts";
import { RECORDED_AT, hasRecordedQuotes, recordedCollateral, recordedQuote } from "./recorded-quote.ts";

function only(register: string): readonly Measurement[] {
  return [unwrap(parseMeasurement(register))];
}

/** A genuine quote, with its own report data taken for nonce and binding, and a policy of its own registers. */
function genuine(): {
  received: ReceivedAttestation;
  asked: { nonce: Uint8Array; binding: Uint8Array };
  trust: KmsTrust;
} {
  const quote = recordedQuote();
  const { report } = unwrap(parseQuote(quote));
  const reportData = bytes(report.reportData);
  const policy: AppraisalPolicy = {
    source: "release-file",
    role: "kms",
    profile: "debug",
    tag: null,
    generatedAt: null,
    tcbStatuses: ["UpToDate"],
    mrtd: only(report.mrtd),
    rtmr0: only(report.rtmr0),
    rtmr1: only(report.rtmr1),
    rtmr2: only(report.rtmr2),
    rtmr3: only(report.rtmr3),
  };
  return {
    received: { quote, claimedReportData: reportData.slice(), eventLog: undefined, vmConfig: undefined },
    asked: { nonce: reportData.slice(0, 32), binding: reportData.slice(32) },
    trust: {
      policy,
      now: RECORDED_AT,
      collateralFor: () => Promise.resolve(parseCollateral(recordedCollateral())),
    },
  };
}

describe.skipIf(!hasRecordedQuotes)("a KMS with a genuine quote", () => {
  test("is accepted by a policy that lists its values", async () => {
    const { received, asked, trust } = genuine();
    const accepted = await verifyKmsAttestation(received, asked, trust);
    expect(accepted).toMatchObject({ ok: true, value: { verified: { tcbStatus: "UpToDate", trustAnchor: "intel" } } });
  });

  test.each([0, 31, 32, 63])(
    "is refused where byte %i of its quote's report data answers another question",
    async (index) => {
      const { received, asked, trust } = genuine();
      const half = index < 32 ? asked.nonce : asked.binding;
      half[index % 32] = (half[index % 32] ?? 0) ^ 1;
      const claimed = received.claimedReportData;
      expect(await verifyKmsAttestation(received, asked, trust)).toEqual({
        ok: false,
        error: { code: "kms-report-data-mismatch", where: "answer" },
      });
      // The same with an answer that claims what was asked: the quote's own bytes decide.
      claimed[index] = (claimed[index] ?? 0) ^ 1;
      expect(await verifyKmsAttestation(received, asked, trust)).toEqual({
        ok: false,
        error: { code: "kms-report-data-mismatch", where: "quote" },
      });
    },
  );

  test("is refused with a flipped register", async () => {
    const { received, asked, trust } = genuine();
    received.quote[200] = (received.quote[200] ?? 0) ^ 1;
    expect(await verifyKmsAttestation(received, asked, trust)).toMatchObject({
      error: { code: "kms-quote-refused", cause: { code: "quote-signature-invalid" } },
    });
  });

  test("is refused with collateral of another time", async () => {
    const { received, asked, trust } = genuine();
    const late = { ...trust, now: RECORDED_AT + 365 * 86_400 };
    expect(await verifyKmsAttestation(received, asked, late)).toMatchObject({ error: { code: "kms-quote-refused" } });
  });

  test("is refused under another root", async () => {
    const { received, asked, trust } = genuine();
    const rootCa = new Uint8Array(700).fill(0x30);
    expect(await verifyKmsAttestation(received, asked, { ...trust, rootCa })).toMatchObject({
      error: { code: "kms-quote-refused" },
    });
  });

  test("is refused without collateral", async () => {
    const { received, asked, trust } = genuine();
    const cause = { code: "fetch-failed", stage: "fetch", facts: {} } as const;
    const offline: KmsTrust = { ...trust, collateralFor: () => Promise.resolve({ ok: false, error: cause }) };
    expect(await verifyKmsAttestation(received, asked, offline)).toEqual({
      ok: false,
      error: { code: "kms-collateral-unavailable", cause },
    });
  });

  test.each<PolicyField>(["tcbStatus", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"])(
    "is genuine but refused where the policy lists another %s",
    async (field) => {
      const { received, asked, trust } = genuine();
      const list = field === "tcbStatus" ? { tcbStatuses: ["OutOfDate"] as const } : { [field]: ["ab".repeat(48)] };
      const policy = { ...trust.policy, ...list } as AppraisalPolicy;
      expect(await verifyKmsAttestation(received, asked, { ...trust, policy })).toMatchObject({
        error: { code: "kms-policy-refused", cause: { mismatches: [{ field }] } },
      });
    },
  );

  test("is never judged by a policy for nodes", async () => {
    const { received, asked, trust } = genuine();
    const wrong = { ...trust, policy: { ...trust.policy, role: "node" as const } };
    await expect(verifyKmsAttestation(received, asked, wrong)).rejects.toThrow(TypeError);
    expect(() => createKmsVerifier(wrong)).toThrow(TypeError);
  });

  test("that answers a question of its own choosing gets no evidence from a node", async () => {
    const { received, trust } = genuine();
    const paths: string[] = [];
    const fetch: PostPort = (url) => {
      paths.push(new URL(url).pathname);
      const reportDataHex = Buffer.from(received.claimedReportData).toString("hex");
      return Promise.resolve(Response.json({ quoteB64: toBase64(received.quote), reportDataHex }));
    };
    const client = unwrap(createKmsClient({ baseUrl: "https://kms.example", fetch }));
    const result = await fetchStorageKey({
      client,
      identity: await vectorIdentity(),
      quoteProvider: () => Promise.reject(new Error("no quote may be asked for")),
      verifyKms: createKmsVerifier(trust),
    });
    expect(result).toMatchObject({ error: { stage: "attest", failure: { code: "kms-report-data-mismatch" } } });
    expect(paths).toEqual(["/attest"]);
  });
});
