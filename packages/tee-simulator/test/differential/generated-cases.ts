import { sgxComponents, sixteen, tdxComponents, type IsvSvnLevel } from "../../src/collateral-document.ts";
import { formatDate } from "../../src/civil-time.ts";
import { LEVEL_STATUSES, type Recipe, type SimulatedPlatform } from "../../src/index.ts";
import type { CertificateRecipe } from "../../src/certificate.ts";
import { createDice, type Dice } from "./dice.ts";
import { caseOf, type EvidenceCase } from "./evidence-case.ts";
import { withRootOfIntelsLength } from "./same-length-root.ts";

/** One thing that a case may have out of the ordinary; gives back what it did, or null where it did nothing. */
type Change = (recipe: Recipe, dice: Dice) => string | null;

const SHAPES = [
  { version: 4, bodyType: 2 },
  { version: 4, bodyType: 2 },
  { version: 5, bodyType: 2 },
  { version: 5, bodyType: 3 },
  { version: 5, bodyType: 3 },
] as const;

const MODULE_STATUSES = ["UpToDate", "UpToDate", "OutOfDate", "Revoked"] as const;
const QE_STATUSES = ["UpToDate", "UpToDate", "UpToDate", "OutOfDate", "ConfigurationNeeded", "Revoked"] as const;
const ADVISORIES = ["INTEL-SA-00001", "INTEL-SA-00002", "INTEL-SA-00003", "INTEL-SA-00004"] as const;

function shuffled<T>(list: readonly T[], dice: Dice): T[] {
  return list
    .map((value) => [dice.below(1e9), value] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value);
}

function someAdvisories(dice: Dice): string[] {
  return ADVISORIES.filter(() => dice.chance(30));
}

/** The SVNs of a platform around those of the levels: mostly high enough, sometimes short in one place. */
const platformVersions: Change = ({ sgx }, dice) => {
  const components = [...sgx.components];
  for (let times = dice.pick([0, 0, 0, 1, 1, 2]); times > 0; times -= 1) {
    const at = dice.below(16);
    components[at] = dice.pick([0, 1, 2, 3, 4, 5, 127, 128, 255]);
  }
  sgx.components = components;
  sgx.cpuSvn = dice.chance(15) ? Uint8Array.from(sixteen([dice.below(6), dice.below(6)])) : Uint8Array.from(components);
  sgx.pceSvn = dice.pick([13, 13, 13, 13, 12, 5, 4, 14, 300, 32_767, 32_768]);
  return `components ${components.slice(0, 8).join(" ")}, CPUSVN ${sgx.cpuSvn.slice(0, 8).join(" ")}, PCESVN ${sgx.pceSvn}`;
};

function moduleVersions(dice: Dice): Uint8Array {
  const version = dice.pick([0, 0, 1, 1, 1, 1, 1, 3, 3, 2]);
  const high = dice.pick([0, 0, 0, 0, 0, 1]);
  return Uint8Array.from(
    sixteen([
      3 + dice.below(6) - 2 * dice.below(2),
      version,
      dice.pick([3, 3, 3, 3, 2, 2, 1, 4]),
      ...Array<number>(12).fill(0),
      high,
    ]),
  );
}

/** TEE_TCB_SVN and, where the quote has it, TEE_TCB_SVN2. */
const tdxVersions: Change = ({ quote: { report } }, dice) => {
  report.teeTcbSvn = dice.chance(25) ? report.teeTcbSvn : moduleVersions(dice);
  report.teeTcbSvn2 = dice.chance(30) ? report.teeTcbSvn : moduleVersions(dice);
  return `TEE_TCB_SVN ${report.teeTcbSvn.slice(0, 3).join(" ")}, SVN2 ${report.teeTcbSvn2.slice(0, 3).join(" ")}`;
};

