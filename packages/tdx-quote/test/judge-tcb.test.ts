import { describe, expect, test } from "vitest";
import { judgeTcb, type TcbSubject } from "../src/judge-tcb.ts";
import { parseQeIdentity, type QeIdentity } from "../src/qe-identity.ts";
import { parseQuote } from "../src/quote.ts";
import { parseTcbInfo, type TdxTcbInfo } from "../src/tcb-info.ts";
import type { TdReport } from "../src/td-report.ts";
import { moduleIdentity, qeIdentityDocument, svnLevel, tcbInfoDocument, tcbLevel } from "./signed-documents.ts";
import { writeQuote } from "./synthetic-quote.ts";

interface ReportOptions {
  /** First bytes of TEE_TCB_SVN; the rest is zero. */
  readonly svn: readonly number[];
  /** First bytes of TEE_TCB_SVN2; makes a TD report 1.5. */
  readonly svn2?: readonly number[];
  readonly mrSignerSeam?: number;
  readonly seamAttributes?: readonly number[];
}

function reportOf({ svn, svn2, mrSignerSeam = 0, seamAttributes = [] }: ReportOptions): TdReport {
  const report = new Uint8Array(svn2 === undefined ? 584 : 648);
  report.set(svn, 0);
  report[64] = mrSignerSeam;
  report.set(seamAttributes, 112);
  report.set(svn2 ?? [], svn2 === undefined ? 0 : 584);
  const quote = parseQuote(writeQuote(svn2 === undefined ? { report } : { report, version: 5 }));
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value.report;
}

