import type { CollateralBundle } from "../collateral-bundle.ts";
import { failure, type Failure } from "../failure.ts";
import { parseHex, toHex } from "../hex.ts";
import { isJsonObject, jsonValueRange, parseStrictJson } from "../json.ts";
import { err, ok, type Result } from "../result.ts";
import { boundedGet, type FetchedDocument } from "./bounded-get.ts";
import { crlToDer } from "./crl-encoding.ts";
import type { FetchPort } from "./fetch-port.ts";
import type { PckCertificateRequest } from "./pck-certificate-request.ts";
import { INTEL_PCS_URL, INTEL_ROOT_CA_CRL_URL, parseBaseUrl, parseServiceUrl } from "./pcs-url.ts";
import { percentDecodeAscii } from "./percent-decoding.ts";
import type { CollateralPlatform, FetchCollateral } from "./platform.ts";

/** How to reach a collateral service. */
export interface PcsClientOptions {
  /** Makes the requests. It must not follow redirects and, where callers influence the URL, must guard against SSRF. */
  readonly fetch: FetchPort;
  /** Default {@link INTEL_PCS_URL}. */
  readonly baseUrl?: string;
  /**
   * `pcs`: Intel's service, which leaves the root CA CRL to a host of its own. `pccs`: a caching service, which serves that
   * CRL too. Default: `pcs` for Intel's own address, `pccs` for any other.
   */
  readonly kind?: "pcs" | "pccs";
  /** Where the root CA CRL is; default as `kind` says. */
  readonly rootCaCrlUrl?: string;
  /**
   * Which edition of TCB info and QE identity; the service's default is `standard`. Sets of different editions belong in
   * different caches: a signed document does not say which edition it is, and one early document would make every
   * later standard one look like a rollback.
   */
  readonly update?: "standard" | "early" | { readonly tcbEvaluationDataNumber: number };
  /** Lets `http:` addresses through: for a PCCS on the same machine, and for simulated platforms. */
  readonly allowHttp?: boolean;
  /** Deadline of one call, all its requests together; default 10 s. */
  readonly timeoutMs?: number;
  /** Lowers the body limits of every answer (1 MiB for JSON, 4 MiB for CRLs, 64 KiB for PCK certificates). */
  readonly maxBodyBytes?: number;
}

