import type { ReleaseLane } from "../lane.ts";
import type { EvidenceByScope, RuleScope } from "./evidence.ts";

/** What came of a rule. */
export type RuleStatus = "pass" | "fail" | "skip";

/** The outcome of one rule, as `release verify` prints it. */
export interface RuleResult {
  readonly id: string;
  readonly status: RuleStatus;
  /** One line: what holds, what does not, or what was missing to say. */
  readonly message: string;
  /** The assets that the message is about. */
  readonly files: readonly string[];
  /**
   * Of a skipped rule: whether it was skipped because something that it judges is missing or malformed, so that the release
   * cannot pass; false where the caller simply did not ask (no node release given, no network).
   */
  readonly isBlocked: boolean;
}

/** A rule: one demand, decided from loaded evidence alone. */
export interface Rule<S extends RuleScope> {
  readonly scope: S;
  /** Of scope `release`: the lanes that it is about. */
  readonly lanes: readonly ReleaseLane[];
  /** The demand as a clause that holds when the rule passes. */
  readonly demand: string;
  readonly judge: (evidence: EvidenceByScope[S], sheet: RuleSheet) => void;
}

/** Makes a rule about a released directory. */
export function releaseRule(
  lanes: readonly ReleaseLane[],
  demand: string,
  judge: Rule<"release">["judge"],
): Rule<"release"> {
  return { scope: "release", lanes, demand, judge };
}

/** Longest message of a rule, in UTF-16 units: it goes into a log line. */
const MESSAGE_LIMIT = 600;

/** What a rule notes while it judges. */
export class RuleSheet {
  readonly #faults: string[] = [];
  readonly #lacks: string[] = [];
  readonly #unasked: string[] = [];
  readonly #warnings: string[] = [];
  readonly #files = new Set<string>();
  #passed: string | null = null;

  /** The demand does not hold. */
  fault(message: string, ...files: readonly string[]): void {
    this.#faults.push(message);
    for (const file of files) this.#files.add(file);
  }

  /** Something that does not decide, and that a person must look at; it is said where the rule passes. */
  warn(message: string, ...files: readonly string[]): void {
    this.#warnings.push(message);
    for (const file of files) this.#files.add(file);
  }

  /** Notes a fault unless the claim holds. */
  expect(holds: boolean, message: string, ...files: readonly string[]): void {
    if (!holds) this.fault(message, ...files);
  }

  /** Something that the rule judges is missing or malformed; another rule says so. */
  lack(file: string): void {
    this.#lacks.push(file);
    this.#files.add(file);
  }

  /** Something that only the caller could have given. */
  unasked(what: string): void {
    this.#unasked.push(what);
  }

  /** What to say when the demand holds, instead of the demand itself. */
  passed(message: string): void {
    this.#passed = message;
  }

  /** The result: a fault decides, then what is lacking, then what was not asked. */
  result(id: string, demand: string): RuleResult {
    const files = [...this.#files];
    const make = (status: RuleStatus, message: string, isBlocked = false): RuleResult => ({
      id,
      status,
      message: message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message,
      files,
      isBlocked,
    });
    if (this.#faults.length > 0) return make("fail", this.#faults.join("; "));
    if (this.#lacks.length > 0) return make("skip", `cannot be judged without ${unique(this.#lacks)}`, true);
    if (this.#unasked.length > 0) return make("skip", `not judged: ${unique(this.#unasked)}`);
    if (this.#warnings.length > 0) return make("pass", `warning: ${this.#warnings.join("; ")}`);
    return make("pass", this.#passed ?? demand);
  }
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join(", ");
}
