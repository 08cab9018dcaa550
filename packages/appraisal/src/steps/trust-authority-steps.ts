import type { Case } from "../case.ts";
import { skip, unavailable } from "../finding.ts";
import type { Finding } from "../step.ts";

/** `ita.token`. */
export function judgeTrustAuthorityToken({ request: { trustAuthority } }: Case): Finding {
  if (trustAuthority.status === "absent")
    return skip(`Second opinion: not asked. ${trustAuthority.reason}.`, "ita-absent");
  const reason = trustAuthority.status === "unavailable" ? trustAuthority.reason : "tokens are not read yet";
  return unavailable("ita-unavailable", `Second opinion: unavailable. ${reason}.`);
}

/** `ita.claims`. */
export function judgeTrustAuthorityClaims(): Finding {
  return skip("There is no token.", "ita-absent");
}
