import { sha256Hex } from "#sha2";
import { createAttestationKeyMemory, type AttestationKeyMemory } from "./attestation-key-memory.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import type { Collateral } from "./collateral-bundle.ts";
import { toHex } from "./hex.ts";
import type { JudgedCollateral } from "./judge-collateral.ts";
import type { JudgedPckChain } from "./judge-pck-chain.ts";
import type { P256Verifier } from "./p256.ts";
import type { PreparedAnchor } from "./prepared-anchor.ts";
import { isWithin, type ValidityWindow } from "./validity-window.ts";

/**
 * Remembers what was judged good, so that it need not be judged again while its time lasts. Refusals are never remembered,
 * and outside of its window a judgement is not recalled: judging anew then gives the exact code.
 *
 * A judge knows no signatures yet. So what is to be kept is only taken from it, by its bytes of that moment, and comes back as the
 * action that keeps it, for `RequiredSignatures.onceGood`.
 */
export interface JudgementMemory {
  readonly recallCollateral: (collateral: Collateral, now: number) => JudgedCollateral | undefined;
  readonly keepingCollateral: (collateral: Collateral, judged: JudgedCollateral) => () => void;
  readonly recallPckChain: (
    pem: string | Uint8Array,
    collateral: Collateral,
    now: number,
  ) => JudgedPckChain | undefined;
  readonly keepingPckChain: (pem: string | Uint8Array, collateral: Collateral, judged: JudgedPckChain) => () => void;
  /** Of a PCK chain judged without CRLs and TCB info, which says what to fetch and no more. */
  readonly recallIssuance: (pem: string | Uint8Array, now: number) => JudgedPckChain | undefined;
  readonly keepingIssuance: (pem: string | Uint8Array, judged: JudgedPckChain) => () => void;
  readonly attestationKeys: AttestationKeyMemory;
}

function nothing(): undefined {
  return undefined;
}

/** What a verification works with: where chains must end, verdicts that it may recall, and who checks signatures. */
export interface Verification {
  readonly anchor: PreparedAnchor;
  readonly memory: JudgementMemory;
  readonly verifier: P256Verifier;
}

/** Remembers nothing. */
export const NO_MEMORY: JudgementMemory = {
  recallCollateral: nothing,
  keepingCollateral: () => nothing,
  recallPckChain: nothing,
  keepingPckChain: () => nothing,
  recallIssuance: nothing,
  keepingIssuance: () => nothing,
  attestationKeys: { knows: () => false, keeping: () => nothing },
};

const UTF8 = new TextEncoder();

function digestOf(texts: readonly string[]): string {
  // Lengths keep two lists of texts with the same concatenation apart.
  const parts = texts.map((text) => UTF8.encode(text)).flatMap((bytes) => [UTF8.encode(`${bytes.length}:`), bytes]);
  return sha256Hex(...parts);
}

/** Real chains have less than 4 KB. A longer one would be judged again, and never makes an entry large. */
const REMEMBERED_PEM_BYTES = 8192;

/** Any bytes as text of the same length, without two that give one text. */
const LATIN1 = new TextDecoder("latin1");

function textOf(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : LATIN1.decode(pem);
}

function withinWindow<T extends { readonly window: ValidityWindow }>(
  judged: T | undefined,
  now: number,
): T | undefined {
  return judged !== undefined && isWithin(judged.window, now) ? judged : undefined;
}

/**
 * The beginning of a chain, as characters of its text: the header of PEM and enough of the leaf to have its serial number,
 * which is another one for each platform.
 */
const CHAIN_ID_CHARACTERS = 160;

/** Judged chains, each by all of its text and by what it was judged with. */
interface ChainMemory {
  readonly recall: (pem: string | Uint8Array, judgedWith: string) => JudgedPckChain | undefined;
  readonly keeping: (pem: string | Uint8Array, judgedWith: string, judged: JudgedPckChain) => () => void;
}

/** Where a chain is looked for: to hash four thousand characters takes longer than to compare them once they are found. */
function chainId(text: string, judgedWith: string): string {
  return judgedWith + text.slice(0, CHAIN_ID_CHARACTERS);
}

function createChainMemory(limit: number): ChainMemory {
  const chains = createBoundedCache<{ readonly text: string; readonly judged: JudgedPckChain }>(limit);
  return {
    recall(pem, judgedWith) {
      if (pem.length > REMEMBERED_PEM_BYTES) return undefined;
      const text = textOf(pem);
      const found = chains.get(chainId(text, judgedWith));
      return found?.text === text ? found.judged : undefined;
    },
    keeping(pem, judgedWith, judged) {
      if (pem.length > REMEMBERED_PEM_BYTES) return nothing;
      const text = textOf(pem);
      return () => chains.set(chainId(text, judgedWith), { text, judged });
    },
  };
}

/** How much a memory may hold. */
export interface MemoryLimits {
  readonly maxCollaterals: number;
  readonly maxPckChains: number;
}

/**
 * Makes an empty memory for one trust anchor. Collateral is known by SHA-256 over its nine texts and the anchor; a PCK chain
 * by its text and the collateral it was judged with, because that brings the CRLs.
 */
export function createJudgementMemory(rootCa: Uint8Array, limits: MemoryLimits): JudgementMemory {
  const collaterals = createBoundedCache<JudgedCollateral>(limits.maxCollaterals);
  const pckChains = createChainMemory(limits.maxPckChains);
  const issuances = createChainMemory(limits.maxPckChains);
  const keys = new WeakMap<Collateral, string>();
  const anchor = toHex(rootCa);

  const keyOf = (collateral: Collateral): string => {
    const known = keys.get(collateral);
    if (known !== undefined) return known;
    const { bundle } = collateral;
    const key = digestOf([
      anchor,
      bundle.pck_crl_issuer_chain,
      bundle.root_ca_crl,
      bundle.pck_crl,
      bundle.tcb_info_issuer_chain,
      bundle.tcb_info,
      bundle.tcb_info_signature,
      bundle.qe_identity_issuer_chain,
      bundle.qe_identity,
      bundle.qe_identity_signature,
    ]);
    keys.set(collateral, key);
    return key;
  };

  return {
    recallCollateral: (collateral, now) => withinWindow(collaterals.get(keyOf(collateral)), now),
    keepingCollateral: (collateral, judged) => () => collaterals.set(keyOf(collateral), judged),
    recallPckChain: (pem, collateral, now) => withinWindow(pckChains.recall(pem, keyOf(collateral)), now),
    keepingPckChain: (pem, collateral, judged) => pckChains.keeping(pem, keyOf(collateral), judged),
    recallIssuance: (pem, now) => withinWindow(issuances.recall(pem, ""), now),
    keepingIssuance: (pem, judged) => issuances.keeping(pem, "", judged),
    attestationKeys: createAttestationKeyMemory(limits.maxPckChains),
  };
}
