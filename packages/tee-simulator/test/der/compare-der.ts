import type { Result } from "@mero-tee/tdx-quote/result";
import { differencesFromOpenSsl, readByOpenSsl } from "../../fuzz/openssl-certificate.ts";
import { peculiarSerials, readAsn1JsSerials, wrongEntries } from "./crl-entries.ts";
import type { HealthyEvidence } from "./form-judgement.ts";
import { certificateLeniences, CRL_LENIENCES, type Lenience } from "./lenience.ts";
import type { Mutant } from "./mutation.ts";
import type { OurReader } from "./our-reading.ts";
import {
  differencesFromPeculiar,
  differencesFromPeculiarCrl,
  readPeculiarCertificate,
  readPeculiarCrl,
} from "./peculiar-reading.ts";
import { CERTIFICATE_STRICTNESS, CRL_STRICTNESS, type Strictness } from "./strictness.ts";

/** What holding a reader against two others came to. */
export interface DerComparison {
  readonly acceptedByAll: number;
  readonly refusedByAll: number;
  /** How often each rule explained a disagreement, by its id. */
  readonly hits: ReadonlyMap<string, number>;
  /** Everything else, a line each: none is as it should be. */
  readonly failures: readonly string[];
}

/** What the others make of the same bytes. */
interface TheirReading<Ours> {
  /** How many of the two accept them. */
  readonly accepts: number;
  /** Where their reading differs from an accepted one. */
  readonly differences: (ours: Ours) => readonly string[];
}

const OTHERS = 2;

/** How to read one kind of document, here and elsewhere, and what may set the readers apart. */
interface Readers<Ours> {
  readonly ours: (der: Uint8Array) => Result<Ours, string>;
  readonly theirs: (der: Uint8Array) => TheirReading<Ours>;
  readonly strictness: readonly Strictness[];
  readonly leniences: readonly Lenience[];
}

async function firstThatHolds(leniences: readonly Lenience[], der: Uint8Array): Promise<string | null> {
  for (const { id, holds } of leniences) if (await holds(der)) return id;
  return null;
}

async function compareReadings<Ours>(mutants: Iterable<Mutant>, readers: Readers<Ours>): Promise<DerComparison> {
  const hits = new Map<string, number>();
  const failures: string[] = [];
  let [acceptedByAll, refusedByAll] = [0, 0];
  const explain = (id: string | null, otherwise: string): void => {
    if (id === null) failures.push(otherwise);
    else hits.set(id, (hits.get(id) ?? 0) + 1);
  };
  for (const { name, der } of mutants) {
    const ours = readers.ours(der);
    const { accepts, differences } = readers.theirs(der);
    if (ours.ok) {
      failures.push(...differences(ours.value).map((field) => `${name}: another reads ${field} differently`));
      if (accepts === OTHERS) acceptedByAll += 1;
      else explain(await firstThatHolds(readers.leniences, der), `${name}: read here and refused by another`);
    } else if (accepts === 0) {
      refusedByAll += 1;
    } else {
      const rule = readers.strictness.find(({ reason, holds }) => reason.test(ours.error) && holds(der));
      explain(rule?.id ?? null, `${name}: refused here only, "${ours.error}" for no known reason`);
    }
  }
  return { acceptedByAll, refusedByAll, hits, failures };
}

/** Holds this project's certificates against OpenSSL's (`node:crypto`) and `@peculiar/x509`'s. */
export async function compareCertificates(
  mutants: Iterable<Mutant>,
  reader: OurReader,
  healthy: HealthyEvidence,
): Promise<DerComparison> {
  return compareReadings(mutants, {
    ours: reader.certificate,
    theirs(der) {
      const openSsl = readByOpenSsl(der);
      const peculiar = readPeculiarCertificate(der);
      return {
        accepts: Number(openSsl !== null) + Number(peculiar !== null),
        differences: (ours) => [
          ...(openSsl === null ? [] : differencesFromOpenSsl(ours, openSsl)),
          ...(peculiar === null ? [] : differencesFromPeculiar(ours, peculiar)),
        ],
      };
    },
    strictness: CERTIFICATE_STRICTNESS,
    leniences: certificateLeniences(healthy),
  });
}

/** Holds this project's lists against `@peculiar/x509`'s and `asn1.js`'s. */
export async function compareCrls(mutants: Iterable<Mutant>, reader: OurReader): Promise<DerComparison> {
  return compareReadings(mutants, {
    ours: reader.crl,
    theirs(der) {
      const peculiar = readPeculiarCrl(der);
      const asn1Js = readAsn1JsSerials(der);
      return {
        accepts: Number(peculiar !== null) + Number(asn1Js !== null),
        differences: (ours) => [
          ...wrongEntries(ours, [...(peculiar === null ? [] : peculiarSerials(peculiar)), ...(asn1Js ?? [])]),
          ...(peculiar === null ? [] : differencesFromPeculiarCrl(ours, peculiar)),
        ],
      };
    },
    strictness: CRL_STRICTNESS,
    leniences: CRL_LENIENCES,
  });
}
