import type { FetchPort } from "../../src/collateral/fetch-port.ts";

/** An answer of a collateral service that exists only in this process. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export const CHAIN = "-----BEGIN CERTIFICATE-----\nAA+/ZZ==\n-----END CERTIFICATE-----\n";
/** Escapes as Intel does: everything but letters and digits, the plus of base64 left alone. */
export const ESCAPED_CHAIN = encodeURIComponent(CHAIN).replaceAll("%2B", "+");

/** Odd spacing, a number and an escape that no serialiser would give back. */
export const TCB_INFO = '{ "id":"TDX", "n":1.0 ,"t":"\\u00e9é" }';
export const QE_IDENTITY = '{"id":"TD_QE","signature":"inner"}';
export const TCB_SIGNATURE = "ab".repeat(64);
export const QE_SIGNATURE = "cd".repeat(64);
export const ROOT_CRL = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x01);
const PCK_CRL = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x02);

export type FakePath = "tcb" | "identity" | "pckcrl" | "rootcrl" | "pckcert";

export const GOOD_ANSWERS: Readonly<Record<FakePath, FakeAnswer>> = {
  tcb: {
    headers: { "TCB-Info-Issuer-Chain": ESCAPED_CHAIN },
    body: `{"tcbInfo":${TCB_INFO},"signature":"${TCB_SIGNATURE}"}`,
  },
  identity: {
    headers: { "SGX-Enclave-Identity-Issuer-Chain": ESCAPED_CHAIN },
    body: ` {"signature" : "${QE_SIGNATURE.toUpperCase()}" , "enclaveIdentity" : ${QE_IDENTITY} }\n`,
  },
  pckcrl: { headers: { "SGX-PCK-CRL-Issuer-Chain": ESCAPED_CHAIN }, body: PCK_CRL },
  rootcrl: { body: ROOT_CRL },
  pckcert: {
    headers: { "SGX-PCK-Certificate-Issuer-Chain": ESCAPED_CHAIN, "SGX-TCBm": `${"0A".repeat(16)}0D00` },
    body: CHAIN,
  },
};

/** A `fetch` that answers by path and writes down what it was asked for. */
export function fakeFetch(changes: Partial<Record<FakePath, FakeAnswer>> = {}): {
  readonly fetch: FetchPort;
  readonly urls: string[];
} {
  const answers = { ...GOOD_ANSWERS, ...changes };
  const urls: string[] = [];
  return {
    urls,
    fetch: (url) => {
      urls.push(url);
      const { status = 200, headers = {}, body = "" } = answers[pathOf(url)];
      return Promise.resolve(new Response(body, { status, headers }));
    },
  };
}

function pathOf(url: string): FakePath {
  const { pathname } = new URL(url);
  if (pathname.endsWith("/tcb")) return "tcb";
  if (pathname.endsWith("/qe/identity")) return "identity";
  if (pathname.endsWith("/pckcrl")) return "pckcrl";
  if (pathname.endsWith("/pckcert")) return "pckcert";
  return "rootcrl";
}
