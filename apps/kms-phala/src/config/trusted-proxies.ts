import { BlockList, isIPv4, isIPv6 } from "node:net";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

/** Proxies whose word about a caller's address is taken, as IP addresses and CIDR ranges; none: callers come directly. */
export type TrustedProxies = readonly string[];

/** `none`, or a comma list of IP addresses and CIDR ranges. The empty text counts as unset. */
export const TRUSTED_PROXIES: SettingForm<TrustedProxies | null> = {
  words: "`none`, or a comma list of addresses and ranges",
  parse: parseTrustedProxies,
};

function parseTrustedProxies(text: string): Result<TrustedProxies | null, string> {
  if (text.trim() === "") return ok(null);
  if (text.trim() === "none") return ok([]);
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.every(isRange)) return ok(entries);
  return err("must be none, or a comma list of IP addresses and CIDR ranges");
}

/** Makes a check whether an address is one of the proxies. */
export function proxyCheck(proxies: TrustedProxies): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of proxies) {
    const [address = "", prefix] = entry.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    list.addSubnet(address, prefix === undefined ? (family === "ipv6" ? 128 : 32) : Number(prefix), family);
  }
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function isRange(entry: string): boolean {
  const [, address = "", prefix] = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(entry) ?? [];
  if (address.includes("%")) return false;
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  // Every address there is would let any caller choose its own.
  return bits > 0 && (prefix === undefined || (Number(prefix) >= 1 && Number(prefix) <= bits));
}
