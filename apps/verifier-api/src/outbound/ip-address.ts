/** An address as bytes, 4 or 16 of them; names and spellings are gone. */
export type IpAddress = Uint8Array;

/** Reads a dotted IPv4 address or an IPv6 address without brackets or zone; null for everything else. */
export function parseIpAddress(text: string): IpAddress | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Four decimal numbers without leading zeros: what resolvers and the URL parser write. */
function parseIpv4(text: string): IpAddress | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return null;
  const numbers = parts.map(Number);
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : null;
}

function parseIpv6(text: string): IpAddress | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(parseGroups);
  if (head === null || head === undefined || tail === null) return null;
  const missing = 16 - head.length - (tail?.length ?? 0);
  // A double colon stands for at least one group; without one, all sixteen bytes are there.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]);
}

/** The bytes of groups between colons, the last of which may be a dotted IPv4 address. */
function parseGroups(text: string): readonly number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes(".")) {
      const embedded = parseIpv4(group);
      if (embedded === null) return null;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes.length <= 16 ? bytes : null;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const NAT64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/**
 * The address that an answer of DNS leads to: the IPv4 address inside `::ffff:0:0/96` (mapped) and `64:ff9b::/96` (DNS64),
 * every other address itself.
 */
export function unwrapIpAddress(address: IpAddress): IpAddress {
  const isWrapped = [MAPPED, NAT64].some((prefix) => prefix.every((byte, index) => address[index] === byte));
  return address.length === 16 && isWrapped ? address.slice(12) : address;
}

/** Whether a socket that says to be connected to `actual` is connected to `chosen`; mapped spellings are the same. */
export function isSameAddress(chosen: string, actual: string): boolean {
  const [left, right] = [parseIpAddress(chosen), parseIpAddress(actual)].map((address) =>
    address === null ? null : mappedPart(address),
  );
  if (left === null || left === undefined || right === null || right === undefined) return false;
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

function mappedPart(address: IpAddress): IpAddress {
  return address.length === 16 && MAPPED.every((byte, index) => address[index] === byte) ? address.slice(12) : address;
}
