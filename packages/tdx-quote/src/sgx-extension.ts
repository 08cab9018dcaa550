import { SGX_EXTENSION, type CertificateExtension } from "./certificate-extensions.ts";
import { DER_TAG, derBoolean, derEnumerated, derOctetString, derParts, derUnsigned, type DerNode } from "./der.ts";
import { toHex } from "./hex.ts";
import { err, ok, type Result } from "./result.ts";

/** Content of the OBJECT IDENTIFIER of {@link SGX_EXTENSION}, below which those of all entries stand. */
const SGX_EXTENSION_ARCS: readonly number[] = [0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];
/** Last arcs of its entries. */
const PPID = 1;
const TCB = 2;
const PCE_ID = 3;
const FMSPC = 4;
const SGX_TYPE = 5;
const PLATFORM_INSTANCE_ID = 6;
const CONFIGURATION = 7;
const TCB_ARCS = [...SGX_EXTENSION_ARCS, TCB];
const CONFIGURATION_ARCS = [...SGX_EXTENSION_ARCS, CONFIGURATION];

const TCB_COMPONENTS = 16;
const MAX_COMPONENT_SVN = 255;
const MAX_PCE_SVN = 65_535;

/** How the platform protects enclave memory, by value of the ENUMERATED. */
const SGX_TYPES = ["standard", "scalable", "scalable-with-integrity"] as const;
/** One of {@link SGX_TYPES}. */
export type SgxType = (typeof SGX_TYPES)[number];

/** What a PCK certificate says about its platform; hex is lower case. As authentic as the certificate. */
export interface SgxExtension {
  /** 16 bytes. */
  readonly ppidHex: string;
  /** 16 security version numbers, 0..255: these are compared with TCB levels. */
  readonly tcbComponents: readonly number[];
  /** 0..65535. */
  readonly pceSvn: number;
  /** 16 bytes; often the components again, but a thing of its own. */
  readonly cpuSvnHex: string;
  /** 2 bytes. */
  readonly pceIdHex: string;
  /** 6 bytes. */
  readonly fmspcHex: string;
  readonly sgxType: SgxType;
  /** 16 bytes; certificates of the Platform CA only. */
  readonly platformInstanceIdHex?: string;
  /** Certificates of the Platform CA only. */
  readonly configuration?: SgxConfiguration;
}

/** How a multi-package platform is set up. */
interface SgxConfiguration {
  readonly dynamicPlatform: boolean;
  readonly cachedKeys: boolean;
  readonly smtEnabled: boolean;
}

/**
 * Reads the SGX extension of a PCK certificate: exactly the five entries of a Processor CA certificate or the seven of a
 * Platform CA certificate, in any order, each once.
 *
 * Errors: entries of another shape, twice or not below the OID of the list; the first entry that is missing or has another type,
 * length or range.
 * Source: Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5.
 */
export function parseSgxExtension(certificate: {
  readonly extensions: readonly CertificateExtension[];
}): Result<SgxExtension, { readonly reason: string }> {
  const extension = certificate.extensions.find(({ oid }) => oid === SGX_EXTENSION);
  if (extension === undefined) return err({ reason: "no SGX extension" });
  const entries = entriesBelow(SGX_EXTENSION_ARCS, extension.content);
  if (entries === null) return err({ reason: "not a list of its own entries, each once" });
  const isPlatform = entries.size === 7;
  if (!isPlatform && entries.size !== 5) return err({ reason: `${entries.size} entries in place of 5 or 7` });

  const ppidHex = octets(entries.get(PPID), 16);
  if (ppidHex === null) return err({ reason: "PPID missing or malformed" });
  const tcb = parseTcb(entries.get(TCB));
  if (tcb === null) return err({ reason: "TCB missing or malformed" });
  const pceIdHex = octets(entries.get(PCE_ID), 2);
  if (pceIdHex === null) return err({ reason: "PCE-ID missing or malformed" });
  const fmspcHex = octets(entries.get(FMSPC), 6);
  if (fmspcHex === null) return err({ reason: "FMSPC missing or malformed" });
  const sgxType = SGX_TYPES[derEnumerated(entries.get(SGX_TYPE)) ?? -1];
  if (sgxType === undefined) return err({ reason: "SGX type missing or unknown" });
  const processor: SgxExtension = { ppidHex, ...tcb, pceIdHex, fmspcHex, sgxType };
  if (!isPlatform) return ok(processor);

  const platformInstanceIdHex = octets(entries.get(PLATFORM_INSTANCE_ID), 16);
  if (platformInstanceIdHex === null) return err({ reason: "platform instance ID missing or malformed" });
  const configuration = parseConfiguration(entries.get(CONFIGURATION));
  if (configuration === null) return err({ reason: "configuration missing or malformed" });
  return ok({ ...processor, platformInstanceIdHex, configuration });
}

/**
 * Reads `SEQUENCE OF SEQUENCE { OID, ANY }` by the last arc of each OID; null when it is none, or an OID comes twice or does not
 * stand directly below `arcs`. Compared as bytes: to spell the OIDs takes longer than all the rest.
 */
function entriesBelow(arcs: readonly number[], node: DerNode | undefined): ReadonlyMap<number, DerNode> | null {
  const list = derParts(node, DER_TAG.sequence);
  if (list === null) return null;
  const values = new Map<number, DerNode>();
  for (const item of list) {
    const parts = derParts(item, DER_TAG.sequence);
    const value = parts?.[1];
    const arc = lastArc(arcs, parts?.[0]);
    if (arc === null || value === undefined || parts?.length !== 2 || values.has(arc)) return null;
    values.set(arc, value);
  }
  return values;
}

/** The one octet that an OID has after those of `arcs`; null for anything else. */
function lastArc(arcs: readonly number[], node: DerNode | undefined): number | null {
  if (node?.tag !== DER_TAG.oid || node.length !== arcs.length + 1) return null;
  return arcs.every((octet, index) => node.octet(index) === octet) ? node.octet(arcs.length) : null;
}

function octets(node: DerNode | undefined, byteLength: number): string | null {
  const bytes = derOctetString(node, byteLength);
  return bytes === null ? null : toHex(bytes);
}

/** The 16 components, PCESVN and CPUSVN: exactly these 18 pairs. */
function parseTcb(node: DerNode | undefined): Pick<SgxExtension, "tcbComponents" | "pceSvn" | "cpuSvnHex"> | null {
  const entries = entriesBelow(TCB_ARCS, node);
  if (entries?.size !== TCB_COMPONENTS + 2) return null;
  const tcbComponents: number[] = [];
  for (let index = 1; index <= TCB_COMPONENTS; index += 1) {
    const svn = derUnsigned(entries.get(index), MAX_COMPONENT_SVN);
    if (svn === null) return null;
    tcbComponents.push(svn);
  }
  const pceSvn = derUnsigned(entries.get(17), MAX_PCE_SVN);
  const cpuSvnHex = octets(entries.get(18), 16);
  return pceSvn === null || cpuSvnHex === null ? null : { tcbComponents, pceSvn, cpuSvnHex };
}

function parseConfiguration(node: DerNode | undefined): SgxConfiguration | null {
  const entries = entriesBelow(CONFIGURATION_ARCS, node);
  const dynamicPlatform = derBoolean(entries?.get(1));
  const cachedKeys = derBoolean(entries?.get(2));
  const smtEnabled = derBoolean(entries?.get(3));
  if (entries?.size !== 3 || dynamicPlatform === null || cachedKeys === null || smtEnabled === null) return null;
  return { dynamicPlatform, cachedKeys, smtEnabled };
}
