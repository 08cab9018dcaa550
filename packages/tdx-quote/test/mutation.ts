import * as fc from "fast-check";

/** Small damage: bits flipped, bytes replaced, left out or repeated, at one to three places. */
export function mutated(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const place = fc.record({
    position: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.constantFrom("flip", "flip", "replace", "replace", "remove", "repeat"),
    value: fc.nat(255),
  });
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(place, { minLength: 1, maxLength: 3 }))
    .map(([original, places]) => {
      const bytes = Array.from(original);
      for (const { position, kind, value } of places) {
        const at = Math.floor(position * bytes.length);
        const byte = bytes[at] ?? 0;
        if (kind === "flip") bytes[at] = byte ^ (1 << (value & 7));
        else if (kind === "replace") bytes[at] = value;
        else bytes.splice(at, kind === "remove" ? 1 : 0, ...(kind === "remove" ? [] : [byte]));
      }
      return Uint8Array.from(bytes);
    });
}
