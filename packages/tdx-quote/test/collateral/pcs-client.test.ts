import { describe, expect, test } from "vitest";
import { createPcsClient, isUnknownPlatform, type PcsClientOptions } from "../../src/collateral/pcs-client.ts";
import type { FetchPort } from "../../src/collateral/fetch-port.ts";
import type { Failure } from "../../src/failure.ts";
import {
  CHAIN,
  ESCAPED_CHAIN,
  fakeFetch,
  GOOD_ANSWERS,
  QE_IDENTITY,
  QE_SIGNATURE,
  ROOT_CRL,
  TCB_INFO,
  TCB_SIGNATURE,
  type FakeAnswer,
  type FakePath,
} from "./fake-service.ts";

const PLATFORM = { fmspc: "B0C06F000000", ca: "platform" } as const;
const GOOD_BUNDLE = {
  pck_crl_issuer_chain: CHAIN,
  root_ca_crl: "3003020101",
  pck_crl: "3003020102",
  tcb_info_issuer_chain: CHAIN,
  tcb_info: TCB_INFO,
  tcb_info_signature: TCB_SIGNATURE,
  qe_identity_issuer_chain: CHAIN,
  qe_identity: QE_IDENTITY,
  qe_identity_signature: QE_SIGNATURE,
};

async function fetchWith(changes: Partial<Record<FakePath, FakeAnswer>>, options: Partial<PcsClientOptions> = {}) {
  return createPcsClient({ fetch: fakeFetch(changes).fetch, ...options }).fetchCollateral(PLATFORM);
}

async function failureOf(
  changes: Partial<Record<FakePath, FakeAnswer>>,
  options?: Partial<PcsClientOptions>,
): Promise<Failure> {
  const result = await fetchWith(changes, options);
  if (result.ok) throw new Error("accepted");
  return result.error;
}

