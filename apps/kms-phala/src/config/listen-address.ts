import { isIPv4, isIPv6 } from "node:net";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

/** Where the service listens. Port 0 lets the kernel choose; the address in use is logged. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const SHAPE = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<ipv4>[0-9.]+)):(?<port>[0-9]{1,5})$/;

/**
 * `IPv4:port` or `[IPv6]:port`. Names are refused: what they resolve to is not the operator's decision, and
 * a malformed address must never fall back to all interfaces.
 */
export const LISTEN_ADDRESS: SettingForm<ListenAddress> = {
  words: "IP address and port",
  parse: parseListenAddress,
};

function parseListenAddress(text: string): Result<ListenAddress, string> {
  const groups = SHAPE.exec(text)?.groups;
  const ipv4 = groups?.["ipv4"];
  const ipv6 = groups?.["ipv6"];
  const port = Number(groups?.["port"]);
  const host = ipv4 !== undefined && isIPv4(ipv4) ? ipv4 : ipv6 !== undefined && isIPv6(ipv6) ? ipv6 : null;
  if (host === null || port > 65_535)
    return err("must be an IP address and a port, such as 0.0.0.0:8080 or [::1]:8080");
  return ok({ host, port });
}

/** The address as it is written in a URL: `127.0.0.1:8080`, `[::1]:8080`. */
export function formatListenAddress(address: ListenAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
