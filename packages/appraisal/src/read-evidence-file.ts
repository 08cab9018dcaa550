import { PROFILES, type Profile } from "@mero-tee/policy";
import { SIDECAR_SUFFIXES, type SidecarSuffix } from "@mero-tee/release-artifacts";
import { parseRfc3339Utc, TCB_STATUSES, type TcbStatus } from "@mero-tee/tdx-quote";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { EVIDENCE_FILE_LIMIT_BYTES, EVIDENCE_FILE_SCHEMA, evidenceDigest } from "./evidence-file.ts";
import { VERDICTS, type Verdict } from "./report.ts";
import {
  type AppraisalRequest,
  ATTESTER_KINDS,
  type GivenInput,
  type ReleaseAsset,
  type ReleaseMaterial,
  type Supply,
} from "./request.ts";
import { STEP_IDS, STEP_STATUSES, type StepId, type StepStatus } from "./step.ts";

/** Why a file is no evidence file that can be read. */
export interface EvidenceFileError {
  readonly code: "evidence-file-malformed" | "evidence-file-unsupported";
  /** Where, and what should have been there. */
  readonly sentence: string;
}

/** What a file says came of it. A claim: shown beside what comes of it now, and never believed. */
export interface RecordedVerdict {
  readonly verdict: Verdict | null;
  readonly steps: ReadonlyMap<StepId, StepStatus>;
}

/** An evidence file: the request that it records, as of the instant that it records. */
export interface EvidenceFile {
  /** To be appraised anew; `now` is the instant at which the file was made. */
  readonly request: AppraisalRequest;
  readonly recorded: RecordedVerdict;
  /** Whether the file is as it was written: a slip of the pen shows, a forger computes a new one. */
  readonly digestMatches: boolean;
}

/** Readers note what is wrong first, and go on with something harmless: the file is refused in the end. */
class FileReader {
  problem: string | null = null;

  refuse(path: string, expected: string): null {
    this.problem ??= `${path} must be ${expected}`;
    return null;
  }

  object(holder: JsonValue | undefined, path: string): ReadonlyMap<string, JsonValue> {
    if (isJsonObject(holder)) return holder;
    this.refuse(path, "an object");
    return new Map();
  }

  list(value: JsonValue | undefined, path: string): readonly JsonValue[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
    if (Array.isArray(value)) return value as readonly JsonValue[];
    this.refuse(path, "a list");
    return [];
  }

  text(value: JsonValue | undefined, path: string): string {
    return typeof value === "string" ? value : (this.refuse(path, "a string") ?? "");
  }

  textOrNull(value: JsonValue | undefined, path: string): string | null {
    return value === null || value === undefined ? null : this.text(value, path);
  }

  bytes(value: JsonValue | undefined, path: string, length?: number): Uint8Array<ArrayBuffer> {
    const bytes = parseBase64(this.text(value, path));
    if (bytes !== null && (length === undefined || bytes.length === length)) return bytes;
    this.refuse(path, length === undefined ? "base64" : `${length} bytes as base64`);
    return new Uint8Array(length ?? 0);
  }

  bytesOrNull(value: JsonValue | undefined, path: string, length?: number): Uint8Array<ArrayBuffer> | null {
    return value === null || value === undefined ? null : this.bytes(value, path, length);
  }

  word<W extends string>(value: JsonValue | undefined, words: readonly W[], path: string): W | null {
    if (value === null || value === undefined) return null;
    return words.find((each) => each === value) ?? this.refuse(path, `one of ${words.join(", ")}`);
  }

  number(value: JsonValue | undefined, path: string): number | null {
    if (value === null || value === undefined) return null;
    const isNumber = typeof value === "object" && "kind" in value && Number.isFinite(value.value);
    return isNumber ? value.value : this.refuse(path, "a number");
  }
}

/**
 * Reads an evidence file. What it says about steps and verdict is kept apart; everything else becomes a request that is to be
 * appraised like any other.
 *
 * @param challengeOwner - `user`: whoever reads it made the challenge and knows it; `file`: it is the file's word
 * Errors: `evidence-file-malformed`, `evidence-file-unsupported`.
 */
