import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { encodePem } from "../pem.ts";
import type { Recipe } from "../recipe.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";
import { type Answer, bytesAnswer, errorAnswer, textAnswer } from "./answer.ts";
import { hexField, queryFields, textField } from "./json-fields.ts";
import { collateralAt, type CollateralEdition, type PcsCollateral } from "./pcs-collateral.ts";
import type { Request } from "./request.ts";
import type { Route } from "./routes.ts";

/** What the provisioning service is made of. */
export interface PcsOptions {
  readonly platform: SimulatedPlatform;
  /** The clock, Unix seconds: collateral is always current. */
  readonly now: () => number;
  /** Makes the early edition differ by more than its evaluation data number. */
  readonly adjustEarly: (recipe: Recipe) => void;
}

/**
 * The endpoints of Intel's provisioning certification service, and the root CA CRL of a caching service.
 *
 * Source: Intel PCS API v4 (`/sgx/certification/v4`, `/tdx/certification/v4`); Intel PCCS design guide (`rootcacrl`).
 */
export function pcsRoutes({ platform, now, adjustEarly }: PcsOptions): readonly Route[] {
  const current = (): PcsCollateral => collateralAt(platform, now(), adjustEarly);
  const rootCrl = (): Uint8Array => derOf(current().edition("standard").root_ca_crl);
  return [
    {
      method: "GET",
      path: "/tdx/certification/v4/tcb",
      summary: "TCB info: fmspc, update=standard|early or tcbEvaluationDataNumber",
      answer: (request) => answerTcbInfo(request, platform, current()),
    },
    {
      method: "GET",
      path: "/tdx/certification/v4/qe/identity",
      summary: "TD QE identity: update=standard|early or tcbEvaluationDataNumber",
      answer: (request) => answerQeIdentity(request, current()),
    },
    {
      method: "GET",
      path: "/sgx/certification/v4/pckcrl",
      summary: "PCK CRL: ca=platform|processor, encoding=der|pem",
      answer: (request) => answerPckCrl(request, current()),
    },
    {
      method: "GET",
      path: "/sgx/certification/v4/rootcacrl",
      summary: "root CA CRL as hex of DER, like a PCCS",
      answer: () => textAnswer(toHex(rootCrl()), "application/pkix-crl"),
    },
    {
      method: "GET",
      path: "/IntelSGXRootCA.der",
      summary: "root CA CRL as DER, like Intel's distribution point",
      answer: () => bytesAnswer(rootCrl(), "application/pkix-crl"),
    },
    {
      method: "GET",
      path: "/sgx/certification/v4/pckcert",
      summary: "PCK certificate: encrypted_ppid or qeid, cpusvn, pcesvn, pceid",
      answer: (request) => answerPckCertificate(request, platform),
    },
  ];
}

function answerTcbInfo(request: Request, platform: SimulatedPlatform, collateral: PcsCollateral): Answer {
  const query = queryFields(request.query);
  if (!query.ok) return errorAnswer(400, query.error);
  const fmspc = hexField(query.value, "fmspc");
  if (!fmspc.ok || fmspc.value?.length !== 6) return errorAnswer(400, "fmspc is not 6 bytes of hex");
  const edition = chosenEdition(request.query, collateral);
  if (!edition.ok) return edition.error;
  if (toHex(fmspc.value) !== platform.fmspc) return errorAnswer(404, "no platform has this fmspc");
  const bundle = collateral.edition(edition.value);
  // The signed text goes out as it is: written again, the signature would no longer be over its bytes.
  return textAnswer(`{"tcbInfo":${bundle.tcb_info},"signature":"${bundle.tcb_info_signature}"}`, "application/json", {
    "TCB-Info-Issuer-Chain": encodeURIComponent(bundle.tcb_info_issuer_chain),
  });
}

