import { createHmac } from "node:crypto";
import type { Profile } from "@mero-tee/policy";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { GuestAgent } from "../guest-agent.ts";
import { type ChallengeKey, takeChallengeKey } from "./challenge-id.ts";

const DAY_SECONDS = 86_400;
const GENERATION_BYTES = 32;

/** The keys with which challenges are made and recognised under one generation, by the day on which they expire. */
export interface ChallengeKeys {
  readonly generationHex: string;
  readonly byDay: ReadonlyMap<number, ChallengeKey>;
}

/** The day of an instant, in whole days since 1970. */
export function dayOf(unixSeconds: number): number {
  return Math.floor(unixSeconds / DAY_SECONDS);
}

/**
 * Derives the keys of the days that are asked for, taking from `known` what is there already.
 *
 * Every instance of one application derives the same: dstack gives the same secret for the same path, and the
 * generation is the one that they share. A day's key dies with its day, and a generation's with the data that it stood
 * beside, so that neither a leaked key nor a restored store is good for long. No peer id can end such a path.
 */
export async function deriveChallengeKeys(
  agent: Pick<GuestAgent, "deriveKey">,
  profile: Profile,
  generationHex: string,
  days: readonly number[],
  known: ChallengeKeys | null,
): Promise<Result<ChallengeKeys, { readonly code: "challenge-key-unavailable"; readonly word: string }>> {
  const generation = parseHex(generationHex, GENERATION_BYTES);
  if (generation === null) return err({ code: "challenge-key-unavailable", word: "generation" });
  const byDay = new Map<number, ChallengeKey>();
  for (const day of new Set(days)) {
    const kept = known?.generationHex === generationHex ? known.byDay.get(day) : undefined;
    if (kept !== undefined) {
      byDay.set(day, kept);
      continue;
    }
    const secret = await agent.deriveKey(`mero-kms/challenge/v1/${profile}/${day}`);
    if (!secret.ok) return err({ code: "challenge-key-unavailable", word: secret.error.code });
    byDay.set(
      day,
      secret.value.use((bytes) => takeChallengeKey(createHmac("sha256", bytes).update(generation).digest())),
    );
    secret.value.wipe();
  }
  return ok({ generationHex, byDay });
}