describe("the requests", () => {
  const pcs = "https://api.trustedservices.intel.com";
  const rootCrl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
  test.each([
    {
      name: "go to Intel by default",
      options: {},
      urls: [
        `${pcs}/tdx/certification/v4/tcb?fmspc=b0c06f000000`,
        `${pcs}/tdx/certification/v4/qe/identity`,
        `${pcs}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`,
        rootCrl,
      ],
    },
    {
      name: "ask for the early edition of the signed documents only",
      options: { update: "early" as const },
      urls: [
        `${pcs}/tdx/certification/v4/tcb?fmspc=b0c06f000000&update=early`,
        `${pcs}/tdx/certification/v4/qe/identity?update=early`,
        `${pcs}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`,
        rootCrl,
      ],
    },
    {
      name: "ask for a numbered edition instead",
      options: { update: { tcbEvaluationDataNumber: 19 } },
      urls: [
        `${pcs}/tdx/certification/v4/tcb?fmspc=b0c06f000000&tcbEvaluationDataNumber=19`,
        `${pcs}/tdx/certification/v4/qe/identity?tcbEvaluationDataNumber=19`,
        `${pcs}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`,
        rootCrl,
      ],
    },
    {
      name: "go to a PCCS for the root CA CRL too",
      options: { baseUrl: "https://pccs.example/cache/" },
      urls: [
        "https://pccs.example/cache/tdx/certification/v4/tcb?fmspc=b0c06f000000",
        "https://pccs.example/cache/tdx/certification/v4/qe/identity",
        "https://pccs.example/cache/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        "https://pccs.example/cache/sgx/certification/v4/rootcacrl",
      ],
    },
    {
      name: "take a base that already ends in the path of the API",
      options: { baseUrl: "https://localhost:8081/sgx/certification/v4/", kind: "pccs" as const },
      urls: [
        "https://localhost:8081/tdx/certification/v4/tcb?fmspc=b0c06f000000",
        "https://localhost:8081/tdx/certification/v4/qe/identity",
        "https://localhost:8081/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        "https://localhost:8081/sgx/certification/v4/rootcacrl",
      ],
    },
    {
      name: "leave the root CA CRL to Intel for a service of the PCS kind",
      options: { baseUrl: "https://mirror.example", kind: "pcs" as const },
      urls: [
        "https://mirror.example/tdx/certification/v4/tcb?fmspc=b0c06f000000",
        "https://mirror.example/tdx/certification/v4/qe/identity",
        "https://mirror.example/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
        rootCrl,
      ],
    },
    {
      name: "take the root CA CRL from where they are told",
      options: { rootCaCrlUrl: "https://mirror.example/root.crl?v=1" },
      urls: [
        `${pcs}/tdx/certification/v4/tcb?fmspc=b0c06f000000`,
        `${pcs}/tdx/certification/v4/qe/identity`,
        `${pcs}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`,
        "https://mirror.example/root.crl?v=1",
      ],
    },
  ])("$name", async ({ options, urls }) => {
    const service = fakeFetch();
    const result = await createPcsClient({ fetch: service.fetch, ...options }).fetchCollateral(PLATFORM);
    expect(result).toEqual({ ok: true, value: GOOD_BUNDLE });
    expect(service.urls).toEqual(urls);
  });

  test("ask for the CRL of the CA they are told", async () => {
    const service = fakeFetch();
    await createPcsClient({ fetch: service.fetch }).fetchCollateral({ fmspc: "00806f050000", ca: "processor" });
    expect(service.urls[2]).toBe(
      "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
    );
  });

  test("do not follow redirects", async () => {
    const inits: unknown[] = [];
    const { fetch } = fakeFetch();
    const recording: FetchPort = (url, init) => {
      inits.push({ ...init, signal: init.signal instanceof AbortSignal });
      return fetch(url, init);
    };
    await createPcsClient({ fetch: recording }).fetchCollateral(PLATFORM);
    const expected = { method: "GET", headers: { accept: "*/*" }, redirect: "manual", signal: true };
    expect(inits).toEqual([expected, expected, expected, expected]);
  });

  test.each([
    { name: "an address that is none", options: { baseUrl: "pccs.example" }, reason: "not an absolute URL" },
    { name: "http", options: { baseUrl: "http://pccs.example" }, reason: "not https" },
    {
      name: "another scheme, also with allowHttp",
      options: { baseUrl: "ftp://pccs.example", allowHttp: true },
      reason: "not https",
    },
    { name: "http for the root CA CRL", options: { rootCaCrlUrl: "http://pccs.example/crl" }, reason: "not https" },
    {
      name: "a user name in the address",
      options: { baseUrl: "https://user@pccs.example" },
      reason: "credentials in the URL",
    },
    {
      name: "a password in the address",
      options: { baseUrl: "https://:secret@pccs.example" },
      reason: "credentials in the URL",
    },
    { name: "a query in the base", options: { baseUrl: "https://pccs.example/?x=1" }, reason: "query in the base URL" },
    { name: "a fragment", options: { baseUrl: "https://pccs.example/#x" }, reason: "fragment in the URL" },
  ])("are not made to $name", async ({ options, reason }) => {
    const service = fakeFetch();
    const client = createPcsClient({ fetch: service.fetch, ...options });
    expect(await client.fetchCollateral(PLATFORM)).toEqual({
      ok: false,
      error: { stage: "fetch", code: "fetch-failed", facts: { subject: "service URL", reason } },
    });
    expect(service.urls).toEqual([]);
  });

  test("are made to http where that is allowed", async () => {
    expect(await fetchWith({}, { baseUrl: "http://127.0.0.1:9", allowHttp: true })).toMatchObject({ ok: true });
  });

  test.each(["", "b0c06f0000", "b0c06f00000000", "b0c06f00000g", "../../../etc/"])(
    "are not made for the FMSPC %j",
    async (fmspc) => {
      const service = fakeFetch();
      const client = createPcsClient({ fetch: service.fetch });
      expect(await client.fetchCollateral({ fmspc, ca: "platform" })).toMatchObject({
        ok: false,
        error: { code: "fetch-failed", facts: { subject: "FMSPC" } },
      });
      expect(service.urls).toEqual([]);
    },
  );
});

const envelope = (body: string): FakeAnswer => ({ ...GOOD_ANSWERS.tcb, body });

