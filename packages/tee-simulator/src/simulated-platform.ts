import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { baseRecipe } from "./base-recipe.ts";
import { concatBytes, utf8 } from "./byte-writer.ts";
import { buildCertificate } from "./certificate.ts";
import type { LevelStatus } from "./collateral-document.ts";
import { createDefectMemory } from "./defect-memory.ts";
import { findDefect } from "./defects/registry.ts";
import {
  buildCollateral,
  buildEventLog,
  buildEvidence,
  buildIssuedQuote,
  buildPckChainPem,
  pckCertificationData,
  writeCollateral,
  type Evidence,
  type IssuedQuote,
  type SimulatedCollateral,
} from "./evidence.ts";
import { createHealthyIssuer, overrideReport, type ReportOverrides } from "./healthy-quote.ts";
import { createKeyRing, createSignatureMemo } from "./key-ring.ts";
import { measureBoot, measurementsOf, type GuestProfile, type GuestRole, type Measurements } from "./measured-boot.ts";
import { encodePem } from "./pem.ts";
import { SIMULATED_TAG, simulatedPolicyDocument } from "./policy-document.ts";
import type { PckAuthority, PlatformParameters, QuoteRequest, Recipe } from "./recipe.ts";
import type { RuntimeEvent } from "./runtime-event.ts";
import { bootGuest, type SimulatedGuest } from "./simulated-guest.ts";

/** How a simulated platform is made. */
export interface PlatformOptions {
  /** The same seed and `now` give the same platform, byte for byte; random where absent. */
  readonly seed?: string | Uint8Array;
  /** Unix seconds: certificates are valid from a year before, collateral from the day before. */
  readonly now: number;
  /** 12 hex digits; anything else is a `RangeError`. */
  readonly fmspc?: string;
  readonly ca?: PckAuthority;
  /** Status of the top TCB level, `UpToDate` where absent. */
  readonly tcbStatus?: LevelStatus;
  /** Changes anything else about the platform; runs on every recipe, before a defect does. */
  readonly adjust?: (recipe: Recipe) => void;
}

/** What a quote is asked for. */
export interface IssueQuoteOptions {
  /** 64 bytes; anything else is a `RangeError`. */
  readonly reportData: Uint8Array;
  /** `node` where absent. */
  readonly role?: GuestRole;
  /** `locked-read-only` where absent. */
  readonly profile?: GuestProfile;
  /** 4 where absent. */
  readonly version?: 4 | 5;
  /** TD report 1.0 (2) or 1.5 (3, version 5 only); 2 where absent. */
  readonly bodyType?: 2 | 3;
  /** Fields of the TD report that differ from the healthy guest's, in hex. */
  readonly report?: ReportOverrides;
  /** What the guest extended into RTMR3; by default what its role and profile extend at start. */
  readonly runtimeEvents?: readonly RuntimeEvent[];
  /** A case id of `DEFECTS`; an unknown one is a `RangeError`. */
  readonly defect?: string;
  /** Which variant of the case, from 0. */
  readonly variant?: number;
  /** Instant of judgement for a defect that depends on it, Unix seconds; the platform's `now` where absent. */
  readonly now?: number;
}

/** Which collateral is asked for. */
export interface CollateralOptions {
  /** A quote of this platform; one that was last issued with a defect gets the collateral of that defect. */
  readonly forQuote?: Uint8Array;
  /** Unix seconds: the collateral is current at that instant; the platform's `now` where absent. */
  readonly now?: number;
}

/** A TDX machine in software with the services around it: real signatures, real encodings, its own root. */
export interface SimulatedPlatform {
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  readonly ca: PckAuthority;
  /** Root certificate, DER: the trust anchor to hand to a verifier. */
  readonly rootCa: Uint8Array;
  readonly rootCaPem: string;
  /** PCK leaf, PCK CA, root as PEM: what a provisioning service answers for this machine. */
  readonly pckCertificateChainPem: string;
  /** Issues a quote; costs about one signature. */
  issueQuote(options: IssueQuoteOptions): Promise<IssuedQuote>;
  /** The collateral bundle as an object. */
  collateral(options?: CollateralOptions): Promise<SimulatedCollateral>;
  /** The collateral bundle as JSON text; only the text shows defects of the bundle itself. */
  collateralText(options?: CollateralOptions): Promise<string>;
  /** The registers of a healthy guest. */
  measurementsFor(role: GuestRole, profile: GuestProfile): Measurements;
  /** An attestation policy of the released shape that accepts this platform's healthy guests. */
  policyDocumentFor(profile: GuestProfile, options?: { readonly tag?: string }): string;
  /**
   * Boots a KMS guest, whose RTMR3 its application may extend.
   *
   * @param appCompose - the app-compose document that it is deployed with; by default a made-up one
   */
  bootGuest(profile: GuestProfile, appCompose?: string): SimulatedGuest;
  /** The recipe of flawless evidence, to change at will. */
  recipe(options: IssueQuoteOptions): Recipe;
  /** Builds and signs everything of a recipe. */
  buildEvidence(recipe: Recipe): Evidence;
}

/** `SIM` and three zero bytes: no Intel platform has it. */
const SIMULATED_FMSPC = "53494d000000";

