import type { Facts } from "./facts.ts";
import type { PeerName } from "./peer.ts";

/** Why another implementation refuses what this project accepts, placement in TCB levels aside. */
export interface Refusal {
  readonly id: string;
  readonly peers: readonly PeerName[];
  /** What the other says. */
  readonly message: RegExp;
  /** What this project does and what the others do. */
  readonly says: string;
  /** The document that says so, with its place; "strict" where this project demands more than Intel's verifier. */
  readonly source: string;
  /** Whether the evidence has what the other cannot take, by the facts alone. */
  readonly applies: (facts: Facts) => boolean;
}

/** A DER INTEGER of three octets: 32768 and more. */
const THREE_OCTETS = 0x8000;

const attributeBit = ({ quote }: Facts, bit: number): boolean =>
  (((quote?.tdAttributes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;

/** Whether a certificate's serial stands in the list of an authority that did not issue it. */
function isNamedByOthersList({ chains, crls }: Facts): boolean {
  const serials = (chain: keyof typeof chains, from: number, to: number): readonly string[] =>
    chains[chain].certificates
      .slice(from, to)
      .flatMap(({ x509 }) => (x509 === null ? [] : [BigInt(`0x${x509.serialNumber}`).toString()]));
  const byRoot = [...serials("pck", 1, 3), ...serials("tcbInfo", 0, 2), ...serials("qeIdentity", 0, 2)];
  return (
    serials("pck", 0, 1).some((serial) => crls.root.serials.has(serial)) ||
    byRoot.some((serial) => crls.pck.serials.has(serial))
  );
}

/** Every known refusal of the others that Intel's rules do not ask for. */
export const REFUSALS: readonly Refusal[] = [
  {
    id: "version-5-undecodable",
    peers: ["wasm"],
    message: /^Failed to decode quote$/,
    says: "Quotes of version 5 are verified; the other cannot decode any of them",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote?.version === 5,
  },
  {
    id: "qe-authentication-data-of-32-bytes",
    peers: ["js"],
    message: /^QE report hash mismatch$/,
    says: "The QE authentication data has any length; the other cuts it or fills it up to 32 bytes before hashing",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote !== null && quote.qeAuthenticationData.length !== 32,
  },
  {
    id: "qe-authentication-data-traps",
    peers: ["wasm"],
    message: /^unreachable$/,
    says: "The QE authentication data has any length; the other traps on any but 32 bytes",
    source: "Quoting API, A.3",
    applies: ({ quote }) => quote !== null && quote.qeAuthenticationData.length !== 32,
  },
  {
    id: "pcesvn-of-three-octets",
    peers: ["js", "wasm"],
    message: /^PceSvn length mismatch$/,
    says: "PCESVN is 0 to 65535; the other cannot read the leading zero octet that DER gives values from 32768 on",
    source: "PCK Profile, 1.3.5; X.690, 8.3",
    applies: ({ sgx }) => sgx !== null && sgx.pceSvn >= THREE_OCTETS,
  },
  {
    id: "chain-of-bundle-unread",
    peers: ["wasm"],
    message: /^Unsupported DCAP PCK cert format$/,
    says: "A quote that names its PCK certificate by PPID is verified with the chain of the bundle; the other wants a chain in the quote",
    source: "Quoting API, A.3",
    applies: ({ quote, bundle }) => quote?.innerType !== 5 && typeof bundle["pck_certificate_chain"] === "string",
  },
  {
    id: "td-pks-refused",
    peers: ["wasm"],
    message: /^PKS is enabled$/,
    says: "PKS (TD attribute 30) is the guest's own business; the other refuses it",
    source: "TDX module, TDATTRIBUTES",
    applies: (facts) => attributeBit(facts, 30),
  },
  {
    id: "td-key-locker-refused",
    peers: ["wasm"],
    message: /^KL is enabled$/,
    says: "Key locker (TD attribute 31) is the guest's own business; the other refuses it",
    source: "TDX module, TDATTRIBUTES",
    applies: (facts) => attributeBit(facts, 31),
  },
  {
    id: "td-perfmon-refused",
    peers: ["wasm"],
    message: /^Reserved bits in TD attributes are set$/,
    says: "PERFMON (TD attribute 63) is no reserved bit; the other counts it as one",
    source: "TDX module, TDATTRIBUTES",
    applies: (facts) => attributeBit(facts, 63),
  },
  {
    id: "crl-last-second",
    peers: ["wasm"],
    message: /^(?:CrlExpired|Failed to verify certificate chain)/,
    says: "A list counts at its nextUpdate too; the other stops a second earlier",
    source: "RFC 5280, 5.1.2.5",
    applies: ({ crls, now }) => crls.root.nextUpdate === now || crls.pck.nextUpdate === now,
  },
  {
    id: "serial-in-another-list",
    peers: ["js"],
    message: /^Certificate is revoked$/,
    says: "A list revokes certificates of its own issuer; the other looks every serial up in every list",
    source: "RFC 5280, 5.3",
    applies: isNamedByOthersList,
  },
];
