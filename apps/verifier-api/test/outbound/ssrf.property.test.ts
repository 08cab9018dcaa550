import { BlockList, isIPv4, isIPv6 } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIpAddress, unwrapIpAddress } from "../../src/outbound/ip-address.ts";
import { isPublicAddress } from "../../src/outbound/public-address.ts";
import { parseTarget, type TargetRules } from "../../src/outbound/target.ts";

/** The forbidden blocks once more, as Node reads them: another reader of addresses, and another way of matching. */
const forbidden = new BlockList();
for (const block of [
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24",
  "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32",
]
  .join(" ")
  .split(" ")) {
  const [address = "", bits] = block.split("/");
  forbidden.addSubnet(address, Number(bits), "ipv4");
}
const forbidden6 = new BlockList();
for (const block of ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"]) {
  const [address = "", bits] = block.split("/");
  forbidden6.addSubnet(address, Number(bits), "ipv6");
}
const global6 = new BlockList();
global6.addSubnet("2000::", 3, "ipv6");

function isPublic(text: string): boolean {
  if (isIPv4(text)) return !forbidden.check(text, "ipv4");
  return isIPv6(text) && global6.check(text, "ipv6") && !forbidden6.check(text, "ipv6");
}

const RULES: TargetRules = { hosts: [{ kind: "public-address" }], ports: [80, 443], mayBePrivate: false };

/** Octets near the edges of the blocks more often than others. */
const octet = fc.oneof(fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 254, 255), fc.nat(255));
const group = fc.oneof(fc.constantFrom(0, 0x2001, 0x2002, 0xdb8, 0x64, 0xff9b, 0xffff, 0xfe80, 0x3fff), fc.nat(0xffff));
const ipv4 = fc.tuple(octet, octet, octet, octet);
const ipv6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((n) => n.toString(16)).join(":"));

/** One of the spellings that the URL parser reads as an IPv4 address. */
const spelled = fc.tuple(ipv4, fc.nat(5)).map(([[a, b, c, d], form]) => {
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  switch (form) {
    case 0:
      return String(number);
    case 1:
      return `0x${number.toString(16)}`;
    case 2:
      return `0${number.toString(8)}`;
    case 3:
      return [a, b, c * 256 + d].join(".");
    case 4:
      return [a, b, c, d].map((part) => `0${part.toString(8)}`).join(".");
    default:
      return [a, b, c, d].join(".");
  }
});
const host = fc.oneof(
  spelled,
  ipv6.map((text) => `[${text}]`),
  ipv4.map((octets) => `[::ffff:${octets.join(".")}]`),
  ipv4.map((octets) => `[64:ff9b::${octets.join(".")}]`),
);

describe("targets by literal address", () => {
  test("are asked only where another reader of the same URL finds a public address", () => {
    let allowed = 0;
    fc.assert(
      fc.property(host, fc.constantFrom("", ":80", ":443", ":080"), (name, port) => {
        const text = `http://${name}${port}/`;
        const parsed = parseTarget(text, "node", RULES);
        const hostname = new URL(text).hostname.replace(/^\[(.*)\]$/, "$1");
        if (parsed.ok) allowed += 1;
        expect(parsed.ok).toBe(isPublic(hostname));
      }),
      { numRuns: 10_000 },
    );
    // A rule that refused everything would hold as well.
    expect(allowed).toBeGreaterThan(1_000);
  });

  test("whatever text is given, only the origin is left, and the host is one that the rules admit", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `http://34.65.123.45${text}`),
        ),
        (text) => {
          const parsed = parseTarget(text, "node", RULES);
          if (!parsed.ok) return;
          expect(parsed.value.origin).toMatch(/^https?:\/\/[0-9a-f.:[\]]+$/);
          expect(isPublic(parsed.value.host.replace(/^\[(.*)\]$/, "$1"))).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

describe("addresses in answers of DNS", () => {
  test("are judged as another reader judges what they lead to", () => {
    const inside = fc.oneof(
      ipv4.map((octets) => octets.join(".")),
      ipv6,
    );
    fc.assert(
      fc.property(inside, fc.constantFrom("", "::ffff:", "64:ff9b::"), (text, prefix) => {
        const wrapped = isIPv4(text) ? prefix + text : text;
        const address = parseIpAddress(wrapped);
        const leadsTo = /^(?:0{0,4}:){0,5}(?:::)?(?:0:)*ffff:|^64:ff9b:/.test(text) ? null : text;
        if (leadsTo === null) return;
        expect(address !== null && isPublicAddress(unwrapIpAddress(address))).toBe(isPublic(leadsTo));
      }),
      { numRuns: 10_000 },
    );
  });
});
