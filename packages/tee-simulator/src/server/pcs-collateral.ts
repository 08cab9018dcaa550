import { revocationList } from "../base-certificates.ts";
import type { SimulatedCollateral } from "../evidence.ts";
import type { PckAuthority, Recipe } from "../recipe.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";

/** Intel's two editions of collateral: `early` announces what `standard` will say later. */
export type CollateralEdition = "standard" | "early";

/** What a provisioning service of the simulated platform has to give out at an instant. */
export interface PcsCollateral {
  /** The bundle of an edition. */
  readonly edition: (edition: CollateralEdition) => SimulatedCollateral;
  /** The edition whose TCB evaluation data number that is; null if there is none. */
  readonly editionNumbered: (number: number) => CollateralEdition | null;
  /** The revocation list of a PCK authority with its issuer chain, whichever of the two issued the platform's certificate. */
  readonly pckCrl: (authority: PckAuthority) => Pick<SimulatedCollateral, "pck_crl" | "pck_crl_issuer_chain">;
}

const ANY_REPORT_DATA = new Uint8Array(64);

/**
 * What the early edition says unless a test announces something else: a bar that this platform is just below, in its PCE and
 * in its TDX module. What met the bar until now is out of date then.
 */
export function announceNextBar({ tcbInfo, sgx, quote }: Recipe): void {
  const { tcbLevels, tdxModuleIdentities = [] } = tcbInfo.document;
  raiseBar(tcbLevels, ({ tcb }) => (tcb.pcesvn = Math.max(tcb.pcesvn, sgx.pceSvn) + 1));
  const [svn = 0, version = 0] = quote.report.teeTcbSvn;
  const identity = tdxModuleIdentities.find(({ id }) => Number.parseInt(id.slice(-2), 16) === version);
  raiseBar(identity?.tcbLevels ?? [], ({ tcb }) => (tcb.isvsvn = Math.max(tcb.isvsvn, svn) + 1));
}

/** Puts a level above the top one. */
function raiseBar<Level extends { tcbStatus: string }>(levels: Level[], raise: (level: Level) => void): void {
  const [top] = levels;
  if (top === undefined) return;
  const raised = structuredClone(top);
  raise(raised);
  if (top.tcbStatus === "UpToDate") top.tcbStatus = "OutOfDate";
  levels.unshift(raised);
}

/**
 * The collateral of a platform at an instant.
 *
 * @param now - Unix seconds
 * @param adjustEarly - makes the early edition differ by more than its evaluation data number, such as {@link announceNextBar}
 */
export function collateralAt(
  platform: SimulatedPlatform,
  now: number,
  adjustEarly: (recipe: Recipe) => void,
): PcsCollateral {
  const recipeOf = (edition: CollateralEdition): Recipe => {
    const recipe = platform.recipe({ reportData: ANY_REPORT_DATA, now });
    if (edition === "early") {
      recipe.tcbInfo.document.tcbEvaluationDataNumber += 1;
      recipe.qeIdentity.document.tcbEvaluationDataNumber += 1;
      adjustEarly(recipe);
    }
    return recipe;
  };
  return {
    edition: (edition) => platform.buildEvidence(recipeOf(edition)).bundle,
    editionNumbered: (number) =>
      (["standard", "early"] as const).find(
        (edition) => recipeOf(edition).tcbInfo.document.tcbEvaluationDataNumber === number,
      ) ?? null,
    pckCrl(authority) {
      const recipe = recipeOf("standard");
      if (authority !== platform.ca) issueListOf(authority, recipe);
      return platform.buildEvidence(recipe).bundle;
    },
  };
}

/** Replaces the platform's own PCK CRL by that of the other authority. */
function issueListOf(authority: PckAuthority, recipe: Recipe): void {
  const certificate = authority === "platform" ? recipe.platformCa : recipe.processorCa;
  const { thisUpdate, nextUpdate } = recipe.pckCrl;
  const key = recipe.parameters.authorityKeys.pair(authority);
  recipe.pckCrl = revocationList(certificate.subject, key, thisUpdate, (nextUpdate ?? thisUpdate) - thisUpdate);
  recipe.chains.pckCrl = [certificate, recipe.root];
}
