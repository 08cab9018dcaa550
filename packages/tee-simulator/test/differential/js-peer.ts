import { INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import { type Collateral, QuoteVerifier, type VerifiedReport } from "@phala/dcap-qvl";
import type { Acceptance } from "./outcome.ts";
import { bundleOf, messageOf, type Peer } from "./peer.ts";

/** The name that this package gives to TD report 1.0 inside 1.5; not in its types. */
interface TdReport {
  readonly base?: TdReport;
  readonly mrTd: Uint8Array;
  readonly rtMr0: Uint8Array;
  readonly rtMr1: Uint8Array;
  readonly rtMr2: Uint8Array;
  readonly rtMr3: Uint8Array;
  readonly reportData: Uint8Array;
}

function acceptanceOf({ status, advisory_ids, report }: VerifiedReport): Acceptance {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only TDX quotes are given to it
  const data = report.data as unknown as TdReport;
  const { mrTd, rtMr0, rtMr1, rtMr2, rtMr3, reportData } = data.base ?? data;
  const fields = { mrtd: mrTd, rtmr0: rtMr0, rtmr1: rtMr1, rtmr2: rtMr2, rtmr3: rtMr3, reportData };
  const registers = Object.fromEntries(
    Object.entries(fields).map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]),
  );
  return { kind: "accepted", status, advisories: advisory_ids, registers };
}

/** `@phala/dcap-qvl`, JavaScript over `node:crypto`; it takes any root. */
export const JS_PEER: Peer = {
  name: "js",
  title: "@phala/dcap-qvl 0.3.9 (JavaScript)",
  judge(evidence) {
    try {
      const verifier = new QuoteVerifier(Buffer.from(evidence.rootCa ?? INTEL_SGX_ROOT_CA));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a bundle that is none is part of the question
      const collateral = bundleOf(evidence) as Collateral;
      return Promise.resolve(acceptanceOf(verifier.verify(Buffer.from(evidence.quote), collateral, evidence.now)));
    } catch (thrown) {
      return Promise.resolve({ kind: "refused", message: messageOf(thrown) });
    }
  },
};
