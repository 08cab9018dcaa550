import { bytesToHex } from "@noble/hashes/utils.js";
import { utf8 } from "./byte-writer.ts";
import type { KeyPair, Sign } from "./key-ring.ts";

/** The seven statuses that a TCB level may carry. */
export const LEVEL_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

/** One of {@link LEVEL_STATUSES}. */
export type LevelStatus = (typeof LEVEL_STATUSES)[number];

/** One component of a TCB level; category and type are prose. */
export interface TcbComponent {
  svn: number;
  category?: string;
  type?: string;
}

/** One platform TCB level, with the keys of Intel's documents. */
export interface TcbLevel {
  tcb: { sgxtcbcomponents: TcbComponent[]; pcesvn: number; tdxtcbcomponents: TcbComponent[] };
  tcbDate: string;
  /** One of {@link LEVEL_STATUSES}, or something that a verifier must refuse. */
  tcbStatus: string;
  advisoryIDs?: string[];
}

/** One level of a TDX module or of the quoting enclave. */
export interface IsvSvnLevel {
  tcb: { isvsvn: number };
  tcbDate: string;
  /** One of {@link LEVEL_STATUSES}, or something that a verifier must refuse. */
  tcbStatus: string;
  advisoryIDs?: string[];
}

/** One TDX module identity. */
export interface TdxModuleIdentity {
  id: string;
  mrsigner: string;
  attributes: string;
  attributesMask: string;
  tcbLevels: IsvSvnLevel[];
}

/** TCB info, version 3, for TDX (Intel PCS API v4, `GET /tdx/certification/v4/tcb`). */
export interface TcbInfoDocument {
  id: string;
  version: number;
  issueDate: string;
  nextUpdate: string;
  fmspc: string;
  pceId: string;
  tcbType: number;
  tcbEvaluationDataNumber: number;
  tdxModule?: { mrsigner: string; attributes: string; attributesMask: string };
  tdxModuleIdentities?: TdxModuleIdentity[];
  tcbLevels: TcbLevel[];
}

/** Enclave identity, version 2, of the TD quoting enclave (Intel PCS API v4, `GET /tdx/certification/v4/qe/identity`). */
export interface QeIdentityDocument {
  id: string;
  version: number;
  issueDate: string;
  nextUpdate: string;
  tcbEvaluationDataNumber: number;
  miscselect: string;
  miscselectMask: string;
  attributes: string;
  attributesMask: string;
  mrsigner: string;
  isvprodid: number;
  tcbLevels: IsvSvnLevel[];
}

/** A signed JSON document: what it says, who signs, and hooks before and after the signature. */
export interface SignedDocumentRecipe<Document> {
  document: Document;
  signer: KeyPair;
  /** Changes the text that gets signed. */
  editText?: (text: string) => string;
  /** Changes the text after it was signed. */
  tamper?: (text: string) => string;
  /** Changes the raw `r || s`. */
  editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes the hex text of the signature. */
  editSignatureHex?: (hex: string) => string;
}

/** Serialises compactly, as Intel does, and signs the exact bytes. */
export function buildSignedDocument(
  recipe: SignedDocumentRecipe<unknown>,
  sign: Sign,
): { readonly text: string; readonly signature: string } {
  const plain = JSON.stringify(recipe.document);
  const text = recipe.editText?.(plain) ?? plain;
  const signature = sign(recipe.signer, utf8(text));
  const hex = bytesToHex(recipe.editSignature?.(signature) ?? signature);
  return { text: recipe.tamper?.(text) ?? text, signature: recipe.editSignatureHex?.(hex) ?? hex };
}

/** 16 components from their first few SVNs, the rest zero, with Intel's labels on the first eight of SGX. */
export function sgxComponents(svns: readonly number[]): TcbComponent[] {
  const labels: readonly Omit<TcbComponent, "svn">[] = [
    { category: "BIOS", type: "Early Microcode Update" },
    { category: "OS/VMM", type: "SGX Late Microcode Update" },
    { category: "OS/VMM", type: "TXT SINIT" },
    { category: "BIOS" },
    { category: "BIOS" },
    { category: "BIOS" },
    {},
    { category: "OS/VMM", type: "SEAMLDR ACM" },
  ];
  return sixteen(svns).map((svn, index) => ({ svn, ...labels[index] }));
}

/** 16 TDX components from their first few SVNs, the rest zero, with Intel's labels on the first three. */
export function tdxComponents(svns: readonly number[]): TcbComponent[] {
  const labels: readonly Omit<TcbComponent, "svn">[] = [
    { category: "OS/VMM", type: "TDX Module" },
    { category: "OS/VMM", type: "TDX Module" },
    { category: "OS/VMM", type: "TDX Late Microcode Update" },
  ];
  return sixteen(svns).map((svn, index) => ({ svn, ...labels[index] }));
}

/** Sixteen SVNs from the first few, the rest zero. */
export function sixteen(svns: readonly number[]): number[] {
  return Array.from({ length: 16 }, (_, index) => svns[index] ?? 0);
}
