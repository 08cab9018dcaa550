import type { Crl } from "@mero-tee/tdx-quote";
import { utils } from "@phala/dcap-qvl";
import type { X509Crl } from "../differential/x509.ts";

/** The part of a decoded list that matters here. */
interface Decoded {
  readonly tbsCertList: {
    readonly revokedCertificates?: readonly { readonly userCertificate: { toString: () => string } }[];
  };
}

/** Serials of the list as `asn1.js` reads it, with the schema of `@phala/dcap-qvl`; null where it refuses the bytes. */
export function readAsn1JsSerials(der: Uint8Array): readonly bigint[] | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- untyped in that package
  const schema = utils.CertificateList as { decode: (bytes: Buffer, encoding: "der") => Decoded };
  try {
    const { revokedCertificates = [] } = schema.decode(Buffer.from(der), "der").tbsCertList;
    return revokedCertificates.map(({ userCertificate }) => BigInt(userCertificate.toString()));
  } catch {
    // Only whether it reads them matters.
    return null;
  }
}

/** The serials of a list as `@peculiar/x509` reads it. */
export function peculiarSerials({ entries }: InstanceType<typeof X509Crl>): readonly bigint[] {
  return entries.map(({ serialNumber }) => BigInt(`0x${serialNumber}`));
}

/** As this project spells serials: the magnitude in the fewest whole bytes. */
function serialHex(serial: bigint): string {
  const digits = serial.toString(16);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

/** A serial that no list here has. */
const STRANGER = "13".repeat(20);

/** What the list does not revoke of what others read in it, and what it revokes beyond. */
export function wrongEntries({ revokes }: Crl, serials: readonly bigint[]): readonly string[] {
  const missing = serials.filter((serial) => !revokes(serialHex(serial))).map((serial) => `serial ${serial}`);
  return revokes(STRANGER) ? [...missing, "a serial that is not listed"] : missing;
}
