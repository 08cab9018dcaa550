import type { TargetKind } from "../../src/outbound/target.ts";
import type { RefusalReason } from "../../src/wire/problems.ts";

/** One row of the table of decisions under the default production configuration. */
export interface SsrfRow {
  /** Its number in the table of the specification of the verifier. */
  readonly row: number;
  readonly kind: TargetKind;
  readonly url: string;
  /** What the name resolves to; one public address where absent. */
  readonly answers?: readonly string[];
  /** The address and port that are dialled, or the reason why none is. */
  readonly decision: { readonly dials: string } | RefusalReason;
}

const PUBLIC = "34.65.123.45";

function rows(
  row: number,
  kind: TargetKind,
  urls: readonly string[],
  decision: SsrfRow["decision"],
  answers?: readonly string[],
): readonly SsrfRow[] {
  return urls.map((url) => ({ row, kind, url, decision, ...(answers === undefined ? {} : { answers }) }));
}

/** Rows 1 to 58; the last rows of the table, about answers and second lookups, are tests of their own. */
export const SSRF_TABLE: readonly SsrfRow[] = [
  ...rows(1, "kms", ["https://abc-8080.dstack-prod5.phala.network"], { dials: `${PUBLIC}:443` }),
  ...rows(2, "kms", ["https://a.phala.network:8443/"], { dials: `${PUBLIC}:8443` }),
  ...rows(3, "kms", ["https://a.phala.network/attest"], { dials: `${PUBLIC}:443` }),
  ...rows(4, "kms", ["https://A.PHALA.NETWORK./"], { dials: `${PUBLIC}:443` }),
  ...rows(5, "kms", ["https://phala.network"], "host_not_allowed"),
  ...rows(6, "kms", ["https://evilphala.network"], "host_not_allowed"),
  ...rows(7, "kms", ["https://phala.network.evil.example"], "host_not_allowed"),
  ...rows(8, "kms", ["http://a.phala.network"], "scheme"),
  ...rows(9, "kms", ["https://a.phala.network@127.0.0.1/"], "userinfo"),
  ...rows(10, "kms", ["https://user:pw@a.phala.network/"], "userinfo"),
  ...rows(11, "kms", ["https://a.phala.network:22/"], "port"),
  ...rows(12, "kms", ["https://a.phala.network/x?y="], "path"),
  ...rows(13, "kms", ["https://a.phala.network/#f"], "path"),
  ...rows(14, "kms", ["https://a.phala.network\\@127.0.0.1/"], "host_not_allowed"),
  ...rows(15, "kms", ["https://a.phala.network/..%2f..%2fadmin"], "path"),
  ...rows(16, "kms", ["https://a.phala.network%2eevil.example/"], "host_not_allowed"),
  ...rows(17, "kms", ["https://phala。network"], "host_not_allowed"),
  ...rows(18, "kms", ["https://ａ.phala.network/"], "host_not_allowed"),
  ...rows(19, "kms", ["https://xn--phla-3qa.network"], "host_not_allowed"),
  ...rows(20, "kms", ["https://a..phala.network"], "host_not_allowed"),
  ...rows(21, "kms", ["https://-.phala.network"], "host_not_allowed"),
  ...rows(22, "kms", ["https://localhost/"], "host_not_allowed"),
  ...rows(23, "kms", ["https://a.phala.network"], "address_forbidden", ["10.0.0.5"]),
  ...rows(24, "kms", ["https://a.phala.network"], "dns_mixed", [PUBLIC, "10.0.0.5"]),
  ...rows(27, "kms", ["https://34.65.123.45/"], "host_not_allowed"),
  ...rows(28, "node", ["http://34.65.123.45:80"], { dials: `${PUBLIC}:80` }),
  ...rows(29, "node", ["http://34.65.123.45:2528/"], { dials: `${PUBLIC}:2528` }),
  ...rows(30, "node", ["http://34.65.123.45/admin-api/tee/attest"], { dials: `${PUBLIC}:80` }),
  ...rows(31, "node", ["http://34.65.123.45:080/"], { dials: `${PUBLIC}:80` }),
  ...rows(32, "node", ["http://34.65.123.45:6379/"], "port"),
  ...rows(33, "node", ["http://34.65.123.45:0/"], "port"),
  ...rows(34, "node", ["http://34.65.123.45:80/admin"], "path"),
  ...rows(35, "node", ["http://34.65.123.45:65536/"], "host_not_allowed"),
  ...rows(
    36,
    "node",
    ["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/"],
    "address_forbidden",
  ),
  ...rows(37, "node", ["http://①②⑦.⓪.⓪.①/"], "host_not_allowed"),
  ...rows(38, "node", ["http://0/"], "address_forbidden"),
  ...rows(39, "node", ["http://0300.0250.1.1/"], "address_forbidden"),
  ...rows(40, "node", ["http://10.1.2.3/", "http://172.20.0.9/", "http://192.168.0.10/"], "address_forbidden"),
  ...rows(41, "node", ["http://169.254.169.254/"], "address_forbidden"),
  ...rows(42, "node", ["http://metadata.google.internal/"], "host_not_allowed"),
  ...rows(43, "node", ["http://100.100.100.200/"], "address_forbidden"),
  ...rows(44, "node", ["http://168.63.129.16/"], "address_forbidden"),
  ...rows(45, "node", ["http://192.0.0.192/"], "address_forbidden"),
  ...rows(
    46,
    "node",
    ["http://198.18.0.1/", "http://203.0.113.9/", "http://224.0.0.1/", "http://255.255.255.255/"],
    "address_forbidden",
  ),
  ...rows(47, "node", ["http://[::1]/", "http://[::]/", "http://[::127.0.0.1]/"], "address_forbidden"),
  ...rows(48, "node", ["http://[::ffff:127.0.0.1]/", "http://[::ffff:0:127.0.0.1]/"], "address_forbidden"),
  ...rows(49, "node", ["http://[64:ff9b::a9fe:a9fe]/"], "address_forbidden"),
  ...rows(50, "node", ["http://[64:ff9b:1::a00:1]/"], "address_forbidden"),
  ...rows(
    51,
    "node",
    ["http://[2002:7f00:1::]/", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/"],
    "address_forbidden",
  ),
  ...rows(52, "node", ["http://[fe80::1%25eth0]/"], "host_not_allowed"),
  ...rows(53, "node", ["http://[fd00:ec2::254]/"], "address_forbidden"),
  ...rows(54, "node", ["http://[2600:1901:0:1::5]/"], { dials: "2600:1901:0:1::5:80" }),
  ...rows(55, "node", ["http://34.65.123.45.nip.io/"], "host_not_allowed"),
  ...rows(56, "node", ["34.65.123.45"], "scheme"),
  ...rows(57, "node", ["http:\\\\34.65.123.45/", "http://34.65.\t123.45/"], "host_not_allowed"),
  ...rows(57, "node", ["//34.65.123.45/"], "scheme"),
  ...(["kms", "node"] as const).flatMap((kind) =>
    rows(
      58,
      kind,
      ["file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "data:,x", "javascript:alert(1)", "ws://34.65.123.45/"],
      "scheme",
    ),
  ),
];