function tcbInfoOf(changes: Readonly<Record<string, unknown>>): TdxTcbInfo {
  const parsed = parseTcbInfo(JSON.stringify(tcbInfoDocument(changes)));
  if (!parsed.ok || parsed.value.id !== "TDX") throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

function qeIdentityOf(...tcbLevels: readonly object[]): QeIdentity {
  const parsed = parseQeIdentity(JSON.stringify(qeIdentityDocument({ tcbLevels })));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

interface Case {
  readonly report: ReportOptions;
  readonly sgx?: readonly number[];
  readonly pceSvn?: number;
  readonly qeIsvSvn?: number;
  readonly tcbInfo?: Readonly<Record<string, unknown>>;
  readonly qeLevels?: readonly object[];
}

function judge({ report, sgx = [2, 2], pceSvn = 11, qeIsvSvn = 4, tcbInfo = {}, qeLevels = [svnLevel(4)] }: Case) {
  const tcbComponents = Array.from({ length: 16 }, (_, index) => sgx[index] ?? 0);
  const subject: TcbSubject = { report: reportOf(report), pck: { tcbComponents, pceSvn }, qeIsvSvn };
  return judgeTcb(subject, tcbInfoOf(tcbInfo), qeIdentityOf(...qeLevels));
}

// Written from Intel's rule by hand: rows are the platform's status, columns that of module or quoting enclave.
const MERGED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  UpToDate: { UpToDate: "UpToDate", OutOfDate: "OutOfDate", Revoked: "Revoked" },
  SWHardeningNeeded: { UpToDate: "SWHardeningNeeded", OutOfDate: "OutOfDate", Revoked: "Revoked" },
  ConfigurationNeeded: {
    UpToDate: "ConfigurationNeeded",
    OutOfDate: "OutOfDateConfigurationNeeded",
    Revoked: "Revoked",
  },
  ConfigurationAndSWHardeningNeeded: {
    UpToDate: "ConfigurationAndSWHardeningNeeded",
    OutOfDate: "OutOfDateConfigurationNeeded",
    Revoked: "Revoked",
  },
  OutOfDate: { UpToDate: "OutOfDate", OutOfDate: "OutOfDate", Revoked: "Revoked" },
  OutOfDateConfigurationNeeded: {
    UpToDate: "OutOfDateConfigurationNeeded",
    OutOfDate: "OutOfDateConfigurationNeeded",
    Revoked: "Revoked",
  },
  Revoked: { UpToDate: "Revoked", OutOfDate: "Revoked", Revoked: "Revoked" },
};
const COMPONENTS = ["UpToDate", "OutOfDate", "Revoked"] as const;

const combinations = Object.keys(MERGED).flatMap((platform) =>
  COMPONENTS.flatMap((module) =>
    COMPONENTS.map((qe) => {
      const withModule = MERGED[platform]?.[module] ?? "";
      return { platform, module, qe, status: MERGED[withModule]?.[qe] ?? "" };
    }),
  ),
);

describe("platform, module and quoting enclave merged", () => {
  test("there are 63 combinations", () => {
    expect(combinations).toHaveLength(63);
  });

  test.each(combinations)("$platform, module $module, QE $qe gives $status", ({ platform, module, qe, status }) => {
    const result = judge({
      report: { svn: [4, 1, 2] },
      tcbInfo: {
        tcbLevels: [tcbLevel({ sgx: [2], status: platform })],
        tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(4, module))],
      },
      qeLevels: [svnLevel(4, qe)],
    });
    const judgement = { tcbStatus: status, tcbLevelStatus: platform, tdxModuleStatus: module, qeStatus: qe };
    expect(result).toMatchObject(
      status === "Revoked"
        ? { ok: false, error: { stage: "tcb-status", code: "tcb-revoked", judgement } }
        : { ok: true, value: judgement },
    );
  });

  test.each(["ConfigurationNeeded", "OutOfDateConfigurationNeeded"])("a QE level %s counts as OutOfDate", (status) => {
    const result = judge({ report: { svn: [5, 0, 2] }, qeLevels: [svnLevel(4, status)] });
    expect(result).toMatchObject({ ok: true, value: { tcbStatus: "OutOfDate", qeStatus: "OutOfDate" } });
  });

  test("advisories are a union in the order platform, module, quoting enclave", () => {
    const result = judge({
      report: { svn: [4, 1, 2] },
      tcbInfo: {
        tcbLevels: [tcbLevel({ status: "OutOfDate", advisoryIDs: ["INTEL-SA-2", "INTEL-SA-1"] })],
        tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(4, "OutOfDate", ["INTEL-SA-1", "INTEL-SA-3"]))],
      },
      qeLevels: [svnLevel(4, "OutOfDate", ["INTEL-SA-3", "INTEL-SA-4", "INTEL-SA-2"])],
    });
    const advisoryIds = ["INTEL-SA-2", "INTEL-SA-1", "INTEL-SA-3", "INTEL-SA-4"];
    expect(result).toMatchObject({ ok: true, value: { advisoryIds } });
  });

  test("an advisory has the date of the level that names it, the oldest of several", () => {
    const level = { status: "OutOfDate", advisoryIDs: ["INTEL-SA-1", "INTEL-SA-2"], date: "2024-03-13T00:00:00Z" };
    const result = judge({
      report: { svn: [4, 1, 2] },
      tcbInfo: {
        // A level that is not reached gives no date.
        tcbLevels: [tcbLevel({ pcesvn: 12, date: "2020-01-01T00:00:00Z" }), tcbLevel(level)],
        tdxModuleIdentities: [
          moduleIdentity("TDX_01", svnLevel(4, "OutOfDate", ["INTEL-SA-2", "INTEL-SA-3"], "2023-08-09T00:00:00Z")),
        ],
      },
      qeLevels: [svnLevel(4, "OutOfDate", ["INTEL-SA-4", "INTEL-SA-1"], "2024-11-13T00:00:00Z")],
    });
    const advisories = [
      { id: "INTEL-SA-1", tcbDate: Date.parse("2024-03-13") / 1000 },
      { id: "INTEL-SA-2", tcbDate: Date.parse("2023-08-09") / 1000 },
      { id: "INTEL-SA-3", tcbDate: Date.parse("2023-08-09") / 1000 },
      { id: "INTEL-SA-4", tcbDate: Date.parse("2024-11-13") / 1000 },
    ];
    expect(result).toMatchObject({ ok: true, value: { advisories } });
  });

  test("a revoked platform still reports its advisories", () => {
    const tcbLevels = [tcbLevel({ status: "Revoked", advisoryIDs: ["INTEL-SA-9"] })];
    expect(judge({ report: { svn: [5, 0, 2] }, tcbInfo: { tcbLevels } })).toMatchObject({
      ok: false,
      error: {
        code: "tcb-revoked",
        judgement: { tcbStatus: "Revoked", advisoryIds: ["INTEL-SA-9"], tdxModuleStatus: null },
      },
    });
  });
});

