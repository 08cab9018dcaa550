import { describe, expect, test } from "vitest";
import { createCollateralCache } from "../../src/collateral/collateral-cache.ts";
import type { FetchPort } from "../../src/collateral/fetch-port.ts";
import { createPcsClient } from "../../src/collateral/pcs-client.ts";
import { createCollateralVerifier } from "../../src/collateral/verify-collateral.ts";
import type { CollateralBundle } from "../../src/collateral-bundle.ts";
import { HAS_REAL_VECTORS, readVectorText } from "../real-vectors.ts";

interface RealSet {
  readonly file: string;
  readonly fmspc: string;
  readonly validFrom: string;
  readonly validTo: string;
}

/** Windows as the vectors' own description gives them. */
const SETS: readonly RealSet[] = [
  {
    file: "collateral/dcap-qvl-b0c06f-2025-06.json",
    fmspc: "b0c06f000000",
    validFrom: "2025-06-19T10:32:27Z",
    validTo: "2025-07-19T10:00:35Z",
  },
  {
    file: "collateral/go-tdx-guest-50806f-2023-06.json",
    fmspc: "50806f000000",
    validFrom: "2023-06-18T08:42:58Z",
    validTo: "2023-07-08T07:24:59Z",
  },
  {
    file: "collateral/go-tdx-guest-90c06f-2026-02.json",
    fmspc: "90c06f000000",
    validFrom: "2026-02-18T10:42:15Z",
    validTo: "2026-03-03T14:49:26Z",
  },
  {
    file: "collateral/automata-00806f05-2025-06.json",
    fmspc: "00806f050000",
    validFrom: "2025-06-19T10:00:35Z",
    validTo: "2025-07-04T09:40:18Z",
  },
];

const seconds = (time: string): number => Date.parse(time) / 1000;

function bundleOf(file: string): CollateralBundle {
  const bundle: CollateralBundle = JSON.parse(readVectorText(file));
  return bundle;
}

/** The last hex digit exchanged: inside the signature of a CRL, or of a document. */
const flipEnd = (hex: string): string => hex.slice(0, -1) + (hex.endsWith("0") ? "1" : "0");

const numberIn = (text: string): number => JSON.parse(text).tcbEvaluationDataNumber;

function change(make: (bundle: CollateralBundle) => Partial<CollateralBundle>): CollateralBundle {
  const bundle = bundleOf("collateral/dcap-qvl-b0c06f-2025-06.json");
  return { ...bundle, ...make(bundle) };
}

const verify = createCollateralVerifier();