/** A client of one collateral service. It trusts nothing it fetches: everything goes through the verifier. */
export interface PcsClient {
  /**
   * Fetches the collateral of a platform, four requests at once.
   *
   * Errors: stage `fetch`; of several the first in the order TCB info, QE identity, PCK CRL, root CA CRL. An unknown FMSPC is
   * a `fetch-status` with `subject: "TCB info"` and `actual: 404` (`isUnknownPlatform`).
   */
  readonly fetchCollateral: FetchCollateral;
  /**
   * Fetches the PCK certificate chain of a quote that names its platform instead of carrying the chain (certification data
   * types 1 to 3): PEM text, leaf first, for the bundle's `pck_certificate_chain`.
   *
   * Errors: stage `fetch`; `fetch-failed` also when the service answers for another TCB than asked (`SGX-TCBm`), and for type 1
   * with a PCS, which only knows encrypted PPIDs.
   */
  readonly fetchPckChain: (request: PckCertificateRequest) => Promise<Result<string, Failure>>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const JSON_LIMIT_BYTES = 1024 * 1024;
const CRL_LIMIT_BYTES = 4 * 1024 * 1024;
const PCK_CERTIFICATE_LIMIT_BYTES = 64 * 1024;
/** 64 KiB of PEM, every character escaped. */
const ISSUER_CHAIN_HEADER_LIMIT = 3 * 64 * 1024;
const SIGNATURE_BYTES = 64;
const FMSPC_BYTES = 6;

/** Issuer chain headers, the current name first; services of earlier API versions use the later ones. */
const TCB_INFO_CHAIN_HEADERS = ["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"] as const;
const QE_IDENTITY_CHAIN_HEADERS = ["SGX-Enclave-Identity-Issuer-Chain"] as const;
const PCK_CRL_CHAIN_HEADERS = ["SGX-PCK-CRL-Issuer-Chain"] as const;
const PCK_CERTIFICATE_CHAIN_HEADERS = ["SGX-PCK-Certificate-Issuer-Chain"] as const;
const TCBM_HEADER = "SGX-TCBm";

/**
 * Makes a client of Intel's PCS or of a PCCS.
 *
 * A malformed address is no exception but the failure of every call, so that it reaches the operator the same way as an
 * unreachable one.
 *
 * Source: Intel PCS API v4 (`/sgx/certification/v4`, `/tdx/certification/v4`); Intel PCCS design guide.
 */
export function createPcsClient(options: PcsClientOptions): PcsClient {
  const { fetch, allowHttp = false, timeoutMs = DEFAULT_TIMEOUT_MS, maxBodyBytes = Infinity } = options;
  const base = parseBaseUrl(options.baseUrl ?? INTEL_PCS_URL, allowHttp);
  const isPccs = (kind: PcsClientOptions["kind"], baseUrl: string): boolean =>
    kind === undefined ? baseUrl !== INTEL_PCS_URL : kind === "pccs";

  const getFrom = (signal: AbortSignal) => {
    return (subject: string, url: string, limit: number): Promise<Result<FetchedDocument, Failure>> =>
      boundedGet(fetch, { subject, url, signal, maxBodyBytes: Math.min(limit, maxBodyBytes) });
  };

  async function fetchCollateral({ fmspc, ca }: CollateralPlatform): Promise<Result<CollateralBundle, Failure>> {
    if (!base.ok) return base;
    const fmspcBytes = parseHex(fmspc, FMSPC_BYTES);
    if (fmspcBytes === null) return broken("FMSPC", "not 6 bytes of hex");
    const rootCaCrlUrl = parseServiceUrl(
      options.rootCaCrlUrl ??
        (isPccs(options.kind, base.value) ? `${base.value}/sgx/certification/v4/rootcacrl` : INTEL_ROOT_CA_CRL_URL),
      allowHttp,
    );
    if (!rootCaCrlUrl.ok) return rootCaCrlUrl;

    const get = getFrom(AbortSignal.timeout(timeoutMs));
    const tdx = `${base.value}/tdx/certification/v4`;
    const edition = editionQuery(options.update);
    // All are awaited even when one has failed: the failure reported must not depend on which answer was faster.
    const [tcbInfoAnswer, qeIdentityAnswer, pckCrlAnswer, rootCaCrlAnswer] = await Promise.all([
      get("TCB info", `${tdx}/tcb?${query([["fmspc", toHex(fmspcBytes)], ...edition])}`, JSON_LIMIT_BYTES),
      get("QE identity", `${tdx}/qe/identity${edition.length > 0 ? `?${query(edition)}` : ""}`, JSON_LIMIT_BYTES),
      get("PCK CRL", `${base.value}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`, CRL_LIMIT_BYTES),
      get("root CA CRL", rootCaCrlUrl.value.href, CRL_LIMIT_BYTES),
    ]);
    const tcbInfo = readSignedDocument("TCB info", "tcbInfo", TCB_INFO_CHAIN_HEADERS, tcbInfoAnswer);
    if (!tcbInfo.ok) return tcbInfo;
    const qeIdentity = readSignedDocument(
      "QE identity",
      "enclaveIdentity",
      QE_IDENTITY_CHAIN_HEADERS,
      qeIdentityAnswer,
    );
    if (!qeIdentity.ok) return qeIdentity;
    const pckCrl = readCrl("PCK CRL", pckCrlAnswer);
    if (!pckCrl.ok) return pckCrl;
    const pckCrlIssuerChain = readIssuerChain("PCK CRL", PCK_CRL_CHAIN_HEADERS, pckCrl.value.headers);
    if (!pckCrlIssuerChain.ok) return pckCrlIssuerChain;
    const rootCaCrl = readCrl("root CA CRL", rootCaCrlAnswer);
    if (!rootCaCrl.ok) return rootCaCrl;
    return ok({
      pck_crl_issuer_chain: pckCrlIssuerChain.value,
      root_ca_crl: rootCaCrl.value.derHex,
      pck_crl: pckCrl.value.derHex,
      tcb_info_issuer_chain: tcbInfo.value.issuerChain,
      tcb_info: tcbInfo.value.text,
      tcb_info_signature: tcbInfo.value.signatureHex,
      qe_identity_issuer_chain: qeIdentity.value.issuerChain,
      qe_identity: qeIdentity.value.text,
      qe_identity_signature: qeIdentity.value.signatureHex,
    });
  }

  async function fetchPckChain(request: PckCertificateRequest): Promise<Result<string, Failure>> {
    if (!base.ok) return base;
    const subject = "PCK certificate";
    const askPccs = isPccs(options.kind, base.value);
    if (request.encryptedPpid === null && !askPccs) return broken(subject, "a PCS is asked by encrypted PPID only");
    const parameters = query([
      ...(request.encryptedPpid === null ? [] : ([["encrypted_ppid", request.encryptedPpid]] as const)),
      ["cpusvn", request.cpuSvn],
      ["pcesvn", request.pceSvn],
      ["pceid", request.pceId],
      ...(askPccs ? ([["qeid", request.qeId]] as const) : []),
    ]);
    const get = getFrom(AbortSignal.timeout(timeoutMs));
    const url = `${base.value}/sgx/certification/v4/pckcert?${parameters}`;
    const answer = await get(subject, url, PCK_CERTIFICATE_LIMIT_BYTES);
    if (!answer.ok) return answer;
    const issuerChain = readIssuerChain(subject, PCK_CERTIFICATE_CHAIN_HEADERS, answer.value.headers);
    if (!issuerChain.ok) return issuerChain;
    const tcbm = answer.value.headers.get(TCBM_HEADER);
    if (tcbm === null) return err(failure("fetch", "fetch-header-missing", { subject, expected: TCBM_HEADER }));
    // A certificate of another TCB would make the platform look newer, or older, than the one that signed the quote.
    const expected = request.cpuSvn + request.pceSvn;
    if (tcbm.toLowerCase() !== expected) {
      return err(
        failure("fetch", "fetch-failed", { subject, reason: "certificate of another TCB", expected, actual: tcbm }),
      );
    }
    const leaf = decodeUtf8(answer.value.body);
    if (leaf === null) return broken(subject, "not text");
    return ok(`${leaf.trimEnd()}\n${issuerChain.value}`);
  }

  return { fetchCollateral, fetchPckChain };
}

/** Whether a failure says that the service does not know the FMSPC, as opposed to being out of order. */
export function isUnknownPlatform({ code, facts }: Failure): boolean {
  return code === "fetch-status" && facts.subject === "TCB info" && facts.actual === 404;
}

type Parameters = readonly (readonly [name: string, value: string])[];

function editionQuery(update: PcsClientOptions["update"]): Parameters {
  if (update === undefined) return [];
  if (typeof update === "string") return [["update", update]];
  return [["tcbEvaluationDataNumber", String(update.tcbEvaluationDataNumber)]];
}

/** Values are hex, words and numbers of ours, which need no escaping. */
function query(parameters: Parameters): string {
  return parameters.map(([name, value]) => `${name}=${value}`).join("&");
}

interface SignedDocument {
  readonly text: string;
  readonly signatureHex: string;
  readonly issuerChain: string;
}

/** Cuts the signed text out of its envelope, byte for byte: serialised again it would no longer be what Intel signed. */
function readSignedDocument(
  subject: string,
  key: string,
  headerNames: readonly string[],
  answer: Result<FetchedDocument, Failure>,
): Result<SignedDocument, Failure> {
  if (!answer.ok) return answer;
  const { body, headers } = answer.value;
  const issuerChain = readIssuerChain(subject, headerNames, headers);
  if (!issuerChain.ok) return issuerChain;
  const limits = { maxBytes: JSON_LIMIT_BYTES };
  const envelope = parseStrictJson(body, limits);
  if (!envelope.ok) return broken(subject, envelope.error.reason);
  const signature = isJsonObject(envelope.value) ? envelope.value.get("signature") : undefined;
  if (typeof signature !== "string" || parseHex(signature, SIGNATURE_BYTES) === null) {
    return broken(subject, "no signature of 64 bytes of hex");
  }
  const range = jsonValueRange(body, key, limits);
  if (!range.ok) return broken(subject, range.error.reason);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body.subarray(range.value.start, range.value.end));
  return ok({ text, signatureHex: signature.toLowerCase(), issuerChain: issuerChain.value });
}

