import { typeInput } from "./input-kind.ts";
import type { GivenInput, ReleaseMaterial, Supply } from "./request.ts";

const RELEASED: ReadonlySet<string> = new Set(["kms-policy", "published-mrtds", "compatibility-map"]);

/**
 * Takes the released documents among some inputs as reference values of the reader's own: nobody has to have signed them, and
 * nothing that is compared with them is better than `caution`.
 *
 * @returns null where there are none
 */
export function releaseFilesIn(inputs: readonly GivenInput[]): ReleaseMaterial | null {
  const files = inputs.filter(({ bytes }) => RELEASED.has(typeInput(bytes).kind));
  if (files.length === 0) return null;
  const assets = files.map(({ name, bytes }) => ({ name, bytes, sidecars: new Map() }));
  return { tag: null, origin: "user", publishedAt: null, withdrawn: null, assets };
}

/** Whether the values to compare with are the reader's own, with no compatibility map among them. */
export function comparesOwnValues(releases: Supply<readonly ReleaseMaterial[]>): boolean {
  const own = releases.status === "given" ? releases.value.find(({ origin }) => origin === "user") : undefined;
  return own !== undefined && own.assets.every(({ bytes }) => typeInput(bytes).kind !== "compatibility-map");
}