function changeIsvSvnLevels(
  levels: IsvSvnLevel[],
  statuses: readonly [string, ...string[]],
  dice: Dice,
): IsvSvnLevel[] {
  for (const level of levels) {
    if (dice.chance(50)) level.tcbStatus = dice.pick(statuses);
    if (dice.chance(30)) level.advisoryIDs = someAdvisories(dice);
  }
  return dice.chance(10) ? shuffled(levels, dice) : levels;
}

/** Statuses, advisories, versions and order of every list of levels. */
const levels: Change = ({ tcbInfo, qeIdentity, quote }, dice) => {
  const { document } = tcbInfo;
  for (const level of document.tcbLevels) {
    if (dice.chance(60)) level.tcbStatus = dice.pick(LEVEL_STATUSES);
    if (dice.chance(30)) level.advisoryIDs = someAdvisories(dice);
  }
  if (dice.chance(20)) {
    const [top] = document.tcbLevels;
    if (top !== undefined) {
      top.tcb.sgxtcbcomponents = sgxComponents([3, dice.below(5), 2, 2, dice.below(6), 1, 0, 5]);
      top.tcb.tdxtcbcomponents = tdxComponents([dice.below(8), dice.below(2), 3]);
    }
  }
  if (dice.chance(10)) document.tcbLevels = shuffled(document.tcbLevels, dice);
  for (const identity of document.tdxModuleIdentities ?? []) {
    identity.tcbLevels = changeIsvSvnLevels(identity.tcbLevels, MODULE_STATUSES, dice);
  }
  qeIdentity.document.tcbLevels = changeIsvSvnLevels(qeIdentity.document.tcbLevels, QE_STATUSES, dice);
  quote.qeReport.isvSvn = dice.pick([7, 4, 4, 3, 2, 1]);
  return `levels ${document.tcbLevels.map(({ tcbStatus }) => tcbStatus).join(" ")}, QE ISVSVN ${quote.qeReport.isvSvn}`;
};

