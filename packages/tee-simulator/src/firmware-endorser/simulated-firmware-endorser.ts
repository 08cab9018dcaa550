import { hexToBytes } from "@noble/hashes/utils.js";

import { concatBytes, utf8 } from "../byte-writer.ts";
import { encodePem } from "../pem.ts";
import { createRsaRoot, createRsaSigner } from "../rsa-certificate.ts";

/** A kind of machine, and what its firmware measures as there. */
export interface EndorsedMachine {
  readonly ramGib: number;
  /** 96 hex digits. */
  readonly mrtd: string;
}

/** How an endorsement departs from an honest one. */
export interface EndorsementChanges {
  /** Changes what was signed, after it was. */
  readonly afterSigning?: (golden: Uint8Array<ArrayBuffer>) => Uint8Array;
  /** Leaves the signature away. */
  readonly isUnsigned?: boolean;
  /** Puts the root among the authorities that come along, as the message allows. */
  readonly bringsRoot?: boolean;
}

/** A stand-in of Google's signing of firmware: real signatures, under a root that nobody else trusts. */
export interface SimulatedFirmwareEndorser {
  /** DER. */
  readonly rootCertificate: Uint8Array<ArrayBuffer>;
  readonly rootPem: string;
  /** A serialised `VMLaunchEndorsement`. */
  endorse(machines: readonly EndorsedMachine[], changes?: EndorsementChanges): Promise<Uint8Array<ArrayBuffer>>;
}

const PSS = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 } as const;

/**
 * Makes the stand-in.
 *
 * @param now - Unix seconds; its certificates are valid from a year before for ten years
 * Source: Google, gce-tcb-verifier, `endorsement.proto`; Protocol Buffers documentation, Encoding.
 */
export async function createSimulatedFirmwareEndorser(now: number): Promise<SimulatedFirmwareEndorser> {
  const root = await createRsaRoot("Simulated GCE TCB Root", PSS, now);
  const signer = await createRsaSigner("Simulated GCE TCB Firmware Signing", PSS, root, now);
  const rootPem = encodePem("CERTIFICATE", root.certificate);
  return {
    rootCertificate: root.certificate,
    rootPem,
    async endorse(machines, { afterSigning, isUnsigned, bringsRoot } = {}) {
      const measurements = machines.map(({ ramGib, mrtd }) =>
        bytesField(2, numberField(1, ramGib), bytesField(3, hexToBytes(mrtd))),
      );
      const golden = concatBytes(
        bytesField(1, numberField(1, now)),
        bytesField(4, signer.certificate),
        ...(bringsRoot === true ? [bytesField(6, utf8(rootPem))] : []),
        bytesField(8, numberField(1, 1), ...measurements),
      );
      const signature = new Uint8Array(await crypto.subtle.sign(PSS, signer.privateKey, golden));
      const shown = afterSigning?.(golden) ?? golden;
      return concatBytes(bytesField(1, shown), ...(isUnsigned === true ? [] : [bytesField(2, signature)]));
    },
  };
}

function bytesField(number: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = concatBytes(...contents);
  return concatBytes(varint(number * 8 + 2), varint(content.length), content);
}

function numberField(number: number, value: number): Uint8Array<ArrayBuffer> {
  return concatBytes(varint(number * 8), varint(value));
}

function varint(value: number): Uint8Array<ArrayBuffer> {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push(0x80 + (rest % 0x80));
  return Uint8Array.of(...digits, rest);
}
