import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { INTEL_QE_SIGNER } from "./base-tcb.ts";
import { utf8 } from "./byte-writer.ts";
import { sixteen } from "./collateral-document.ts";
import { measureBoot, measurementsOf } from "./measured-boot.ts";
import type { QuoteRecipe } from "./quote.ts";
import type { PlatformParameters, QuoteRequest } from "./recipe.ts";

const INTEL_QE_VENDOR = hexToBytes("939a7233f79c4ca9940a0db3957f0607");

/** TDATTRIBUTES and XFAM of every healthy guest, hex. */
export const TD_ATTRIBUTES = "0000001000000000";
export const XFAM = "e702060000000000";

/** The quote of a healthy guest. */
export function quoteRecipe(parameters: PlatformParameters, request: QuoteRequest): QuoteRecipe {
  const { machineKeys } = parameters;
  const boot = measureBoot(request.role, request.profile);
  const measured = measurementsOf(boot, request.runtimeEvents);
  const teeTcbSvn = Uint8Array.from(sixteen([6, 1, 3]));
  return {
    version: request.version,
    attestationKeyType: 2,
    teeType: 0x81,
    qeVendorId: INTEL_QE_VENDOR,
    userData: utf8("SIMULATED TDX QE\0\0\0\0"),
    bodyType: request.bodyType,
    report: {
      teeTcbSvn,
      mrSeam: sha384(utf8("simulated TDX module")),
      mrSignerSeam: new Uint8Array(48),
      seamAttributes: new Uint8Array(8),
      tdAttributes: hexToBytes(TD_ATTRIBUTES),
      xfam: hexToBytes(XFAM),
      mrtd: hexToBytes(measured.mrtd),
      mrConfigId: new Uint8Array(48),
      mrOwner: new Uint8Array(48),
      mrOwnerConfig: new Uint8Array(48),
      rtmr0: hexToBytes(measured.rtmr0),
      rtmr1: hexToBytes(measured.rtmr1),
      rtmr2: hexToBytes(measured.rtmr2),
      rtmr3: hexToBytes(measured.rtmr3),
      reportData: request.reportData,
      teeTcbSvn2: teeTcbSvn,
      mrServiceTd: new Uint8Array(48),
    },
    attestationKey: machineKeys.pair("attestation"),
    qeReport: {
      cpuSvn: hexToBytes("0404191b04ff00060000000000000000"),
      miscSelect: new Uint8Array(4),
      attributes: hexToBytes("1500000000000000e700000000000000"),
      mrEnclave: sha256(utf8("simulated TD quoting enclave")),
      mrSigner: hexToBytes(INTEL_QE_SIGNER),
      isvProdId: 2,
      isvSvn: 7,
      signer: machineKeys.pair("pck"),
    },
    qeAuthenticationData: Uint8Array.from({ length: 32 }, (_, index) => index),
    certification: { type: 5, outerType: 6 },
    lengths: {},
    padding: new Uint8Array(0),
  };
}
