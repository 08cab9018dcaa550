export type { SigstoreDefect } from "./sigstore-defect.ts";
export { SIGSTORE_DEFECTS } from "./sigstore-defects.ts";
export type { BundleForm, ContentForm, SignedFiles, SigstoreRecipe } from "./sigstore-recipe.ts";
export { buildSignedFiles } from "./sigstore-recipe.ts";
export {
  createSimulatedSigstore,
  type SignOptions,
  type SigstoreOptions,
  type SimulatedSigstore,
} from "./simulated-sigstore.ts";
export { type SimulatedRelease, simulatedReleases } from "./simulated-release.ts";
export type { SigstoreParties } from "./sigstore-parties.ts";