const LEVELS = [
  tcbLevel({ sgx: [2, 2], pcesvn: 11, tdx: [5, 0, 2] }),
  tcbLevel({ sgx: [2, 1], pcesvn: 10, tdx: [3, 0, 1], status: "OutOfDate", advisoryIDs: ["INTEL-SA-7"] }),
];

function statusOf(result: ReturnType<typeof judge>): string {
  return result.ok ? result.value.tcbStatus : result.error.code;
}

describe("the platform's level", () => {
  test.each([
    { name: "all equal to the top level", svn: [5, 0, 2], sgx: [2, 2], pceSvn: 11, status: "UpToDate" },
    { name: "all above the top level", svn: [9, 0, 9, 9], sgx: [9, 9, 9], pceSvn: 99, status: "UpToDate" },
    { name: "one SGX component below", svn: [5, 0, 2], sgx: [2, 1], pceSvn: 11, status: "OutOfDate" },
    {
      name: "a high first component does not make up for a low second",
      svn: [5, 0, 2],
      sgx: [9, 1],
      pceSvn: 11,
      status: "OutOfDate",
    },
    { name: "PCESVN below", svn: [5, 0, 2], sgx: [2, 2], pceSvn: 10, status: "OutOfDate" },
    { name: "a TDX component below", svn: [5, 0, 1], sgx: [2, 2], pceSvn: 11, status: "OutOfDate" },
    { name: "TDX component 0 below, module version 0", svn: [4, 0, 2], sgx: [2, 2], pceSvn: 11, status: "OutOfDate" },
    {
      name: "an SGX component below every level",
      svn: [5, 0, 2],
      sgx: [1, 9],
      pceSvn: 11,
      status: "tcb-not-supported",
    },
    { name: "PCESVN below every level", svn: [5, 0, 2], sgx: [2, 2], pceSvn: 9, status: "tcb-not-supported" },
    { name: "a TDX component below every level", svn: [5, 0, 0], sgx: [2, 2], pceSvn: 11, status: "tcb-not-supported" },
    {
      name: "TDX component 0 below every level, module version 0",
      svn: [2, 0, 2],
      sgx: [2, 2],
      pceSvn: 11,
      status: "tcb-not-supported",
    },
  ])("with $name is $status, whatever the order of the file", ({ svn, sgx, pceSvn, status }) => {
    const results = [LEVELS, LEVELS.toReversed()].map((tcbLevels) =>
      statusOf(judge({ report: { svn }, sgx, pceSvn, tcbInfo: { tcbLevels } })),
    );
    expect(results).toEqual([status, status]);
  });

  test("leaves TDX components 0 and 1 to the module where it has a version", () => {
    const tcbLevels = [tcbLevel({ sgx: [2, 2], pcesvn: 11, tdx: [5, 2, 2] }), ...LEVELS.slice(1)];
    expect(statusOf(judge({ report: { svn: [4, 1, 2] }, tcbInfo: { tcbLevels } }))).toBe("UpToDate");
    expect(statusOf(judge({ report: { svn: [4, 1, 1] }, tcbInfo: { tcbLevels } }))).toBe("OutOfDate");
  });

  test.each([
    { name: "PCESVN before TDX components", high: { pcesvn: 11, tdx: [1] }, low: { pcesvn: 10, tdx: [9] } },
    { name: "SGX components before PCESVN", high: { sgx: [2, 2], pcesvn: 1 }, low: { sgx: [2, 1], pcesvn: 9 } },
    { name: "TDX components last", high: { tdx: [3, 1] }, low: { tdx: [3, 0] } },
  ])("sorts by $name", ({ high, low }) => {
    const tcbLevels = [tcbLevel({ ...low, status: "OutOfDate" }), tcbLevel(high)];
    const sorted = tcbInfoOf({ tcbLevels }).levels.map((level) => level.tcbStatus);
    expect(sorted).toEqual(["UpToDate", "OutOfDate"]);
  });

  test("is the one that TDX reaches: a revoked SGX level over an out-of-date TDX level is OutOfDate", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [2, 2], tdx: [5], status: "Revoked" }),
      tcbLevel({ sgx: [2, 2], tdx: [3], status: "OutOfDate" }),
    ];
    expect(judge({ report: { svn: [3] }, tcbInfo: { tcbLevels } })).toMatchObject({
      ok: true,
      value: { tcbStatus: "OutOfDate", tcbLevelStatus: "OutOfDate", sgxLevelStatus: "Revoked" },
    });
  });
});