describe("signed documents", () => {
  test.each([
    { name: "the signature first", body: `{"signature":"${TCB_SIGNATURE}","tcbInfo":${TCB_INFO}}` },
    { name: "whitespace around it", body: `\r\n{ "tcbInfo"\t:\n${TCB_INFO} , "signature":"${TCB_SIGNATURE}" }` },
    {
      name: "its own key and a signature inside",
      body: `{"other":{"tcbInfo":1,"signature":2},"tcbInfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"}`,
    },
    { name: "its key spelled with an escape", body: `{"tcb\\u0049nfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"}` },
  ])("are cut out byte for byte with $name", async ({ body }) => {
    expect(await fetchWith({ tcb: envelope(body) })).toEqual({ ok: true, value: GOOD_BUNDLE });
  });

  test.each([
    { name: "no JSON", body: "<html>" },
    { name: "an empty body", body: "" },
    { name: "the key twice", body: `{"tcbInfo":{},"tcbInfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"}` },
    { name: "no document", body: `{"signature":"${TCB_SIGNATURE}"}` },
    { name: "an array", body: `["tcbInfo","signature"]` },
    { name: "no signature", body: `{"tcbInfo":${TCB_INFO}}` },
    { name: "a signature of 63 bytes", body: `{"tcbInfo":${TCB_INFO},"signature":"${"ab".repeat(63)}"}` },
    { name: "a signature that is no hex", body: `{"tcbInfo":${TCB_INFO},"signature":"${"zz".repeat(64)}"}` },
    { name: "a signature that is a number", body: `{"tcbInfo":${TCB_INFO},"signature":1}` },
    { name: "a byte order mark", body: `\ufeff{"tcbInfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"}` },
    { name: "text after it", body: `{"tcbInfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"} x` },
  ])("with $name fail", async ({ body }) => {
    expect(await failureOf({ tcb: envelope(body) })).toMatchObject({
      stage: "fetch",
      code: "fetch-failed",
      facts: { subject: "TCB info" },
    });
  });

  test("that are no UTF-8 fail", async () => {
    const body = Uint8Array.of(0x7b, 0xff, 0x7d);
    expect(await failureOf({ identity: { ...GOOD_ANSWERS.identity, body } })).toMatchObject({
      code: "fetch-failed",
      facts: { subject: "QE identity" },
    });
  });
});

const withChainOf = (length: number): FakeAnswer => ({
  ...GOOD_ANSWERS.pckcrl,
  headers: { "SGX-PCK-CRL-Issuer-Chain": "a".repeat(length) },
});

describe("issuer chains", () => {
  test("come from the header of older services too, and the current one goes first", async () => {
    const { body } = GOOD_ANSWERS.tcb;
    if (body === undefined) throw new Error("unreachable");
    expect(await fetchWith({ tcb: { headers: { "SGX-TCB-Info-Issuer-Chain": ESCAPED_CHAIN }, body } })).toEqual({
      ok: true,
      value: GOOD_BUNDLE,
    });
    const headers = { "SGX-TCB-Info-Issuer-Chain": "old", "TCB-Info-Issuer-Chain": ESCAPED_CHAIN };
    expect(await fetchWith({ tcb: { headers, body } })).toEqual({ ok: true, value: GOOD_BUNDLE });
  });

  test.each([
    { path: "tcb", subject: "TCB info", expected: "TCB-Info-Issuer-Chain or SGX-TCB-Info-Issuer-Chain" },
    { path: "identity", subject: "QE identity", expected: "SGX-Enclave-Identity-Issuer-Chain" },
    { path: "pckcrl", subject: "PCK CRL", expected: "SGX-PCK-CRL-Issuer-Chain" },
  ] as const)("missing on $subject are a failure", async ({ path, subject, expected }) => {
    expect(await failureOf({ [path]: { ...GOOD_ANSWERS[path], headers: {} } })).toEqual({
      stage: "fetch",
      code: "fetch-header-missing",
      facts: { subject, expected },
    });
  });

  test("that do not decode are a failure", async () => {
    const answer = { ...GOOD_ANSWERS.pckcrl, headers: { "SGX-PCK-CRL-Issuer-Chain": "%2" } };
    expect(await failureOf({ pckcrl: answer })).toMatchObject({ code: "fetch-failed", facts: { subject: "PCK CRL" } });
  });

  test("may have 64 KiB before escaping and no more", async () => {
    const limit = 3 * 64 * 1024;
    expect(await fetchWith({ pckcrl: withChainOf(limit) })).toMatchObject({
      ok: true,
    });
    expect(await failureOf({ pckcrl: withChainOf(limit + 1) })).toMatchObject({
      code: "fetch-too-large",
      facts: { subject: "PCK CRL", expected: limit, actual: limit + 1 },
    });
  });
});

