import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { RefusalReason } from "../wire/problems.ts";
import { admitsPublicAddresses, type HostRule, isNamedHost } from "./host-rules.ts";
import { type IpAddress, parseIpAddress } from "./ip-address.ts";
import { isPublicAddress } from "./public-address.ts";

/** What a target is; each has an endpoint and rules of its own. */
export type TargetKind = "kms" | "node";

/** Which targets of a kind are asked. */
export interface TargetRules {
  readonly hosts: readonly HostRule[];
  readonly ports: readonly number[];
  /**
   * The development switch: hosts that the list names may be private, on any port, and a KMS may speak plain http.
   */
  readonly mayBePrivate: boolean;
}

/** An address that may be asked. Of what the caller wrote, only the origin is left. */
export interface Target {
  readonly kind: TargetKind;
  readonly origin: string;
  /** As the URL parser writes it, IPv6 in brackets, without a trailing dot. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The bytes of a literal address; null for a name. */
  readonly literal: IpAddress | null;
  /** Whether its addresses are exempt from the rule for public ones. */
  readonly mayBePrivate: boolean;
}

const MAX_URL_LENGTH = 2048;
const PATHS: Readonly<Record<TargetKind, ReadonlySet<string>>> = {
  kms: new Set(["", "/", "/attest", "/attest/"]),
  node: new Set(["", "/", "/admin-api", "/admin-api/", "/admin-api/tee/attest", "/admin-api/tee/attest/"]),
};
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that lead into somebody's own network, or nowhere. Source: RFC 6761, RFC 8375; names of clouds and clusters. */
const RESERVED_ENDINGS = [
  "localhost",
  "local",
  "internal",
  "lan",
  "home.arpa",
  "onion",
  "test",
  "invalid",
  "example",
  "metadata",
  "svc",
  "cluster.local",
] as const;

/**
 * Reads the address of a target and applies every rule that needs no network. What the URL parser would repair in silence
 * is refused, so that this reader and whoever else reads the text mean the same host.
 *
 * Errors: the rule that refuses it.
 * Source: docs/verifier-api.md.
 */
export function parseTarget(text: string, kind: TargetKind, rules: TargetRules): Result<Target, RefusalReason> {
  const raw = /^(?<scheme>https?):\/\/(?<authority>[^/?#]*)(?<rest>.*)$/.exec(text);
  if (text.length > MAX_URL_LENGTH || !/^[\x21-\x5b\x5d-\x7e]*$/.test(text)) return err("host_not_allowed");
  if (raw === null) return err("scheme");
  const { authority = "", rest = "" } = raw.groups ?? {};
  if (authority.includes("@")) return err("userinfo");
  const url = URL.parse(text);
  if (url === null) return err("host_not_allowed");
  const host = withoutTrailingDot(url.hostname);
  const isExempt = rules.mayBePrivate && isNamedHost(rules.hosts, host);
  const isTls = url.protocol === "https:";
  if (kind === "kms" && !isTls && !isExempt) return err("scheme");
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  if (port === 0 || (!isExempt && !rules.ports.includes(port))) return err("port");
  if (!PATHS[kind].has(rest)) return err("path");
  const literal = parseIpAddress(host.replace(/^\[(.*)\]$/, "$1"));
  const refused = isExempt ? null : refuseHost(host, literal, rules.hosts);
  if (refused !== null) return err(refused);
  const origin = `${url.protocol}//${host}${url.port === "" ? "" : `:${url.port}`}`;
  return ok({ kind, origin, host, port, isTls, literal, mayBePrivate: isExempt });
}

function refuseHost(host: string, literal: IpAddress | null, rules: readonly HostRule[]): RefusalReason | null {
  if (literal !== null) {
    if (!isPublicAddress(literal)) return "address_forbidden";
    return admitsPublicAddresses(rules) || isNamedHost(rules, host) ? null : "host_not_allowed";
  }
  const labels = host.split(".");
  const isWellFormed = host.length <= 253 && labels.length > 1 && labels.every((label) => LABEL.test(label));
  const isReserved = RESERVED_ENDINGS.some((ending) => host === ending || host.endsWith(`.${ending}`));
  return isWellFormed && !isReserved && isNamedHost(rules, host) ? null : "host_not_allowed";
}

function withoutTrailingDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
