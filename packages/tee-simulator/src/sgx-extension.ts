import { derBoolean, derEnumerated, derInteger, derOctetString, derOid, derSequence } from "./der-writer.ts";

/** OID of the SGX extension of PCK certificates (Intel SGX PCK Certificate and CRL Profile Specification). */
export const SGX_EXTENSION_OID = "1.2.840.113741.1.13.1";

/** One `SEQUENCE { OID, value }` of the extension; `arcs` follow {@link SGX_EXTENSION_OID}. */
export interface SgxEntry {
  readonly arcs: string;
  readonly value: Uint8Array;
}

/** The fields of the SGX extension. */
export interface SgxExtensionRecipe {
  ppid: Uint8Array;
  /** 16 component SVNs. */
  components: number[];
  pceSvn: number;
  cpuSvn: Uint8Array;
  pceId: Uint8Array;
  fmspc: Uint8Array;
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  sgxType: number;
  /** Platform CA certificates only. */
  platform: { instanceId: Uint8Array; dynamic: boolean; cachedKeys: boolean; smtEnabled: boolean } | null;
  /** Changes the 18 entries of the TCB. */
  editTcb?: (entries: readonly SgxEntry[]) => readonly SgxEntry[];
  /** Changes the outer entries. */
  editEntries?: (entries: readonly SgxEntry[]) => readonly SgxEntry[];
}

/** Encodes the value of the SGX extension, in the order of real certificates. */
export function encodeSgxExtension(recipe: SgxExtensionRecipe): Uint8Array {
  const tcb: readonly SgxEntry[] = [
    ...recipe.components.map((svn, index) => ({ arcs: `2.${index + 1}`, value: derInteger(svn) })),
    { arcs: "2.17", value: derInteger(recipe.pceSvn) },
    { arcs: "2.18", value: derOctetString(recipe.cpuSvn) },
  ];
  const entries: SgxEntry[] = [
    { arcs: "1", value: derOctetString(recipe.ppid) },
    { arcs: "2", value: encodeEntries(recipe.editTcb?.(tcb) ?? tcb) },
    { arcs: "3", value: derOctetString(recipe.pceId) },
    { arcs: "4", value: derOctetString(recipe.fmspc) },
    { arcs: "5", value: derEnumerated(recipe.sgxType) },
  ];
  if (recipe.platform !== null) {
    const { instanceId, dynamic, cachedKeys, smtEnabled } = recipe.platform;
    entries.push({ arcs: "6", value: derOctetString(instanceId) });
    entries.push({
      arcs: "7",
      value: encodeEntries([
        { arcs: "7.1", value: derBoolean(dynamic) },
        { arcs: "7.2", value: derBoolean(cachedKeys) },
        { arcs: "7.3", value: derBoolean(smtEnabled) },
      ]),
    });
  }
  return encodeEntries(recipe.editEntries?.(entries) ?? entries);
}

/** Encodes a SEQUENCE of entries. */
export function encodeEntries(entries: readonly SgxEntry[]): Uint8Array {
  return derSequence(...entries.map((entry) => derSequence(derOid(`${SGX_EXTENSION_OID}.${entry.arcs}`), entry.value)));
}
