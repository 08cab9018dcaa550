import { rm } from "node:fs/promises";
import { execa } from "execa";

const EROFS_UUID = "00000000-0000-0000-0000-000000000001";
const VERITY_UUID = "00000000-0000-0000-0000-000000000004";
/** No secret: the root hash is measured, so a known salt gives nothing away, and a fixed one gives the same hash again. */
const SALT = "00".repeat(32);
/**
 * What is in no image. The kernel and its initrd are in the UKI: a second copy would only be one more thing to compare. The rest is the running
 * machine's, and mounted over at boot.
 */
const EXCLUDED = "^(boot$|(dev|proc|run|sys|tmp|var/tmp)/)";

/** A root file system and what vouches for it. */
export interface SealedRoot {
  /** erofs image. */
  readonly data: string;
  /** dm-verity hash tree. */
  readonly hashes: string;
  /** 64 lower-case hex digits. */
  readonly rootHash: string;
}

/**
 * Packs a tree as erofs with all times clamped, and makes its dm-verity hash tree.
 *
 * @param epoch - Unix seconds that every file gets
 * @param prefix - path without ending for the two files
 */
export async function sealRoot(tree: string, epoch: number, prefix: string): Promise<SealedRoot> {
  const [data, hashes] = [`${prefix}.erofs`, `${prefix}.verity`];
  await rm(data, { force: true });
  await rm(hashes, { force: true });
  await execa("mkfs.erofs", ["-zlz4", `-T${epoch}`, "-U", EROFS_UUID, `--exclude-regex=${EXCLUDED}`, data, tree], {
    // With it set, mkfs.erofs keeps times before it: another image than where only -T says what they are.
    env: { SOURCE_DATE_EPOCH: undefined },
  });
  const formatted = await execa("veritysetup", ["format", `--salt=${SALT}`, `--uuid=${VERITY_UUID}`, data, hashes]);
  const rootHash = /^Root hash:\s+([0-9a-f]{64})$/m.exec(formatted.stdout)?.[1];
  if (rootHash === undefined) throw new Error(`veritysetup printed no root hash:\n${formatted.stdout}`);
  return { data, hashes, rootHash };
}
