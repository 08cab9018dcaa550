import { PROFILES, type Profile } from "@mero-tee/policy";
import type { ReleaseVersion } from "@mero-tee/release-artifacts";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";

import { JSON_FLAG, type CommonFlags } from "../command.ts";
import { AT_FLAG, optionalFlag, PCCS_FLAG, ROOT_CA_FLAG, type OptionalFlag } from "../flags.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { parseVersion, REPO_FLAG } from "../release-flags.ts";

/** What every appraisal takes. */
export interface AppraisalFlags extends CommonFlags {
  readonly policy?: readonly string[];
  readonly version?: ReleaseVersion;
  readonly profile?: Profile;
  readonly pccs?: string;
  readonly rootCa?: string;
  readonly trustedRoot?: string;
  readonly repo?: string;
  readonly at?: number;
  readonly allowCaution: boolean;
  readonly allowSimulated: boolean;
  readonly export?: string;
}

function parse32Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = parseBase64(text);
  if (bytes?.length !== 32) throw new Error("not 32 bytes as base64 (standard alphabet, with padding)");
  return bytes;
}

/** A flag with 32 bytes in base64. */
export function bytes32Flag(brief: string): OptionalFlag<Uint8Array<ArrayBuffer>> {
  return optionalFlag(parse32Bytes, "B64", brief);
}

function parseApplicationHash(text: string): Uint8Array<ArrayBuffer> {
  const bytes = parseTolerantHex(text, 32);
  if (bytes === null) throw new Error("not 32 bytes of hex");
  return bytes;
}

/** `--application-hash HEX`: what a node that was asked for an application has to bind. */
export function applicationHashFlag(brief: string): OptionalFlag<Uint8Array<ArrayBuffer>> {
  return optionalFlag(parseApplicationHash, "HEX", brief);
}

/** A flag that may be given several times. */
interface VariadicFlag extends OptionalFlag<string> {
  readonly variadic: true;
}

/** A flag that is there or not. */
interface SwitchFlag {
  readonly kind: "boolean";
  readonly brief: string;
  readonly default: false;
  readonly withNegated: false;
}

/** The flags behind {@link AppraisalFlags}. */
export const APPRAISAL_FLAGS: {
  readonly policy: VariadicFlag;
  readonly version: OptionalFlag<ReleaseVersion>;
  readonly profile: {
    readonly kind: "enum";
    readonly values: readonly Profile[];
    readonly brief: string;
    readonly optional: true;
  };
  readonly pccs: OptionalFlag<string>;
  readonly rootCa: OptionalFlag<string>;
  readonly trustedRoot: OptionalFlag<string>;
  readonly repo: OptionalFlag<string>;
  readonly at: OptionalFlag<number>;
  readonly allowCaution: SwitchFlag;
  readonly allowSimulated: SwitchFlag;
  readonly export: OptionalFlag<string>;
  readonly json: typeof JSON_FLAG;
} = {
  policy: {
    kind: "parsed",
    parse: String,
    placeholder: "FILE",
    brief: "Released values to compare with, as a file of your own; give it once for each file",
    optional: true,
    variadic: true,
  },
  version: optionalFlag(parseVersion, "X.Y.Z", "Release to compare with, fetched and verified"),
  profile: { kind: "enum", values: PROFILES, brief: "Profile that must be running", optional: true },
  pccs: PCCS_FLAG,
  rootCa: ROOT_CA_FLAG,
  trustedRoot: optionalFlag(String, "FILE", "Sigstore trusted root to use instead of the public one"),
  repo: REPO_FLAG,
  at: AT_FLAG,
  allowCaution: {
    kind: "boolean",
    brief: "Exit 0 for a genuine machine with reservations, too",
    default: false,
    withNegated: false,
  },
  allowSimulated: {
    kind: "boolean",
    brief: "Exit 0 for a simulated machine with everything in order, too",
    default: false,
    withNegated: false,
  },
  export: optionalFlag(String, "FILE", "Write everything that was looked at into an evidence file"),
  json: JSON_FLAG,
};
