import { accepted, refused } from "../../src/defects/defect.ts";
import type { ExpectedOutcome, Recipe } from "../../src/index.ts";
import type { FieldChange } from "./case.ts";

/** A place in a JSON document: `tcbLevels`, 0, `tcb`, `pcesvn`. */
type Path = readonly (string | number)[];

/** Another value for a member, and what becomes of it where that depends on the place. */
interface MemberRule {
  readonly value: string | number;
  readonly wellSigned?: (path: Path) => ExpectedOutcome;
}

const OK = (): ExpectedOutcome => ({ ok: true });
const OUT_OF_DATE = accepted("OutOfDate");

/** `tcbLevels[].tcb.pcesvn`: the place without the indexes. */
export function memberOf(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? "[]" : `.${step}`))
    .join("")
    .slice(1);
}

const isTop = (path: Path): boolean => path[1] === 0;
/** The second identity is that of the module that the platform runs. */
const isRunningModule = (path: Path): boolean => path[1] === 1;
const MODULE = refused("tcb-status", "tdx-module-mismatch");
const REVOKED = refused("tcb-status", "tcb-revoked");

/** Members that both documents have. */
const COMMON_MEMBERS: Readonly<Record<string, MemberRule>> = {
  issueDate: { value: "2020-01-01T00:00:00Z" },
  nextUpdate: { value: "2099-01-01T00:00:00Z" },
  tcbEvaluationDataNumber: { value: 99 },
  "tcbLevels[].tcbDate": { value: "2030-01-01T00:00:00Z" },
  "tcbLevels[].tcbStatus": { value: "Revoked", wellSigned: (path) => (isTop(path) ? REVOKED : accepted()) },
  "tcbLevels[].advisoryIDs[]": { value: "INTEL-SA-00000" },
};

/** Every member of TCB info. */
export const TCB_INFO_MEMBERS: Readonly<Record<string, MemberRule>> = {
  ...COMMON_MEMBERS,
  id: { value: "SGX", wellSigned: () => refused("tcb-info", "tcb-info-wrong-type") },
  version: { value: 4, wellSigned: () => refused("collateral-parse", "tcb-info-version-unsupported") },
  fmspc: { value: "53494D0000FF", wellSigned: () => refused("pck-chain", "fmspc-mismatch") },
  pceId: { value: "0001", wellSigned: () => refused("pck-chain", "pce-id-mismatch") },
  tcbType: { value: 1, wellSigned: () => refused("collateral-parse", "tcb-info-malformed") },
  "tdxModule.mrsigner": { value: "1".repeat(96) },
  "tdxModule.attributes": { value: "1".repeat(16) },
  "tdxModule.attributesMask": { value: "0".repeat(16) },
  "tdxModuleIdentities[].id": { value: "TDX_0B", wellSigned: (path) => (isRunningModule(path) ? MODULE : accepted()) },
  "tdxModuleIdentities[].mrsigner": {
    value: "1".repeat(96),
    wellSigned: (path) => (isRunningModule(path) ? MODULE : accepted()),
  },
  "tdxModuleIdentities[].attributes": {
    value: "1".repeat(16),
    wellSigned: (path) => (isRunningModule(path) ? MODULE : accepted()),
  },
  "tdxModuleIdentities[].attributesMask": { value: "0".repeat(16) },
  "tdxModuleIdentities[].tcbLevels[].tcb.isvsvn": {
    value: 200,
    wellSigned: (path) => (isRunningModule(path) && path[3] === 0 ? OUT_OF_DATE : accepted()),
  },
  "tdxModuleIdentities[].tcbLevels[].tcbDate": { value: "2030-01-01T00:00:00Z" },
  "tdxModuleIdentities[].tcbLevels[].tcbStatus": {
    value: "Revoked",
    wellSigned: (path) => (isRunningModule(path) && path[3] === 0 ? REVOKED : accepted()),
  },
  "tdxModuleIdentities[].tcbLevels[].advisoryIDs[]": { value: "INTEL-SA-00000" },
  "tcbLevels[].tcb.sgxtcbcomponents[].svn": {
    value: 255,
    wellSigned: (path) => (isTop(path) ? OUT_OF_DATE : accepted()),
  },
  "tcbLevels[].tcb.sgxtcbcomponents[].category": { value: "Microwave" },
  "tcbLevels[].tcb.sgxtcbcomponents[].type": { value: "Oven" },
  "tcbLevels[].tcb.pcesvn": { value: 65_535, wellSigned: (path) => (isTop(path) ? OUT_OF_DATE : accepted()) },
  "tcbLevels[].tcb.tdxtcbcomponents[].svn": {
    value: 255,
    // With a versioned module the first two components are the module's, and are not compared here.
    wellSigned: (path) => (isTop(path) && Number(path[4]) > 1 ? OUT_OF_DATE : accepted()),
  },
  "tcbLevels[].tcb.tdxtcbcomponents[].category": { value: "Microwave" },
  "tcbLevels[].tcb.tdxtcbcomponents[].type": { value: "Oven" },
};

/** Every member of the QE identity. */
export const QE_IDENTITY_MEMBERS: Readonly<Record<string, MemberRule>> = {
  ...COMMON_MEMBERS,
  id: { value: "QE", wellSigned: () => refused("qe-identity", "qe-identity-wrong-type") },
  version: { value: 3, wellSigned: () => refused("collateral-parse", "qe-identity-version-unsupported") },
  miscselect: { value: "00000001", wellSigned: () => refused("qe-report", "qe-miscselect-mismatch") },
  miscselectMask: { value: "00000000" },
  attributes: { value: `13${"00".repeat(15)}`, wellSigned: () => refused("qe-report", "qe-attributes-mismatch") },
  attributesMask: { value: `FB${"00".repeat(15)}` },
  mrsigner: { value: "1".repeat(64), wellSigned: () => refused("qe-report", "qe-mrsigner-mismatch") },
  isvprodid: { value: 1, wellSigned: () => refused("qe-report", "qe-isvprodid-mismatch") },
  "tcbLevels[].tcb.isvsvn": { value: 200, wellSigned: (path) => (isTop(path) ? OUT_OF_DATE : accepted()) },
};

/** Every place in a document where a text or a number stands. */
export function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries: [string, unknown][] = Object.entries(value);
  return entries.flatMap(([key, member]) => leavesOf(member, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** Puts a value where another one stood. */
function replaceAt(document: object, path: Path, value: string | number): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) Object.assign(document, { [key]: value });
  else replaceAt(Object(Reflect.get(document, key)), rest, value);
}

/** A change for each place of a document, from the rules for its members. */
export function documentFields(
  document: object,
  members: Readonly<Record<string, MemberRule>>,
  select: (recipe: Recipe) => object,
): readonly FieldChange[] {
  return leavesOf(document).flatMap((path) => {
    const rule = members[memberOf(path)];
    if (rule === undefined) return [];
    const { value, wellSigned = OK } = rule;
    return {
      field: path.join("."),
      member: memberOf(path),
      wellSigned: wellSigned(path),
      change: (recipe) => replaceAt(select(recipe), path, value),
    };
  });
}
