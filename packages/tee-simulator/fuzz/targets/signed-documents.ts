import { isDeepStrictEqual } from "node:util";
import { formatRfc3339Utc, type QeIdentity, type TcbInfo, type TcbLevel } from "@mero-tee/tdx-quote";
import { jsonValueRange } from "@mero-tee/tdx-quote/json";
import { ok } from "@mero-tee/tdx-quote/result";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { JSON_MUTATORS } from "../mutators/json.ts";
import { decodeText, encodeText, promise, type Attempt, type FuzzTarget } from "../target.ts";
import { parseInBundle } from "./bundle.ts";
import { attemptOf, magnitude } from "./outcome.ts";

/** A member of what `JSON.parse` made of a document. */
function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a list falls strictly, one key after the other. */
function fallsStrictly(keys: readonly (readonly number[])[]): boolean {
  return keys.every((key, index) => {
    const next = keys[index + 1];
    if (next === undefined) return true;
    const differs = key.findIndex((part, place) => part !== next[place]);
    return differs >= 0 && (key[differs] ?? 0) > (next[differs] ?? 0);
  });
}

function inspectHead(document: unknown, value: TcbInfo | QeIdentity, text: string): void {
  promise(Buffer.compare(value.bytes, encodeText(text)) === 0, "a signed document keeps its bytes");
  promise(formatRfc3339Utc(value.issueDate) === member(document, "issueDate"), "issueDate is read as it stands");
  promise(formatRfc3339Utc(value.nextUpdate) === member(document, "nextUpdate"), "nextUpdate is read as it stands");
  promise(value.id === member(document, "id"), "the id is read as it stands");
  const number = member(document, "tcbEvaluationDataNumber");
  promise(value.tcbEvaluationDataNumber === number, "the evaluation number is read as it stands");
  const range = jsonValueRange(value.bytes, "tcbEvaluationDataNumber");
  const spelling = range.ok ? decodeText(value.bytes.subarray(range.value.start, range.value.end)) : "";
  promise(/^(?:0|[1-9][0-9]*)$/.test(spelling), "a number is written in digits only");
}

/** Whether all are versions of a component: whole numbers from 0. */
function areVersions(numbers: readonly number[], max: number): boolean {
  return numbers.every((number) => Number.isInteger(number) && number >= 0 && number <= max);
}

function levelKey(level: TcbLevel): readonly number[] {
  return [...level.sgxComponents, level.pceSvn, ...level.tdxComponents];
}

function levelKeyOf(level: unknown): readonly unknown[] {
  const tcb = member(level, "tcb");
  const svns = (list: string): readonly unknown[] =>
    listOf(member(tcb, list)).map((component) => member(component, "svn"));
  return [...svns("sgxtcbcomponents"), member(tcb, "pcesvn"), ...svns("tdxtcbcomponents")];
}

function inspectTcbInfo(text: string, info: TcbInfo): void {
  const document: unknown = JSON.parse(text);
  inspectHead(document, info, text);
  promise(info.fmspc === lowerCase(member(document, "fmspc")), "the FMSPC is read as it stands");
  promise(info.pceId === lowerCase(member(document, "pceId")), "the PCE ID is read as it stands");
  if (info.id === "SGX") return;
  const levels = listOf(member(document, "tcbLevels"));
  promise(info.levels.length === levels.length, "every TCB level is kept");
  promise(fallsStrictly(info.levels.map(levelKey)), "TCB levels fall");
  promise(
    info.levels.every((level) => {
      const key = levelKey(level);
      const source = levels.find((candidate) => isDeepStrictEqual(levelKeyOf(candidate), key));
      return level.tcbStatus === member(source, "tcbStatus");
    }),
    "every TCB level has the status of its document",
  );
  for (const { sgxComponents, tdxComponents, pceSvn } of info.levels) {
    promise(sgxComponents.length === 16 && tdxComponents.length === 16, "a TCB level has 16 components of each kind");
    promise(
      areVersions([...sgxComponents, ...tdxComponents], 255) && areVersions([pceSvn], 65_535),
      "SVNs are whole numbers",
    );
  }
  const identities = listOf(member(document, "tdxModuleIdentities"));
  promise(info.tdxModuleIdentities.length === identities.length, "every module identity is kept");
  for (const { levels: moduleLevels } of info.tdxModuleIdentities) {
    promise(fallsStrictly(moduleLevels.map(({ isvSvn }) => [isvSvn])), "module levels fall");
    promise(
      areVersions(
        moduleLevels.map(({ isvSvn }) => isvSvn),
        65_535,
      ),
      "module SVNs are whole numbers",
    );
  }
}

function inspectQeIdentity(text: string, identity: QeIdentity): void {
  const document: unknown = JSON.parse(text);
  inspectHead(document, identity, text);
  promise(identity.mrSigner === lowerCase(member(document, "mrsigner")), "MRSIGNER is read as it stands");
  promise(identity.attributesMask === lowerCase(member(document, "attributesMask")), "the mask is read as it stands");
  promise(identity.isvProdId === member(document, "isvprodid"), "ISVPRODID is read as it stands");
  promise(identity.levels.length === listOf(member(document, "tcbLevels")).length, "every level is kept");
  promise(fallsStrictly(identity.levels.map(({ isvSvn }) => [isvSvn])), "levels fall");
  promise(
    areVersions(
      identity.levels.map(({ isvSvn }) => isvSvn),
      65_535,
    ),
    "SVNs are whole numbers",
  );
}

function attemptTcbInfo(input: Uint8Array): Attempt {
  const text = decodeText(input);
  const parsed = parseInBundle({ tcb_info: text });
  return attemptOf(
    parsed.ok ? ok(parsed.value.tcbInfo) : parsed,
    ["collateral-parse"],
    (info) => inspectTcbInfo(text, info),
    (info) =>
      info.id === "SGX"
        ? "SGX"
        : `TDX, ${magnitude(info.levels.length)} levels, ${magnitude(info.tdxModuleIdentities.length)} modules`,
  );
}

function attemptQeIdentity(input: Uint8Array): Attempt {
  const text = decodeText(input);
  const parsed = parseInBundle({ qe_identity: text });
  return attemptOf(
    parsed.ok ? ok(parsed.value.qeIdentity) : parsed,
    ["collateral-parse"],
    (identity) => inspectQeIdentity(text, identity),
    ({ id, levels }) => `${id}, ${magnitude(levels.length)} levels`,
  );
}

const mutators = [...JSON_MUTATORS, ...JSON_MUTATORS, ...JSON_MUTATORS, ...BYTE_MUTATORS];

/** The parser of TCB infos. */
export const TCB_INFO_TARGET: FuzzTarget = {
  name: "tcb-info",
  seeds: (corpus) => corpus.tcbInfos,
  mutators,
  attempt: attemptTcbInfo,
};

/** The parser of QE identities. */
export const QE_IDENTITY_TARGET: FuzzTarget = {
  name: "qe-identity",
  seeds: (corpus) => corpus.qeIdentities,
  mutators,
  attempt: attemptQeIdentity,
};
