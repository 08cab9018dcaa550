/**
 * What the tests use of Node's `Buffer`, for the same test files in a browser. It is imported into test files alone and is
 * never a global, so that a use of `Buffer` in the code under test still fails there.
 */
interface Codec {
  readonly decode: (text: string) => ArrayLike<number>;
  readonly encode: (bytes: Uint8Array) => string;
}

const LATIN1: Codec = {
  decode: (text) => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)),
  encode: (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
};

const CODECS = {
  latin1: LATIN1,
  utf8: {
    decode: (text) => new TextEncoder().encode(text),
    encode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  },
  hex: {
    decode: (text) => {
      // Like Node: as far as whole pairs of digits go.
      const digits = /^(?:[0-9a-f]{2})*/i.exec(text)?.[0] ?? "";
      return Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    },
    encode: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  },
  base64: {
    decode: (text) => {
      // Like Node: both alphabets, up to the padding, whatever else stands between the digits.
      const [unpadded = ""] = text.split("=", 1);
      const digits = unpadded
        .replaceAll("-", "+")
        .replaceAll("_", "/")
        .replaceAll(/[^A-Za-z0-9+/]/g, "");
      return LATIN1.decode(atob(digits.length % 4 === 1 ? digits.slice(0, -1) : digits));
    },
    encode: (bytes) => btoa(LATIN1.encode(bytes)),
  },
} as const satisfies Readonly<Record<string, Codec>>;

type Encoding = keyof typeof CODECS;

class ByteText extends Uint8Array {
  override toString(encoding: Encoding = "utf8"): string {
    return CODECS[encoding].encode(this);
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((byte, index) => byte === other[index]);
  }

  readUInt16LE(offset: number): number {
    return new DataView(this.buffer, this.byteOffset, this.byteLength).getUint16(offset, true);
  }
}

export const Buffer = {
  from: (source: string | ArrayLike<number>, encoding: Encoding = "utf8"): ByteText =>
    new ByteText(typeof source === "string" ? CODECS[encoding].decode(source) : source),

  alloc: (length: number): ByteText => new ByteText(length),

  concat: (parts: readonly Uint8Array[]): ByteText => {
    const whole = new ByteText(parts.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  },
};
