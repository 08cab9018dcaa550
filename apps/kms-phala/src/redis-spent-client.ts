import { hash } from "node:crypto";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { SharedSetError, SharedSetState, SharedSpentSet, SpendOutcome } from "./challenge/shared-spent-set.ts";
import type { RedisSettings } from "./config/redis-settings.ts";
import type { RedisHost } from "./config/redis-url.ts";
import { withDeadline } from "./deadline.ts";

// One hash tag, and so one slot of a cluster: the generation must be lost whenever an entry is, which only holds for
// keys that one server keeps.
const GENERATION_KEY = "mero-kms:{challenges}:generation";
const SPENT_PREFIX = "mero-kms:{challenges}:spent:";
const GENERATION_BYTES = 32;

/** Settings of {@link createRedisSpentSet}. */
export interface RedisSpentOptions extends Pick<RedisSettings, "target" | "sentinelPassword" | "timeoutMs"> {
  /** Certificates that the servers' must lead to, PEM; null for those of the system. */
  readonly tlsCa: string | null;
}

/**
 * Keeps spent challenges in Redis. Each exchange is one transaction on one server: what it says of the generation, of
 * the clock and of the entry is of one instant.
 *
 * Nothing is queued, resent or reconnected behind the caller's back. After any failure the connection is thrown away,
 * and the next {@link SharedSpentSet.open} makes a new one: a connection that hangs, a demoted primary and a changed
 * cluster are all left behind in the same way. Errors of the client carry commands, hosts and addresses, so none of
 * them leaves this file.
 */
export function createRedisSpentSet(options: RedisSpentOptions): SharedSpentSet {
  let connection: Redis | Cluster | null = null;
  // What the client complained about without being asked, such as a password that it then goes on without.
  const complaints = new WeakMap<Redis | Cluster, unknown>();

  const drop = (dropped: Redis | Cluster): void => {
    if (connection === dropped) connection = null;
    dropped.disconnect();
  };
  const exchange = async (
    client: Redis | Cluster,
    commands: readonly (readonly [string, ...(readonly (string | number)[])])[],
  ): Promise<Result<readonly unknown[], SharedSetError>> => {
    const replies = client.multi(commands.map((command) => [...command])).exec();
    const settled = replies.then(
      (answers) => ok(answers ?? []),
      (error: unknown) => err(explain(complaints.get(client) ?? error)),
    );
    const answered = await withDeadline(settled, options.timeoutMs, () =>
      err<SharedSetError>({ code: "redis-timeout" }),
    );
    if (!answered.ok) return answered;
    const values: unknown[] = [];
    for (const [error, value] of answered.value) {
      if (error !== null) return err(explain(error));
      values.push(value);
    }
    return values.length === commands.length ? ok(values) : malformed();
  };
  const connected = async (
    onLost: (error: SharedSetError) => void,
  ): Promise<Result<Redis | Cluster, SharedSetError>> => {
    if (connection !== null) return ok(connection);
    const client = createClient(options);
    // Without a listener the client prints errors by itself.
    client.on("error", (error: unknown) => void complaints.set(client, error));
    client.on("end", () => {
      if (connection !== client) return;
      connection = null;
      onLost({ code: "redis-unreachable" });
    });
    const connecting = client.connect().then(
      () => ok(client),
      (error: unknown) => err(explain(complaints.get(client) ?? error)),
    );
    const outcome = await withDeadline(connecting, options.timeoutMs, () =>
      err<SharedSetError>(complaints.has(client) ? explain(complaints.get(client)) : { code: "redis-timeout" }),
    );
    if (outcome.ok) connection = client;
    else client.disconnect();
    return outcome;
  };
  return {
    async open(onLost) {
      const client = await connected(onLost);
      if (!client.ok) return client;
      const candidate = toHex(crypto.getRandomValues(new Uint8Array(GENERATION_BYTES)));
      const answers = await exchange(client.value, [
        ["time"],
        ["info", "replication"],
        ["set", GENERATION_KEY, candidate, "NX"],
        ["get", GENERATION_KEY],
        ["info", "memory"],
      ]);
      const state = answers.ok ? readState(answers.value) : answers;
      if (!state.ok) drop(client.value);
      return state;
    },
    async spend(id, lifeSeconds) {
      const client = connection;
      if (client === null) return err({ code: "redis-unreachable" });
      const answers = await exchange(client, [
        ["time"],
        ["info", "replication"],
        ["set", `${SPENT_PREFIX}${id}`, "1", "EX", lifeSeconds, "NX"],
        ["get", GENERATION_KEY],
      ]);
      const outcome = answers.ok ? readOutcome(answers.value) : answers;
      if (!outcome.ok) drop(client);
      return outcome;
    },
    close() {
      if (connection !== null) drop(connection);
    },
  };
}