describe.skipIf(!HAS_REAL_VECTORS)("real collateral", () => {
  test.each(SETS)("$file verifies in its window, both ends included, and not a second beyond", async (set) => {
    const bundle = bundleOf(set.file);
    const [from, to] = [seconds(set.validFrom), seconds(set.validTo)];
    for (const now of [from, to]) {
      expect(await verify(bundle, now)).toMatchObject({
        ok: true,
        value: { fmspc: set.fmspc, ca: "platform", validFrom: from, validUntil: to },
      });
    }
    for (const now of [from - 1, to + 1]) {
      const result = await verify(bundle, now);
      expect(!result.ok && result.error.code).toMatch(now < from ? /-not-yet-valid$/ : /-expired$/);
    }
  });

  test("carries the numbers that order it among others", async () => {
    const older = bundleOf("collateral/dcap-qvl-b0c06f-2025-06.json");
    const newer = bundleOf("collateral/go-tdx-guest-90c06f-2026-02.json");
    const first = await verify(older, seconds("2025-06-25T00:00:00Z"));
    const second = await verify(newer, seconds("2026-02-25T00:00:00Z"));
    if (!first.ok || !second.ok) throw new Error("real collateral refused");
    expect(first.value.tcbEvaluationDataNumber).toEqual({
      tcbInfo: numberIn(older.tcb_info),
      qeIdentity: numberIn(older.qe_identity),
    });
    expect(second.value.tcbEvaluationDataNumber.tcbInfo).toBeGreaterThan(first.value.tcbEvaluationDataNumber.tcbInfo);
    expect(first.value.crlNumber.rootCa).toBeGreaterThanOrEqual(1n);
    expect(first.value.crlNumber.pck).toBeGreaterThanOrEqual(1n);
    expect(first.value.collateral.bundle).toEqual(older);
  });

  const at = seconds("2025-06-25T00:00:00Z");
  test.each([
    {
      name: "TCB info with one space more",
      make: (b: CollateralBundle) => ({ tcb_info: b.tcb_info.replace('"version":3', '"version":3 ') }),
      code: "tcb-info-signature-invalid",
    },
    {
      name: "another TCB info signature",
      make: (b: CollateralBundle) => ({ tcb_info_signature: flipEnd(b.tcb_info_signature) }),
      code: "tcb-info-signature-invalid",
    },
    {
      name: "another QE identity signature",
      make: (b: CollateralBundle) => ({ qe_identity_signature: flipEnd(b.qe_identity_signature) }),
      code: "qe-identity-signature-invalid",
    },
    {
      name: "another root CA CRL signature",
      make: (b: CollateralBundle) => ({ root_ca_crl: flipEnd(b.root_ca_crl) }),
      code: "crl-signature-invalid",
    },
    {
      name: "another PCK CRL signature",
      make: (b: CollateralBundle) => ({ pck_crl: flipEnd(b.pck_crl) }),
      code: "crl-signature-invalid",
    },
    {
      name: "the root CA CRL in place of the PCK CRL",
      make: (b: CollateralBundle) => ({ pck_crl: b.root_ca_crl }),
      code: "crl-issuer-mismatch",
    },
    {
      name: "the TCB signing chain in place of the PCK CRL's",
      make: (b: CollateralBundle) => ({ pck_crl_issuer_chain: b.tcb_info_issuer_chain }),
      code: "chain-role-mismatch",
    },
    {
      name: "a chain cut short",
      make: (b: CollateralBundle) => ({
        pck_crl_issuer_chain: b.pck_crl_issuer_chain.slice(b.pck_crl_issuer_chain.lastIndexOf("-----BEGIN")),
      }),
      code: "chain-length-invalid",
    },
    { name: "an empty CRL", make: () => ({ pck_crl: "" }), code: "crl-malformed" },
    { name: "no TCB info", make: () => ({ tcb_info: "" }), code: "tcb-info-malformed" },
  ])("is refused with $name", async ({ make, code }) => {
    expect(await verify(change(make), at)).toMatchObject({ ok: false, error: { code } });
  });

  test("is refused under another root", async () => {
    const bundle = bundleOf("collateral/dcap-qvl-b0c06f-2025-06.json");
    expect(await createCollateralVerifier(Uint8Array.of(0x30, 0x00))(bundle, at)).toMatchObject({
      ok: false,
      error: { stage: "trust-anchor", code: "chain-root-untrusted" },
    });
  });

  test.each([NaN, -1, 1.5, 1_750_809_600_000])("is not judged at the time %d", async (now) => {
    await expect(verify(bundleOf("collateral/dcap-qvl-b0c06f-2025-06.json"), now)).rejects.toThrow(RangeError);
  });

  test("comes through client, judge and cache as it was signed", async () => {
    const bundle = bundleOf("collateral/dcap-qvl-b0c06f-2025-06.json");
    const requests: string[] = [];
    const cache = createCollateralCache({
      sources: [{ name: "pcs", ...createPcsClient({ fetch: serve(bundle, requests) }) }],
      now: () => at,
    });
    const platform = { fmspc: "b0c06f000000", ca: "platform" } as const;
    const result = await cache.get(platform);
    expect(result.ok && result.value.bundle).toEqual(bundle);
    expect(await cache.get({ ...platform, ca: "processor" })).toMatchObject({
      ok: false,
      error: { facts: { reason: "for another platform" } },
    });
    expect(requests.length).toBe(8);
  });
});

/** Serves a bundle the way Intel does. */
function serve(bundle: CollateralBundle, requests: string[]): FetchPort {
  const answers: Readonly<
    Record<string, readonly [body: string | Uint8Array<ArrayBuffer>, header: string, chain: string]>
  > = {
    "/tdx/certification/v4/tcb": [
      `{"tcbInfo":${bundle.tcb_info},"signature":"${bundle.tcb_info_signature}"}`,
      "TCB-Info-Issuer-Chain",
      bundle.tcb_info_issuer_chain,
    ],
    "/tdx/certification/v4/qe/identity": [
      `{"enclaveIdentity":${bundle.qe_identity},"signature":"${bundle.qe_identity_signature}"}`,
      "SGX-Enclave-Identity-Issuer-Chain",
      bundle.qe_identity_issuer_chain,
    ],
    "/sgx/certification/v4/pckcrl": [
      new Uint8Array(Buffer.from(bundle.pck_crl, "hex")),
      "SGX-PCK-CRL-Issuer-Chain",
      bundle.pck_crl_issuer_chain,
    ],
    "/IntelSGXRootCA.der": [new Uint8Array(Buffer.from(bundle.root_ca_crl, "hex")), "X-None", ""],
  };
  return (url) => {
    requests.push(url);
    const answer = answers[new URL(url).pathname];
    if (answer === undefined) return Promise.resolve(new Response("", { status: 404 }));
    const [body, header, chain] = answer;
    return Promise.resolve(new Response(body, { headers: { [header]: encodeURIComponent(chain) } }));
  };
}
