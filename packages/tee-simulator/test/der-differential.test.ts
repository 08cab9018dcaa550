import { err, ok } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import { HAS_REAL_VECTORS } from "../fuzz/real-vectors.ts";
import { createSimulatedPlatform } from "../src/index.ts";
import { compareCertificates, compareCrls, type DerComparison } from "./der/compare-der.ts";
import { gatherCorpus } from "./der/corpus.ts";
import { certificateLeniences, CRL_LENIENCES } from "./der/lenience.ts";
import { mutantsOf } from "./der/mutation.ts";
import { OUR_READER, type OurReader } from "./der/our-reading.ts";
import { CERTIFICATE_STRICTNESS, CRL_STRICTNESS } from "./der/strictness.ts";

/** Mutants of each kind, beside the seeds. */
const MUTANTS = 800;
const NOW = 1_772_000_000;

if (!HAS_REAL_VECTORS)
  console.warn("skipped: Intel's own certificates and lists (no vectors folder beside the repository)");

const platform = await createSimulatedPlatform({ seed: "der", now: NOW });
const { rootCa } = platform;
const { quote, bundle } = platform.buildEvidence(platform.recipe({ reportData: new Uint8Array(64) }));
const healthy = { quote, bundle, rootCa, now: NOW };
const corpus = await gatherCorpus(platform);

const certificates = (reader: OurReader, mutants: number): Promise<DerComparison> =>
  compareCertificates(mutantsOf(corpus.certificates, mutants), reader, healthy);
const crls = (reader: OurReader, mutants: number): Promise<DerComparison> =>
  compareCrls(mutantsOf(corpus.crls, mutants), reader);

describe.each([
  {
    what: "certificates",
    compare: certificates,
    comparison: await certificates(OUR_READER, MUTANTS),
    others: "OpenSSL and @peculiar/x509",
    rules: [...CERTIFICATE_STRICTNESS, ...certificateLeniences(healthy)],
  },
  {
    what: "revocation lists",
    compare: crls,
    comparison: await crls(OUR_READER, MUTANTS),
    others: "@peculiar/x509 and asn1.js",
    rules: [...CRL_STRICTNESS, ...CRL_LENIENCES],
  },
])("the reader of $what", ({ compare, comparison, others, rules }) => {
  test(`reads what ${others} read, but for known reasons`, () => {
    const { failures, acceptedByAll, refusedByAll } = comparison;
    expect(failures).toEqual([]);
    expect(Math.min(acceptedByAll, refusedByAll)).toBeGreaterThan(MUTANTS / 10);
  });

  test.each(rules)("needs the reason: $id", ({ id }) => {
    expect(comparison.hits.get(id)).toBeGreaterThan(0);
  });

  const healthyCertificate = OUR_READER.certificate(rootCa);
  const liars: Readonly<Record<string, OurReader>> = {
    "reads everything as one document": {
      certificate: () => healthyCertificate,
      crl: () => OUR_READER.crl(Buffer.from(bundle.pck_crl, "hex")),
    },
    "refuses without a reason": { certificate: () => err("malformed"), crl: () => err("malformed") },
    "refuses for a reason that does not hold": { certificate: () => err("empty"), crl: () => err("empty") },
    "moves the end of validity": {
      certificate(der) {
        const read = OUR_READER.certificate(der);
        return read.ok ? ok({ ...read.value, notAfter: read.value.notAfter + 1 }) : read;
      },
      crl(der) {
        const read = OUR_READER.crl(der);
        return read.ok ? ok({ ...read.value, nextUpdate: read.value.nextUpdate + 1 }) : read;
      },
    },
    "forgets what is listed": {
      certificate(der) {
        const read = OUR_READER.certificate(der);
        return read.ok ? ok({ ...read.value, extensions: read.value.extensions.slice(1) }) : read;
      },
      crl(der) {
        const read = OUR_READER.crl(der);
        return read.ok ? ok({ ...read.value, revokes: () => false }) : read;
      },
    },
    "lists everything": {
      certificate(der) {
        const read = OUR_READER.certificate(der);
        return read.ok ? ok({ ...read.value, serialHex: "01" }) : read;
      },
      crl(der) {
        const read = OUR_READER.crl(der);
        return read.ok ? ok({ ...read.value, revokes: () => true }) : read;
      },
    },
  };

  test.each(Object.entries(liars))("is found out when it %s", async (_, liar) => {
    expect((await compare(liar, 0)).failures).not.toEqual([]);
  });
});
