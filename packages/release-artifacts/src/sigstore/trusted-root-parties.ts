import { toHex } from "@mero-tee/tdx-quote/hex";

import type { TrustedAuthority, TrustedLog, TrustedRoot } from "./trusted-root.ts";

/** One party that a trusted root names, in words that two roots can be compared by. */
export interface TrustedParty {
  readonly kind: "transparency log" | "certificate log" | "certificate authority" | "timestamp authority";
  /** Of a log its host and the hash of its key; of an authority the serial numbers of its chain, leaf first. */
  readonly name: string;
  /** When what it signed counts, in Unix milliseconds; `toMs` is `Infinity` while it is in use. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every party that a trusted root names, in the order of the document. */
export function trustedParties(root: TrustedRoot): readonly TrustedParty[] {
  return [
    ...root.transparencyLogs.map((log) => logParty("transparency log", log)),
    ...root.certificateLogs.map((log) => logParty("certificate log", log)),
    ...root.certificateAuthorities.map((authority) => authorityParty("certificate authority", authority)),
    ...root.timestampAuthorities.map((authority) => authorityParty("timestamp authority", authority)),
  ];
}

function logParty(kind: TrustedParty["kind"], { name, logId, validFor }: TrustedLog): TrustedParty {
  return { kind, name: `${name} ${toHex(logId)}`, ...validFor };
}

function authorityParty(kind: TrustedParty["kind"], { chain, validFor }: TrustedAuthority): TrustedParty {
  return { kind, name: chain.map(({ serialHex }) => serialHex).join(" < "), ...validFor };
}
