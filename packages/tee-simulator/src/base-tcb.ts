import { bytesToHex } from "@noble/hashes/utils.js";
import { formatDate } from "./civil-time.ts";
import {
  sgxComponents,
  sixteen,
  tdxComponents,
  type QeIdentityDocument,
  type TcbInfoDocument,
} from "./collateral-document.ts";
import type { PlatformParameters } from "./recipe.ts";
import type { SgxExtensionRecipe } from "./sgx-extension.ts";

const DAY = 86_400;

/** Signer of Intel's quoting enclaves, 32 bytes of hex. */
export const INTEL_QE_SIGNER = "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5";

const PCK_COMPONENTS = [4, 4, 2, 2, 4, 1, 0, 5];

/** The SGX extension of the platform, above the top level of its TCB info. */
export function sgxExtension(parameters: PlatformParameters): SgxExtensionRecipe {
  const { machineKeys } = parameters;
  return {
    ppid: machineKeys.bytes("ppid", 16),
    components: sixteen(PCK_COMPONENTS),
    pceSvn: 13,
    cpuSvn: Uint8Array.from(sixteen(PCK_COMPONENTS)),
    pceId: new Uint8Array(2),
    fmspc: parameters.fmspc,
    sgxType: parameters.ca === "platform" ? 1 : 0,
    platform:
      parameters.ca === "platform"
        ? { instanceId: machineKeys.bytes("platform instance", 16), dynamic: true, cachedKeys: true, smtEnabled: true }
        : null,
  };
}

/** The levels of a real platform of 2024, top level UpToDate; TDX modules 1 and 3. */
export function tcbInfoDocument(parameters: PlatformParameters, issuedAt: number): TcbInfoDocument {
  const module = { mrsigner: "0".repeat(96), attributes: "0".repeat(16), attributesMask: "F".repeat(16) };
  const moduleAdvisories = ["INTEL-SA-01036", "INTEL-SA-01099"];
  return {
    id: "TDX",
    version: 3,
    issueDate: formatDate(issuedAt),
    nextUpdate: formatDate(issuedAt + 30 * DAY),
    fmspc: bytesToHex(parameters.fmspc).toUpperCase(),
    pceId: "0000",
    tcbType: 0,
    tcbEvaluationDataNumber: 18,
    tdxModule: module,
    tdxModuleIdentities: [
      {
        id: "TDX_03",
        ...module,
        tcbLevels: [{ tcb: { isvsvn: 3 }, tcbDate: "2024-11-13T00:00:00Z", tcbStatus: "UpToDate" }],
      },
      {
        id: "TDX_01",
        ...module,
        tcbLevels: [
          { tcb: { isvsvn: 6 }, tcbDate: "2024-11-13T00:00:00Z", tcbStatus: "UpToDate" },
          {
            tcb: { isvsvn: 4 },
            tcbDate: "2024-03-13T00:00:00Z",
            tcbStatus: "OutOfDate",
            advisoryIDs: [...moduleAdvisories],
          },
          {
            tcb: { isvsvn: 2 },
            tcbDate: "2023-08-09T00:00:00Z",
            tcbStatus: "OutOfDate",
            advisoryIDs: [...moduleAdvisories],
          },
        ],
      },
    ],
    tcbLevels: [
      {
        tcb: {
          sgxtcbcomponents: sgxComponents([3, 3, 2, 2, 4, 1, 0, 5]),
          pcesvn: 13,
          tdxtcbcomponents: tdxComponents([5, 0, 3]),
        },
        tcbDate: "2024-11-13T00:00:00Z",
        tcbStatus: "UpToDate",
      },
      {
        tcb: {
          sgxtcbcomponents: sgxComponents([2, 2, 2, 2, 3, 1, 0, 5]),
          pcesvn: 13,
          tdxtcbcomponents: tdxComponents([5, 0, 2]),
        },
        tcbDate: "2024-03-13T00:00:00Z",
        tcbStatus: "OutOfDate",
        advisoryIDs: ["INTEL-SA-01036", "INTEL-SA-01079"],
      },
      {
        tcb: {
          sgxtcbcomponents: sgxComponents([2, 2, 2, 2, 3, 1, 0, 5]),
          pcesvn: 5,
          tdxtcbcomponents: tdxComponents([5, 0, 2]),
        },
        tcbDate: "2018-01-04T00:00:00Z",
        tcbStatus: "OutOfDate",
        advisoryIDs: ["INTEL-SA-00837", "INTEL-SA-01036", "INTEL-SA-01079"],
      },
    ],
  };
}

/** The identity of the TD quoting enclave: UpToDate from 4, OutOfDate from 2. */
export function qeIdentityDocument(issuedAt: number): QeIdentityDocument {
  return {
    id: "TD_QE",
    version: 2,
    issueDate: formatDate(issuedAt),
    nextUpdate: formatDate(issuedAt + 30 * DAY),
    tcbEvaluationDataNumber: 18,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: INTEL_QE_SIGNER.toUpperCase(),
    isvprodid: 2,
    tcbLevels: [
      { tcb: { isvsvn: 4 }, tcbDate: "2024-11-13T00:00:00Z", tcbStatus: "UpToDate" },
      {
        tcb: { isvsvn: 2 },
        tcbDate: "2023-08-09T00:00:00Z",
        tcbStatus: "OutOfDate",
        advisoryIDs: ["INTEL-SA-00657"],
      },
    ],
  };
}
