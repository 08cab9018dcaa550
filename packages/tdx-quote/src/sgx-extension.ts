import { SGX_EXTENSION } from "./certificate-extensions.ts";
import {
  DER_TAG,
  derBoolean,
  derEnumerated,
  derOctetString,
  derOid,
  derParts,
  derUnsigned,
  parseDer,
  type DerNode,
} from "./der.ts";
import { toHex } from "./hex.ts";
import { err, ok, type Result } from "./result.ts";
import type { X509Extension } from "./x509-fields.ts";

const PPID = `${SGX_EXTENSION}.1`;
const TCB = `${SGX_EXTENSION}.2`;
const PCE_ID = `${SGX_EXTENSION}.3`;
const FMSPC = `${SGX_EXTENSION}.4`;
const SGX_TYPE = `${SGX_EXTENSION}.5`;
const PLATFORM_INSTANCE_ID = `${SGX_EXTENSION}.6`;
const CONFIGURATION = `${SGX_EXTENSION}.7`;

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
 * Errors: the first entry that is missing or has another type, length or range.
 * Source: Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5.
 */
export function parseSgxExtension(certificate: {
  readonly extensions: readonly X509Extension[];
}): Result<SgxExtension, { readonly reason: string }> {
  const extension = certificate.extensions.find(({ oid }) => oid === SGX_EXTENSION);
  if (extension === undefined) return err({ reason: "no SGX extension" });
  const document = parseDer(extension.value);
  const entries = document.ok ? pairs(document.value) : null;
  if (entries === null) return err({ reason: "not a list of pairs with each OID once" });
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

/** Reads `SEQUENCE OF SEQUENCE { OID, ANY }` by OID; null when it is none, or an OID comes twice. */
function pairs(node: DerNode | undefined): ReadonlyMap<string, DerNode> | null {
  const list = derParts(node, DER_TAG.sequence);
  if (list === null) return null;
  const values = new Map<string, DerNode>();
  for (const item of list) {
    const [type, value, ...rest] = derParts(item, DER_TAG.sequence) ?? [];
    const oid = derOid(type);
    if (oid === null || value === undefined || rest.length > 0 || values.has(oid)) return null;
    values.set(oid, value);
  }
  return values;
}

function octets(node: DerNode | undefined, byteLength: number): string | null {
  const bytes = derOctetString(node, byteLength);
  return bytes === null ? null : toHex(bytes);
}

/** The 16 components, PCESVN and CPUSVN: exactly these 18 pairs. */
function parseTcb(node: DerNode | undefined): Pick<SgxExtension, "tcbComponents" | "pceSvn" | "cpuSvnHex"> | null {
  const entries = pairs(node);
  if (entries?.size !== TCB_COMPONENTS + 2) return null;
  const tcbComponents: number[] = [];
  for (let index = 1; index <= TCB_COMPONENTS; index += 1) {
    const svn = derUnsigned(entries.get(`${TCB}.${index}`), MAX_COMPONENT_SVN);
    if (svn === null) return null;
    tcbComponents.push(svn);
  }
  const pceSvn = derUnsigned(entries.get(`${TCB}.17`), MAX_PCE_SVN);
  const cpuSvnHex = octets(entries.get(`${TCB}.18`), 16);
  return pceSvn === null || cpuSvnHex === null ? null : { tcbComponents, pceSvn, cpuSvnHex };
}

function parseConfiguration(node: DerNode | undefined): SgxConfiguration | null {
  const entries = pairs(node);
  const dynamicPlatform = derBoolean(entries?.get(`${CONFIGURATION}.1`));
  const cachedKeys = derBoolean(entries?.get(`${CONFIGURATION}.2`));
  const smtEnabled = derBoolean(entries?.get(`${CONFIGURATION}.3`));
  if (entries?.size !== 3 || dynamicPlatform === null || cachedKeys === null || smtEnabled === null) return null;
  return { dynamicPlatform, cachedKeys, smtEnabled };
}
