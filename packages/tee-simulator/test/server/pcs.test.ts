import { X509Certificate } from "node:crypto";

import { encodeCollateral, forecastTcb, verifyQuote } from "@mero-tee/tdx-quote";
import { createPcsClient, type PcsClientOptions } from "@mero-tee/tdx-quote/collateral";
import { describe, expect, test } from "vitest";

import { createSimulatedPlatform } from "../../src/simulated-platform.ts";
import { bodyOf, NOW, platform, runSimulator } from "./fixture.ts";

const TCB = "/tdx/certification/v4/tcb";
const QE_IDENTITY = "/tdx/certification/v4/qe/identity";
const PCK_CRL = "/sgx/certification/v4/pckcrl";
const PCK_CERT = "/sgx/certification/v4/pckcert";

async function get(path: string): Promise<Response> {
  const { url } = await runSimulator();
  return fetch(url + path);
}

function client(baseUrl: string, options: Partial<PcsClientOptions> = {}): ReturnType<typeof createPcsClient> {
  return createPcsClient({ fetch, baseUrl, allowHttp: true, ...options });
}

describe("to the collateral client", () => {
  test("gives the bundle that the platform gives itself", async () => {
    const { url } = await runSimulator();
    const fetched = await client(url).fetchCollateral({ fmspc: platform.fmspc, ca: platform.ca });
    expect(fetched).toEqual({ ok: true, value: await platform.collateral({ now: NOW }) });
  });

  test("gives the same with the root CRL from the distribution point", async () => {
    const { url } = await runSimulator();
    const fetched = await client(url, { kind: "pcs", rootCaCrlUrl: `${url}/IntelSGXRootCA.der` }).fetchCollateral({
      fmspc: platform.fmspc,
      ca: platform.ca,
    });
    expect(fetched).toEqual({ ok: true, value: await platform.collateral({ now: NOW }) });
  });

  test("is a failure with status 404 for an FMSPC of nobody", async () => {
    const { url } = await runSimulator();
    const fetched = await client(url).fetchCollateral({ fmspc: "00906ed50000", ca: "platform" });
    expect(fetched).toMatchObject({ ok: false, error: { code: "fetch-status", facts: { actual: 404 } } });
  });

  test("can be out of order for a while", async () => {
    const simulator = await runSimulator();
    const pcs = client(simulator.url);
    simulator.failNext(TCB, { kind: "error", message: "maintenance", status: 503 });
    const asked = { fmspc: platform.fmspc, ca: platform.ca };
    expect(await pcs.fetchCollateral(asked)).toMatchObject({ ok: false, error: { facts: { actual: 503 } } });
    expect(await pcs.fetchCollateral(asked)).toMatchObject({ ok: true });
  });

  test("issues collateral for the present", async () => {
    let now = NOW;
    const { url } = await runSimulator({ now: () => now });
    const issueDate = async (): Promise<string> => {
      const bundle = await client(url).fetchCollateral({ fmspc: platform.fmspc, ca: platform.ca });
      if (!bundle.ok) throw new Error(bundle.error.code);
      return JSON.parse(bundle.value.tcb_info).issueDate;
    };
    expect(await issueDate()).toBe("2026-01-14T00:00:00Z");
    now += 40 * 86_400;
    expect(await issueDate()).toBe("2026-02-23T00:00:00Z");
  });
});

interface TcbInfoAnswer {
  readonly tcbInfo: { readonly tcbLevels: readonly { readonly tcbStatus: string }[] };
}

async function numberOf(response: Response, key: string): Promise<number | undefined> {
  return (await bodyOf<Record<string, { tcbEvaluationDataNumber: number }>>(response))[key]?.tcbEvaluationDataNumber;
}