describe("the TDX module", () => {
  const identities = [
    moduleIdentity("TDX_03", svnLevel(3)),
    moduleIdentity("TDX_01", svnLevel(2, "OutOfDate"), svnLevel(4)),
  ];
  const tcbInfo = { tdxModuleIdentities: identities };

  test.each([
    { name: "version 1 at its top level", svn: [4, 1, 2], tdxModuleStatus: "UpToDate" },
    { name: "version 1 above its top level", svn: [9, 1, 2], tdxModuleStatus: "UpToDate" },
    { name: "version 1 between two levels", svn: [3, 1, 2], tdxModuleStatus: "OutOfDate" },
    { name: "version 3", svn: [3, 3, 2], tdxModuleStatus: "UpToDate" },
    { name: "version 0, which has no status", svn: [5, 0, 2], tdxModuleStatus: null },
  ])("of $name: $tdxModuleStatus", ({ svn, tdxModuleStatus }) => {
    expect(judge({ report: { svn }, tcbInfo })).toMatchObject({ ok: true, value: { tdxModuleStatus } });
  });

  test("is found by its number in hex, in either case", () => {
    const lower = { tdxModuleIdentities: [moduleIdentity("tdx_0a", svnLevel(1))] };
    expect(judge({ report: { svn: [1, 10, 2] }, tcbInfo: lower }).ok).toBe(true);
    expect(statusOf(judge({ report: { svn: [1, 0xa0, 2] }, tcbInfo: lower }))).toBe("tdx-module-mismatch");
  });

  test.each([
    { name: "an unlisted version", report: { svn: [4, 2, 2] }, changes: tcbInfo },
    { name: "no identities at all", report: { svn: [4, 1, 2] }, changes: { tdxModuleIdentities: undefined } },
    { name: "another signer, version 0", report: { svn: [5, 0, 2], mrSignerSeam: 1 }, changes: tcbInfo },
    { name: "another signer, version 1", report: { svn: [4, 1, 2], mrSignerSeam: 1 }, changes: tcbInfo },
    { name: "an attribute", report: { svn: [5, 0, 2], seamAttributes: [0, 0, 0, 0, 0, 0, 0, 0x80] }, changes: tcbInfo },
    {
      name: "an attribute that the collateral expects",
      report: { svn: [5, 0, 2], seamAttributes: [1] },
      changes: {
        tdxModule: { mrsigner: "0".repeat(96), attributes: "0100000000000000", attributesMask: "0".repeat(16) },
      },
    },
    {
      name: "no attribute where the collateral expects one",
      report: { svn: [5, 0, 2] },
      changes: {
        tdxModule: { mrsigner: "0".repeat(96), attributes: "0100000000000000", attributesMask: "0".repeat(16) },
      },
    },
  ])("with $name is refused", ({ report, changes }) => {
    expect(judge({ report, tcbInfo: changes })).toMatchObject({
      ok: false,
      error: { stage: "tcb-status", code: "tdx-module-mismatch" },
    });
  });

  test("with an attribute is refused with the attributes", () => {
    expect(judge({ report: { svn: [5, 0, 2], seamAttributes: [1] } })).toMatchObject({
      error: { facts: { subject: "SEAMATTRIBUTES", expected: "0".repeat(16), actual: "0100000000000000" } },
    });
  });

  test("below all its levels is not supported, and the facts name the lowest", () => {
    expect(judge({ report: { svn: [1, 1, 2] }, tcbInfo })).toMatchObject({
      ok: false,
      error: {
        stage: "tcb-status",
        code: "tcb-not-supported",
        facts: { subject: "TDX module", short: [{ component: "tdx-module", has: 1, needs: 2 }] },
      },
    });
  });
});

