import {
  LEVEL_STATUSES,
  type IsvSvnLevel,
  type TcbLevel,
  type TdxModuleIdentity,
} from "../../src/collateral-document.ts";
import type { Facts } from "./facts.ts";

/**
 * Ways in which another implementation departs from Intel's rules when it places a platform in its TCB levels. Without any of them the
 * model gives the answer of Intel's Quote Verification Library.
 */
export type TcbHabit =
  | "module-components-compared"
  | "module-identity-ignored"
  | "severity-merge"
  | "cpusvn-compared"
  | "file-order"
  | "lexicographic-comparison"
  | "qe-status-ignored"
  | "no-level-accepted"
  | "revoked-reported";

/** What placing a platform in its levels comes to. */
export type TcbAnswer =
  | { readonly kind: "placed"; readonly status: string; readonly advisories: readonly string[] }
  | { readonly kind: "refused" };

const REFUSED: TcbAnswer = { kind: "refused" };

/** From harmless to worst, as the implementations that merge by severity order them. */
const SEVERITY: readonly string[] = LEVEL_STATUSES;

const RELAUNCHABLE: ReadonlySet<string> = new Set(SEVERITY.slice(0, 4));

type Has = (habit: TcbHabit) => boolean;

function svns(components: readonly { readonly svn: number }[] | undefined): readonly number[] {
  return (components ?? []).map(({ svn }) => svn);
}

/** Sign of the first difference; a list that is a beginning of the other comes first. */
function compareLists(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  const [a, b] = at < 0 ? [one.length, other.length] : [one[at] ?? 0, other[at] ?? -1];
  return a - b;
}

function reaches(has: readonly number[], needs: readonly number[], isLexicographic: boolean): boolean {
  if (isLexicographic) return compareLists(has, needs) >= 0;
  return has.length === needs.length && has.every((svn, index) => !(svn < (needs[index] ?? 0)));
}

function compareLevels(a: TcbLevel, b: TcbLevel): number {
  return (
    compareLists(svns(b.tcb.sgxtcbcomponents), svns(a.tcb.sgxtcbcomponents)) ||
    b.tcb.pcesvn - a.tcb.pcesvn ||
    compareLists(svns(b.tcb.tdxtcbcomponents), svns(a.tcb.tdxtcbcomponents))
  );
}

function inOrder(levels: readonly TcbLevel[], has: Has): readonly TcbLevel[] {
  return has("file-order") ? levels : levels.toSorted(compareLevels);
}

function reachedLevel(levels: readonly IsvSvnLevel[], svn: number, has: Has): IsvSvnLevel | undefined {
  const ordered = has("file-order") ? levels : levels.toSorted((a, b) => b.tcb.isvsvn - a.tcb.isvsvn);
  return ordered.find(({ tcb }) => svn >= tcb.isvsvn);
}

function asOutOfDate(status: string): string {
  return status === "UpToDate" || status === "Revoked" ? status : "OutOfDate";
}

function needsConfiguration(status: string): boolean {
  return status.includes("Configuration");
}

/** Intel's table: a status, and that of the TDX module or the quoting enclave. */
function converge(status: string, other: string): string {
  if (status === "Revoked" || other === "Revoked") return "Revoked";
  if (other === "UpToDate" || status.startsWith("TDRelaunch")) return status;
  return needsConfiguration(status) ? "OutOfDateConfigurationNeeded" : "OutOfDate";
}

interface Statuses {
  readonly level: string;
  readonly sgxLevel: string;
  readonly module: string;
  readonly qe: string;
}

interface Placed {
  readonly level: TcbLevel;
  readonly sgxLevel: TcbLevel;
}

function placePlatform({ quote, sgx, tcbInfo }: Facts, has: Has): Placed | null {
  if (quote === null || sgx === null || tcbInfo === null) return null;
  const platform = has("cpusvn-compared") ? sgx.cpuSvn : sgx.components;
  const isLexicographic = has("lexicographic-comparison");
  const start = (quote.teeTcbSvn[1] ?? 0) > 0 && !has("module-components-compared") ? 2 : 0;
  let sgxLevel: TcbLevel | undefined;
  for (const level of inOrder(tcbInfo.tcbLevels, has)) {
    const { sgxtcbcomponents, pcesvn, tdxtcbcomponents } = level.tcb;
    if (sgx.pceSvn < pcesvn || !reaches(platform, svns(sgxtcbcomponents), isLexicographic)) continue;
    sgxLevel ??= level;
    const needs = svns(tdxtcbcomponents).slice(start);
    if (reaches(quote.teeTcbSvn.slice(start), needs, isLexicographic)) return { level, sgxLevel };
  }
  return null;
}

function findIdentity({ tcbInfo }: Facts, version: number): TdxModuleIdentity | undefined {
  const name = `TDX_${version.toString(16).padStart(2, "0")}`.toLowerCase();
  return tcbInfo?.tdxModuleIdentities?.find(({ id }) => id.toLowerCase() === name);
}

