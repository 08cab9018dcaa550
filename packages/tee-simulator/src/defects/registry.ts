import { CCEL_DEFECTS } from "./ccel-log.ts";
import { COLLATERAL_BUNDLE_DEFECTS } from "./collateral-bundle.ts";
import { COLLATERAL_CHAIN_DEFECTS } from "./collateral-chains.ts";
import type { Defect } from "./defect.ts";
import { DSTACK_DEFECTS } from "./dstack-log.ts";
import { PCK_CERTIFICATE_DEFECTS } from "./pck-certificate.ts";
import { PCK_CHAIN_DEFECTS } from "./pck-chain.ts";
import { QE_IDENTITY_DEFECTS } from "./qe-identity.ts";
import { QE_REPORT_DEFECTS } from "./qe-report.ts";
import { QUOTE_SHAPE_DEFECTS } from "./quote-shape.ts";
import { QUOTE_SIGNATURE_DEFECTS } from "./quote-signature.ts";
import { QUOTE_TOLERANCE_DEFECTS } from "./quote-tolerance.ts";
import { QUOTE_TRUNCATION_DEFECTS } from "./quote-truncation.ts";
import { REVOCATION_DEFECTS } from "./revocation.ts";
import { SGX_EXTENSION_DEFECTS } from "./sgx-extension.ts";
import { TCB_INFO_DEFECTS } from "./tcb-info.ts";
import { TCB_LEVEL_DEFECTS } from "./tcb-level.ts";
import { TCB_STATUS_DEFECTS } from "./tcb-status.ts";
import { TD_ATTRIBUTE_DEFECTS } from "./td-attributes.ts";
import { TIME_DEFECTS } from "./time.ts";

/** Every case that the simulator can make; closed, ids unique. */
export const DEFECTS: readonly Defect[] = [
  ...QUOTE_SHAPE_DEFECTS,
  ...QUOTE_TRUNCATION_DEFECTS,
  ...QUOTE_TOLERANCE_DEFECTS,
  ...PCK_CHAIN_DEFECTS,
  ...PCK_CERTIFICATE_DEFECTS,
  ...SGX_EXTENSION_DEFECTS,
  ...REVOCATION_DEFECTS,
  ...TCB_INFO_DEFECTS,
  ...COLLATERAL_CHAIN_DEFECTS,
  ...COLLATERAL_BUNDLE_DEFECTS,
  ...QE_IDENTITY_DEFECTS,
  ...QE_REPORT_DEFECTS,
  ...QUOTE_SIGNATURE_DEFECTS,
  ...TCB_LEVEL_DEFECTS,
  ...TCB_STATUS_DEFECTS,
  ...TD_ATTRIBUTE_DEFECTS,
  ...TIME_DEFECTS,
  ...CCEL_DEFECTS,
  ...DSTACK_DEFECTS,
];

const byId = new Map(DEFECTS.map((defect) => [defect.id, defect]));

/** The defect of that id; an unknown id is a `RangeError`. */
export function findDefect(id: string): Defect {
  const defect = byId.get(id);
  if (defect === undefined) throw new RangeError(`no defect is called ${id}`);
  return defect;
}

/** What a client may read about a defect. */
export interface DefectSummary {
  readonly id: string;
  readonly describe: string;
  readonly subject: Defect["subject"];
  readonly variants: number;
  readonly variantNames: readonly string[];
  readonly expected: Defect["expected"];
}

/** All defects as plain data, in registry order. */
export function listDefects(): readonly DefectSummary[] {
  return DEFECTS.map(({ id, describe, subject, variants, variantNames, expected }) => ({
    id,
    describe,
    subject,
    variants,
    variantNames,
    expected,
  }));
}
