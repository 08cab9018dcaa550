import type { ItaSettings } from "../config/ita-settings.ts";
import type { Call } from "../http/call.ts";
import type { Result } from "@mero-tee/tdx-quote/result";
import type { Problem } from "../problem.ts";
import type { ItaState } from "../wire/verify-answer.ts";
import type { ItaService } from "./ita-service.ts";
import { claimsOfToken, keyIdOfToken } from "./token-text.ts";

/** The second opinion on a quote, as far as there is one. */
interface Opinion {
  readonly state: ItaState;
  readonly token: string | null;
  /** The keys that came with it. */
  readonly keys: readonly unknown[];
  /** Null unless the token verified. */
  readonly claims: Readonly<Record<string, unknown>> | null;
}

/** Asks for second opinions. */
export interface SecondOpinion {
  /** Never fails: what went wrong is in the state. */
  ask(quote: Uint8Array, isWanted: boolean, call: Call): Promise<Opinion>;
}

/** What a second opinion needs. */
export interface SecondOpinionPorts {
  readonly settings: ItaSettings;
  /** Null where its settings cannot be used. */
  readonly service: ItaService | null;
  /** Draws from the limits of the caller and of this service. */
  readonly admit: (call: Call) => Promise<Result<null, Problem>>;
  /** Whether a token is genuine, and this issuer's, at this moment. */
  readonly verifyToken: (token: string, keys: readonly unknown[]) => Promise<boolean>;
}

/** Whether a page on another site may have Intel Trust Authority asked. */
export function maySpend(call: Call, settings: ItaSettings): boolean {
  return call.foreignOrigin === null || settings.corsOrigins.includes(call.foreignOrigin);
}

/** Source: docs/verifier.md. */
export function createSecondOpinion({ settings, service, admit, verifyToken }: SecondOpinionPorts): SecondOpinion {
  return {
    async ask(quote, isWanted, call) {
      if (service === null || settings.apiKey === null) return none("not_configured", null);
      if (!isWanted || !maySpend(call, settings)) return none("not_requested", null);
      const admitted = await admit(call);
      if (!admitted.ok) return none("unavailable", admitted.error.detail);
      const asked = await service.appraise(quote);
      if (!asked.ok) return none("unavailable", asked.error.detail);
      const token = asked.value.ita_token;
      const keys = await service.keys(keyIdOfToken(token) ?? "");
      const isVerified = keys.ok && (await verifyToken(token, keys.value.keys));
      const status = isVerified ? "ok" : keys.ok ? "rejected" : "unavailable";
      const detail = isVerified ? null : keys.ok ? "The token does not verify." : keys.error.detail;
      return {
        state: { status, detail, region: asked.value.region },
        token,
        keys: keys.ok ? keys.value.keys : [],
        claims: isVerified ? claimsOfToken(token) : null,
      };
    },
  };
}

function none(status: ItaState["status"], detail: string | null): Opinion {
  return { state: { status, detail, region: null }, token: null, keys: [], claims: null };
}
