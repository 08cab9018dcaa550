import { rm } from "node:fs/promises";
import type { ReleaseLane } from "../../packages/release-artifacts/src/index.ts";
import { type CommandOutcome, type MeroTee } from "./mero-tee.ts";
import { expectOk } from "./lane-stop.ts";

/** A release to have at hand. */
export interface ReleaseToTake {
  readonly meroTee: MeroTee;
  readonly lane: ReleaseLane;
  readonly version: string;
  /** Directory to make. */
  readonly out: string;
  /** Replaces Sigstore's public instance, for rehearsals. */
  readonly trustedRoot?: string;
}

/**
 * Downloads a release and verifies it: the directory is there only if the release holds.
 *
 * @returns the verdict of `mero-tee release verify`
 */
export async function takeRelease({
  meroTee,
  lane,
  version,
  out,
  trustedRoot,
}: ReleaseToTake): Promise<CommandOutcome> {
  expectOk(await meroTee(["release", "download", version, "--lane", lane, "--out", out]));
  const trust = trustedRoot === undefined ? [] : ["--trusted-root", trustedRoot];
  const verdict = await meroTee(["release", "verify", out, "--lane", lane, "--version", version, ...trust]);
  if (verdict.exitCode !== 0) await rm(out, { recursive: true });
  return expectOk(verdict);
}
