import { isIPv6 } from "node:net";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

/** A host and a port of Redis, of a Sentinel or of a cluster node. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Where the servers are, and how the one that takes writes is found. */
type RedisPlace =
  | { readonly kind: "single"; readonly at: RedisHost }
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "sentinel"; readonly sentinels: readonly RedisHost[]; readonly master: string }
  | { readonly kind: "cluster"; readonly nodes: readonly RedisHost[] };

/** What a `REDIS_URL` says. */
export type RedisTarget = RedisPlace & {
  readonly isTls: boolean;
  readonly database: number;
  /** Behind a function, so that nothing that prints or serialises a target shows them. */
  readonly credentials: () => { readonly username: string | null; readonly password: string | null };
};

const SHAPE =
  /^(?<scheme>[a-z+]+):\/\/(?:(?<username>[^:@/?#\s]*)(?::(?<password>[^@/?#\s]*))?@)?(?<hosts>[^@/?#\s]*)(?<path>\/[^?#\s]*)?$/;
const HOST =
  /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<name>[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?))(?::(?<port>[0-9]{1,5}))?$/;
const MASTER = /^[0-9A-Za-z._-]{1,128}$/;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const MAX_HOSTS = 32;

const SCHEMES: ReadonlyMap<string, { readonly kind: RedisTarget["kind"]; readonly isTls: boolean }> = new Map([
  ["redis", { kind: "single", isTls: false }],
  ["rediss", { kind: "single", isTls: true }],
  ["unix", { kind: "socket", isTls: false }],
  ["redis+unix", { kind: "socket", isTls: false }],
  ["redis+sentinel", { kind: "sentinel", isTls: false }],
  ["rediss+sentinel", { kind: "sentinel", isTls: true }],
  ["redis+cluster", { kind: "cluster", isTls: false }],
  ["rediss+cluster", { kind: "cluster", isTls: true }],
]);

const FORMS =
  "must be redis[s]://host[:port][/db], unix:///path, redis[s]+sentinel://host[:port],…/master[/db] or " +
  "redis[s]+cluster://host[:port],…";

/** Where Redis is. The empty text counts as unset. */
export const REDIS: SettingForm<RedisTarget | null> = {
  words: "URL of Redis",
  parse: (text) => (text.trim() === "" ? ok(null) : parseRedisUrl(text)),
};

/**
 * Parses a Redis URL; blanks around it are dropped. No message repeats any part of the value, since it may hold a
 * password. User and password are percent-encoded; queries and fragments are refused, since what they ask for (such as
 * no verification of certificates) must not be ignored.
 */
export function parseRedisUrl(text: string): Result<RedisTarget, string> {
  const groups = SHAPE.exec(text.trim())?.groups;
  const scheme = SCHEMES.get(groups?.["scheme"] ?? "");
  if (groups === undefined || scheme === undefined) return err(FORMS);
  const credentials = readCredentials(groups["username"], groups["password"]);
  if (credentials === null) return err("has a user or password that is not percent-encoded UTF-8");
  const place = readPlace(scheme.kind, groups["hosts"] ?? "", groups["path"] ?? "");
  if (place === null) return err(FORMS);
  return ok({ ...place, isTls: scheme.isTls, credentials: () => credentials });
}

/** Whether what is sent there can be read or changed on its way: neither TLS, nor a socket, nor a loopback address. */
export function isExposed(target: RedisTarget): boolean {
  if (target.isTls || target.kind === "socket") return false;
  const hosts = target.kind === "single" ? [target.at] : target.kind === "sentinel" ? target.sentinels : target.nodes;
  // `localhost` by name does not count: a resolver decides what it means.
  return hosts.some(({ host }) => host !== "::1" && !/^127(?:\.[0-9]{1,3}){3}$/.test(host));
}

function readCredentials(
  username: string | undefined,
  password: string | undefined,
): { readonly username: string | null; readonly password: string | null } | null {
  try {
    return {
      username: username === undefined || username === "" ? null : decodeURIComponent(username),
      password: password === undefined || password === "" ? null : decodeURIComponent(password),
    };
  } catch {
    // Not percent-encoded UTF-8, which the caller reports without the text.
    return null;
  }
}

function readPlace(
  kind: RedisTarget["kind"],
  hosts: string,
  path: string,
): (RedisPlace & { readonly database: number }) | null {
  if (kind === "socket") return hosts === "" && path.length > 1 ? { kind, path, database: 0 } : null;
  const segments = path.split("/").slice(1);
  const list = readHosts(hosts, kind === "sentinel" ? SENTINEL_PORT : REDIS_PORT);
  const [first] = list ?? [];
  if (list === null || first === undefined) return null;
  const master = kind === "sentinel" ? (segments.shift() ?? "") : "";
  const database = readDatabase(segments);
  if (database === null) return null;
  if (kind === "sentinel") return MASTER.test(master) ? { kind, sentinels: list, master, database } : null;
  // A cluster has one database.
  if (kind === "cluster") return database === 0 ? { kind, nodes: list, database } : null;
  return list.length === 1 ? { kind, at: first, database } : null;
}

function readHosts(text: string, defaultPort: number): readonly RedisHost[] | null {
  const entries = text.split(",");
  if (entries.length > MAX_HOSTS) return null;
  const hosts: RedisHost[] = [];
  for (const entry of entries) {
    const groups = HOST.exec(entry)?.groups;
    const ipv6 = groups?.["ipv6"];
    const host = ipv6 ?? groups?.["name"];
    const port = Number(groups?.["port"] ?? defaultPort);
    if (host === undefined || (ipv6 !== undefined && !isIPv6(ipv6)) || port < 1 || port > 65_535) return null;
    hosts.push({ host, port });
  }
  return hosts;
}

function readDatabase(segments: readonly string[]): number | null {
  const [segment = "", ...rest] = segments;
  if (rest.length > 0 || !/^(?:0|[1-9][0-9]{0,3})?$/.test(segment)) return null;
  return Number(segment);
}