describe("editions", () => {
  test.each([
    { path: TCB, query: `fmspc=${platform.fmspc}&`, key: "tcbInfo" },
    { path: QE_IDENTITY, query: "", key: "enclaveIdentity" },
  ])("$path: early is one evaluation data number ahead of standard", async ({ path, query, key }) => {
    const { url } = await runSimulator();
    const standard = (await numberOf(await fetch(`${url}${path}?${query}`), key)) ?? 0;
    expect(standard).toBeGreaterThan(0);
    expect(await numberOf(await fetch(`${url}${path}?${query}update=standard`), key)).toBe(standard);
    expect(await numberOf(await fetch(`${url}${path}?${query}update=early`), key)).toBe(standard + 1);
    for (const number of [standard, standard + 1]) {
      const asked = await fetch(`${url}${path}?${query}tcbEvaluationDataNumber=${number}`);
      expect(await numberOf(asked, key)).toBe(number);
    }
    expect((await fetch(`${url}${path}?${query}tcbEvaluationDataNumber=${standard + 2}`)).status).toBe(404);
    expect((await fetch(`${url}${path}?${query}tcbEvaluationDataNumber=x`)).status).toBe(400);
    expect((await fetch(`${url}${path}?${query}update=late`)).status).toBe(400);
    const both = `update=early&tcbEvaluationDataNumber=${standard}`;
    expect((await fetch(`${url}${path}?${query}${both}`)).status).toBe(400);
  });

  test("the early edition is a bar that the machine is just below, unless told otherwise", async () => {
    const { url } = await runSimulator();
    const { fmspc, ca } = platform;
    const [standard, early] = await Promise.all([
      client(url).fetchCollateral({ fmspc, ca }),
      client(url, { update: "early" }).fetchCollateral({ fmspc, ca }),
    ]);
    if (!standard.ok || !early.ok) throw new Error("no collateral");
    const options = { now: NOW, rootCa: new Uint8Array(platform.rootCa) };
    const { quote } = await platform.issueQuote({ reportData: new Uint8Array(64) });
    const verified = await verifyQuote(quote, encodeCollateral(standard.value), options);
    if (!verified.ok) throw new Error(verified.error.code);
    expect(verified.value.tcbStatus).toBe("UpToDate");
    expect(await forecastTcb(verified.value, encodeCollateral(early.value), options)).toMatchObject({
      ok: true,
      value: {
        tcbStatus: "OutOfDate",
        short: [
          { component: "pcesvn", has: 13, needs: 14 },
          { component: "tdx-module", has: 6, needs: 7 },
        ],
      },
    });
  });

  test("announces what the early edition will say, and leaves the standard one alone", async () => {
    const simulator = await runSimulator();
    simulator.announceEarly((recipe) => {
      const [top] = recipe.tcbInfo.document.tcbLevels;
      if (top !== undefined) top.tcbStatus = "OutOfDate";
    });
    const statusOf = async (update: string): Promise<string | undefined> => {
      const response = await fetch(`${simulator.url}${TCB}?fmspc=${platform.fmspc}&update=${update}`);
      return (await bodyOf<TcbInfoAnswer>(response)).tcbInfo.tcbLevels[0]?.tcbStatus;
    };
    expect(await statusOf("early")).toBe("OutOfDate");
    expect(await statusOf("standard")).toBe("UpToDate");
  });
});