describe("CRLs", () => {
  test.each([
    { name: "hex", body: "3003020101" },
    { name: "hex with a line end", body: "3003020101\r\n" },
    { name: "PEM", body: "-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n" },
    { name: "DER", body: ROOT_CRL },
  ])("are brought to DER from $name", async ({ body }) => {
    expect(await fetchWith({ rootcrl: { body } })).toEqual({ ok: true, value: GOOD_BUNDLE });
  });

  test.each([
    { path: "rootcrl", subject: "root CA CRL" },
    { path: "pckcrl", subject: "PCK CRL" },
  ] as const)("that are none fail: $subject", async ({ path, subject }) => {
    expect(await failureOf({ [path]: { ...GOOD_ANSWERS[path], body: "no revocations" } })).toMatchObject({
      code: "fetch-failed",
      facts: { subject },
    });
  });
});

describe("answers with another status", () => {
  test.each([
    { path: "tcb", status: 404, subject: "TCB info" },
    { path: "identity", status: 503, subject: "QE identity" },
    { path: "pckcrl", status: 302, subject: "PCK CRL" },
    { path: "rootcrl", status: 201, subject: "root CA CRL" },
  ] as const)("are failures that name the status: $subject, $status", async ({ path, status, subject }) => {
    expect(await failureOf({ [path]: { ...GOOD_ANSWERS[path], status } })).toEqual({
      stage: "fetch",
      code: "fetch-status",
      facts: { subject, expected: 200, actual: status },
    });
  });

  test("tell an unknown platform from everything else", async () => {
    expect(isUnknownPlatform(await failureOf({ tcb: { status: 404 } }))).toBe(true);
    expect(isUnknownPlatform(await failureOf({ tcb: { status: 400 } }))).toBe(false);
    expect(isUnknownPlatform(await failureOf({ identity: { status: 404 } }))).toBe(false);
    expect(isUnknownPlatform(await failureOf({ tcb: { body: "404" } }))).toBe(false);
  });

  test("are reported in one order, whichever came first", async () => {
    expect(await failureOf({ rootcrl: { status: 500 }, pckcrl: { status: 500 }, tcb: { status: 404 } })).toMatchObject({
      facts: { subject: "TCB info" },
    });
  });
});

describe("limits", () => {
  test.each([
    { path: "tcb", limit: 1024 * 1024, subject: "TCB info" },
    { path: "identity", limit: 1024 * 1024, subject: "QE identity" },
    { path: "pckcrl", limit: 4 * 1024 * 1024, subject: "PCK CRL" },
    { path: "rootcrl", limit: 4 * 1024 * 1024, subject: "root CA CRL" },
  ] as const)("a body above its limit is not read to its end: $subject", async ({ path, limit, subject }) => {
    const body = new Uint8Array(limit + 1).fill(0x30);
    expect(await failureOf({ [path]: { ...GOOD_ANSWERS[path], body } })).toEqual({
      stage: "fetch",
      code: "fetch-too-large",
      facts: { subject, expected: limit },
    });
  });

  test("a body at its limit is read", async () => {
    const body = new Uint8Array(4 * 1024 * 1024).fill(0x30);
    expect(await fetchWith({ rootcrl: { body } })).toMatchObject({ ok: true });
  });

  test("the caller may lower all limits", async () => {
    expect(await fetchWith({}, { maxBodyBytes: 512 })).toMatchObject({ ok: true });
    const body = new Uint8Array(513).fill(0x30);
    expect(await failureOf({ rootcrl: { body } }, { maxBodyBytes: 512 })).toMatchObject({ code: "fetch-too-large" });
  });

  test("a service that never answers is given up", async () => {
    expect(await failureOf({}, { fetch: () => new Promise(() => {}), timeoutMs: 1 })).toEqual({
      stage: "fetch",
      code: "fetch-failed",
      facts: { subject: "TCB info", reason: "timed out" },
    });
  });
});

