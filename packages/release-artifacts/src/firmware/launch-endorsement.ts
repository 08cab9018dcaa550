import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { onlyBytes, onlyNumber, parseWireMessage } from "./protobuf-wire.ts";

/** One kind of machine whose firmware is endorsed, and what it measures as. */
interface EndorsedMachine {
  readonly ramGib: number;
  /** 96 lower-case hex digits. */
  readonly mrtd: string;
}

/** A launch endorsement of Google Compute Engine. **Not authenticated**: its signature and chain say whether to believe it. */
export interface LaunchEndorsement {
  /** What was signed: a serialised `VMGoldenMeasurement`, from which everything else here but the signature is. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** Of the key that signed, DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** Authorities above it that came along, DER. */
  readonly authorities: readonly Uint8Array<ArrayBuffer>[];
  readonly machines: readonly EndorsedMachine[];
}

/** Longest endorsement that is read. */
export const ENDORSEMENT_LIMIT_BYTES: number = 1024 * 1024;
const MRTD_BYTES = 48;
const MACHINE_LIMIT = 1024;
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*/g;

/** Numbers of the fields that are read. Source: Google, gce-tcb-verifier, `endorsement.proto`. */
const ENDORSEMENT = { golden: 1, signature: 2 } as const;
const GOLDEN = { certificate: 4, authorities: 6, tdx: 8 } as const;
const TDX = { measurement: 2 } as const;
const MEASUREMENT = { ramGib: 1, mrtd: 3 } as const;

/**
 * Reads a `VMLaunchEndorsement`. Fields that are not asked about are passed over; one that is and stands twice refuses the message.
 *
 * @returns null for anything that is no endorsement of TDX firmware
 * Source: Google, gce-tcb-verifier, `endorsement.proto`; Protocol Buffers documentation, Encoding.
 */
export function parseLaunchEndorsement(bytes: Uint8Array): LaunchEndorsement | null {
  const outer = bytes.length > ENDORSEMENT_LIMIT_BYTES ? null : parseWireMessage(bytes);
  const signed = onlyBytes(outer, ENDORSEMENT.golden);
  const signature = onlyBytes(outer, ENDORSEMENT.signature);
  const golden = signed === null ? null : parseWireMessage(signed);
  const certificate = onlyBytes(golden, GOLDEN.certificate);
  const tdx = onlyBytes(golden, GOLDEN.tdx);
  if (signed === null || signature === null || golden === null || certificate === null || tdx === null) return null;
  const machines = parseMachines(tdx);
  const hasAuthorities = golden.some(({ number }) => number === GOLDEN.authorities);
  const authorities = hasAuthorities ? parsePemBundle(onlyBytes(golden, GOLDEN.authorities)) : [];
  return machines === null || authorities === null ? null : { signed, signature, certificate, authorities, machines };
}

function parseMachines(tdx: Uint8Array): readonly EndorsedMachine[] | null {
  const measurements = parseWireMessage(tdx)?.filter(({ number }) => number === TDX.measurement);
  if (measurements === undefined || measurements.length > MACHINE_LIMIT) return null;
  const machines = measurements.map(({ value }): EndorsedMachine | null => {
    const message = typeof value === "bigint" ? null : parseWireMessage(value);
    const mrtd = onlyBytes(message, MEASUREMENT.mrtd);
    const ramGib = message === null ? null : onlyNumber(message, MEASUREMENT.ramGib);
    return mrtd?.length !== MRTD_BYTES || ramGib === null ? null : { ramGib, mrtd: toHex(mrtd) };
  });
  return machines.includes(null) ? null : machines.filter((machine) => machine !== null);
}

/** Certificates in PEM and nothing between them. */
function parsePemBundle(bytes: Uint8Array | null): readonly Uint8Array<ArrayBuffer>[] | null {
  const text = bytes === null ? null : new TextDecoder().decode(bytes);
  if (text === null || text.replaceAll(PEM, "").trim() !== "") return null;
  const certificates = [...text.matchAll(PEM)].map(([, body = ""]) => parseBase64(body.replaceAll(/\s/g, "")));
  return certificates.includes(null) ? null : certificates.filter((certificate) => certificate !== null);
}
