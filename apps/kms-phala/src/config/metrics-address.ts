import { isIP } from "node:net";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ListenAddress } from "./listen-address.ts";
import type { SettingForm } from "./setting.ts";
import type { SettingsReader } from "./settings.ts";

/** An IP address without a zone. */
export const METRICS_HOST: SettingForm<string> = { words: "IP address", parse: parseHost };

/** Reads where metrics are served: nowhere without `METRICS_PORT`, and on loopback unless `METRICS_HOST` says otherwise. */
export function readMetricsAddress(settings: SettingsReader): ListenAddress | null {
  const port = settings.value("METRICS_PORT");
  const host = settings.value("METRICS_HOST");
  if (port === null && settings.text("METRICS_HOST") !== undefined) {
    settings.warn("METRICS_HOST is not used without METRICS_PORT");
  }
  return port === null ? null : { host, port };
}

function parseHost(text: string): Result<string, string> {
  return isIP(text) === 0 || text.includes("%") ? err("must be an IP address") : ok(text);
}