export function readEvidenceFile(
  content: Uint8Array | string,
  challengeOwner: "user" | "file",
): Result<EvidenceFile, EvidenceFileError> {
  const json = parseStrictJson(content, { maxBytes: EVIDENCE_FILE_LIMIT_BYTES });
  if (!json.ok) return malformed(`it is not strict JSON at byte ${json.error.offset}: ${json.error.reason}`);
  if (!isJsonObject(json.value)) return malformed("it is not an object");
  const root = json.value;
  if (root.get("schema") !== EVIDENCE_FILE_SCHEMA) {
    return err({ code: "evidence-file-unsupported", sentence: `The file is not a ${EVIDENCE_FILE_SCHEMA} document.` });
  }
  const reader = new FileReader();
  const request = readRequest(reader, root, challengeOwner);
  const recorded = readRecorded(reader, root);
  if (reader.problem !== null) return malformed(reader.problem);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document is an object
  const plain = toPlainJson(root) as Readonly<Record<string, unknown>>;
  return ok({ request, recorded, digestMatches: root.get("digest") === evidenceDigest(plain) });
}

function malformed(what: string): Result<never, EvidenceFileError> {
  return err({ code: "evidence-file-malformed", sentence: `The evidence file cannot be read: ${what}.` });
}

function readRequest(
  reader: FileReader,
  root: ReadonlyMap<string, JsonValue>,
  challengeOwner: "user" | "file",
): AppraisalRequest {
  const target = root.get("target") ?? null;
  const nonce = root.get("nonce") ?? null;
  const expected = reader.object(root.get("expected"), "expected");
  const collateral = reader.object(root.get("collateral"), "collateral");
  const applicationId = reader.textOrNull(expected.get("application_id"), "expected.application_id");
  const releases = readReleases(reader, reader.list(root.get("release_assets"), "release_assets"));
  return {
    origin: reader.word(root.get("origin"), ["live", "file"], "origin") ?? "file",
    kind: reader.word(root.get("kind"), ATTESTER_KINDS, "kind"),
    target: target === null ? null : readTarget(reader, target),
    inputs: readInputs(reader, root),
    challenge: nonce === null ? null : readChallenge(reader, nonce, challengeOwner),
    binding: reader.bytesOrNull(expected.get("binding"), "expected.binding", 32),
    ...(applicationId === null ? {} : { applicationId }),
    applicationHash: reader.bytesOrNull(expected.get("application_hash"), "expected.application_hash", 32),
    tag: reader.textOrNull(expected.get("tag"), "expected.tag"),
    profile: reader.word<Profile>(expected.get("profile"), PROFILES, "expected.profile"),
    tcbStatuses: readStatuses(reader, expected.get("tcb_statuses")),
    collateral: supplied(reader.textOrNull(collateral.get("standard"), "collateral.standard")),
    earlyCollateral: supplied(reader.textOrNull(collateral.get("early"), "collateral.early")),
    releases: supplied(releases.length === 0 ? null : releases),
    trustAuthority: supplied(readTrustAuthority(reader, root.get("ita") ?? null)),
    now:
      parseRfc3339Utc(reader.text(root.get("created_at"), "created_at")) ??
      reader.refuse("created_at", "a UTC time") ??
      0,
    otherClock: reader.number(root.get("other_clock"), "other_clock"),
  };
}

function textInput(name: string, text: string): GivenInput {
  return { name, bytes: new TextEncoder().encode(text) };
}

function supplied<T>(value: T | null): Supply<T> {
  return value === null
    ? { status: "absent", reason: "the evidence file has none" }
    : { status: "given", value, source: "the evidence file" };
}

function readTarget(reader: FileReader, value: JsonValue): AppraisalRequest["target"] {
  const target = reader.object(value, "target");
  return {
    url: reader.text(target.get("url"), "target.url"),
    remoteAddress: reader.textOrNull(target.get("remote_address"), "target.remote_address"),
  };
}

function readChallenge(reader: FileReader, value: JsonValue, source: "user" | "file"): AppraisalRequest["challenge"] {
  const nonce = reader.object(value, "nonce");
  return {
    nonce: reader.bytes(nonce.get("b64"), "nonce.b64", 32),
    source,
    roundTripMs: reader.number(nonce.get("round_trip_ms"), "nonce.round_trip_ms"),
  };
}

