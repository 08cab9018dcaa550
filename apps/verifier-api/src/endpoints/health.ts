import { formatRfc3339Utc } from "@mero-tee/tdx-quote";
import { ok } from "@mero-tee/tdx-quote/result";
import { type Handle, jsonAnswer } from "../http/call.ts";
import type { HealthAnswer } from "../wire/health-answer.ts";

/** `GET /api/health`: how this service stands. Never a key, never what others answered. */
export function createHealth(
  facts: Pick<HealthAnswer, "version" | "commit" | "core_version">,
  checks: () => HealthAnswer["checks"],
  nowSeconds: () => number,
): Handle {
  return async () => {
    const seen = checks();
    const isOk = seen.config === "ok" && seen.releases !== "down" && seen.collateral !== "down";
    const body: HealthAnswer = {
      status: isOk ? "ok" : "degraded",
      ...facts,
      time: formatRfc3339Utc(nowSeconds()),
      checks: seen,
    };
    return ok(jsonAnswer(body, "public, max-age=5"));
  };
}