/** The module's level; undefined where it has none to have; null where the module is not the published one. */
function placeModule(facts: Facts, has: Has): IsvSvnLevel | undefined | null {
  const { quote, tcbInfo } = facts;
  if (has("module-identity-ignored") || quote === null) return undefined;
  const [svn = 0, version = 0] = quote.teeTcbSvn;
  const module = version === 0 ? tcbInfo?.tdxModule : findIdentity(facts, version);
  const isSigned = quote.mrSignerSeamHex === module?.mrsigner.toLowerCase();
  const isPlain = /^0+$/.test(quote.seamAttributesHex) && quote.seamAttributesHex === module?.attributes.toLowerCase();
  if (!isSigned || !isPlain) return null;
  if (version === 0) return undefined;
  return reachedLevel(findIdentity(facts, version)?.tcbLevels ?? [], svn, has) ?? null;
}

/** Whether the module that is loaded now reaches the top level; null where it is not a published one. */
function isNewerLoaded(facts: Facts): boolean | null {
  const [svn = 0, version = 0, microcode = 0] = facts.quote?.teeTcbSvn2 ?? [];
  const [top] = (facts.tcbInfo?.tcbLevels ?? []).toSorted(compareLevels);
  const needs = svns(top?.tcb.tdxtcbcomponents);
  const hasMicrocode = microcode >= (needs[2] ?? 0);
  if (version === 0) return svn >= (needs[0] ?? 0) && hasMicrocode;
  const identity = findIdentity(facts, version);
  return identity === undefined
    ? null
    : svn >= Math.max(...identity.tcbLevels.map(({ tcb }) => tcb.isvsvn)) && hasMicrocode;
}

function bySeverity({ level, module, qe }: Statuses): string | null {
  const ranks = [level, module, qe].map((status) => SEVERITY.indexOf(status));
  return ranks.includes(-1) ? null : (SEVERITY[Math.max(...ranks)] ?? null);
}

/** The final status; null where the module loaded now is not a published one. */
function byTable(facts: Facts, { level, sgxLevel, module, qe: rawQe }: Statuses): string | null {
  const qe = asOutOfDate(rawQe);
  const launched = converge(level, module);
  const mayAdvise =
    facts.quote?.teeTcbSvn2 !== null &&
    qe === "UpToDate" &&
    RELAUNCHABLE.has(sgxLevel) &&
    launched.startsWith("OutOfDate") &&
    module === "OutOfDate";
  if (!mayAdvise) return converge(launched, qe);
  const isNewer = isNewerLoaded(facts);
  if (isNewer === null) return null;
  const suffix = needsConfiguration(sgxLevel) || needsConfiguration(launched) ? "ConfigurationNeeded" : "";
  return isNewer ? `TDRelaunchAdvised${suffix}` : converge(launched, qe);
}

/** Places a platform in its TCB levels as an implementation with these habits does. */
export function placeTcb(facts: Facts, habits: readonly TcbHabit[]): TcbAnswer {
  const has: Has = (habit) => habits.includes(habit);
  const module = placeModule(facts, has);
  if (module === null) return REFUSED;
  const platform = placePlatform(facts, has);
  if (platform === null) {
    return has("no-level-accepted") ? { kind: "placed", status: "Unknown", advisories: [] } : REFUSED;
  }
  const isvSvn = Buffer.from(facts.quote?.qeReport ?? new Uint8Array(384)).readUInt16LE(258);
  const qe = has("qe-status-ignored")
    ? undefined
    : (reachedLevel(facts.qeIdentity?.tcbLevels ?? [], isvSvn, has) ?? null);
  if (qe === null) return REFUSED;

  const statuses: Statuses = {
    level: platform.level.tcbStatus,
    sgxLevel: platform.sgxLevel.tcbStatus,
    module: module === undefined ? "UpToDate" : asOutOfDate(module.tcbStatus),
    qe: qe?.tcbStatus ?? "UpToDate",
  };
  const status = has("severity-merge") ? bySeverity(statuses) : byTable(facts, statuses);
  if (status === null || (status === "Revoked" && !has("revoked-reported"))) return REFUSED;
  const advisories = [platform.level, module, qe].flatMap((level) => level?.advisoryIDs ?? []);
  return { kind: "placed", status, advisories: [...new Set(advisories)] };
}

/** Sets of habits, smaller ones first. */
export function subsetsBySize(habits: readonly TcbHabit[]): readonly (readonly TcbHabit[])[] {
  const subsets = habits.reduce<readonly (readonly TcbHabit[])[]>(
    (known, habit) => [...known, ...known.map((subset) => [...subset, habit])],
    [[]],
  );
  return subsets.toSorted((a, b) => a.length - b.length);
}
