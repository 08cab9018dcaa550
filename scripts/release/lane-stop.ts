import { type CommandOutcome, listAt, textAt } from "./mero-tee.ts";

/** Why a lane went no further. */
export interface LaneStop {
  /** The step that stopped it. */
  readonly step: string;
  /** Stable, from `docs/errors.md` or {@link LANE_CODES}. */
  readonly code: string;
  /** Ids of the rules that fail; empty where something else stopped it. */
  readonly rules: readonly string[];
  readonly message: string;
  readonly exitCode: number;
}

/** The codes that the lanes themselves give, and their exit codes. */
export const LANE_CODES = {
  "release-exists": 10,
  "release-gate-closed": 10,
  "rules-broken": 10,
  "upload-differs": 10,
  "host-failed": 1,
  "probe-unreachable": 1,
  "probe-refused": 10,
  "site-differs": 10,
  "signature-unknown": 10,
  NODE_RELEASE_MISSING: 11,
  NODE_RELEASE_FAILED: 10,
  NODE_RELEASE_TIMEOUT: 1,
} as const satisfies Readonly<Record<string, number>>;

/** One of {@link LANE_CODES}. */
export type LaneCode = keyof typeof LANE_CODES;

/** Thrown where a lane must not go on; the runner of the lane catches it, and nothing else. */
export class StoppedLane extends Error {
  readonly stop: Omit<LaneStop, "step">;

  constructor(stop: Omit<LaneStop, "step">) {
    super(stop.message);
    this.stop = stop;
  }
}

/** Stops a lane for a reason of its own. */
export function stopLane(code: LaneCode, message: string, rules: readonly string[] = []): never {
  throw new StoppedLane({ code, rules, message, exitCode: LANE_CODES[code] });
}

/** Goes on only if the command ended well. */
export function expectOk(outcome: CommandOutcome): CommandOutcome {
  if (outcome.exitCode === 0) return outcome;
  const { document, exitCode } = outcome;
  const rules = failedRules(document);
  const code = textAt(document, "failure", "code");
  const reasons = listAt(document, "rules").flatMap((rule) =>
    textAt(rule, "status") === "fail" ? [`${textAt(rule, "id")}: ${textAt(rule, "message")}`] : [],
  );
  const message = [textAt(document, "failure", "message"), ...reasons].join(" ");
  throw new StoppedLane({ code: code === "" ? "unexpected" : code, rules, message, exitCode });
}

/** The rules that a verdict says do not hold. */
export function failedRules(document: unknown): readonly string[] {
  const broken = listAt(document, "rules").flatMap((rule) =>
    textAt(rule, "status") === "fail" ? [textAt(rule, "id")] : [],
  );
  // An audit names them release by release.
  const audited = listAt(document, "releases").flatMap((release) => listAt(release, "failed"));
  return [...new Set([...broken, ...audited.filter((id) => typeof id === "string")])];
}

/** How many rules of a verdict passed and were skipped, for a line of progress. */
export function countRules(document: unknown): string {
  const count = (status: string): number =>
    listAt(document, "rules").filter((rule) => textAt(rule, "status") === status).length;
  return `${count("pass")} rules hold, ${count("skip")} not asked`;
}
