import { bytesToHex } from "@noble/hashes/utils.js";
import { flipBit } from "../byte-writer.ts";
import { formatDate } from "../civil-time.ts";
import { sgxComponents, tdxComponents, type TcbInfoDocument, type TcbLevel } from "../collateral-document.ts";
import { derSignature } from "../key-ring.ts";
import type { Recipe } from "../recipe.ts";
import {
  accepted,
  defineDefect,
  defineSingle,
  refused,
  type Defect,
  type ExpectedOutcome,
  type Variant,
} from "./defect.ts";
import { smallSignature, withHighS, withOrderR, withZeroR, withZeroS } from "./degenerate-signature.ts";
import { anotherFmspc } from "./sibling-platform.ts";

const MALFORMED = refused("collateral-parse", "tcb-info-malformed");
const VERSION = refused("collateral-parse", "tcb-info-version-unsupported");
const SIGNATURE = refused("tcb-info", "tcb-info-signature-invalid");
const WRONG_TYPE = refused("tcb-info", "tcb-info-wrong-type");

function document(name: string, expected: ExpectedOutcome, change: (document: TcbInfoDocument) => void): Variant {
  return { name, expected, change: ({ tcbInfo }) => change(tcbInfo.document) };
}

function text(name: string, edit: (text: string) => string): Variant {
  return {
    name,
    expected: MALFORMED,
    change: ({ tcbInfo }) => {
      tcbInfo.editText = edit;
    },
  };
}

function signature(name: string, expected: ExpectedOutcome, edit: (signature: Uint8Array) => Uint8Array): Variant {
  return {
    name,
    expected,
    change: ({ tcbInfo }) => {
      tcbInfo.editSignature = edit;
    },
  };
}

function signatureHex(name: string, edit: (hex: string) => string): Variant {
  return {
    name,
    expected: refused("collateral-parse", "collateral-malformed"),
    change: ({ tcbInfo }) => {
      tcbInfo.editSignatureHex = edit;
    },
  };
}

function tampered(name: string, tamper: (text: string) => string): Variant {
  return {
    name,
    expected: SIGNATURE,
    change: ({ tcbInfo }) => {
      tcbInfo.tamper = tamper;
    },
  };
}

function alone(id: string, describe: string, variant: Omit<Variant, "name">): Defect {
  return defineDefect(id, describe, [{ ...variant, name: describe }]);
}

/** The top level of a flawless document. */
function topLevel({ tcbLevels }: TcbInfoDocument): TcbLevel {
  const [top] = tcbLevels;
  if (top === undefined) throw new RangeError("the document has no levels");
  return top;
}

/** The same facts in the shape of version 2: no id, components as keys. */
function versionTwo(recipe: Recipe): string {
  const { tcbLevels, issueDate, nextUpdate, fmspc, pceId, tcbType, tcbEvaluationDataNumber } = recipe.tcbInfo.document;
  return JSON.stringify({
    version: 2,
    issueDate,
    nextUpdate,
    fmspc,
    pceId,
    tcbType,
    tcbEvaluationDataNumber,
    tcbLevels: tcbLevels.map(({ tcb, tcbDate, tcbStatus }) => ({
      tcb: {
        ...Object.fromEntries(
          tcb.sgxtcbcomponents.map(({ svn }, index) => [`sgxtcbcomp${String(index + 1).padStart(2, "0")}svn`, svn]),
        ),
        pcesvn: tcb.pcesvn,
      },
      tcbDate,
      tcbStatus,
    })),
  });
}

/** The same facts as Intel publishes them for SGX: without anything about the TDX module. */
function forSgx(recipe: Recipe): string {
  const { tdxModule: _, tdxModuleIdentities: __, ...members } = recipe.tcbInfo.document;
  const tcbLevels = members.tcbLevels.map(({ tcb: { sgxtcbcomponents, pcesvn }, ...level }) => ({
    tcb: { sgxtcbcomponents, pcesvn },
    ...level,
  }));
  return JSON.stringify({ ...members, id: "SGX", tcbLevels });
}

/** The first SVN of the first level written in another way. */
function firstSvn(written: string): Variant {
  return text(`svn ${written}`, (json) => json.replace(/"svn":\d+/, `"svn":${written}`));
}

const DATES = [
  ["no Z", "2026-01-01T00:00:00"],
  ["offset", "2026-01-01T00:00:00+00:00"],
  ["30 February", "2025-02-30T00:00:00Z"],
  ["fraction", "2026-01-01T00:00:00.0Z"],
  ["empty", ""],
  ["hour 24", "2026-01-01T24:00:00Z"],
] as const;