const attributes: Change = ({ quote: { report } }, dice) => {
  const bit = dice.below(64);
  const tdAttributes = report.tdAttributes.slice();
  tdAttributes[bit >> 3] = (tdAttributes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  report.tdAttributes = tdAttributes;
  return `TD attribute ${bit} flipped`;
};

const serviceTd: Change = ({ quote: { report, bodyType } }, dice) => {
  if (bodyType !== 3) return null;
  report.mrServiceTd = new Uint8Array(48).fill(1 + dice.below(255));
  return "MRSERVICETD set";
};

const module: Change = ({ quote: { report } }, dice) => {
  if (dice.chance(50)) report.mrSignerSeam = new Uint8Array(48).fill(dice.below(256));
  else report.seamAttributes = Uint8Array.from({ length: 8 }, () => dice.pick([0, 0, 0, 1, 128]));
  return "MRSIGNERSEAM or SEAMATTRIBUTES set";
};

const authenticationData: Change = ({ quote }, dice) => {
  quote.qeAuthenticationData = new Uint8Array(dice.pick([0, 1, 31, 33, 64])).fill(7);
  return `QE authentication data of ${quote.qeAuthenticationData.length} bytes`;
};

const quotingEnclave: Change = ({ quote: { qeReport }, qeIdentity: { document } }, dice) => {
  const bit = dice.below(128);
  const flipped = qeReport.attributes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  qeReport.attributes = flipped;
  if (dice.chance(30)) qeReport.miscSelect = Uint8Array.of(0, 0, 0, dice.pick([1, 128]));
  if (dice.chance(50)) document.miscselectMask = "00FFFFFF";
  return `QE attribute ${bit} flipped, MISCSELECT ${qeReport.miscSelect.join(" ")}`;
};

const platformNames: Change = ({ tcbInfo: { document }, sgx }, dice) => {
  if (dice.chance(40)) document.fmspc = document.fmspc.toLowerCase();
  else if (dice.chance(50)) document.fmspc = "00906ED50000";
  else sgx.pceId = Uint8Array.of(0, 1);
  return `TCB info of ${document.fmspc}, PCE-ID ${sgx.pceId.join(" ")}`;
};

const revoked: Change = ({ pckLeaf, pckCa, tcbSigning, rootCrl, pckCrl }, dice) => {
  const { serial } = dice.pick<CertificateRecipe>([pckLeaf, pckCa, tcbSigning]);
  const list = dice.pick([rootCrl, pckCrl]);
  list.revoked.push({ serial, date: list.thisUpdate });
  return `a serial in ${list === rootCrl ? "the root CA CRL" : "the PCK CRL"}`;
};

const padding: Change = ({ quote }, dice) => {
  quote.padding = new Uint8Array(dice.below(200)).fill(dice.below(256));
  return `${quote.padding.length} bytes of padding`;
};

type Narrow = (recipe: Recipe, from: number, to: number) => void;

function certificateWindow(choose: (recipe: Recipe) => CertificateRecipe): Narrow {
  return (recipe, notBefore, notAfter) => {
    Object.assign(choose(recipe), { notBefore, notAfter });
  };
}

const WINDOWS: Readonly<Record<string, Narrow>> = {
  root: certificateWindow(({ root }) => root),
  "PCK CA": certificateWindow(({ pckCa }) => pckCa),
  "PCK leaf": certificateWindow(({ pckLeaf }) => pckLeaf),
  "TCB signing": certificateWindow(({ tcbSigning }) => tcbSigning),
  "root CA CRL": ({ rootCrl }, thisUpdate, nextUpdate) => {
    Object.assign(rootCrl, { thisUpdate, nextUpdate });
  },
  "PCK CRL": ({ pckCrl }, thisUpdate, nextUpdate) => {
    Object.assign(pckCrl, { thisUpdate, nextUpdate });
  },
  "TCB info": ({ tcbInfo }, from, to) => {
    Object.assign(tcbInfo.document, { issueDate: formatDate(from), nextUpdate: formatDate(to) });
  },
  "QE identity": ({ qeIdentity }, from, to) => {
    Object.assign(qeIdentity.document, { issueDate: formatDate(from), nextUpdate: formatDate(to) });
  },
};

/** Judges at or beside a bound of one document. */
const windows: Change = (recipe, dice) => {
  const [name, narrow] = dice.pick<[string, Narrow] | undefined>([undefined, ...Object.entries(WINDOWS)]) ?? [];
  if (name === undefined || narrow === undefined) return null;
  const { now } = recipe.judgement;
  const margin = 1 + dice.below(1000);
  const offset = dice.pick([-margin - 1, -margin, -margin + 1, margin - 1, margin, margin + 1]);
  narrow(recipe, now - margin, now + margin);
  recipe.judgement.now = now + offset;
  return `judged ${offset} s from the middle of the ${2 * margin} s of the ${name}`;
};

/** A change and how many cases in a hundred have it. */
const CHANGES: readonly (readonly [Change, number])[] = [
  [platformVersions, 70],
  [tdxVersions, 75],
  [levels, 75],
  [attributes, 15],
  [serviceTd, 5],
  [module, 4],
  [authenticationData, 3],
  [quotingEnclave, 8],
  [platformNames, 5],
  [revoked, 4],
  [padding, 10],
  [windows, 25],
];

/**
 * Makes case number `index`: the same number always gives the same case of a platform.
 *
 * @param platform - its seed and instant are part of the case
 */
export function generatedCase(platform: SimulatedPlatform, index: number): EvidenceCase {
  const dice = createDice(Math.imul(index + 1, 0x9e37_79b1));
  const recipe = platform.recipe({ reportData: new Uint8Array(64).fill(index & 0xff), ...dice.pick(SHAPES) });
  const changes = CHANGES.filter(([, percent]) => dice.chance(percent)).flatMap(
    ([change]) => change(recipe, dice) ?? [],
  );
  const description = [`version ${recipe.quote.version}, body ${recipe.quote.bodyType}`, ...changes].join("; ");
  return caseOf(`generated ${index}`, description, withRootOfIntelsLength(platform).buildEvidence(recipe));
}
