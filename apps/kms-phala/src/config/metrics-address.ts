import { isIP } from "node:net";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ListenAddress } from "./listen-address.ts";
import { integerBetween } from "./scalars.ts";
import type { SettingsReader } from "./settings.ts";

/** Reads where metrics are served: nowhere without `METRICS_PORT`, and on loopback unless `METRICS_HOST` says otherwise. */
export function readMetricsAddress(settings: SettingsReader): ListenAddress | null {
  const port = settings.value<number | null>("METRICS_PORT", integerBetween(0, 65_535), null);
  const host = settings.value("METRICS_HOST", parseHost, "127.0.0.1");
  if (port === null && settings.text("METRICS_HOST") !== undefined) {
    settings.warn("METRICS_HOST is not used without METRICS_PORT");
  }
  return port === null ? null : { host, port };
}

function parseHost(text: string): Result<string, string> {
  return isIP(text) === 0 || text.includes("%") ? err("must be an IP address") : ok(text);
}
