import type { IpAddress } from "./ip-address.ts";

/** A block of addresses: the bytes that it begins with, and how many bits of them count. */
type Block = readonly [first: readonly number[], bits: number];

/**
 * IPv4 addresses that are no host on the public Internet, and the wire server of a cloud in public space.
 *
 * Source: docs/verifier-api.md; IANA IPv4 special-purpose address registry.
 */
const FORBIDDEN_IPV4: readonly Block[] = [
  [[0], 8],
  [[10], 8],
  [[100, 64], 10],
  [[127], 8],
  [[169, 254], 16],
  [[172, 16], 12],
  [[192, 0, 0], 24],
  [[192, 0, 2], 24],
  [[192, 88, 99], 24],
  [[192, 168], 16],
  [[198, 18], 15],
  [[198, 51, 100], 24],
  [[203, 0, 113], 24],
  [[224], 4],
  [[240], 4],
  [[168, 63, 129, 16], 32],
];

/** Where all public IPv6 hosts are. */
const PUBLIC_IPV6: Block = [[0x20], 3];

/** Blocks of {@link PUBLIC_IPV6} that are none: protocol assignments and Teredo, documentation, 6to4, SRv6. */
const FORBIDDEN_IPV6: readonly Block[] = [
  [[0x20, 0x01, 0x00], 23],
  [[0x20, 0x01, 0x0d, 0xb8], 32],
  [[0x20, 0x02], 16],
  [[0x3f, 0xff, 0x00], 20],
  [[0x5f, 0x00], 16],
];

/**
 * Whether an address is one of the public Internet. Forms of IPv6 that embed an IPv4 address are not: whoever means the
 * embedded one unwraps it first.
 */
export function isPublicAddress(address: IpAddress): boolean {
  if (address.length === 4) return !FORBIDDEN_IPV4.some((block) => isInside(address, block));
  return isInside(address, PUBLIC_IPV6) && !FORBIDDEN_IPV6.some((block) => isInside(address, block));
}

function isInside(address: IpAddress, [first, bits]: Block): boolean {
  return first.every((byte, index) => {
    const counted = Math.min(8, Math.max(0, bits - 8 * index));
    const mask = (0xff << (8 - counted)) & 0xff;
    return ((address[index] ?? 0) & mask) === (byte & mask);
  });
}
