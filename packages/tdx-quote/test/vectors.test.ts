import { describe, expect, test } from "vitest";
import { parseCollateral } from "../src/collateral-bundle.ts";
import { describeQuote, parseQuote, type TdxQuote } from "../src/quote.ts";
import { parseRfc3339Utc } from "../src/utc-time.ts";
import { verifyPckChain } from "../src/verify-pck-chain.ts";
import { verifyQuote } from "../src/verify-quote.ts";
import {
  HAS_REAL_VECTORS,
  readExpectedQuotes,
  readVector,
  readVectorText,
  type ExpectedQuote,
} from "./real-vectors.ts";

const quotes = HAS_REAL_VECTORS ? readExpectedQuotes() : [];

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function parsedQuote(entry: ExpectedQuote): TdxQuote {
  const quote = parseQuote(readVector(entry.quote));
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value;
}

describe.skipIf(!HAS_REAL_VECTORS)("a real quote", () => {
  test("there are six", () => {
    expect(quotes).toHaveLength(6);
  });

  test.each(quotes)("has the expected fields: $id", (entry) => {
    const { parsed } = entry;
    const quote = parsedQuote(entry);
    const bytes = readVector(entry.quote);
    expect(describeQuote(quote)).toEqual({
      version: parsed["version"],
      teeType: "tdx",
      tdVersion: parsed["tee_tcb_svn2"] === undefined ? "1.0" : "1.5",
      qeVendorId: "939a7233f79c4ca9940a0db3957f0607",
      teeTcbSvn: parsed["tee_tcb_svn"],
      mrSeam: parsed["mr_seam"],
      mrSignerSeam: parsed["mrsigner_seam"],
      seamAttributes: parsed["seam_attributes"],
      tdAttributes: parsed["td_attributes"],
      xfam: parsed["xfam"],
      mrtd: parsed["mrtd"],
      mrConfigId: parsed["mrconfigid"],
      mrOwner: parsed["mrowner"],
      mrOwnerConfig: parsed["mrownerconfig"],
      rtmr0: parsed["rtmr0"],
      rtmr1: parsed["rtmr1"],
      rtmr2: parsed["rtmr2"],
      rtmr3: parsed["rtmr3"],
      reportData: parsed["report_data"],
      ...(parsed["tee_tcb_svn2"] === undefined
        ? {}
        : { teeTcbSvn2: parsed["tee_tcb_svn2"], mrServiceTd: parsed["mr_service_td"] }),
    });
    expect(quote.header).toMatchObject({
      attestationKeyType: parsed["att_key_type"],
      userDataHex: parsed["header_user_data"],
    });
    expect({
      len: bytes.length,
      signed_len: quote.signedBytes.length,
      trailing: bytes.length - quote.quoteBytes.length,
      qe_auth_len: quote.qeAuthenticationData.length,
      inner_cert_type: quote.certificationData.type,
      inner_cert_size: quote.certificationData.bytes.length,
      qe_isvsvn: quote.qeReport.isvSvn,
      qe_isvprodid: quote.qeReport.isvProdId,
      qe_mrsigner: quote.qeReport.mrSigner,
    }).toEqual({
      len: parsed["len"],
      signed_len: parsed["signed_len"],
      trailing: parsed["trailing"],
      qe_auth_len: parsed["qe_auth_len"],
      inner_cert_type: parsed["inner_cert_type"],
      inner_cert_size: parsed["inner_cert_size"],
      qe_isvsvn: parsed["qe_isvsvn"],
      qe_isvprodid: parsed["qe_isvprodid"],
      qe_mrsigner: parsed["qe_mrsigner"],
    });
    const signatureAt = Number(parsed["sig_off"]);
    expect(hexOf(quote.signature)).toBe(hexOf(bytes.subarray(signatureAt, signatureAt + 64)));
    expect(quote.quoteBytes).toHaveLength(signatureAt + Number(parsed["sig_data_len"]));
  });

  const judged = quotes.filter(({ collateral }) => collateral !== null);

  test.each(judged)("gets the expected verdict: $id", async (entry) => {
    const now = entry.verificationTimeUnix ?? Number.NaN;
    const result = await verifyQuote(readVector(entry.quote), readVectorText(entry.collateral ?? ""), { now });
    const { expected } = entry;
    const value = {
      tcbStatus: expected.status,
      tcbLevelStatus: expected.tcbLevelStatus,
      sgxLevelStatus: expected.tcbLevelStatus,
      tdxModuleStatus: expected.tdxModuleStatus,
      qeStatus: expected.qeStatus,
      advisoryIds: expected.advisoryIds,
      earliestExpiration: parseRfc3339Utc(expected.earliestExpiration ?? ""),
      fmspc: entry.pck.fmspc,
      pceId: entry.pck.pceid,
      ppid: entry.pck.ppid,
      trustAnchor: "intel",
      short: [],
      warnings: [],
    };
    const verdict = expected.verified === true ? { ok: true, value } : { ok: false, error: expected.failure };
    expect(result).toMatchObject(verdict);
  });

  test("below every TCB level names what is missing", async () => {
    const quote = readVector("quotes/go-tdx-guest-spr-v4.bin");
    const collateral = readVectorText("collateral/go-tdx-guest-50806f-2023-06.json");
    expect(await verifyQuote(quote, collateral, { now: 1687651200 })).toMatchObject({
      ok: false,
      error: {
        code: "tcb-not-supported",
        facts: {
          subject: "platform",
          short: [
            { component: "sgx[0]", has: 3, needs: 5 },
            { component: "sgx[1]", has: 3, needs: 5 },
            { component: "sgx[4]", has: 2, needs: 3 },
            { component: "sgx[7]", has: 2, needs: 3 },
            { component: "tdx[2]", has: 4, needs: 5 },
          ],
        },
      },
    });
  });

  test.each(quotes)("names the collateral it needs: $id", async (entry) => {
    const now = parseRfc3339Utc("2026-06-01T00:00:00Z") ?? Number.NaN;
    expect(await verifyPckChain(parsedQuote(entry), { now })).toEqual({
      ok: true,
      value: { fmspc: entry.pck.fmspc, pceId: entry.pck.pceid, ca: "platform" },
    });
  });

  test.each(judged)("comes with collateral that parses: $collateral", ({ collateral }) => {
    expect(parseCollateral(readVectorText(collateral ?? "")).ok).toBe(true);
  });
});
