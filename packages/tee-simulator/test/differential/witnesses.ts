import type { SimulatedPlatform } from "../../src/index.ts";
import { defectCases } from "./defect-cases.ts";
import { caseOf, type EvidenceCase } from "./evidence-case.ts";
import { withRootOfIntelsLength } from "./same-length-root.ts";

/** Variants of defects that, together, need every rule of the book at least once. */
const DEFECT_WITNESSES: readonly string[] = [
  "quote-oversized #0",
  "quote-vendor-unknown #0",
  "quote-v5-body-size-wrong #0",
  "quote-outer-type-5 #0",
  "quote-inner-size-mismatch #1",
  "quote-inner-type-3-with-chain #0",
  "quote-qe-auth-empty #0",
  "pck-chain-garbage-pem #1",
  "pck-chain-extra-cert #1",
  "pck-issuer-name-mismatch #0",
  "pck-issuer-name-mismatch #1",
  "root-expired #0",
  "pck-ca-not-ca #0",
  "pck-ca-not-ca #3",
  "pck-point-compressed #0",
  "pck-non-canonical-der #0",
  "pck-unknown-critical-extension #0",
  "pck-duplicate-extension #1",
  "pck-sgx-extension-field-missing #7",
  "crl-root-garbage #0",
  "crl-swapped #0",
  "crl-root-not-yet-valid #0",
  "crl-issuer-chain-mismatch #0",
  "tcb-info-duplicate-key #0",
  "tcb-info-date-invalid #0",
  "tcb-info-version-4 #0",
  "tcb-info-tcb-type-1 #0",
  "tcb-info-pce-id-other #0",
  "tcb-info-components-missing #2",
  "tcb-info-components-17 #1",
  "tcb-info-levels-empty #1",
  "tcb-info-levels-unsorted #0",
  "tcb-info-status-unknown #1",
  "tcb-info-svn-out-of-range #8",
  "tcb-info-module-missing #0",
  "tcb-info-future #0",
  "tcb-chain-role-pck #1",
  "collateral-key-missing #0",
  "collateral-deep-json #0",
  "collateral-deep-json #1",
  "collateral-deep-json #2",
  "qe-identity-version-3 #0",
  "qe-identity-malformed #5",
  "qe-identity-malformed #7",
  "qe-identity-bits-outside-mask #0",
  "qe-report-data-tail #0",
  "qe-auth-data-extended #0",
  "tdx-module-out-of-date #0",
  "tcb-svn-higher #0",
  "tcb-status-each #19",
  "tcb-status-each #54",
  "td-relaunch #0",
  "td-reserved-each-bit #35",
  "td-pks #0",
  "td-kl #0",
  "td-perfmon #0",
  "now-invalid #0",
  "now-boundaries #22",
];

/** A healthy PCK certificate whose serial the root has revoked for one of its own. */
export function serialInAnotherList(platform: SimulatedPlatform): EvidenceCase {
  const recipe = platform.recipe({ reportData: new Uint8Array(64) });
  recipe.rootCrl.revoked.push({ serial: recipe.pckLeaf.serial, date: recipe.rootCrl.thisUpdate });
  const evidence = withRootOfIntelsLength(platform).buildEvidence(recipe);
  return caseOf("serial of the PCK leaf in the root CA CRL", "healthy but for that", evidence);
}

/** Cases that need every rule of the book at least once. */
export function witnesses(platform: SimulatedPlatform): readonly (() => EvidenceCase)[] {
  const defects = new Map(defectCases(platform).map(({ name, make }) => [name, make]));
  const makers = DEFECT_WITNESSES.map((name) => {
    const make = defects.get(name);
    if (make === undefined) throw new RangeError(`no defect has the variant ${name}`);
    return make;
  });
  return [...makers, () => serialInAnotherList(platform)];
}
