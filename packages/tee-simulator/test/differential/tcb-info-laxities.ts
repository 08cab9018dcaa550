import type { TcbInfoDocument } from "../../src/collateral-document.ts";
import {
  areIntegers,
  hasDuplicateKey,
  hasFlawedLevelList,
  hasFlawedModule,
  hasForeignStatus,
  hasOtherComponentCount,
  isTime,
  isTooLarge,
  isTooNested,
  lacksNumber,
} from "./json-flaws.ts";
import { BOTH, type Laxity } from "./laxity.ts";

/** A flaw of the document that is a refusal here and nothing to the others. */
function malformed(
  id: string,
  source: string,
  says: string,
  applies: (document: TcbInfoDocument, text: string) => boolean,
): Laxity {
  return {
    id,
    peers: BOTH,
    stage: "collateral-parse",
    codes: ["tcb-info-malformed"],
    says,
    source,
    applies: ({ tcbInfo, tcbInfoText }) => tcbInfo !== null && applies(tcbInfo, tcbInfoText),
  };
}

/** What the others let pass in TCB info and in the bundle. */
export const TCB_INFO_LAXITIES: readonly Laxity[] = [
  malformed(
    "tcb-info-duplicate-keys",
    "RFC 8259, 4; strict",
    "A key comes once in an object of the TCB info; the other takes the last one, or does not read it",
    (_, text) => hasDuplicateKey(text),
  ),
  malformed(
    "tcb-info-limits",
    "strict: bounded input",
    "TCB info has at most 1 MiB, nested at most 32 deep; the other reads any",
    (_, text) => isTooLarge(text),
  ),
  malformed(
    "tcb-info-dates",
    "PCS v4, TDX TCB Info",
    "Dates are real times in the one form of Intel's services; the other reads other forms, NaN included (WASM: does not read issueDate)",
    ({ issueDate, nextUpdate }) => !isTime(issueDate) || !isTime(nextUpdate),
  ),
  malformed(
    "tcb-info-component-count",
    "PCS v4, TDX TCB Info",
    "A level has 16 components of each kind; the other compares lists of any length",
    (document) => hasOtherComponentCount(document),
  ),
  malformed(
    "tcb-info-numbers",
    "PCS v4, TDX TCB Info",
    "SVNs are plain integers in their range; the other compares what `JSON.parse` gives (WASM: does not read isvsvn)",
    (document, text) =>
      lacksNumber(document) ||
      !areIntegers(text, "svn", 255) ||
      !areIntegers(text, "pcesvn", 65_535) ||
      !areIntegers(text, "isvsvn", 65_535),
  ),
  malformed(
    "tcb-info-level-lists",
    "PCS v4, TDX TCB Info",
    "Lists of levels and identities are not empty and have no twins; the other takes the first that fits, if any",
    hasFlawedLevelList,
  ),
  malformed(
    "tcb-info-status-words",
    "PCS v4, TDX TCB Info",
    "A status is one of its kind; the other passes any word on (JavaScript: does not read those of modules)",
    hasForeignStatus,
  ),
  malformed(
    "tcb-info-module-unread",
    "PCS v4, TDX TCB Info",
    "TCB info describes the TDX module; the other does not read that",
    hasFlawedModule,
  ),
  malformed(
    "tcb-type-unread",
    "PCS v4, TDX TCB Info",
    "The type of TCB info is 0; the other does not look",
    ({ tcbType }) => tcbType !== 0,
  ),
  {
    id: "tcb-info-version-open",
    peers: BOTH,
    stage: "collateral-parse",
    codes: ["tcb-info-version-unsupported"],
    says: "TCB info has version 3; the other accepts later ones",
    source: "PCS v4, TDX TCB Info",
    applies: ({ tcbInfo }) => tcbInfo !== null && tcbInfo.version > 3,
  },
  {
    id: "tcb-info-issue-date-unread",
    peers: ["wasm"],
    stage: "tcb-info",
    codes: ["tcb-info-not-yet-valid"],
    says: "TCB info counts from its issueDate on; the other does not look at it",
    source: "PCS v4, TDX TCB Info; strict",
    applies: ({ tcbInfo, now }) => tcbInfo !== null && now * 1000 < Date.parse(tcbInfo.issueDate),
  },
  {
    id: "pce-id-unread",
    peers: BOTH,
    stage: "pck-chain",
    codes: ["pce-id-mismatch"],
    says: "The PCE-ID of the certificate is that of the TCB info; the other does not compare it",
    source: "PCS v4, TDX TCB Info",
    applies: ({ sgx, tcbInfo }) => sgx?.pceIdHex !== tcbInfo?.pceId.toLowerCase(),
  },
  {
    id: "bundle-key-unread",
    peers: ["js"],
    stage: "collateral-parse",
    codes: ["collateral-malformed"],
    says: "Every key of the bundle is there, as text; the other does not read `pck_crl_issuer_chain`",
    source: "strict: nothing is left out",
    applies: ({ bundle }) => typeof bundle["pck_crl_issuer_chain"] !== "string",
  },
  {
    id: "bundle-nesting-unbounded",
    peers: BOTH,
    stage: "collateral-parse",
    codes: ["collateral-malformed"],
    says: "JSON is nested at most 32 deep; the other takes whatever `JSON.parse` of its caller takes",
    source: "strict: bounded input",
    applies: ({ collateralText }) => isTooNested(collateralText),
  },
];
