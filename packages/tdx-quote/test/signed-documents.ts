/** Plain objects to be written as TCB info and QE identity: valid as they stand, meant to be altered by tests. */

function components(...svns: readonly number[]): { svn: number }[] {
  return Array.from({ length: 16 }, (_, index) => ({ svn: svns[index] ?? 0 }));
}

const DATE = "2025-01-01T00:00:00Z";

export interface LevelOptions {
  readonly sgx?: readonly number[];
  readonly pcesvn?: number;
  readonly tdx?: readonly number[];
  readonly status?: string;
  readonly advisoryIDs?: readonly string[];
  readonly date?: string;
}

export function tcbLevel({
  sgx = [],
  pcesvn = 0,
  tdx = [],
  status = "UpToDate",
  advisoryIDs,
  date = DATE,
}: LevelOptions) {
  return {
    tcb: { sgxtcbcomponents: components(...sgx), pcesvn, tdxtcbcomponents: components(...tdx) },
    tcbDate: date,
    tcbStatus: status,
    ...(advisoryIDs === undefined ? {} : { advisoryIDs }),
  };
}

export function svnLevel(
  isvsvn: number,
  status = "UpToDate",
  advisoryIDs?: readonly string[],
  date: string = DATE,
): object {
  return {
    tcb: { isvsvn },
    tcbDate: date,
    tcbStatus: status,
    ...(advisoryIDs === undefined ? {} : { advisoryIDs }),
  };
}

const MODULE = { mrsigner: "0".repeat(96), attributes: "0".repeat(16), attributesMask: "F".repeat(16) };

export function moduleIdentity(id: string, ...tcbLevels: readonly object[]): object {
  return { id, ...MODULE, tcbLevels };
}

export function tcbInfoDocument(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: "TDX",
    version: 3,
    issueDate: "2025-06-01T00:00:00Z",
    nextUpdate: "2025-07-01T00:00:00Z",
    fmspc: "50806F000000",
    pceId: "0000",
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    tdxModule: MODULE,
    tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(4))],
    tcbLevels: [tcbLevel({ sgx: [2, 2], pcesvn: 11, tdx: [5, 0, 2] })],
    ...changes,
  };
}

export function qeIdentityDocument(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: "TD_QE",
    version: 2,
    issueDate: "2025-06-02T00:00:00Z",
    nextUpdate: "2025-07-02T00:00:00Z",
    tcbEvaluationDataNumber: 17,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5",
    isvprodid: 2,
    tcbLevels: [svnLevel(4)],
    ...changes,
  };
}