function answerQeIdentity(request: Request, collateral: PcsCollateral): Answer {
  const edition = chosenEdition(request.query, collateral);
  if (!edition.ok) return edition.error;
  const bundle = collateral.edition(edition.value);
  return textAnswer(
    `{"enclaveIdentity":${bundle.qe_identity},"signature":"${bundle.qe_identity_signature}"}`,
    "application/json",
    { "SGX-Enclave-Identity-Issuer-Chain": encodeURIComponent(bundle.qe_identity_issuer_chain) },
  );
}

function chosenEdition(query: URLSearchParams, collateral: PcsCollateral): Result<CollateralEdition, Answer> {
  const update = query.get("update");
  const number = query.get("tcbEvaluationDataNumber");
  if (number !== null) {
    if (update !== null) return err(errorAnswer(400, "update and tcbEvaluationDataNumber exclude each other"));
    if (!/^[0-9]{1,9}$/.test(number)) return err(errorAnswer(400, "tcbEvaluationDataNumber is not a number"));
    const edition = collateral.editionNumbered(Number(number));
    return edition === null ? err(errorAnswer(404, "no edition has this tcbEvaluationDataNumber")) : ok(edition);
  }
  if (update === null || update === "standard" || update === "early") return ok(update ?? "standard");
  return err(errorAnswer(400, "update is standard or early"));
}

function answerPckCrl(request: Request, collateral: PcsCollateral): Answer {
  const ca = request.query.get("ca");
  if (ca !== "platform" && ca !== "processor") return errorAnswer(400, "ca is platform or processor");
  const encoding = request.query.get("encoding") ?? "pem";
  if (encoding !== "der" && encoding !== "pem") return errorAnswer(400, "encoding is der or pem");
  const list = collateral.pckCrl(ca);
  const headers = { "SGX-PCK-CRL-Issuer-Chain": encodeURIComponent(list.pck_crl_issuer_chain) };
  const der = derOf(list.pck_crl);
  return encoding === "der"
    ? bytesAnswer(der, "application/pkix-crl", headers)
    : textAnswer(encodePem("X509 CRL", der), "application/x-pem-file", headers);
}

/** There is one machine behind this service, so the encrypted PPID is not decrypted: every one is this machine's. */
function answerPckCertificate(request: Request, platform: SimulatedPlatform): Answer {
  const query = queryFields(request.query);
  if (!query.ok) return errorAnswer(400, query.error);
  const isHexOf = (name: string, ...sizes: readonly number[]): boolean => {
    const text = textField(query.value, name);
    return text.ok && text.value !== null && sizes.some((size) => parseHex(text.value ?? "", size) !== null);
  };
  if (!isHexOf("cpusvn", 16)) return errorAnswer(400, "cpusvn is not 16 bytes of hex");
  if (!isHexOf("pcesvn", 2)) return errorAnswer(400, "pcesvn is not 2 bytes of hex");
  if (!isHexOf("pceid", 2)) return errorAnswer(400, "pceid is not 2 bytes of hex");
  if (!isHexOf("encrypted_ppid", 256, 384) && !isHexOf("qeid", 16)) {
    return errorAnswer(400, "encrypted_ppid is not 256 or 384 bytes of hex, and there is no qeid of 16 bytes");
  }
  const { sgx } = platform.recipe({ reportData: new Uint8Array(64) });
  if (query.value.get("pceid") !== toHex(sgx.pceId)) return errorAnswer(404, "no platform has this pceid");
  const [leaf = "", ...issuers] = platform.pckCertificateChainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  return textAnswer(leaf, "application/x-pem-file", {
    "SGX-PCK-Certificate-Issuer-Chain": encodeURIComponent(issuers.join("")),
    "SGX-TCBm": toHex(sgx.cpuSvn) + toHex(Uint8Array.of(sgx.pceSvn & 0xff, sgx.pceSvn >> 8)),
    "SGX-FMSPC": platform.fmspc,
    "SGX-PCK-Certificate-CA-Type": platform.ca,
  });
}

/** Hex of our own making. */
function derOf(hex: string): Uint8Array {
  return parseHex(hex) ?? new Uint8Array(0);
}
