import type { Profile } from "@mero-tee/policy";
import { parseQuote, type TdxQuote } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";

import { concatBytes } from "../byte-writer.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";
import { type Answer, errorAnswer, jsonAnswer } from "./answer.ts";
import { parseFields, textField } from "./json-fields.ts";
import type { Request } from "./request.ts";
import type { Route } from "./routes.ts";

/** What the simulated merod node is made of. */
export interface AdminOptions {
  readonly platform: SimulatedPlatform;
  readonly profile: Profile;
  /** Installed applications: id to the hash of the bytecode blob, 32 bytes. */
  readonly applications: ReadonlyMap<string, Uint8Array>;
}

/**
 * The attestation endpoints of a merod node's admin API. Unknown members are ignored, as merod does.
 *
 * Source: merod admin API, `/admin-api/tee`.
 */
export function adminRoutes(options: AdminOptions): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/admin-api/tee/attest",
      summary: "a merod node's attestation: { nonce: 64 hex, applicationId? }",
      answer: (request) => answerAttest(request, options),
    },
    {
      method: "GET",
      path: "/admin-api/health",
      summary: "that the node is up",
      answer: () => jsonAnswer({ data: { status: "alive" } }),
    },
    {
      method: "GET",
      path: "/admin-api/tee/info",
      summary: "what a merod node says of its machine",
      answer: () =>
        jsonAnswer({
          data: {
            cloudProvider: "simulated",
            osImage: `simulated-${options.profile}`,
            mrtd: options.platform.measurementsFor("node", options.profile).mrtd,
          },
        }),
    },
  ];
}

async function answerAttest(request: Request, { platform, profile, applications }: AdminOptions): Promise<Answer> {
  const fields = parseFields(request.body);
  if (!fields.ok) return errorAnswer(400, fields.error);
  const nonceHex = textField(fields.value, "nonce");
  const nonce = nonceHex.ok && nonceHex.value !== null ? parseHex(nonceHex.value, 32) : null;
  if (nonce === null) return errorAnswer(400, "nonce is not 64 hex characters");
  const applicationId = textField(fields.value, "applicationId");
  if (!applicationId.ok) return errorAnswer(400, applicationId.error);
  const blobHash = applicationId.value === null ? new Uint8Array(32) : applications.get(applicationId.value);
  if (blobHash === undefined) return errorAnswer(404, "application not found");
  const { quote } = await platform.issueQuote({
    reportData: concatBytes(nonce, blobHash),
    role: "node",
    profile,
  });
  const parsed = parseQuote(quote);
  if (!parsed.ok) throw new Error(`the platform made a quote that does not parse: ${parsed.error.code}`);
  return jsonAnswer({ data: { quoteB64: toBase64(quote), quote: describeQuote(parsed.value) } });
}

/** The parsed quote beside the bytes, in merod's names: a claim that a verifier has to compare with the bytes. */
function describeQuote(quote: TdxQuote): unknown {
  const { header, report } = quote;
  return {
    header: {
      version: quote.version,
      attestationKeyType: header.attestationKeyType,
      teeType: header.teeType,
      qeVendorId: header.qeVendorIdHex,
      userData: header.userDataHex,
    },
    body: {
      tdxVersion: quote.tdVersion,
      teeTcbSvn: report.teeTcbSvn,
      mrseam: report.mrSeam,
      mrsignerseam: report.mrSignerSeam,
      seamattributes: report.seamAttributes,
      tdattributes: report.tdAttributes,
      xfam: report.xfam,
      mrtd: report.mrtd,
      mrconfigid: report.mrConfigId,
      mrowner: report.mrOwner,
      mrownerconfig: report.mrOwnerConfig,
      rtmr0: report.rtmr0,
      rtmr1: report.rtmr1,
      rtmr2: report.rtmr2,
      rtmr3: report.rtmr3,
      reportdata: report.reportData,
      ...(report.teeTcbSvn2 === undefined ? {} : { teeTcbSvn2: report.teeTcbSvn2 }),
      ...(report.mrServiceTd === undefined ? {} : { mrservicetd: report.mrServiceTd }),
    },
    signature: toHex(quote.signature),
    attestationKey: toHex(quote.attestationKey),
    certificationData: {
      type: quote.certificationData.type,
      data: toHex(quote.certificationData.bytes),
    },
  };
}