describe("the quoting enclave", () => {
  const qeLevels = [svnLevel(2, "OutOfDate"), svnLevel(6)];
  test.each([
    { qeIsvSvn: 6, status: "UpToDate" },
    { qeIsvSvn: 5, status: "OutOfDate" },
    { qeIsvSvn: 2, status: "OutOfDate" },
  ])("of ISVSVN $qeIsvSvn is $status", ({ qeIsvSvn, status }) => {
    expect(statusOf(judge({ report: { svn: [5, 0, 2] }, qeIsvSvn, qeLevels }))).toBe(status);
  });

  test("below all levels is not supported", () => {
    expect(judge({ report: { svn: [5, 0, 2] }, qeIsvSvn: 1, qeLevels })).toMatchObject({
      ok: false,
      error: {
        code: "tcb-not-supported",
        facts: { subject: "quoting enclave", short: [{ component: "qe", has: 1, needs: 2 }] },
      },
    });
  });
});

describe("what is missing", () => {
  test("for a refusal is counted against the level that lacks the fewest components, the lowest of several", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [9, 9], pcesvn: 11, tdx: [5] }),
      tcbLevel({ sgx: [7, 2], pcesvn: 11, tdx: [5], status: "OutOfDate" }),
      tcbLevel({ sgx: [6, 2], pcesvn: 11, tdx: [5], status: "OutOfDate" }),
    ];
    const result = judge({ report: { svn: [5] }, tcbInfo: { tcbLevels } });
    expect(result).toMatchObject({
      ok: false,
      error: { facts: { subject: "platform", short: [{ component: "sgx[0]", has: 2, needs: 6 }] } },
    });
  });

  test("for a status below UpToDate is counted against the highest UpToDate levels of all three", () => {
    const result = judge({
      report: { svn: [2, 1, 1] },
      sgx: [2, 1],
      pceSvn: 10,
      qeIsvSvn: 3,
      tcbInfo: {
        tcbLevels: LEVELS,
        tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(4), svnLevel(2, "OutOfDate"))],
      },
      qeLevels: [svnLevel(4), svnLevel(1, "OutOfDate")],
    });
    const short = [
      { component: "sgx[1]", has: 1, needs: 2 },
      { component: "pcesvn", has: 10, needs: 11 },
      { component: "tdx[2]", has: 1, needs: 2 },
      { component: "tdx-module", has: 2, needs: 4 },
      { component: "qe", has: 3, needs: 4 },
    ];
    expect(result).toMatchObject({ ok: true, value: { tcbStatus: "OutOfDate", short } });
  });

  test("is counted against the least that earns the best status", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [9], pcesvn: 11 }),
      tcbLevel({ sgx: [4], pcesvn: 11 }),
      tcbLevel({ sgx: [1], status: "OutOfDate" }),
    ];
    const qeLevels = [svnLevel(9), svnLevel(6), svnLevel(1, "OutOfDate")];
    expect(judge({ report: { svn: [5] }, sgx: [2], tcbInfo: { tcbLevels }, qeLevels })).toMatchObject({
      ok: true,
      value: {
        short: [
          { component: "sgx[0]", has: 2, needs: 4 },
          { component: "qe", has: 4, needs: 6 },
        ],
      },
    });
    // One UpToDate level is reached: that another one stands above it is no shortfall.
    expect(judge({ report: { svn: [5] }, sgx: [4], tcbInfo: { tcbLevels } })).toMatchObject({
      ok: true,
      value: { tcbStatus: "UpToDate", short: [] },
    });
  });

  test("is counted against the higher level where that lacks fewer components", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [2], pcesvn: 12 }),
      tcbLevel({ sgx: [1, 5], pcesvn: 12 }),
      tcbLevel({ sgx: [1], status: "OutOfDate" }),
    ];
    expect(judge({ report: { svn: [5] }, sgx: [2], pceSvn: 11, tcbInfo: { tcbLevels } })).toMatchObject({
      ok: true,
      value: { tcbStatus: "OutOfDate", short: [{ component: "pcesvn", has: 11, needs: 12 }] },
    });
  });

  test("is counted against the best status there is where no level is UpToDate", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [9], status: "ConfigurationNeeded" }),
      tcbLevel({ sgx: [3], status: "SWHardeningNeeded" }),
      tcbLevel({ sgx: [2], status: "OutOfDate" }),
    ];
    expect(judge({ report: { svn: [5] }, sgx: [2], tcbInfo: { tcbLevels } })).toMatchObject({
      ok: true,
      value: { tcbStatus: "OutOfDate", short: [{ component: "sgx[0]", has: 2, needs: 3 }] },
    });
  });

  test.each([
    {
      name: "platform",
      levels: [tcbLevel({ sgx: [9] }), tcbLevel({ sgx: [2], status: "Revoked" })],
      facts: { subject: "platform", short: [{ component: "sgx[0]", has: 1, needs: 9 }] },
    },
    {
      name: "platform, when nothing but revoked levels is left",
      levels: [tcbLevel({ sgx: [9], status: "Revoked" }), tcbLevel({ sgx: [3], status: "Revoked" })],
      facts: { subject: "platform", short: [{ component: "sgx[0]", has: 1, needs: 3 }] },
    },
  ])("for a refusal of the $name is never counted against a revoked level if there is another", ({ levels, facts }) => {
    expect(judge({ report: { svn: [5] }, sgx: [1], tcbInfo: { tcbLevels: levels } })).toMatchObject({
      ok: false,
      error: { code: "tcb-not-supported", facts },
    });
  });

  test("names the part that was revoked, the SVN seen and the SVN needed", () => {
    const report = { svn: [4, 1, 2] };
    const platform = { tcbLevels: [tcbLevel({ sgx: [3] }), tcbLevel({ sgx: [2], status: "Revoked" })] };
    const module = { tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(6), svnLevel(4, "Revoked"))] };
    const qeLevels = [svnLevel(5), svnLevel(4, "Revoked")];
    expect(judge({ report, tcbInfo: platform })).toMatchObject({
      error: {
        code: "tcb-revoked",
        facts: {
          subject: "platform",
          actual: `sgx 0202${"00".repeat(14)}, pcesvn 11, tdx 040102${"00".repeat(13)}`,
          short: [{ component: "sgx[0]", has: 2, needs: 3 }],
        },
      },
    });
    expect(judge({ report, tcbInfo: module })).toMatchObject({
      error: {
        facts: {
          subject: "TDX module",
          actual: "tdx-module 4",
          short: [{ component: "tdx-module", has: 4, needs: 6 }],
        },
      },
    });
    expect(judge({ report, tcbInfo: { ...platform, ...module }, qeLevels })).toMatchObject({
      error: {
        facts: {
          subject: "platform and TDX module and quoting enclave",
          actual: `sgx 0202${"00".repeat(14)}, pcesvn 11, tdx 040102${"00".repeat(13)}; tdx-module 4; qe 4`,
          short: [{ component: "sgx[0]" }, { component: "tdx-module" }, { component: "qe", has: 4, needs: 5 }],
        },
      },
    });
  });

  test("says so where Intel lists nothing better than what it revoked", () => {
    const refused = judge({ report: { svn: [4, 1, 2] }, qeLevels: [svnLevel(4, "Revoked")] });
    expect(refused).toMatchObject({
      ok: false,
      error: {
        facts: {
          subject: "quoting enclave",
          actual: "qe 4",
          short: [],
          reason: "Intel lists no better one for the quoting enclave",
        },
      },
    });
    const module = { tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(4, "Revoked"))] };
    const both = judge({ report: { svn: [4, 1, 2] }, tcbInfo: module, qeLevels: [svnLevel(4, "Revoked")] });
    expect(both).toMatchObject({
      error: { facts: { reason: "Intel lists no better one for the TDX module and quoting enclave" } },
    });
    const withGoal = judge({ report: { svn: [4, 1, 2] }, qeLevels: [svnLevel(6), svnLevel(4, "Revoked")] });
    expect(withGoal.ok ? null : withGoal.error.facts.reason).toBeUndefined();
  });

  test.each([
    {
      listed: [moduleIdentity("TDX_03", svnLevel(3), svnLevel(2)), moduleIdentity("TDX_0A", svnLevel(6))],
      expected: "TDX_03 SVN 3 or TDX_0A SVN 6",
    },
    { listed: undefined, expected: "none with a version" },
  ])("names the version of an unlisted TDX module, and what is listed: $expected", ({ listed, expected }) => {
    expect(judge({ report: { svn: [5, 2] }, tcbInfo: { tdxModuleIdentities: listed } })).toMatchObject({
      error: { code: "tdx-module-mismatch", facts: { subject: "version", expected, actual: "TDX_02 SVN 5" } },
    });
  });

  test.each([
    { name: "everything is up to date", tcbLevels: LEVELS },
    { name: "hardening is all that Intel asks for", tcbLevels: [tcbLevel({ status: "SWHardeningNeeded" })] },
  ])("is nothing when $name", ({ tcbLevels }) => {
    const tdxModuleIdentities = [moduleIdentity("TDX_00", svnLevel(200))];
    const result = judge({ report: { svn: [5, 0, 2] }, tcbInfo: { tcbLevels, tdxModuleIdentities } });
    expect(result).toMatchObject({ ok: true, value: { short: [] } });
  });
});

