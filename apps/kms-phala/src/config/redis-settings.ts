import { isExposed, type RedisTarget } from "./redis-url.ts";
import type { SettingsReader } from "./settings.ts";

/** The Redis that instances share. */
export interface RedisSettings {
  readonly target: RedisTarget;
  /** File with the certificates (PEM) that the servers' must lead to, or null for those of the system. */
  readonly tlsCaFile: string | null;
  /** Behind a function, as the credentials of the target are. */
  readonly sentinelPassword: () => string | null;
  /** How long one exchange may take, connecting included. */
  readonly timeoutMs: number;
}

/** Reads `REDIS_URL` and what belongs to it; null keeps spent challenges in memory. */
export function readRedisSettings(settings: SettingsReader): RedisSettings | null {
  const target = settings.value("REDIS_URL");
  const tlsCaFile = settings.value("REDIS_TLS_CA_FILE");
  const sentinelPassword = settings.value("REDIS_SENTINEL_PASSWORD");
  const timeoutMs = settings.value("REDIS_TIMEOUT_MS");
  const debug = settings.value("DEBUG") ?? "";
  if (target === null) {
    for (const name of ["REDIS_TLS_CA_FILE", "REDIS_SENTINEL_PASSWORD", "REDIS_TIMEOUT_MS"] as const) {
      if (settings.text(name) !== undefined) settings.warn(`${name} is not used without REDIS_URL`);
    }
    return null;
  }
  if (debug !== "") {
    settings.refuse(
      "setting-conflict",
      "DEBUG",
      "must not be set beside REDIS_URL: the Redis client would print passwords",
    );
  }
  if (tlsCaFile !== null && !target.isTls) {
    settings.refuse("setting-conflict", "REDIS_TLS_CA_FILE", "is set, but REDIS_URL does not ask for TLS");
  }
  if (sentinelPassword !== null && target.kind !== "sentinel") {
    settings.refuse("setting-conflict", "REDIS_SENTINEL_PASSWORD", "is set, but REDIS_URL names no Sentinels");
  }
  if (isExposed(target)) {
    settings.warn("REDIS_URL is plain text over a network: whoever is on the way can make spent challenges good again");
  }
  return { target, tlsCaFile, sentinelPassword: () => sentinelPassword, timeoutMs };
}
