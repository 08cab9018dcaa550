import { textAt } from "../release/mero-tee.ts";

/** Registers that the image explains besides RTMR3. Their prediction is unconfirmed on TDX, so a difference is a warning. */
const WARNED = ["rtmr1", "rtmr2"] as const;

/**
 * Compares what a probe saw in RTMR1 and RTMR2 with what was predicted from the image's bytes.
 *
 * @param image - the description that the image build left, `predicted` among its members
 * @returns half a sentence for the lane's log; a difference begins with `warning:` and shows both values
 * Source: docs/node-images.md.
 */
export function comparePrediction(image: unknown, seen: Readonly<Record<(typeof WARNED)[number], string>>): string {
  const found = WARNED.map((register) => {
    const [name, predicted] = [register.toUpperCase(), textAt(image, "predicted", register)];
    if (predicted === "") return `${name} not predicted`;
    if (predicted === seen[register]) return `${name} as predicted`;
    return `warning: ${name} is ${seen[register]}, and was predicted as ${predicted}`;
  });
  return found.join(", ");
}