describe("a TD that should be started again", () => {
  const identities = [
    moduleIdentity("TDX_01", svnLevel(4), svnLevel(2, "OutOfDate")),
    moduleIdentity("TDX_03", svnLevel(7, "OutOfDate"), svnLevel(9)),
  ];
  const upToDate = [tcbLevel({ sgx: [2], tdx: [5, 0, 2] }), tcbLevel({ sgx: [1], tdx: [1], status: "OutOfDate" })];
  const withStatus = (status: string) => [tcbLevel({ sgx: [2], tdx: [5, 0, 2], status }), ...upToDate.slice(1)];
  const old = [2, 1, 2];

  test.each([
    { name: "module updated within its version", svn2: [4, 1, 2], tcbLevels: upToDate, status: "TDRelaunchAdvised" },
    { name: "module updated to another version", svn2: [9, 3, 2], tcbLevels: upToDate, status: "TDRelaunchAdvised" },
    { name: "module of version 0 at the top level", svn2: [5, 0, 2], tcbLevels: upToDate, status: "TDRelaunchAdvised" },
    { name: "module of version 0 below in component 0", svn2: [4, 0, 2], tcbLevels: upToDate, status: "OutOfDate" },
    { name: "module of version 0 below in component 2", svn2: [5, 0, 1], tcbLevels: upToDate, status: "OutOfDate" },
    { name: "not newer than the highest level", svn2: [8, 3, 2], tcbLevels: upToDate, status: "OutOfDate" },
    { name: "component 2 below the top level", svn2: [4, 1, 1], tcbLevels: upToDate, status: "OutOfDate" },
    {
      name: "software hardening needed",
      svn2: [4, 1, 2],
      tcbLevels: withStatus("SWHardeningNeeded"),
      status: "TDRelaunchAdvised",
    },
    {
      name: "configuration needed",
      svn2: [4, 1, 2],
      tcbLevels: withStatus("ConfigurationNeeded"),
      status: "TDRelaunchAdvisedConfigurationNeeded",
    },
    {
      name: "configuration and hardening needed",
      svn2: [4, 1, 2],
      tcbLevels: withStatus("ConfigurationAndSWHardeningNeeded"),
      status: "TDRelaunchAdvisedConfigurationNeeded",
    },
    { name: "platform out of date", svn2: [4, 1, 2], tcbLevels: withStatus("OutOfDate"), status: "OutOfDate" },
    {
      name: "platform out of date, configuration needed",
      svn2: [4, 1, 2],
      tcbLevels: withStatus("OutOfDateConfigurationNeeded"),
      status: "OutOfDateConfigurationNeeded",
    },
    { name: "module of an unlisted version", svn2: [4, 2, 2], tcbLevels: upToDate, status: "tdx-module-mismatch" },
    { name: "TD report 1.0", svn2: undefined, tcbLevels: upToDate, status: "OutOfDate" },
  ])("$name: $status", ({ svn2, tcbLevels, status }) => {
    const report = svn2 === undefined ? { svn: old } : { svn: old, svn2 };
    expect(statusOf(judge({ report, tcbInfo: { tcbLevels, tdxModuleIdentities: identities } }))).toBe(status);
  });

  test("needs configuration when only the level of TDX does", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [2], tdx: [0, 0, 3] }),
      tcbLevel({ sgx: [1], tdx: [0, 0, 2], status: "ConfigurationNeeded" }),
    ];
    const report = { svn: old, svn2: [4, 1, 3] };
    expect(judge({ report, tcbInfo: { tcbLevels, tdxModuleIdentities: identities } })).toMatchObject({
      ok: true,
      value: { tcbStatus: "TDRelaunchAdvisedConfigurationNeeded", sgxLevelStatus: "UpToDate" },
    });
  });

  test("is refused where the level that TDX reaches was revoked: a newer module does not bring it back", () => {
    const tcbLevels = [
      tcbLevel({ sgx: [2], tdx: [0, 0, 3] }),
      tcbLevel({ sgx: [1], tdx: [0, 0, 2], status: "Revoked" }),
    ];
    const report = { svn: old, svn2: [4, 1, 3] };
    expect(judge({ report, tcbInfo: { tcbLevels, tdxModuleIdentities: identities } })).toMatchObject({
      ok: false,
      error: { code: "tcb-revoked", judgement: { tcbLevelStatus: "Revoked", sgxLevelStatus: "UpToDate" } },
    });
  });

  test.each([
    { name: "the module is up to date", svn: [4, 1, 1], qe: "UpToDate", status: "OutOfDate" },
    { name: "the module has no version", svn: [1, 0, 1], qe: "UpToDate", status: "OutOfDate" },
    { name: "the quoting enclave is out of date", svn: old, qe: "OutOfDate", status: "OutOfDate" },
  ])("is not known when $name", ({ svn, qe, status }) => {
    const report = { svn, svn2: [9, 3, 2] };
    const tcbInfo = { tcbLevels: upToDate, tdxModuleIdentities: identities };
    expect(statusOf(judge({ report, tcbInfo, qeLevels: [svnLevel(4, qe)] }))).toBe(status);
  });

  test("stays what it is when its module was revoked", () => {
    const tdxModuleIdentities = [moduleIdentity("TDX_01", svnLevel(4), svnLevel(2, "Revoked"))];
    const result = judge({
      report: { svn: old, svn2: [4, 1, 2] },
      tcbInfo: { tcbLevels: upToDate, tdxModuleIdentities },
    });
    expect(statusOf(result)).toBe("tcb-revoked");
  });
});