function readCrl(
  subject: string,
  answer: Result<FetchedDocument, Failure>,
): Result<{ readonly derHex: string; readonly headers: FetchedDocument["headers"] }, Failure> {
  if (!answer.ok) return answer;
  const der = crlToDer(answer.value.body);
  return der === null
    ? broken(subject, "neither DER, PEM nor hex")
    : ok({ derHex: toHex(der), headers: answer.value.headers });
}

function readIssuerChain(
  subject: string,
  names: readonly string[],
  headers: FetchedDocument["headers"],
): Result<string, Failure> {
  const encoded = names.map((name) => headers.get(name)).find((value) => value !== null);
  if (encoded === undefined) {
    return err(failure("fetch", "fetch-header-missing", { subject, expected: names.join(" or ") }));
  }
  if (encoded.length > ISSUER_CHAIN_HEADER_LIMIT) {
    return err(
      failure("fetch", "fetch-too-large", { subject, expected: ISSUER_CHAIN_HEADER_LIMIT, actual: encoded.length }),
    );
  }
  const chain = percentDecodeAscii(encoded);
  return chain === null ? broken(subject, "issuer chain is not percent-encoded ASCII") : ok(chain);
}

function broken(subject: string, reason: string): Result<never, Failure> {
  return err(failure("fetch", "fetch-failed", { subject, reason }));
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // The decoder says nothing but "not UTF-8".
    return null;
  }
}
