import { parseProfile, type Profile } from "@mero-tee/policy";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { type JsonValue, toPlainJson } from "@mero-tee/tdx-quote/json";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { TargetKind } from "../outbound/target.ts";
import { type Problem, refuse } from "../problem.ts";
import { versionOfTag } from "../releases/release-tag.ts";
import { type VerifyRequestBody, verifyRequestSchema } from "../wire/verify-request.ts";

/** What `POST /api/verify` is asked to look at. */
type VerifySubject =
  { readonly kind: TargetKind; readonly url: string } | { readonly kind: "given"; readonly attestation: JsonValue };

/** A request that was read: every text decoded, every alias resolved. */
export interface VerifyOrder {
  /** Whether the caller knows the second version of the answers. */
  readonly isSecondVersion: boolean;
  readonly subject: VerifySubject;
  /** 32 bytes; null where the caller made none. */
  readonly nonce: Uint8Array<ArrayBuffer> | null;
  /** 32 bytes, of a KMS alone; null means the default one. */
  readonly binding: Uint8Array<ArrayBuffer> | null;
  readonly applicationId: string | null;
  /** 32 bytes: what the caller knows of the bytecode of that application. */
  readonly applicationHash: Uint8Array<ArrayBuffer> | null;
  readonly tag: string | null;
  readonly profile: Profile | null;
  readonly wantsIta: boolean;
  readonly wantsCollateral: boolean;
}

type Body = ReadonlyMap<string, JsonValue>;

/** Members that make a body an attestation by itself, as clients of the first version send it. */
const BARE_MEMBERS = ["quoteB64", "quote_b64", "quote", "data"] as const;

/**
 * Reads a request of any version.
 *
 * Errors: `bad_json`, `missing_target`, `ambiguous_target`, `bad_nonce`, `bad_binding`, `bad_application_id`,
 * `bad_application_hash`, `bad_tag`, `bad_profile`.
 * Source: docs/verifier-api.md.
 */
export function readVerifyOrder(body: Body): Result<VerifyOrder, Problem> {
  const typed = verifyRequestSchema.safeParse(toPlainJson(body));
  if (!typed.success) {
    const member = typed.error.issues[0]?.path[0];
    return refuse("bad_json", `The member ${typeof member === "string" ? member : "of the body"} has the wrong type.`);
  }
  const members = typed.data;
  const subject = readSubject(members, body);
  if (!subject.ok) return subject;
  const nonce = readNonce(members);
  if (!nonce.ok) return nonce;
  const binding = readBinding(members, subject.value);
  if (!binding.ok) return binding;
  const applicationId = text(members.application_id);
  const isForNode = subject.value.kind === "node";
  if (applicationId !== null && (!isForNode || !/^[A-Za-z0-9._:-]{1,128}$/.test(applicationId))) {
    return refuse("bad_application_id", "Only a node is asked for an application, by 1..128 letters, digits or ._:-");
  }
  const hashText = text(members.application_hash);
  const applicationHash = hashText === null ? null : parseHex(hashText.replace(/^0x/, ""), 32);
  const mayHaveHash = subject.value.kind === "given" || applicationId !== null;
  if (hashText !== null && (applicationHash === null || !mayHaveHash)) {
    return refuse(
      "bad_application_hash",
      "The hash of an application is 64 hex digits, beside the id of that application.",
    );
  }
  const tag = oneOf(members.release_tag, members.releaseTag);
  if (tag === TWO) return refuse("bad_tag", "Two release tags are given.");
  if (tag !== null && versionOfTag("kms", tag) === null && versionOfTag("node", tag) === null) {
    return refuse("bad_tag", "A tag is mero-kms-vX.Y.Z or mero-tee-vX.Y.Z.");
  }
  const profileName = text(members.profile);
  const profile = profileName === null ? ok(null) : parseProfile(profileName);
  if (!profile.ok) return refuse("bad_profile", "A profile is debug, debug-read-only or locked-read-only.");
  return ok({
    isSecondVersion: members.v === 2,
    subject: subject.value,
    nonce: nonce.value,
    binding: binding.value,
    applicationId,
    applicationHash,
    tag,
    profile: profile.value,
    wantsIta: members.ita ?? true,
    wantsCollateral: members.collateral ?? true,
  });
}

/** Two spellings of a member that contradict each other. */
const TWO: unique symbol = Symbol("two values");

/** An empty text counts as absent. */
function text(value: string | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}

/** The value of a member with two spellings; both may be there if they say the same. */
function oneOf(first: string | undefined, second: string | undefined): string | null | typeof TWO {
  const [one, other] = [text(first), text(second)];
  if (one !== null && other !== null && one !== other) return TWO;
  return one ?? other;
}

function readSubject(members: VerifyRequestBody, body: Body): Result<VerifySubject, Problem> {
  const kmsUrl = oneOf(members.kms_url, members.kmsUrl);
  const nodeUrl = oneOf(members.node_url, members.nodeUrl);
  const given = body.get("attestation");
  const subjects: VerifySubject[] = [];
  if (kmsUrl === TWO || nodeUrl === TWO) return ambiguous();
  if (kmsUrl !== null) subjects.push({ kind: "kms", url: kmsUrl });
  if (nodeUrl !== null) subjects.push({ kind: "node", url: nodeUrl });
  if (given !== undefined) subjects.push({ kind: "given", attestation: given });
  const [subject] = subjects;
  if (subjects.length > 1) return ambiguous();
  if (subject !== undefined) return ok(subject);
  const isBare = BARE_MEMBERS.some((name) => body.has(name));
  if (isBare) return ok({ kind: "given", attestation: body });
  return refuse("missing_target", "Give one of kms_url, node_url and attestation.");
}

function ambiguous(): Result<never, Problem> {
  return refuse("ambiguous_target", "Give one of kms_url, node_url and attestation.");
}

function readNonce(members: VerifyRequestBody): Result<Uint8Array<ArrayBuffer> | null, Problem> {
  const base64 = oneOf(members.nonce_b64, members.nonceB64);
  const hex = text(members.nonce);
  if (base64 === null && hex === null) return ok(null);
  const isTwice = base64 === TWO || (base64 !== null && hex !== null);
  const nonce = isTwice ? null : hex === null ? parseBase64(base64 ?? "") : parseHex(hex.replace(/^0x/, ""));
  if (nonce?.length === 32) return ok(nonce);
  return refuse("bad_nonce", "Give 32 bytes once: as base64 in nonce_b64, or as 64 hex digits in nonce.");
}

function readBinding(
  members: VerifyRequestBody,
  subject: VerifySubject,
): Result<Uint8Array<ArrayBuffer> | null, Problem> {
  const base64 = oneOf(members.binding_b64, members.bindingB64);
  if (base64 === null) return ok(null);
  const binding = base64 === TWO || subject.kind === "node" ? null : parseBase64(base64);
  if (binding?.length === 32) return ok(binding);
  return refuse("bad_binding", "A binding is 32 bytes of base64, and for a KMS only.");
}
