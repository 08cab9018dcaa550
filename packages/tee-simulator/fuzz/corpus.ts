import { hexToBytes } from "@noble/hashes/utils.js";
import {
  createSimulatedPlatform,
  DEFECTS,
  type Defect,
  type Evidence,
  type ExpectedOutcome,
  type SimulatedCollateral,
  type SimulatedPlatform,
} from "../src/index.ts";
import type { Recipe } from "../src/recipe.ts";
import { blockDer } from "./mutators/pem.ts";
import { readRealVectors } from "./real-vectors.ts";
import { decodeText, encodeText } from "./target.ts";

/** What the targets take their seeds from: evidence of simulated and of real machines, as bytes. */
export interface Corpus {
  readonly quotes: readonly Uint8Array[];
  /** Bundles as JSON text. */
  readonly collateral: readonly Uint8Array[];
  readonly ccels: readonly Uint8Array[];
  readonly dstackLogs: readonly Uint8Array[];
  /** PEM chains. */
  readonly chains: readonly Uint8Array[];
  /** DER. */
  readonly certificates: readonly Uint8Array[];
  /** DER. */
  readonly crls: readonly Uint8Array[];
  readonly tcbInfos: readonly Uint8Array[];
  readonly qeIdentities: readonly Uint8Array[];
}

/** When the simulated platforms were made, in Unix seconds: any instant does, always the same one. */
export const CORPUS_NOW = 1_772_000_000;

/** Real bundles have 15 to 20 KB; what is longer only repeats something. */
const LONGEST_SEED = 300_000;

/** Stages whose defects show in a parser; the others leave every document well formed. */
const PARSED: ReadonlySet<string> = new Set(["quote-parse", "collateral-parse", "event-log"]);

function isAboutParsing(outcome: ExpectedOutcome): boolean {
  if (outcome.ok) return true;
  return "stage" in outcome && (PARSED.has(outcome.stage) || outcome.code === "pck-extension-invalid");
}

/** Variants of a case beyond this many repeat what the mutators do anyway. */
const VARIANTS_PER_DEFECT = 12;

function* defectiveEvidence(platform: SimulatedPlatform, defects: readonly Defect[]): Generator<Evidence> {
  for (const defect of defects) {
    const variants = defect.expected.flatMap((outcome, variant) => (isAboutParsing(outcome) ? [variant] : []));
    for (const variant of variants.slice(0, VARIANTS_PER_DEFECT)) yield defect.make(platform, { variant });
  }
}

async function* healthyEvidence(platform: SimulatedPlatform): AsyncGenerator<Evidence> {
  for (const role of ["node", "kms"] as const) {
    for (const [version, bodyType] of [
      [4, 2],
      [5, 2],
      [5, 3],
    ] as const) {
      const reportData = new Uint8Array(64).fill(version);
      yield platform.buildEvidence(platform.recipe({ reportData, role, version, bodyType }));
    }
  }
}

/** The same with lists of many serials, some of which have a high first bit or are short. */
function withLongLists(recipe: Recipe): Recipe {
  for (const list of [recipe.rootCrl, recipe.pckCrl]) {
    const date = list.thisUpdate;
    for (let index = 1; index <= 40; index += 1)
      list.revoked.push({ serial: new Uint8Array(1 + (index % 20)).fill(6 * index), date });
  }
  return recipe;
}

/** Which seeds to make. */
export interface CorpusOptions {
  /** With the simulator's defects too; takes seconds. */
  readonly withDefects: boolean;
}

/** Makes the seeds of all targets; the same every time, as long as the same real vectors are there. */
export async function createCorpus({ withDefects }: CorpusOptions): Promise<Corpus> {
  const evidence: Evidence[] = [];
  for (const ca of ["platform", "processor"] as const) {
    const platform = await createSimulatedPlatform({ seed: "fuzz corpus", now: CORPUS_NOW, ca });
    for await (const healthy of healthyEvidence(platform)) evidence.push(healthy);
    evidence.push(platform.buildEvidence(withLongLists(platform.recipe({ reportData: new Uint8Array(64) }))));
    if (withDefects && ca === "platform") evidence.push(...defectiveEvidence(platform, DEFECTS));
  }
  const collateral = distinct([...evidence.map((one) => encodeText(one.collateral)), ...readRealVectors("collateral")]);
  const bundles = [...evidence.map(({ bundle }) => bundle), ...collateral.flatMap(readBundle)];
  const chains = distinct([
    ...bundles.flatMap((bundle) =>
      [bundle.pck_crl_issuer_chain, bundle.tcb_info_issuer_chain, bundle.qe_identity_issuer_chain].map(encodeText),
    ),
    ...[...evidence.map(({ quote }) => quote), ...readRealVectors("quotes")].flatMap(chainOfQuote),
  ]);
  return {
    quotes: distinct([...evidence.map(({ quote }) => quote), ...readRealVectors("quotes")]),
    collateral,
    ccels: distinct([...evidence.map(({ ccel }) => ccel), ...readRealVectors("ccel").map(withoutMostFiller)]),
    dstackLogs: distinct([...evidence.map(({ eventLog }) => encodeText(eventLog)), ...readRealVectors("dstack")]),
    chains,
    certificates: distinct(chains.flatMap(certificatesOfChain)),
    crls: distinct(bundles.flatMap((bundle) => [bundle.root_ca_crl, bundle.pck_crl].flatMap(fromHex))),
    tcbInfos: distinct(bundles.map((bundle) => encodeText(bundle.tcb_info))),
    qeIdentities: distinct(bundles.map((bundle) => encodeText(bundle.qe_identity))),
  };
}

function distinct(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const known = new Map(inputs.map((input) => [Buffer.from(input).toString("latin1"), input]));
  return [...known.values()].filter(({ length }) => length <= LONGEST_SEED);
}

function isBundle(value: unknown): value is SimulatedCollateral {
  const keys = ["pck_crl_issuer_chain", "root_ca_crl", "pck_crl", "tcb_info_issuer_chain", "tcb_info"];
  const more = ["qe_identity_issuer_chain", "qe_identity"];
  return (
    typeof value === "object" &&
    value !== null &&
    [...keys, ...more].every((key) => typeof Reflect.get(value, key) === "string")
  );
}

function readBundle(text: Uint8Array): readonly SimulatedCollateral[] {
  try {
    const value: unknown = JSON.parse(decodeText(text));
    return isBundle(value) ? [value] : [];
  } catch {
    // A defect of the bundle itself: its documents are those of the other bundles.
    return [];
  }
}

function fromHex(text: string): readonly Uint8Array[] {
  return /^(?:[0-9a-fA-F]{2})+$/.test(text) ? [hexToBytes(text)] : [];
}

function chainOfQuote(quote: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(quote).toString("latin1");
  const start = text.indexOf("-----BEGIN CERTIFICATE-----");
  return start < 0 ? [] : [quote.slice(start)];
}

function certificatesOfChain(chain: Uint8Array): readonly Uint8Array[] {
  const blocks = decodeText(chain).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    const der = blockDer(block);
    return der === null || der.length === 0 ? [] : [der];
  });
}

/** A real area is mostly filler: a little of it says the same. */
function withoutMostFiller(area: Uint8Array): Uint8Array {
  const end = area.findLastIndex((byte) => byte !== 0xff && byte !== 0) + 1;
  return area.slice(0, Math.min(area.length, end + 256));
}