/** Signatures kept per platform: certificates, lists and documents of one day are about ten. */
const REMEMBERED_SIGNATURES = 256;

/** Defective quotes whose collateral is kept for a later `forQuote`. */
const REMEMBERED_DEFECTS = 256;

/** Makes a simulated platform. */
export async function createSimulatedPlatform(options: PlatformOptions): Promise<SimulatedPlatform> {
  const seed = seedBytes(options.seed);
  const keys = createKeyRing(seed);
  const { tcbStatus, adjust } = options;
  const ca = options.ca ?? "platform";
  const fmspc = hexToBytes(options.fmspc ?? SIMULATED_FMSPC);
  if (fmspc.length !== 6) throw new RangeError("an FMSPC is 6 bytes");
  const sign = createSignatureMemo(REMEMBERED_SIGNATURES);
  const memory = createDefectMemory(REMEMBERED_DEFECTS);

  const parametersAt = (now: number): PlatformParameters => ({
    authorityKeys: keys.sibling("authority"),
    machineKeys: keys.sibling("machine"),
    fmspc,
    ca,
    times: { manufacturedAt: options.now, collateralAt: now },
    adjust(recipe) {
      const [top] = recipe.tcbInfo.document.tcbLevels;
      if (tcbStatus !== undefined && top !== undefined) top.tcbStatus = tcbStatus;
      adjust?.(recipe);
    },
  });
  const makeRecipe = (request: IssueQuoteOptions): Recipe => {
    const recipe = baseRecipe(parametersAt(request.now ?? options.now), quoteRequest(request));
    overrideReport(recipe.quote, request.report ?? {});
    return recipe;
  };
  const collateralRecipe = (now = options.now): Recipe => makeRecipe({ ...ANY_QUOTE, now });
  const healthy = makeRecipe(ANY_QUOTE);
  const rootCa = buildCertificate(healthy.root, sign);
  const rootKey = keys.bytes("dstack root key", 32);
  const issueHealthy = createHealthyIssuer(parametersAt(options.now), pckCertificationData(healthy, sign), sign);
  // A caller's changes may depend on what is asked for, so nothing is built ahead for such a platform.
  const issue = (request: IssueQuoteOptions): IssuedQuote =>
    adjust === undefined
      ? issueHealthy(quoteRequest(request), request.report ?? {})
      : buildIssuedQuote(makeRecipe(request), sign);

  const platform: SimulatedPlatform = {
    fmspc: bytesToHex(fmspc),
    ca,
    rootCa,
    rootCaPem: encodePem("CERTIFICATE", rootCa),
    pckCertificateChainPem: buildPckChainPem(healthy, sign),
    recipe: makeRecipe,
    buildEvidence: (recipe) => buildEvidence(recipe, sign),
    async issueQuote(request) {
      if (request.defect === undefined) {
        const issued = issue(request);
        memory.note(issued.quote, null);
        return issued;
      }
      const evidence = findDefect(request.defect).make(platform, { ...request, variant: request.variant ?? 0 });
      memory.note(evidence.quote, evidence);
      return evidence;
    },
    async collateral({ forQuote, now } = {}) {
      const evidence = forQuote === undefined ? undefined : memory.recall(forQuote);
      return evidence?.bundle ?? buildCollateral(collateralRecipe(now), sign);
    },
    async collateralText({ forQuote, now } = {}) {
      const evidence = forQuote === undefined ? undefined : memory.recall(forQuote);
      if (evidence !== undefined) return evidence.collateral;
      const recipe = collateralRecipe(now);
      return writeCollateral(recipe, buildCollateral(recipe, sign));
    },
    measurementsFor: (role, profile) => measurementsOf(measureBoot(role, profile)),
    policyDocumentFor: (profile, { tag = SIMULATED_TAG } = {}) => simulatedPolicyDocument(profile, tag, options.now),
    bootGuest: (profile, appCompose) =>
      bootGuest(
        profile,
        {
          rootKey,
          issue: (reportData, runtimeEvents) =>
            platform.issueQuote({ reportData, role: "kms", profile, runtimeEvents }),
          writeLog: (runtimeEvents) =>
            buildEventLog({ bootEvents: measureBoot("kms", profile).bootEvents, runtimeEvents }),
        },
        appCompose,
      ),
  };
  return platform;
}

/** Collateral does not depend on the quote. */
const ANY_QUOTE: IssueQuoteOptions = { reportData: new Uint8Array(64) };

function seedBytes(seed: string | Uint8Array | undefined): Uint8Array {
  if (seed === undefined) return crypto.getRandomValues(new Uint8Array(32));
  return sha256(concatBytes(utf8("seed:"), typeof seed === "string" ? utf8(seed) : seed));
}

function quoteRequest(options: IssueQuoteOptions): QuoteRequest {
  if (options.reportData.length !== 64) throw new RangeError("report data is 64 bytes");
  const bodyType = options.bodyType ?? 2;
  return {
    role: options.role ?? "node",
    profile: options.profile ?? "locked-read-only",
    reportData: options.reportData.slice(),
    version: options.version ?? (bodyType === 3 ? 5 : 4),
    bodyType,
    ...(options.runtimeEvents === undefined ? {} : { runtimeEvents: options.runtimeEvents }),
  };
}
