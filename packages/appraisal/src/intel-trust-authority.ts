import type { Anchors } from "./request.ts";

/**
 * Intel Trust Authority, as every program here knows it. No root of its token signers is pinned: none could be obtained
 * other than from the service itself. Until one is, its tokens can contradict a verdict and never confirm one.
 */
export const INTEL_TRUST_AUTHORITY: Anchors["trustAuthority"] = {
  issuer: "https://portal.trustauthority.intel.com",
  rootSha256: [],
};