/** What was given, and the parts that were found in it: two different quotes among them are refused like any others. */
function readInputs(reader: FileReader, root: ReadonlyMap<string, JsonValue>): readonly GivenInput[] {
  const inputs = reader.object(root.get("inputs"), "inputs");
  const others = reader.list(inputs.get("others") ?? [], "inputs.others").map((each): GivenInput => {
    const input = reader.object(each, "inputs.others[]");
    const bytes = reader.bytes(input.get("bytes_b64"), "inputs.others[].bytes_b64");
    return { name: reader.text(input.get("name"), "inputs.others[].name"), bytes };
  });
  const responder = reader.textOrNull(inputs.get("responder_json"), "inputs.responder_json");
  const quote = reader.bytesOrNull(inputs.get("quote_b64"), "inputs.quote_b64");
  const log = reader.textOrNull(inputs.get("event_log_raw"), "inputs.event_log_raw");
  const ccel = reader.bytesOrNull(inputs.get("ccel_b64"), "inputs.ccel_b64");
  return [
    ...(responder === null ? [] : [textInput("inputs.responder_json", responder)]),
    ...(quote === null ? [] : [{ name: "inputs.quote_b64", bytes: quote }]),
    ...(log === null ? [] : [textInput("inputs.event_log_raw", log)]),
    ...(ccel === null ? [] : [{ name: "inputs.ccel_b64", bytes: ccel }]),
    ...others,
  ];
}

function readStatuses(reader: FileReader, value: JsonValue | undefined): readonly TcbStatus[] | null {
  if (value === null || value === undefined) return null;
  return reader
    .list(value, "expected.tcb_statuses")
    .flatMap((each) => reader.word<TcbStatus>(each, TCB_STATUSES, "expected.tcb_statuses") ?? []);
}

function readTrustAuthority(
  reader: FileReader,
  value: JsonValue,
): { readonly token: string; readonly keySet: string } | null {
  if (value === null) return null;
  const ita = reader.object(value, "ita");
  return { token: reader.text(ita.get("token"), "ita.token"), keySet: reader.text(ita.get("jwks"), "ita.jwks") };
}

/** Assets stand in the order of their releases. */
function readReleases(reader: FileReader, entries: readonly JsonValue[]): readonly ReleaseMaterial[] {
  const releases = new Map<string | null, ReleaseMaterial & { readonly assets: ReleaseAsset[] }>();
  for (const entry of entries) {
    const asset = reader.object(entry, "release_assets[]");
    const tag = reader.textOrNull(asset.get("tag"), "release_assets[].tag");
    const release = releases.get(tag) ?? {
      tag,
      origin: reader.word(asset.get("origin"), ["published", "user"], "release_assets[].origin") ?? "user",
      publishedAt: reader.textOrNull(asset.get("published_at"), "release_assets[].published_at"),
      withdrawn: reader.textOrNull(asset.get("withdrawn"), "release_assets[].withdrawn"),
      assets: [],
    };
    release.assets.push(readAsset(reader, asset));
    releases.set(tag, release);
  }
  return [...releases.values()];
}

function readAsset(reader: FileReader, asset: ReadonlyMap<string, JsonValue>): ReleaseAsset {
  const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
  const bundle = reader.textOrNull(asset.get("bundle"), "release_assets[].bundle");
  if (bundle !== null) sidecars.set(".sigstore.json", new TextEncoder().encode(bundle));
  for (const [suffix, content] of reader.object(asset.get("sidecars") ?? new Map(), "release_assets[].sidecars")) {
    const known = SIDECAR_SUFFIXES.find((each) => each === suffix);
    if (known !== undefined) sidecars.set(known, reader.bytes(content, "release_assets[].sidecars"));
  }
  return {
    name: reader.text(asset.get("name"), "release_assets[].name"),
    bytes: reader.bytes(asset.get("bytes_b64"), "release_assets[].bytes_b64"),
    sidecars,
  };
}

function readRecorded(reader: FileReader, root: ReadonlyMap<string, JsonValue>): RecordedVerdict {
  const steps = new Map<StepId, StepStatus>();
  for (const each of reader.list(root.get("steps") ?? [], "steps")) {
    const step = reader.object(each, "steps[]");
    const id = reader.word(step.get("id"), STEP_IDS, "steps[].id");
    const status = reader.word(step.get("status"), STEP_STATUSES, "steps[].status");
    if (id !== null && status !== null) steps.set(id, status);
  }
  return { verdict: reader.word(root.get("verdict"), VERDICTS, "verdict"), steps };
}
