import canonicalize from "canonicalize";
import { sha256 } from "@noble/hashes/sha2.js";
import { formatRfc3339Utc, INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";

import type { InputKind } from "./input-kind.ts";
import { recogniseInputs } from "./recognise-inputs.ts";
import type { Report } from "./report.ts";
import type { Anchors, AppraisalRequest, ReleaseMaterial, Supply } from "./request.ts";

/** What an evidence file says it is. */
export const EVIDENCE_FILE_SCHEMA = "mero-tee/evidence/1";
/** Longest evidence file that is written or read, in bytes. */
export const EVIDENCE_FILE_LIMIT_BYTES: number = 8 * 1024 * 1024;

/** The program that writes a file. */
export interface EvidenceFileAuthor {
  readonly version: string;
  /** Null where the build does not know it. */
  readonly commit: string | null;
}

/** The documents that SHA-256 is taken over: everything but the digest itself, in one spelling (RFC 8785). */
export function evidenceDigest(document: Readonly<Record<string, unknown>>): string {
  const { digest: _, ...rest } = document;
  return toHex(sha256(new TextEncoder().encode(canonicalize(rest) ?? "")));
}

/**
 * Writes everything that an appraisal looked at, so that anybody can repeat it: raw inputs, collateral, release files, what was
 * asked, and what came of it. Steps and verdict are for the reader; whoever imports it believes none of them.
 */
export function writeEvidenceFile(
  request: AppraisalRequest,
  anchors: Anchors,
  report: Report,
  author: EvidenceFileAuthor,
): string {
  const { evidence, inputs } = recogniseInputs(request.inputs);
  const responder = inputs.findIndex(({ kind }) => kind === "attestation");
  const others = request.inputs.filter((_, index) => index !== responder && !isKeptApart(inputs[index]?.kind));
  const document = {
    schema: EVIDENCE_FILE_SCHEMA,
    created_at: formatRfc3339Utc(report.judgedAt),
    app: { version: author.version, commit: author.commit, core: author.version },
    class: report.class,
    origin: request.origin,
    kind: report.kind,
    target: request.target === null ? null : { url: request.target.url, remote_address: request.target.remoteAddress },
    nonce:
      request.challenge === null
        ? null
        : {
            b64: toBase64(request.challenge.nonce),
            source: request.challenge.source,
            round_trip_ms: request.challenge.roundTripMs,
          },
    expected: {
      binding: base64Or(request.binding),
      application_id: request.applicationId ?? null,
      application_hash: base64Or(request.applicationHash),
      tag: request.tag,
      profile: request.profile,
      tcb_statuses: request.tcbStatuses,
    },
    inputs: {
      quote_b64: base64Or(evidence.quote),
      event_log_raw: evidence.eventLog?.format === "dstack" ? evidence.eventLog.text : null,
      ccel_b64: evidence.eventLog?.format === "ccel" ? toBase64(evidence.eventLog.bytes) : null,
      responder_json: responder === -1 ? null : new TextDecoder().decode(request.inputs[responder]?.bytes),
      others: others.map(({ name, bytes }) => ({ name, bytes_b64: toBase64(bytes) })),
    },
    collateral: { standard: valueOr(request.collateral), early: valueOr(request.earlyCollateral) },
    release_assets: (valueOr(request.releases) ?? []).flatMap(assetDocuments),
    ita: trustAuthorityDocument(request),
    other_clock: request.otherClock,
    anchors: {
      intel_root_sha256: toHex(sha256(anchors.rootCa ?? INTEL_SGX_ROOT_CA)),
      sigstore_root_date: anchors.release.trustedRootTakenAt ?? null,
      ita_root_sha256: anchors.trustAuthority.rootSha256,
    },
    steps: report.steps.map(({ id, status, summary, code }) => ({ id, status, summary, code: code ?? null })),
    verdict: report.verdict,
  };
  return `${JSON.stringify({ ...document, digest: evidenceDigest(document) }, null, 2)}\n`;
}

function base64Or(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : toBase64(bytes);
}

function valueOr<T>(supply: Supply<T>): T | null {
  return supply.status === "given" ? supply.value : null;
}

function trustAuthorityDocument({ trustAuthority }: AppraisalRequest): object | null {
  const answer = valueOr(trustAuthority);
  return answer === null ? null : { token: answer.token, jwks: answer.keySet };
}

/** The main form of a signature has a member of its own; the older ones stand beside it. */
const BUNDLE = ".sigstore.json";

function assetDocuments({ tag, origin, publishedAt, withdrawn, assets }: ReleaseMaterial): readonly object[] {
  return assets.map(({ name, bytes, sidecars }) => {
    const bundle = sidecars.get(BUNDLE);
    return {
      name,
      tag,
      origin,
      published_at: publishedAt,
      withdrawn,
      bytes_b64: toBase64(bytes),
      sha256: toHex(sha256(bytes)),
      bundle: bundle === undefined ? null : new TextDecoder().decode(bundle),
      sidecars: Object.fromEntries(
        [...sidecars].filter(([suffix]) => suffix !== BUNDLE).map(([suffix, content]) => [suffix, toBase64(content)]),
      ),
    };
  });
}

/** Inputs that consist of nothing but what has a member of its own. */
function isKeptApart(kind: InputKind | undefined): boolean {
  return kind === "quote" || kind === "mock-quote" || kind === "event-log" || kind === "ccel";
}

/**
 * The name of an evidence file: what, of whom, when. Evidence of a simulated platform says so first.
 */
export function evidenceFileName({ class: environment, kind, target, judgedAt }: Report): string {
  const host = URL.parse(target?.url ?? "")?.host.replaceAll(/[^a-z0-9.-]+/g, "-") ?? "file";
  const time = formatRfc3339Utc(judgedAt).replaceAll(/[-:]/g, "");
  const prefix = environment === "production" || environment === "unknown" ? "" : "SIMULATED-";
  return `${prefix}mero-evidence-${kind ?? "unknown"}-${host}-${time}.json`;
}
