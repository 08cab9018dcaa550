import { concatBytes } from "../byte-writer.ts";
import { derEnumerated, derInteger, derOctetString, derUtf8String, derValue } from "../der-writer.ts";
import type { Recipe } from "../recipe.ts";
import { encodeEntries, SGX_EXTENSION_OID, type SgxEntry } from "../sgx-extension.ts";
import { accepted, defineDefect, defineSingle, refused, type Defect, type Variant } from "./defect.ts";

const INVALID = refused("pck-chain", "pck-extension-invalid");

const TCB_ARCS = Array.from({ length: 18 }, (_, index) => `2.${index + 1}`);
const CONFIGURATION_ARCS = ["7.1", "7.2", "7.3"];

function variant(name: string, change: (recipe: Recipe) => void): Variant {
  return { name, expected: INVALID, change };
}

function editEntries(name: string, edit: (entries: readonly SgxEntry[]) => readonly SgxEntry[]): Variant {
  return variant(name, ({ sgx }) => {
    sgx.editEntries = edit;
  });
}

function editTcb(name: string, edit: (entries: readonly SgxEntry[]) => readonly SgxEntry[]): Variant {
  return variant(name, ({ sgx }) => {
    sgx.editTcb = edit;
  });
}

/** Replaces the value of one entry. */
function withValue(arcs: string, value: Uint8Array): (entries: readonly SgxEntry[]) => readonly SgxEntry[] {
  return (entries) => entries.map((entry) => (entry.arcs === arcs ? { arcs, value } : entry));
}

function without(arcs: string): (entries: readonly SgxEntry[]) => readonly SgxEntry[] {
  return (entries) => entries.filter((entry) => entry.arcs !== arcs);
}

/** The configuration with one of its three flags left out. */
function configurationWithout(arcs: string): Uint8Array {
  const flag = derValue(0x01, Uint8Array.of(0xff));
  return encodeEntries(
    CONFIGURATION_ARCS.filter((known) => known !== arcs).map((known) => ({ arcs: known, value: flag })),
  );
}

/** Cases about Intel's SGX extension of the PCK leaf. */
export const SGX_EXTENSION_DEFECTS: readonly Defect[] = [
  defineSingle("pck-sgx-extension-missing", "the leaf has no SGX extension", INVALID, ({ pckLeaf }) => {
    pckLeaf.extensions = pckLeaf.extensions.filter(({ oid }) => oid !== SGX_EXTENSION_OID);
  }),
  defineDefect("pck-sgx-extension-field-missing", "the SGX extension lacks a field", [
    ...["1", "2", "3", "4", "5", "6", "7"].map((arcs) => editEntries(`.${arcs}`, without(arcs))),
    ...TCB_ARCS.map((arcs) => editTcb(`.${arcs}`, without(arcs))),
    ...CONFIGURATION_ARCS.map((arcs) => editEntries(`.${arcs}`, withValue("7", configurationWithout(arcs)))),
  ]),
  defineDefect("pck-sgx-extension-duplicate", "the SGX extension has a field twice", [
    editEntries("FMSPC added", (entries) => [...entries, ...entries.filter(({ arcs }) => arcs === "4")]),
    editEntries("FMSPC for the PCE-ID", (entries) =>
      entries.map((entry) => (entry.arcs === "3" ? (entries.find(({ arcs }) => arcs === "4") ?? entry) : entry)),
    ),
    editTcb("component 1 added", (entries) => [...entries, ...entries.filter(({ arcs }) => arcs === "2.1")]),
    editTcb("component 1 for component 2", (entries) =>
      entries.map((entry) => (entry.arcs === "2.2" ? { ...entry, arcs: "2.1" } : entry)),
    ),
  ]),
  defineDefect("pck-sgx-extension-bad-length", "a field of the SGX extension has a length or value it cannot have", [
    variant("FMSPC of 5 bytes", ({ sgx }) => {
      sgx.fmspc = sgx.fmspc.slice(0, 5);
    }),
    variant("PCE-ID of 3 bytes", ({ sgx }) => {
      sgx.pceId = concatBytes(sgx.pceId, Uint8Array.of(0));
    }),
    editTcb("component 256", withValue("2.1", derInteger(256))),
    editTcb("component -1", withValue("2.1", derValue(0x02, Uint8Array.of(0xff)))),
    editTcb("PCESVN 65536", withValue("2.17", derInteger(65_536))),
    editTcb("PCESVN -1", withValue("2.17", derValue(0x02, Uint8Array.of(0xff)))),
    editTcb("CPUSVN of 17 bytes", withValue("2.18", derOctetString(new Uint8Array(17)))),
    variant("PPID of 15 bytes", ({ sgx }) => {
      sgx.ppid = sgx.ppid.slice(0, 15);
    }),
    editEntries("SGX type 3", withValue("5", derEnumerated(3))),
    editEntries("FMSPC as text", withValue("4", derUtf8String("SIMSIM"))),
    editEntries("platform instance of 15 bytes", withValue("6", derOctetString(new Uint8Array(15)))),
  ]),
  defineDefect("pck-component-high-bit", "an SVN above 127, whose INTEGER takes two bytes", [
    {
      name: "component 16",
      expected: accepted(),
      change: ({ sgx }) => {
        sgx.components[15] = 255;
      },
    },
    {
      name: "component 1 and PCESVN",
      expected: accepted(),
      change: ({ sgx }) => {
        sgx.components[0] = 255;
        sgx.pceSvn = 255;
      },
    },
  ]),
];
