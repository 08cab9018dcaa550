import { failure, type Failure } from "./failure.ts";
import type { FixedHex } from "./fixed-hex.ts";
import { hex, integer, list, object, optional, time, word, type Shape, type ShapeError } from "./json-shape.ts";
import { err, ok, type Result } from "./result.ts";
import { parseSignedJson, signedText, type SignedText } from "./signed-json.ts";
import {
  COMPONENT_STATUSES,
  isvSvnLevels,
  tcbLevels,
  type Descending,
  type IsvSvnLevel,
  type TcbLevel,
} from "./tcb-level.ts";

/** What a TDX module must be: signer and attributes. `attributesMask` is kept, not applied (all 64 bits must be zero). */
export interface TdxModule {
  readonly mrSigner: FixedHex<48>;
  readonly attributes: FixedHex<8>;
  readonly attributesMask: FixedHex<8>;
}

/** One major version of the TDX module and its levels. */
export interface TdxModuleIdentity extends TdxModule {
  /** The number after `TDX_`, read as hex: byte 1 of TEE_TCB_SVN. */
  readonly majorVersion: number;
  readonly levels: Descending<IsvSvnLevel>;
}

interface TcbInfoHead {
  /** The exact bytes that the signature covers. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Unix seconds. */
  readonly issueDate: number;
  /** Unix seconds. */
  readonly nextUpdate: number;
  readonly fmspc: FixedHex<6>;
  readonly pceId: FixedHex<2>;
  readonly tcbEvaluationDataNumber: number;
}

/** TCB info of a TDX platform. */
export interface TdxTcbInfo extends TcbInfoHead {
  readonly id: "TDX";
  readonly tdxModule: TdxModule;
  /** Empty where the document has none. */
  readonly tdxModuleIdentities: readonly TdxModuleIdentity[];
  readonly levels: Descending<TcbLevel>;
}

/** TCB info of an SGX platform: it may be well signed, but it says nothing about TDX. */
export interface SgxTcbInfo extends TcbInfoHead {
  readonly id: "SGX";
}

/** A parsed TCB info, version 3. **Not authenticated.** */
export type TcbInfo = TdxTcbInfo | SgxTcbInfo;

interface ModuleDocument {
  readonly mrsigner: FixedHex<48>;
  readonly attributes: FixedHex<8>;
  readonly attributesMask: FixedHex<8>;
}

const moduleShapes = { mrsigner: hex(48), attributes: hex(8), attributesMask: hex(8) };

const moduleDocument = object<ModuleDocument>(moduleShapes);

const tdxModule: Shape<TdxModule> = (value) => {
  const parsed = moduleDocument(value);
  if (!parsed.ok) return parsed;
  const { mrsigner, attributes, attributesMask } = parsed.value;
  return ok({ mrSigner: mrsigner, attributes, attributesMask });
};

const majorVersion: Shape<number> = (value) => {
  const digits = typeof value === "string" ? /^TDX_([0-9A-F]{2})$/i.exec(value)?.[1] : undefined;
  return digits === undefined ? err({ path: "", reason: "must be TDX_ and two hex digits" }) : ok(parseInt(digits, 16));
};

interface ModuleIdentityDocument extends ModuleDocument {
  readonly id: number;
  readonly tcbLevels: Descending<IsvSvnLevel>;
}

const moduleIdentityDocuments = list(
  object<ModuleIdentityDocument>({ id: majorVersion, ...moduleShapes, tcbLevels: isvSvnLevels(COMPONENT_STATUSES) }),
  1,
);

const tdxModuleIdentities: Shape<readonly TdxModuleIdentity[]> = (value) => {
  const parsed = moduleIdentityDocuments(value);
  if (!parsed.ok) return parsed;
  const identities = parsed.value.map(({ id, mrsigner, attributes, attributesMask, tcbLevels: levels }) => ({
    majorVersion: id,
    mrSigner: mrsigner,
    attributes,
    attributesMask,
    levels,
  }));
  const versions = new Set(identities.map((identity) => identity.majorVersion));
  return versions.size === identities.length ? ok(identities) : err({ path: "", reason: "must not repeat an id" });
};

const head = object<Omit<TcbInfoHead, "bytes"> & { id: "TDX" | "SGX"; tcbType: number }>({
  id: word(["TDX", "SGX"]),
  issueDate: time,
  nextUpdate: time,
  fmspc: hex(6),
  pceId: hex(2),
  tcbType: integer(0),
  tcbEvaluationDataNumber: integer(0xffff_ffff),
});

interface TdxTailDocument {
  readonly tdxModule: TdxModule;
  readonly tdxModuleIdentities: readonly TdxModuleIdentity[];
  readonly tcbLevels: Descending<TcbLevel>;
}

const tdxTail = object<TdxTailDocument>({
  tdxModule,
  tdxModuleIdentities: optional(tdxModuleIdentities, []),
  tcbLevels,
});

const versionOnly = object<{ version: number }>({ version: integer(0xffff_ffff) });

function malformed(error: ShapeError): { ok: false; error: Failure } {
  return err(failure("collateral-parse", "tcb-info-malformed", { subject: error.path, reason: error.reason }));
}

/**
 * Parses a TCB info. The version is looked at first: other versions have other fields. A document for SGX is parsed as far
 * as it can be, because its signature is judged before its type.
 *
 * @param text - the exact text that was signed
 * Errors: `tcb-info-malformed` with place and reason, `tcb-info-version-unsupported`.
 * Source: Intel PCS API v4, "TCB Info V3".
 */
export function parseTcbInfo(text: string | SignedText): Result<TcbInfo, Failure> {
  const json = parseSignedJson(typeof text === "string" ? signedText(text) : text);
  if (!json.ok) return malformed(json.error);
  const { bytes, value } = json.value;
  const version = versionOnly(value);
  if (!version.ok) return malformed(version.error);
  if (version.value.version !== 3) {
    const facts = { expected: 3, actual: version.value.version };
    return err(failure("collateral-parse", "tcb-info-version-unsupported", facts));
  }
  const parsedHead = head(value);
  if (!parsedHead.ok) return malformed(parsedHead.error);
  const { id, tcbType: _zero, ...common } = parsedHead.value;
  if (id === "SGX") return ok(Object.freeze({ id, bytes, ...common }));
  const tail = tdxTail(value);
  if (!tail.ok) return malformed(tail.error);
  const { tcbLevels: levels, ...modules } = tail.value;
  return ok(Object.freeze({ id, bytes, ...common, ...modules, levels }));
}
