/** Shape of a quote to write; nothing in it is signed by anyone. Offsets come from Intel's quote format, not from the parser. */
export interface SyntheticQuote {
  readonly version?: number;
  readonly keyType?: number;
  readonly teeType?: number;
  readonly vendor?: string;
  /** Version 5 only. */
  readonly bodyType?: number;
  readonly bodySize?: number;
  readonly report?: Uint8Array;
  readonly outerType?: number;
  readonly outerSize?: number;
  readonly qeReport?: Uint8Array;
  readonly authentication?: Uint8Array;
  readonly authenticationSize?: number;
  readonly innerType?: number;
  readonly innerSize?: number;
  readonly inner?: Uint8Array;
  readonly sectionSize?: number;
  readonly padding?: Uint8Array;
}

export const INTEL_VENDOR = "939a7233f79c4ca9940a0db3957f0607";

/** `length` bytes that all differ from their neighbours, so that an offset off by one shows. */
export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 0xff);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function writeQuote(options: SyntheticQuote = {}): Uint8Array {
  const version = options.version ?? 4;
  const bodyType = options.bodyType ?? 3;
  const report = options.report ?? pattern(version === 5 && bodyType === 3 ? 648 : 584, 2);
  const header = concat(
    u16(version),
    u16(options.keyType ?? 2),
    u32(options.teeType ?? 0x81),
    pattern(4, 3),
    new Uint8Array(Buffer.from(options.vendor ?? INTEL_VENDOR, "hex")),
    pattern(20, 4),
  );
  const descriptor = version === 5 ? concat(u16(bodyType), u32(options.bodySize ?? report.length)) : new Uint8Array();
  const authentication = options.authentication ?? pattern(32, 5);
  const inner = options.inner ?? new TextEncoder().encode("-----BEGIN CERTIFICATE-----\n");
  const outer = concat(
    options.qeReport ?? pattern(384, 6),
    pattern(64, 7),
    u16(options.authenticationSize ?? authentication.length),
    authentication,
    u16(options.innerType ?? 5),
    u32(options.innerSize ?? inner.length),
    inner,
  );
  const section = concat(
    pattern(64, 8),
    pattern(64, 9),
    u16(options.outerType ?? 6),
    u32(options.outerSize ?? outer.length),
    outer,
  );
  const padding = options.padding ?? new Uint8Array();
  return concat(header, descriptor, report, u32(options.sectionSize ?? section.length), section, padding);
}
