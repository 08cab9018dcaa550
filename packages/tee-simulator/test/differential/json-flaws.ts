import {
  LEVEL_STATUSES,
  type IsvSvnLevel,
  type QeIdentityDocument,
  type TcbInfoDocument,
} from "../../src/collateral-document.ts";

/** Flaws of signed JSON that `JSON.parse` passes over. */

/** Whether some object in a JSON text has a key twice; looks only at texts that `JSON.parse` accepts. */
export function hasDuplicateKey(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const [word, colon] = token;
    if (word === "{") open.push(new Set());
    else if (word === "[") open.push(null);
    else if (word === "}" || word === "]") open.pop();
    else if (colon !== undefined) {
      const keys = open.at(-1);
      const key = word.slice(0, word.length - colon.length);
      if (keys?.has(key) === true) return true;
      keys?.add(key);
    }
  }
  return false;
}

/** How deep objects and lists are nested. */
function nestingDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

const MAX_NESTING = 32;
const DOCUMENT_LIMIT = 1024 * 1024;

/** Whether objects and lists are nested deeper than 32. */
export function isTooNested(text: string): boolean {
  return nestingDepth(text) > MAX_NESTING;
}

/** Whether a signed document is longer than 1 MiB or nested too deeply. */
export function isTooLarge(text: string): boolean {
  return isTooNested(text) || text.length > DOCUMENT_LIMIT;
}

/** Whether a value is a time of the calendar in the one form that Intel's documents use. */
export function isTime(value: unknown): boolean {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return false;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString() === value.replace("Z", ".000Z");
}

/** Numbers of a JSON text under a key, as they are spelled. */
function spelledNumbers(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`"${key}":([^,}\\]]*)`, "g"))].map((match) => (match[1] ?? "").trim());
}

/** Whether every number of that key is a plain integer up to a limit. */
export function areIntegers(text: string, key: string, limit: number): boolean {
  return spelledNumbers(text, key).every((spelled) => /^(?:0|[1-9]\d*)$/.test(spelled) && Number(spelled) <= limit);
}

function hasTwins(names: readonly string[]): boolean {
  return new Set(names).size !== names.length;
}

function areLevelsFlawed(levels: readonly IsvSvnLevel[]): boolean {
  return levels.length === 0 || hasTwins(levels.map(({ tcb }) => String(tcb.isvsvn)));
}

/** Whether a list of levels or identities is empty, or has two for the same versions. */
export function hasFlawedLevelList(document: TcbInfoDocument): boolean {
  const { tcbLevels, tdxModuleIdentities: identities } = document;
  return (
    tcbLevels.length === 0 ||
    hasTwins(tcbLevels.map(({ tcb }) => JSON.stringify([tcb.sgxtcbcomponents, tcb.pcesvn, tcb.tdxtcbcomponents]))) ||
    identities?.length === 0 ||
    hasTwins((identities ?? []).map(({ id }) => id.toUpperCase())) ||
    (identities ?? []).some((identity) => areLevelsFlawed(identity.tcbLevels))
  );
}

/** Whether a level has other than 16 components of a kind. */
export function hasOtherComponentCount({ tcbLevels }: TcbInfoDocument): boolean {
  return tcbLevels.some(({ tcb }) =>
    [tcb.sgxtcbcomponents, tcb.tdxtcbcomponents].some((list) => Array.isArray(list) && list.length !== 16),
  );
}

/** Whether a component has no number. */
export function lacksNumber({ tcbLevels }: TcbInfoDocument): boolean {
  const components = tcbLevels.flatMap(({ tcb }) => [tcb.sgxtcbcomponents, tcb.tdxtcbcomponents].flat());
  return components.some((component) => component !== undefined && typeof component.svn !== "number");
}

const PLATFORM_STATUSES: ReadonlySet<string> = new Set(LEVEL_STATUSES);
const MODULE_STATUSES: ReadonlySet<string> = new Set(["UpToDate", "OutOfDate", "Revoked"]);

/** Whether a level carries a status that its kind cannot have. */
export function hasForeignStatus({ tcbLevels, tdxModuleIdentities }: TcbInfoDocument): boolean {
  const modules = (tdxModuleIdentities ?? []).flatMap((identity) => identity.tcbLevels);
  return (
    tcbLevels.some(({ tcbStatus }) => !PLATFORM_STATUSES.has(tcbStatus)) ||
    modules.some(({ tcbStatus }) => !MODULE_STATUSES.has(tcbStatus))
  );
}

/** Whether a value is that many bytes in hex. */
function isHex(value: unknown, bytes: number): boolean {
  return typeof value === "string" && new RegExp(`^[0-9A-Fa-f]{${2 * bytes}}$`).test(value);
}

/** Whether the description of the TDX module is missing or is not of its form. */
export function hasFlawedModule({ tdxModule, tdxModuleIdentities }: TcbInfoDocument): boolean {
  const isModule = (module: typeof tdxModule): boolean =>
    module !== undefined &&
    isHex(module.mrsigner, 48) &&
    isHex(module.attributes, 8) &&
    isHex(module.attributesMask, 8);
  return (
    !isModule(tdxModule) ||
    (tdxModuleIdentities ?? []).some((identity) => !isModule(identity) || !/^TDX_[0-9A-F]{2}$/i.test(identity.id))
  );
}

/** Whether the identity lacks a number that it must have, or has two levels for the same version. */
export function hasFlawedIdentity({ tcbEvaluationDataNumber, tcbLevels }: QeIdentityDocument): boolean {
  return typeof tcbEvaluationDataNumber !== "number" || areLevelsFlawed(tcbLevels);
}

const IDENTITY_HEX: Readonly<Record<string, number>> = {
  miscselect: 4,
  miscselectMask: 4,
  attributes: 16,
  attributesMask: 16,
  mrsigner: 32,
};

/** Whether the identity is not of version 2, lacks a field, or has one of another form. */
export function hasFlawedForm(document: QeIdentityDocument, text: string): boolean {
  const fields: Readonly<Record<string, unknown>> = { ...document };
  const levels: readonly Partial<IsvSvnLevel>[] | undefined = document.tcbLevels;
  return (
    document.version !== 2 ||
    typeof document.id !== "string" ||
    !isTime(document.issueDate) ||
    !isTime(document.nextUpdate) ||
    Object.entries(IDENTITY_HEX).some(([key, bytes]) => !isHex(fields[key], bytes)) ||
    typeof document.isvprodid !== "number" ||
    !areIntegers(text, "isvprodid", 65_535) ||
    !Array.isArray(levels) ||
    hasFlawedIdentity(document) ||
    levels.some(({ tcbStatus }) => !PLATFORM_STATUSES.has(String(tcbStatus)))
  );
}
