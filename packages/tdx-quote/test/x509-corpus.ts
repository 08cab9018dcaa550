import { parseHex } from "../src/hex.ts";
import { INTEL_SGX_ROOT_CA } from "../src/intel-root-ca.ts";
import { parsePemCertificates } from "../src/pem.ts";
import { HAS_REAL_VECTORS, readExpectedQuotes, readVector, readVectorText } from "./real-vectors.ts";
import { pemOf } from "./real-evidence.ts";
import { certificateOf, crlOf, memberName, NOW, revoked, utcTime } from "./synthetic-pki.ts";

function bundles(): readonly Readonly<Record<string, string>>[] {
  const files = new Set(readExpectedQuotes().flatMap(({ collateral }) => collateral ?? []));
  return Array.from(files, (file): Record<string, string> => JSON.parse(readVectorText(file)));
}

function chainOf(pem: string): readonly Uint8Array[] {
  const chain = parsePemCertificates(pem);
  return chain.ok ? chain.value.map(({ der }) => der) : [];
}

const generated = [
  certificateOf("root"),
  certificateOf("tcbSigning"),
  certificateOf("pckLeaf", { subject: memberName("platformCa") }),
];

/** Intel's certificates where they are at hand, its root everywhere, and some made for tests. */
export const CERTIFICATES: readonly Uint8Array[] = HAS_REAL_VECTORS
  ? [
      ...readExpectedQuotes().flatMap(({ quote }) => chainOf(pemOf(readVector(quote)))),
      ...bundles().flatMap((bundle) => chainOf(bundle["tcb_info_issuer_chain"] ?? "")),
      ...generated,
    ]
  : [INTEL_SGX_ROOT_CA, ...generated];

/** Intel's CRLs where they are at hand, and one made for tests. */
export const CRLS: readonly Uint8Array[] = [
  ...(HAS_REAL_VECTORS ? bundles() : []).flatMap((bundle) =>
    ["root_ca_crl", "pck_crl"].map((key) => parseHex(bundle[key] ?? "") ?? new Uint8Array(0)),
  ),
  crlOf("root", { entries: [revoked(5n, utcTime(NOW)), revoked(0x80n, utcTime(NOW))] }),
];
