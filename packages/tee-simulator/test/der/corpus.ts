import {
  buildCertificate,
  cloneCertificate,
  ECDSA_WITH_SHA384,
  intelName,
  SIMULATED_MARK,
  type CertificateRecipe,
  type ExtensionRecipe,
} from "../../src/certificate.ts";
import { utf8 } from "../../src/byte-writer.ts";
import { derBitString, derIa5String, derInteger, derOid, derSequence, derSet, derValue } from "../../src/der-writer.ts";
import type { SimulatedPlatform } from "../../src/index.ts";
import { createSignatureMemo } from "../../src/key-ring.ts";
import { buildCrl, crlNumber, type CrlRecipe } from "../../src/revocation-list.ts";
import { contentOf, tlvAt } from "../differential/tlv.ts";
import { createCorpus } from "../../fuzz/corpus.ts";

/** Encodings of one kind to start from. */
export interface Seeds {
  /** To be read as they are; Intel's own too, where they are at hand. */
  readonly all: readonly Uint8Array[];
  /** To be changed as well: the same on every machine. */
  readonly simulated: readonly Uint8Array[];
}

/** Encodings to start from. */
export interface DerCorpus {
  readonly certificates: Seeds;
  readonly crls: Seeds;
}

const sign = createSignatureMemo(64);

const YEAR_2050 = 2_524_608_000;
const LAST_SECOND = 253_402_300_799;

const EC_KEY = derOid("1.2.840.10045.2.1");
const UNKNOWN_EXTENSION = "1.2.3.4.5.6.7";

/** A subjectAltName whose content is no encoding at all. */
const NO_NAMES: ExtensionRecipe = { oid: "2.5.29.17", critical: false, value: utf8("no names") };

/** A value that many sequences stand around. */
function nested(times: number): Uint8Array {
  return times === 0 ? derInteger(1) : derSequence(nested(times - 1));
}

/** A signed document with something after the signature. */
function withFourthPart(der: Uint8Array): Uint8Array {
  const document = tlvAt(der, 0);
  return document === null ? der : derSequence(contentOf(der, document), derInteger(1));
}

interface WithExtensions {
  extensions: ExtensionRecipe[];
}

/** Well-formed certificates of other shapes than Intel's usual ones, then some that only a lenient reader takes. */
const CERTIFICATE_CHANGES: readonly ((certificate: CertificateRecipe) => Partial<CertificateRecipe>)[] = [
  () => ({ serial: Uint8Array.of(1) }),
  () => ({ serial: Uint8Array.of(0x80) }),
  () => ({ serial: new Uint8Array(20).fill(0xff) }),
  () => ({ notBefore: 0, notAfter: YEAR_2050 - 1 }),
  () => ({ notBefore: YEAR_2050, notAfter: LAST_SECOND }),
  () => ({ subject: intelName('a name, with = and + and \\ and "') }),
  () => ({ subject: derSequence() }),
  () => ({ extensions: [] }),
  withExtension({ oid: UNKNOWN_EXTENSION, critical: true, value: derInteger(1) }),
  withExtension(NO_NAMES),

  withExtension({ oid: UNKNOWN_EXTENSION, critical: false, value: new Uint8Array(17_000) }),
  () => ({ serialDer: derValue(0x02, new Uint8Array(21).fill(1)) }),
  () => ({ serialDer: derValue(0x02, Uint8Array.of(0, 1)) }),
  () => ({ innerAlgorithm: ECDSA_WITH_SHA384 }),
  () => ({ outerAlgorithm: ECDSA_WITH_SHA384 }),
  () => ({ subject: derSequence(derSet(derSequence(derOid("2.5.4.3"), derIa5String("Intel SGX TCB Signing")))) }),
  () => ({ publicKeyInfo: derSequence(derSequence(EC_KEY, nested(18)), derBitString(new Uint8Array(65))) }),
  () => ({ publicKeyInfo: derSequence(derSequence(EC_KEY), derValue(0x03, Uint8Array.of(1, 4, 0))) }),
  () => ({ editDer: withFourthPart }),
];

function withExtension(extension: ExtensionRecipe): (recipe: WithExtensions) => WithExtensions {
  return ({ extensions }) => ({ extensions: [...extensions, extension] });
}

/** The same for lists. */
const CRL_CHANGES: readonly ((list: CrlRecipe) => Partial<CrlRecipe>)[] = [
  ({ thisUpdate }) => ({ revoked: [{ serial: Uint8Array.of(1), date: thisUpdate }] }),
  () => ({ thisUpdate: 0, nextUpdate: LAST_SECOND }),
  ({ extensions }) => ({
    extensions: extensions.map((known) => (known.oid === "2.5.29.20" ? crlNumber(2 ** 31 - 1) : known)),
  }),
  withExtension(NO_NAMES),

  () => ({ nextUpdate: null }),
  () => ({ editDer: withFourthPart }),
];

function seedsOf(usual: readonly Uint8Array[], unusual: readonly Uint8Array[]): Seeds {
  const all = [...usual, ...unusual];
  return { all, simulated: all.filter((der) => Buffer.from(der).includes(SIMULATED_MARK)) };
}

/** The fuzzer's certificates and lists, and unusual ones. */
export async function gatherCorpus(platform: SimulatedPlatform): Promise<DerCorpus> {
  const { certificates, crls } = await createCorpus({ withDefects: false });
  const { tcbSigning, rootCrl } = platform.recipe({ reportData: new Uint8Array(64) });
  return {
    certificates: seedsOf(
      certificates,
      CERTIFICATE_CHANGES.map((change) =>
        buildCertificate({ ...cloneCertificate(tcbSigning), ...change(tcbSigning) }, sign),
      ),
    ),
    crls: seedsOf(
      crls,
      CRL_CHANGES.map((change) => buildCrl({ ...rootCrl, ...change(rootCrl) }, sign)),
    ),
  };
}
