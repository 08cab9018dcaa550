import type { ReleaseFamily } from "../config/release-identity.ts";

const VERSION = /^\d{1,4}\.\d{1,4}\.\d{1,4}(?:-[0-9a-z.]{1,20})?$/;

const PREFIX: Readonly<Record<ReleaseFamily, string>> = { kms: "mero-kms-v", node: "mero-tee-v" };

/** The version in a tag of a family; null for every other text. Source: docs/verifier-api.md. */
export function versionOfTag(family: ReleaseFamily, tag: string): string | null {
  const version = tag.startsWith(PREFIX[family]) ? tag.slice(PREFIX[family].length) : "";
  return VERSION.test(version) ? version : null;
}

/** Orders versions, the newest first: by their numbers, a prerelease behind the release that it stands for. */
export function compareNewestFirst(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => {
    const [numbers = "", suffix] = version.split("-", 2);
    const rank = suffix === undefined ? Infinity : Number(/\d+$/.exec(suffix)?.[0] ?? 0);
    return [...numbers.split(".").map(Number), rank];
  });
  const at = a?.findIndex((number, index) => number !== b?.[index]) ?? -1;
  return at === -1 ? 0 : (b?.[at] ?? 0) - (a?.[at] ?? 0);
}
