import { DEFECTS, type SimulatedPlatform } from "../../src/index.ts";
import { caseOf, type EvidenceCase } from "./evidence-case.ts";
import { withRootOfIntelsLength } from "./same-length-root.ts";

/** A variant of a defect, not built yet: building signs. */
export interface DefectCase {
  readonly name: string;
  readonly make: () => EvidenceCase;
}

/** Every variant of every defect about a quote; what the root becomes, it keeps the length of Intel's. */
export function defectCases(platform: SimulatedPlatform): readonly DefectCase[] {
  const maker = withRootOfIntelsLength(platform);
  return DEFECTS.filter(({ subject }) => subject === "quote").flatMap((defect) =>
    defect.variantNames.map((variantName, variant) => {
      const name = `${defect.id} #${variant}`;
      return { name, make: () => caseOf(name, variantName, defect.make(maker, { variant })) };
    }),
  );
}
