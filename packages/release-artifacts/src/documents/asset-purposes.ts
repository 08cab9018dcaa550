import { isJsonObject } from "@mero-tee/tdx-quote/json";

import { list, malformed, type Shape, word } from "./document-shape.ts";

/** Whom an asset is for, and whether they can do without. */
const PURPOSES = ["operator-required", "auditor-required", "operator-convenience", "auditor-convenience"] as const;

/** One of the purposes. */
export type AssetPurpose = (typeof PURPOSES)[number];

/** For each asset by name, whom it is for. */
export type AssetPurposes = Readonly<Record<string, readonly AssetPurpose[]>>;

const purposes = list(word(PURPOSES));

/** Shape of {@link AssetPurposes}. */
export const assetPurposes: Shape<AssetPurposes> = (value, path, reading) => {
  if (!isJsonObject(value)) return malformed(reading, path, "an object");
  const entries = [...value].map(
    ([name, member]) => [name, purposes(member, `${path}.${name.slice(0, 128)}`, reading)] as const,
  );
  const known = entries.flatMap(([name, member]) => (member === null ? [] : [[name, member] as const]));
  return Object.fromEntries(known);
};
