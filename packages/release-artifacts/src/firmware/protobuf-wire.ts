/** A field of a protobuf message: a varint as a number, everything else as bytes. Its meaning is its number's. */
interface WireField {
  readonly number: number;
  readonly value: bigint | Uint8Array<ArrayBuffer>;
}

/** A protobuf message: its fields in the order of the wire. */
export type WireMessage = readonly WireField[];

const FIELD_LIMIT = 4096;
const NUMBER_LIMIT = (1 << 29) - 1;
const VARINT_BYTES = 10;
const VARINT_LIMIT = 1n << 64n;

/** What stands behind a tag: how many bytes, or that a varint says so. Groups (3 and 4) are in no message here. */
const WIRE_TYPE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/**
 * Reads a protobuf message into its fields. Unknown fields are kept: what they mean is for whoever knows the message.
 *
 * @returns null for what is cut off, for an over-long varint, a field number that none can have, groups, or more than 4096 fields
 * Source: Protocol Buffers documentation, Encoding.
 */
export function parseWireMessage(bytes: Uint8Array): WireMessage | null {
  const reader = new WireReader(bytes);
  const fields: WireField[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === null || fields.length === FIELD_LIMIT) return null;
    const number = Number(tag >> 3n);
    const value = reader.value(Number(tag & 7n));
    if (value === null || number === 0 || number > NUMBER_LIMIT) return null;
    fields.push({ number, value });
  }
  return fields;
}

class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint | null {
    let value = 0n;
    for (let index = 0; index < VARINT_BYTES; index += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return null;
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return value < VARINT_LIMIT ? value : null;
    }
    return null;
  }

  value(wireType: number): WireField["value"] | null {
    if (wireType === WIRE_TYPE.varint) return this.varint();
    if (wireType === WIRE_TYPE.fixed64) return this.#take(8n);
    if (wireType === WIRE_TYPE.fixed32) return this.#take(4n);
    return wireType === WIRE_TYPE.lengthDelimited ? this.#take(this.varint()) : null;
  }

  #take(length: bigint | null): Uint8Array<ArrayBuffer> | null {
    if (length === null || length > BigInt(this.#bytes.length - this.#at)) return null;
    const start = this.#at;
    this.#at += Number(length);
    return this.#bytes.slice(start, this.#at);
  }
}

/** The bytes of a field that may stand once; null where it is absent, twice, or a number. */
export function onlyBytes(message: WireMessage | null, number: number): Uint8Array<ArrayBuffer> | null {
  const [field, ...others] = (message ?? []).filter((each) => each.number === number);
  return field === undefined || others.length > 0 || typeof field.value === "bigint" ? null : field.value;
}

/** The number in a field that may stand once; 0 where it is absent, as protobuf has it; null where it is twice, bytes, or unsafe. */
export function onlyNumber(message: WireMessage, number: number): number | null {
  const [field, ...others] = message.filter((each) => each.number === number);
  if (field === undefined) return 0;
  const { value } = field;
  const isUsable = others.length === 0 && typeof value === "bigint" && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isUsable ? Number(value) : null;
}