describe("headers", () => {
  test.each([
    { path: `${TCB}?fmspc=${platform.fmspc}`, header: "TCB-Info-Issuer-Chain", length: 2 },
    { path: QE_IDENTITY, header: "SGX-Enclave-Identity-Issuer-Chain", length: 2 },
    { path: `${PCK_CRL}?ca=platform&encoding=der`, header: "SGX-PCK-CRL-Issuer-Chain", length: 2 },
    { path: pckCertPath({}), header: "SGX-PCK-Certificate-Issuer-Chain", length: 2 },
  ])(
    "$header holds a chain up to the root, percent-encoded without plus or space",
    async ({ path, header, length }) => {
      const value = (await get(path)).headers.get(header) ?? "";
      expect(value).toMatch(/^(?:[A-Za-z0-9\-_.!~*'()]|%[0-9A-F]{2})+$/);
      const chain = decodeURIComponent(value)
        .split(/(?<=-----END CERTIFICATE-----\n)/)
        .map((pem) => new X509Certificate(pem));
      expect(chain).toHaveLength(length);
      expect(Buffer.compare(chain.at(-1)?.raw ?? Buffer.alloc(0), platform.rootCa)).toBe(0);
      expect(chain[0]?.verify(new X509Certificate(platform.rootCaPem).publicKey)).toBe(true);
    },
  );
});

describe("certificate revocation lists", () => {
  test("come as DER, as PEM by default, and the root's as hex too", async () => {
    const { url } = await runSimulator();
    const bundle = await platform.collateral({ now: NOW });
    const bytes = async (path: string): Promise<Buffer> => Buffer.from(await (await fetch(url + path)).arrayBuffer());
    expect((await bytes(`${PCK_CRL}?ca=platform&encoding=der`)).toString("hex")).toBe(bundle.pck_crl);
    const pem = (await bytes(`${PCK_CRL}?ca=platform`)).toString();
    expect(pem).toMatch(/^-----BEGIN X509 CRL-----\n/);
    expect(Buffer.from(pem.replace(/-----.*-----/g, ""), "base64").toString("hex")).toBe(bundle.pck_crl);
    expect((await bytes("/sgx/certification/v4/rootcacrl")).toString()).toBe(bundle.root_ca_crl);
    expect((await bytes("/IntelSGXRootCA.der")).toString("hex")).toBe(bundle.root_ca_crl);
  });

  test("exist for both authorities, each with the chain of its own", async () => {
    const { url } = await runSimulator();
    const subjectOf = async (ca: string): Promise<string> => {
      const response = await fetch(`${url}${PCK_CRL}?ca=${ca}&encoding=der`);
      return new X509Certificate(decodeURIComponent(response.headers.get("SGX-PCK-CRL-Issuer-Chain") ?? "")).subject;
    };
    expect(await subjectOf("platform")).toContain("Intel SGX PCK Platform CA");
    expect(await subjectOf("processor")).toContain("Intel SGX PCK Processor CA");
  });

  test("of the other authority are those that a platform of that authority gives", async () => {
    const other = await createSimulatedPlatform({ seed: "server tests", now: NOW, ca: "processor" });
    const { url } = await runSimulator();
    const response = await fetch(`${url}${PCK_CRL}?ca=processor&encoding=der`);
    const { pck_crl: expected } = await other.collateral({ now: NOW });
    expect(Buffer.from(await response.arrayBuffer()).toString("hex")).toBe(expected);
  });
});

describe("the PCK certificate", () => {
  test("is the machine's leaf, with its TCB in the header", async () => {
    const response = await get(pckCertPath({}));
    const leaf = await response.text();
    expect(platform.pckCertificateChainPem.startsWith(leaf)).toBe(true);
    expect(leaf.match(/BEGIN/g)).toHaveLength(1);
    const { sgx } = platform.recipe({ reportData: new Uint8Array(64) });
    expect(response.headers.get("SGX-TCBm")).toBe(`${Buffer.from(sgx.cpuSvn).toString("hex")}0d00`);
  });

  test.each([
    { name: "without cpusvn", query: { cpusvn: "" }, status: 400 },
    { name: "with a short pcesvn", query: { pcesvn: "0d" }, status: 400 },
    { name: "with a pceid that is not hex", query: { pceid: "xxxx" }, status: 400 },
    { name: "without PPID and QE id", query: { encrypted_ppid: "" }, status: 400 },
    { name: "with a QE id in place of the PPID", query: { encrypted_ppid: "", qeid: "00".repeat(16) }, status: 200 },
    { name: "with the PCE-ID of another", query: { pceid: "0100" }, status: 404 },
  ])("asked $name answers $status", async ({ query, status }) => {
    expect((await get(pckCertPath(query))).status).toBe(status);
  });
});

test.each([
  TCB,
  `${TCB}?fmspc=`,
  `${TCB}?fmspc=53494d00000`,
  `${TCB}?fmspc=53494d0000zz`,
  `${TCB}?fmspc=53494d000000&fmspc=53494d000000`,
  PCK_CRL,
  `${PCK_CRL}?ca=root`,
  `${PCK_CRL}?ca=platform&encoding=hex`,
])("refuses %s with 400", async (path) => {
  const response = await get(path);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: expect.any(String) });
});

test("takes an FMSPC in either case", async () => {
  expect((await get(`${TCB}?fmspc=${platform.fmspc.toUpperCase()}`)).status).toBe(200);
});

function pckCertPath(changes: Record<string, string>): string {
  const query = {
    encrypted_ppid: "00".repeat(384),
    cpusvn: "04".repeat(16),
    pcesvn: "0d00",
    pceid: "0000",
    ...changes,
  };
  return `${PCK_CERT}?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString()}`;
}