describe("PCK certificates", () => {
  const request = {
    encryptedPpid: "ee".repeat(384),
    cpuSvn: "0a".repeat(16),
    pceSvn: "0d00",
    pceId: "0000",
    qeId: "99".repeat(16),
  };
  const parameters = `cpusvn=${request.cpuSvn}&pcesvn=0d00&pceid=0000`;

  test.each([
    {
      name: "Intel by encrypted PPID",
      options: {},
      request,
      url: `https://api.trustedservices.intel.com/sgx/certification/v4/pckcert?encrypted_ppid=${request.encryptedPpid}&${parameters}`,
    },
    {
      name: "a PCCS by encrypted PPID and QE ID",
      options: { baseUrl: "https://pccs.example" },
      request,
      url: `https://pccs.example/sgx/certification/v4/pckcert?encrypted_ppid=${request.encryptedPpid}&${parameters}&qeid=${request.qeId}`,
    },
    {
      name: "a PCCS by QE ID alone",
      options: { baseUrl: "https://pccs.example" },
      request: { ...request, encryptedPpid: null },
      url: `https://pccs.example/sgx/certification/v4/pckcert?${parameters}&qeid=${request.qeId}`,
    },
  ])("are asked of $name", async ({ options, request: asked, url }) => {
    const service = fakeFetch();
    const client = createPcsClient({ fetch: service.fetch, ...options });
    expect(await client.fetchPckChain(asked)).toEqual({ ok: true, value: CHAIN + CHAIN });
    expect(service.urls).toEqual([url]);
  });

  const { pckcert } = GOOD_ANSWERS;
  test.each([
    { name: "an unknown platform", answer: { status: 404 }, code: "fetch-status" },
    {
      name: "a missing issuer chain",
      answer: { ...pckcert, headers: { "SGX-TCBm": `${request.cpuSvn}0d00` } },
      code: "fetch-header-missing",
    },
    {
      name: "a missing SGX-TCBm",
      answer: { ...pckcert, headers: { "SGX-PCK-Certificate-Issuer-Chain": ESCAPED_CHAIN } },
      code: "fetch-header-missing",
    },
    {
      name: "the certificate of another PCESVN",
      answer: { ...pckcert, headers: { ...pckcert.headers, "SGX-TCBm": `${request.cpuSvn}0c00` } },
      code: "fetch-failed",
    },
    {
      name: "a PCESVN in the other byte order",
      answer: { ...pckcert, headers: { ...pckcert.headers, "SGX-TCBm": `${request.cpuSvn}000d` } },
      code: "fetch-failed",
    },
    { name: "a body that is no text", answer: { ...pckcert, body: Uint8Array.of(0xff) }, code: "fetch-failed" },
    { name: "a body above 64 KiB", answer: { ...pckcert, body: "x".repeat(64 * 1024 + 1) }, code: "fetch-too-large" },
  ])("fail for $name", async ({ answer, code }) => {
    const client = createPcsClient({ fetch: fakeFetch({ pckcert: answer }).fetch });
    expect(await client.fetchPckChain(request)).toMatchObject({
      ok: false,
      error: { stage: "fetch", code, facts: { subject: "PCK certificate" } },
    });
  });

  test("are not asked of a PCS by clear PPID, nor of an address that is none", async () => {
    const service = fakeFetch();
    const pcs = createPcsClient({ fetch: service.fetch });
    expect(await pcs.fetchPckChain({ ...request, encryptedPpid: null })).toMatchObject({
      ok: false,
      error: { code: "fetch-failed" },
    });
    const nowhere = createPcsClient({ fetch: service.fetch, baseUrl: "" });
    expect(await nowhere.fetchPckChain(request)).toMatchObject({ ok: false, error: { code: "fetch-failed" } });
    expect(service.urls).toEqual([]);
  });
});
