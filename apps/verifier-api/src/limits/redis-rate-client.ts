import { Redis } from "ioredis";
import type { Admission, Draw, RateLimiter } from "./rate-limiter.ts";

/**
 * One draw, on the server's own clock. A bucket is one hash: for each rate the millisecond in which it is full again, as in
 * memory. Nothing is written unless every rate admits, and the key ends when all of them are full.
 */
const DRAW = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full, wait, remaining, reset = {}, 0, math.huge, 0
for index = 1, #ARGV, 2 do
  local count, window = tonumber(ARGV[index]), tonumber(ARGV[index + 1]) * 1000
  local interval = window / count
  local last = tonumber(redis.call("HGET", KEYS[1], tostring(index)) or "0")
  local at = math.max(last, now) + interval
  full[index] = at
  wait = math.max(wait, at - now - window)
  remaining = math.min(remaining, math.floor((window - (at - now)) / interval + 1e-9))
  reset = math.max(reset, at - now)
end
if wait > 1e-6 then return {0, math.ceil(wait), 0} end
for index, at in pairs(full) do redis.call("HSET", KEYS[1], tostring(index), string.format("%.3f", at)) end
redis.call("PEXPIRE", KEYS[1], math.ceil(reset))
return {1, math.max(0, remaining), math.ceil(reset)}
`;

const PREFIX = "mero-verifier:rate:";

/** A limiter that several instances share. */
export interface SharedRateLimiter extends RateLimiter {
  close(): void;
}

/**
 * Counts in a Redis that several instances share. While it cannot be asked, each instance counts by itself: the limits are then
 * those of one instance, and never gone.
 *
 * @param onTrouble - told once each time the Redis stops answering
 */
export function createRedisRateLimiter(
  url: string,
  own: RateLimiter,
  timeoutMs: number,
  onTrouble: () => void,
): SharedRateLimiter {
  let isTroubled = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    family: 0,
    retryStrategy: () => null,
  });
  // Its words carry the address and may carry credentials; that it fails shows in each draw.
  redis.on("error", () => undefined);
  const drawShared = async ({ key, rates }: Draw): Promise<Admission | null> => {
    if (redis.status === "wait" || redis.status === "end") await redis.connect();
    const numbers = rates.flatMap(({ count, seconds }) => [count, seconds]);
    return readAdmission(await redis.eval(DRAW, 1, PREFIX + key, ...numbers), rates);
  };
  return {
    async draw(draw) {
      const shared = await drawShared(draw).catch(() => null);
      if (shared === null && !isTroubled) onTrouble();
      isTroubled = shared === null;
      return shared ?? (await own.draw(draw));
    },
    close: () => redis.disconnect(),
  };
}

function readAdmission(answer: unknown, rates: Draw["rates"]): Admission | null {
  const limit = Math.min(...rates.map(({ count }) => count));
  const [isAdmitted, second, third] = Array.isArray(answer) ? answer.map(Number) : [];
  if (isAdmitted === undefined || second === undefined || third === undefined) return null;
  if (isAdmitted === 1) return { isAdmitted: true, remaining: second, limit, resetSeconds: Math.ceil(third / 1000) };
  return { isAdmitted: false, retryAfterSeconds: Math.max(1, Math.ceil(second / 1000)), limit };
}
