import { BOTH, type Laxity } from "./laxity.ts";

/** The stages that judge a list, and which one. */
const STAGES = ["crl", "pck-chain"] as const;
const LIST_OF = { crl: "root", "pck-chain": "pck" } as const;

/** What the others let pass in revocation lists. */
export const CRL_LAXITIES: readonly Laxity[] = [
  {
    id: "crl-parse-errors-swallowed",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["crl-malformed"],
    says: "A list that does not parse, has no end, or is not the full list of its signer, is a refusal; the other goes on as if nothing were revoked",
    source: "RFC 5280, 5",
    applies: ({ crls }) => crls.root.isMalformed || crls.pck.isMalformed,
  },
  ...STAGES.flatMap((stage): readonly Laxity[] => [
    {
      id: "crl-signature-unchecked",
      peers: ["js"],
      stage,
      codes: ["crl-issuer-mismatch", "crl-signature-invalid"],
      says: "A list is named and signed by the authority whose certificates it revokes; the other checks neither",
      source: "RFC 5280, 6.3.3",
      applies: ({ crls }) => crls[LIST_OF[stage]].isForged,
    },
    {
      id: "crl-window-unchecked",
      peers: ["js"],
      stage,
      codes: ["crl-not-yet-valid", "crl-expired"],
      says: "A list counts from its thisUpdate to its nextUpdate; the other does not look at them",
      source: "RFC 5280, 5.1.2",
      applies: ({ crls }) => {
        const { isTooEarly, isExpired } = crls[LIST_OF[stage]];
        return isTooEarly || isExpired;
      },
    },
    {
      id: "crl-this-update-unchecked",
      peers: ["wasm"],
      stage,
      codes: ["crl-not-yet-valid"],
      says: "A list counts from its thisUpdate on; the other does not look at it",
      source: "RFC 5280, 5.1.2.4",
      applies: ({ crls }) => crls[LIST_OF[stage]].isTooEarly,
    },
  ]),
  {
    id: "crls-in-any-place",
    peers: ["wasm"],
    stage: "crl",
    codes: ["crl-issuer-mismatch"],
    says: "`root_ca_crl` is the root's list and `pck_crl` the PCK authority's; the other takes both as one set",
    source: "RFC 5280, 6.3.3",
    applies: ({ crls }) => crls.root.isForged && crls.pck.isForged && !crls.root.isMalformed && !crls.pck.isMalformed,
  },
  {
    id: "crl-issuer-chain-unread",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["crl-issuer-mismatch"],
    says: "`pck_crl_issuer_chain` is that of the PCK authority of the quote; the other does not read it",
    source: "strict: one authority, byte for byte",
    applies: ({ chains }) => {
      const [issuer] = chains.pckCrl.certificates;
      const authority = chains.pck.certificates[1];
      return issuer !== undefined && authority !== undefined && !Buffer.from(issuer.der).equals(authority.der);
    },
  },
];