/** Cases about the text, the signature and the fields of TCB info. */
export const TCB_INFO_DEFECTS: readonly Defect[] = [
  alone(
    "tcb-info-not-json",
    "TCB info is not JSON",
    text("", () => "UpToDate"),
  ),
  alone(
    "tcb-info-empty",
    "TCB info is empty",
    text("", () => ""),
  ),
  defineDefect("tcb-info-trailing-text", "text after the JSON value", [
    text("a word", (json) => `${json} x`),
    text("another value", (json) => `${json}{}`),
  ]),
  defineDefect("tcb-info-duplicate-key", "a key occurs twice, correctly signed", [
    text("tcbLevels", (json) => json.replace('"tcbLevels"', '"tcbLevels":[],"tcbLevels"')),
    text("fmspc", (json) => `${json.slice(0, -1)},"fmspc":"000000000000"}`),
    text("svn of a component", (json) => json.replace('{"svn":', '{"svn":0,"svn":')),
    text("escaped", (json) => `${json.slice(0, -1)},"fmsp\\u0063":"000000000000"}`),
  ]),
  defineDefect("tcb-info-whitespace-changed", "the same document serialised differently, not signed again", [
    tampered("indented", (json) => JSON.stringify(JSON.parse(json), null, 1)),
    tampered("a space at the end", (json) => `${json} `),
    tampered("keys sorted", (json) => JSON.stringify(JSON.parse(json, (_, value: unknown) => sortKeys(value)))),
  ]),
  defineDefect("tcb-info-signature-invalid", "one change that the signature does not cover", [
    signature("bit in the signature", SIGNATURE, (raw) => flipBit(raw, 63)),
    tampered("number in the body", (json) =>
      json.replace('"tcbEvaluationDataNumber":18', '"tcbEvaluationDataNumber":19'),
    ),
    tampered("status in the body", (json) => json.replace('"OutOfDate"', '"UpToDate"')),
  ]),
  alone("tcb-info-signature-r-zero", "r is zero", signature("", SIGNATURE, withZeroR)),
  alone("tcb-info-signature-s-zero", "s is zero", signature("", SIGNATURE, withZeroS)),
  alone("tcb-info-signature-r-n", "r is the order of the curve", signature("", SIGNATURE, withOrderR)),
  defineDefect("tcb-info-signature-all-ones", "r and s are all ones", [
    signature("all bits", SIGNATURE, () => new Uint8Array(64).fill(0xff)),
    signature("the number one", SIGNATURE, () => smallSignature(1)),
  ]),
  alone("tcb-info-signature-high-s", "s in its upper half", signature("", accepted(), withHighS)),
  defineDefect("tcb-info-signature-short", "the signature is not 64 bytes", [
    signatureHex("63 bytes", (hex) => hex.slice(0, 126)),
    signatureHex("65 bytes", (hex) => `${hex}00`),
    signatureHex("0 bytes", () => ""),
    signatureHex("odd hex", (hex) => hex.slice(0, 127)),
    signatureHex("not hex", (hex) => `${hex.slice(0, 126)}zz`),
    signatureHex("DER", (hex) => bytesToHex(derSignature(bytesOf(hex)))),
  ]),
  defineSingle("tcb-info-expired", "TCB info ended a second ago", refused("tcb-info", "tcb-info-expired"), (recipe) => {
    recipe.tcbInfo.document.nextUpdate = formatDate(recipe.judgement.now - 1);
  }),
  defineSingle(
    "tcb-info-future",
    "TCB info begins in a second",
    refused("tcb-info", "tcb-info-not-yet-valid"),
    (recipe) => {
      recipe.tcbInfo.document.issueDate = formatDate(recipe.judgement.now + 1);
    },
  ),
  defineDefect("tcb-info-date-invalid", "a date of TCB info is none", [
    ...DATES.map(([name, date]) =>
      document(`issueDate: ${name}`, MALFORMED, (tcbInfo) => {
        tcbInfo.issueDate = date;
      }),
    ),
    ...DATES.map(([name, date]) =>
      document(`nextUpdate: ${name}`, MALFORMED, (tcbInfo) => {
        tcbInfo.nextUpdate = date;
      }),
    ),
  ]),
  defineSingle("tcb-info-version-2", "TCB info of version 2 in its shape", VERSION, (recipe) => {
    const older = versionTwo(recipe);
    recipe.tcbInfo.editText = () => older;
  }),
  alone(
    "tcb-info-version-4",
    "TCB info says version 4",
    document("", VERSION, (tcbInfo) => {
      tcbInfo.version = 4;
    }),
  ),
  defineDefect("tcb-info-id-sgx", "TCB info says that it is for SGX", [
    document("with the members of TDX", WRONG_TYPE, (tcbInfo) => {
      tcbInfo.id = "SGX";
    }),
    {
      name: "with those of SGX only",
      expected: WRONG_TYPE,
      change: (recipe) => {
        const genuine = forSgx(recipe);
        recipe.tcbInfo.editText = () => genuine;
      },
    },
  ]),
  alone(
    "tcb-info-tcb-type-1",
    "TCB info has tcbType 1",
    document("", MALFORMED, (tcbInfo) => {
      tcbInfo.tcbType = 1;
    }),
  ),
  defineSingle(
    "tcb-info-fmspc-other",
    "TCB info of another FMSPC",
    refused("pck-chain", "fmspc-mismatch"),
    (recipe) => {
      recipe.tcbInfo.document.fmspc = bytesToHex(anotherFmspc(recipe)).toUpperCase();
    },
  ),
  alone(
    "tcb-info-fmspc-lower-case",
    "the hex of the FMSPC in lower case",
    document("", accepted(), (tcbInfo) => {
      tcbInfo.fmspc = tcbInfo.fmspc.toLowerCase();
    }),
  ),
  alone(
    "tcb-info-pce-id-other",
    "TCB info of another PCE-ID",
    document("", refused("pck-chain", "pce-id-mismatch"), (tcbInfo) => {
      tcbInfo.pceId = "0001";
    }),
  ),
  ...([15, 17] as const).map((count) =>
    defineDefect(`tcb-info-components-${count}`, `a level has ${count} components`, [
      document("SGX", MALFORMED, (tcbInfo) => {
        topLevel(tcbInfo).tcb.sgxtcbcomponents = [...sgxComponents([3, 3, 2]), { svn: 0 }].slice(0, count);
      }),
      document("TDX", MALFORMED, (tcbInfo) => {
        topLevel(tcbInfo).tcb.tdxtcbcomponents = [...tdxComponents([5, 0, 3]), { svn: 0 }].slice(0, count);
      }),
    ]),
  ),
  defineDefect("tcb-info-components-missing", "a level has no components", [
    text("SGX", (json) => json.replace('"sgxtcbcomponents"', '"sgxcomponents"')),
    text("TDX", (json) => json.replace('"tdxtcbcomponents"', '"tdxcomponents"')),
    text("a component without svn", (json) => json.replace('{"svn":', '{"sv":')),
  ]),
  defineDefect("tcb-info-svn-out-of-range", "an SVN that cannot be one", [
    ...["256", "-1", "1.5", '"3"', "1e1", "1.0", "null"].map(firstSvn),
    document("pcesvn 65536", MALFORMED, (tcbInfo) => {
      topLevel(tcbInfo).tcb.pcesvn = 65_536;
    }),
    document("isvsvn 65536", MALFORMED, ({ tdxModuleIdentities }) => {
      for (const level of tdxModuleIdentities?.[0]?.tcbLevels ?? []) level.tcb.isvsvn = 65_536;
    }),
  ]),
  defineDefect("tcb-info-levels-empty", "no levels", [
    document("platform", MALFORMED, (tcbInfo) => {
      tcbInfo.tcbLevels = [];
    }),
    document("module", MALFORMED, ({ tdxModuleIdentities }) => {
      for (const identity of tdxModuleIdentities ?? []) identity.tcbLevels = [];
    }),
    document("module identities", MALFORMED, (tcbInfo) => {
      tcbInfo.tdxModuleIdentities = [];
    }),
  ]),
  defineDefect("tcb-info-levels-duplicate", "two levels for the same SVNs", [
    document("platform", MALFORMED, (tcbInfo) => {
      tcbInfo.tcbLevels.push({ ...topLevel(tcbInfo), tcbStatus: "Revoked" });
    }),
    document("module", MALFORMED, ({ tdxModuleIdentities }) => {
      for (const { tcbLevels } of tdxModuleIdentities ?? []) tcbLevels.push(...tcbLevels);
    }),
    document("module identities, in another case", MALFORMED, (tcbInfo) => {
      const identities = tcbInfo.tdxModuleIdentities ?? [];
      tcbInfo.tdxModuleIdentities = [...identities, ...identities.map((it) => ({ ...it, id: it.id.toLowerCase() }))];
    }),
  ]),
  alone(
    "tcb-info-levels-unsorted",
    "lower levels first",
    document("", accepted(), ({ tcbLevels, tdxModuleIdentities }) => {
      tcbLevels.reverse();
      for (const identity of tdxModuleIdentities ?? []) identity.tcbLevels.reverse();
    }),
  ),
  defineDefect("tcb-info-status-unknown", "a status that does not exist there", [
    document("platform: Fine", MALFORMED, (tcbInfo) => {
      topLevel(tcbInfo).tcbStatus = "Fine";
    }),
    ...["Fine", "SWHardeningNeeded"].map((status) =>
      document(`module: ${status}`, MALFORMED, ({ tdxModuleIdentities }) => {
        for (const level of tdxModuleIdentities?.[0]?.tcbLevels ?? []) level.tcbStatus = status;
      }),
    ),
  ]),
  alone(
    "tcb-info-module-missing",
    "no TDX module",
    document("", MALFORMED, (tcbInfo) => {
      delete tcbInfo.tdxModule;
    }),
  ),
];

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [two]) => (one < two ? -1 : 1)));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
