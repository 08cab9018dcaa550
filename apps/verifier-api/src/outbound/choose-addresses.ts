import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { RefusalReason } from "../wire/problems.ts";
import { parseIpAddress, unwrapIpAddress } from "./ip-address.ts";
import { isPublicAddress } from "./public-address.ts";
import type { Target } from "./target.ts";

/** Looks a name up once, A and AAAA; throws where there is no answer. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Why no address of a target is asked: a rule, or the name has none. */
export type AddressRefusal = RefusalReason | "unresolved";

const MAX_ANSWERS = 16;
const MAX_TRIES = 2;

/**
 * The addresses of a target to connect to, in order, at most two. The name is looked up once, and every answer must be
 * allowed: a name that also points into a private network is one that waits for its moment.
 *
 * Source: docs/verifier-api.md.
 */
export async function chooseAddresses(
  target: Target,
  resolve: Resolve,
): Promise<Result<readonly string[], AddressRefusal>> {
  if (target.literal !== null) return ok([target.host.replace(/^\[(.*)\]$/, "$1")]);
  const answers = await resolve(target.host).catch(() => null);
  if (answers === null || answers.length === 0) return err("unresolved");
  if (answers.length > MAX_ANSWERS) return err("dns_mixed");
  if (!target.mayBePrivate) {
    const allowed = answers.filter(isAllowedAnswer);
    if (allowed.length === 0) return err("address_forbidden");
    if (allowed.length < answers.length) return err("dns_mixed");
  }
  return ok(alternate(answers).slice(0, MAX_TRIES));
}

function isAllowedAnswer(answer: string): boolean {
  const address = parseIpAddress(answer);
  return address !== null && isPublicAddress(unwrapIpAddress(address));
}

/** IPv6 and IPv4 in turns, so that a broken one of them costs one try. */
function alternate(answers: readonly string[]): readonly string[] {
  const [six, four] = [true, false].map((isSix) => answers.filter((answer) => answer.includes(":") === isSix));
  const turns = Math.max(six?.length ?? 0, four?.length ?? 0);
  return Array.from({ length: turns }, (_, index) => [six?.[index], four?.[index]])
    .flat()
    .filter((answer) => answer !== undefined);
}
