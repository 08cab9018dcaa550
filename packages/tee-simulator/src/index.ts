export { type DefectContext, type Defect, type DefectSubject, type ExpectedOutcome } from "./defects/defect.ts";
export { DEFECTS, type DefectSummary, findDefect, listDefects } from "./defects/registry.ts";
export { SIMULATED_MARK } from "./certificate.ts";
export { LEVEL_STATUSES, type LevelStatus } from "./collateral-document.ts";
export { deriveDstackAppKey, deriveDstackKey } from "./dstack-key.ts";
export { type Evidence, type IssuedQuote, type SimulatedCollateral } from "./evidence.ts";
export {
  type DstackApplication,
  type GuestProfile,
  type GuestRole,
  type Measurements,
  simulatedApplication,
  simulatedRootHash,
} from "./measured-boot.ts";
export { SIMULATED_TAG } from "./policy-document.ts";
export type { TdReportField } from "./quote-layout.ts";
export type { PckAuthority, Recipe } from "./recipe.ts";
export { type DstackLogEntry, type RuntimeEvent, runtimeEventDigest } from "./runtime-event.ts";
export type { SimulatedGuest } from "./simulated-guest.ts";
export {
  type CollateralOptions,
  createSimulatedPlatform,
  type IssueQuoteOptions,
  type PlatformOptions,
  type SimulatedPlatform,
} from "./simulated-platform.ts";
