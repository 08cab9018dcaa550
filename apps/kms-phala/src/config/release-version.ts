import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

const IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const VERSION = new RegExp(
  `^(?:mero-kms-v)?((?:0|[1-9][0-9]*)(?:\\.(?:0|[1-9][0-9]*)){2}(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?)$`,
);
const VERSION_CHARACTERS = 128;

/**
 * Parses `X.Y.Z` or `mero-kms-vX.Y.Z`, with an optional `-suffix` and `+suffix`, to the version without the prefix.
 * The text becomes part of a download URL, so nothing else is let through.
 */
export function parseReleaseVersion(text: string): Result<string, string> {
  const version = text.length <= VERSION_CHARACTERS ? VERSION.exec(text)?.[1] : undefined;
  return version === undefined
    ? err("must be X.Y.Z or mero-kms-vX.Y.Z, with an optional -suffix or +suffix")
    : ok(version);
}

/** A version, with or without the prefix of its tag. */
export const RELEASE_VERSION: SettingForm<string> = {
  words: "`X.Y.Z` or `mero-kms-vX.Y.Z`",
  parse: parseReleaseVersion,
};

/**
 * Orders two versions that {@link parseReleaseVersion} accepted: negative when `a` is older, 0 when they rank alike.
 * Source: Semantic Versioning 2.0.0, section 11.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)];
  for (const [index, part] of left.numbers.entries()) {
    const other = right.numbers[index] ?? 0n;
    if (part !== other) return part < other ? -1 : 1;
  }
  if (left.suffix.length === 0 || right.suffix.length === 0) return right.suffix.length - left.suffix.length;
  for (const [index, identifier] of left.suffix.entries()) {
    const other = right.suffix[index];
    if (other === undefined) return 1;
    const order = compareIdentifiers(identifier, other);
    if (order !== 0) return order;
  }
  return left.suffix.length - right.suffix.length;
}

function splitVersion(version: string): { readonly numbers: readonly bigint[]; readonly suffix: readonly string[] } {
  const withoutBuild = version.split("+", 1)[0] ?? "";
  const dash = withoutBuild.indexOf("-");
  const core = dash < 0 ? withoutBuild : withoutBuild.slice(0, dash);
  return {
    numbers: core.split(".").map(BigInt),
    suffix: dash < 0 ? [] : withoutBuild.slice(dash + 1).split("."),
  };
}

function compareIdentifiers(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)];
  if (aIsNumber && bIsNumber) return Number(BigInt(a) > BigInt(b)) - Number(BigInt(a) < BigInt(b));
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return Number(a > b) - Number(a < b);
}
