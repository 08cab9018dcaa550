export {
  createSimulatedTrustAuthority,
  type SimulatedTrustAuthority,
  type TokenChanges,
  type TrustAuthorityOptions,
} from "./simulated-trust-authority.ts";