function createClient({ target, sentinelPassword, timeoutMs, tlsCa }: RedisSpentOptions): Redis | Cluster {
  const { username, password } = target.credentials();
  const ca = tlsCa === null ? {} : { ca: tlsCa };
  const tls = target.isTls ? ca : null;
  const common: RedisOptions = {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    disableClientInfo: true,
    // Both families: the default would never find a server that has only IPv6.
    family: 0,
    db: target.database,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls === null ? {} : { tls }),
  };
  if (target.kind === "single") return new Redis({ ...common, host: target.at.host, port: target.at.port });
  if (target.kind === "socket") return new Redis({ ...common, path: target.path });
  if (target.kind === "sentinel") {
    const secret = sentinelPassword();
    return new Redis({
      ...common,
      sentinels: target.sentinels.map(toAddress),
      name: target.master,
      role: "master",
      sentinelRetryStrategy: () => null,
      sentinelCommandTimeout: timeoutMs,
      ...(secret === null ? {} : { sentinelPassword: secret }),
      ...(tls === null ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    });
  }
  // Set for the cluster as a whole; it has one database.
  const {
    lazyConnect: _lazy,
    enableOfflineQueue: _queue,
    retryStrategy: _retry,
    db: _database,
    ...redisOptions
  } = common;
  return new Cluster(target.nodes.map(toAddress), {
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: () => null,
    slotsRefreshTimeout: timeoutMs,
    maxRedirections: 3,
    // Names stay names: certificates are for them.
    ...(tls === null ? {} : { dnsLookup: (address, callback) => callback(null, address) }),
  });
}

function toAddress({ host, port }: RedisHost): { readonly host: string; readonly port: number } {
  return { host, port };
}

function readState([time, replication, , generation, memory]: readonly unknown[]): Result<
  SharedSetState,
  SharedSetError
> {
  const timeMs = readTime(time);
  const generationHex = readGeneration(replication, generation);
  const policy = readInfo(memory, "maxmemory_policy");
  if (timeMs === null || policy === null || !generationHex.ok || generationHex.value === null) return malformed();
  // Any other policy throws spent entries away when memory is short.
  if (policy !== "noeviction") return err({ code: "redis-evicts", word: policy });
  return ok({ generationHex: generationHex.value, timeMs });
}

function readOutcome([time, replication, inserted, generation]: readonly unknown[]): Result<
  SpendOutcome,
  SharedSetError
> {
  const timeMs = readTime(time);
  const generationHex = readGeneration(replication, generation);
  if (timeMs === null || (inserted !== "OK" && inserted !== null) || !generationHex.ok) return malformed();
  return ok({ isFirst: inserted === "OK", generationHex: generationHex.value, timeMs });
}

function readInfo(info: unknown, field: string): string | null {
  if (typeof info !== "string") return null;
  const line = info.split(/\r?\n/).find((text) => text.startsWith(`${field}:`));
  return line?.slice(field.length + 1) ?? null;
}

function readTime(time: unknown): number | null {
  if (!Array.isArray(time)) return null;
  const [seconds, microseconds] = time.map(Number);
  const timeMs = Math.floor((seconds ?? Number.NaN) * 1000 + (microseconds ?? Number.NaN) / 1000);
  return Number.isSafeInteger(timeMs) ? timeMs : null;
}

// A server takes a new replication id whenever it starts and whenever it is promoted: the two moments at which it may
// have less than was written, while the key of the generation, which is old, is still there. (It also takes a new one for
// its first replica, which voids open challenges once for nothing.)
function readGeneration(replication: unknown, stored: unknown): Result<string | null, null> {
  const replicationId = readInfo(replication, "master_replid") ?? "";
  if (!/^[0-9a-f]{40}$/.test(replicationId)) return err(null);
  if (stored === null) return ok(null);
  if (typeof stored !== "string" || !/^[0-9a-f]{64}$/.test(stored)) return err(null);
  return ok(hash("sha256", `${stored}${replicationId}`));
}

function malformed(): { readonly ok: false; readonly error: SharedSetError } {
  return err({ code: "redis-answer-malformed" });
}

/** What a failure was, in words that cannot hold anything that was configured or sent. */
function explain(error: unknown): SharedSetError {
  const [cause] = causesOf(error);
  if (cause === undefined) return { code: "redis-unreachable" };
  if (cause.name === "ReplyError") {
    const word = /^(?:Ready check failed: )?(?<word>[A-Z]{2,20})\b/.exec(cause.message)?.groups?.["word"];
    return word === undefined ? { code: "redis-refused" } : { code: "redis-refused", word };
  }
  if (/timed out|timeout/i.test(cause.message)) return { code: "redis-timeout" };
  const word =
    "code" in cause && typeof cause.code === "string" && /^[A-Z0-9_]{2,60}$/.test(cause.code) ? cause.code : null;
  return { code: "redis-unreachable", ...(word === null ? {} : { word }) };
}

/** The causes of an error of the client, the one that says most first. */
function causesOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  // A refused transaction says which of its commands was refused, a cluster which of its nodes said no.
  const first = "previousErrors" in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  const node = "lastNodeError" in error ? [error.lastNodeError] : [];
  return [...[...first, ...node].filter((cause) => cause instanceof Error), error];
}
