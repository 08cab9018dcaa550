import {
  type AppraisalRequest,
  appraise,
  attesterKindOf,
  type AttesterKind,
  type Challenge,
  type GivenInput,
  likelyRelease,
  recogniseInputs,
  type Report as AppraisalReport,
  writeEvidenceFile,
} from "@mero-tee/appraisal";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { withProgress } from "../output.ts";
import type { AppraisalFlags } from "./appraisal-flags.ts";
import { askAttester } from "./ask-attester.ts";
import { loadAnchors } from "./load-anchors.ts";
import { supplyCollateral } from "./supply-collateral.ts";
import { type ReleaseSearch, supplyReleases } from "./supply-releases.ts";

/** The application that a node is asked to bind. */
interface BoundApplication {
  readonly id: string;
  /** The hash of its bytecode, 32 bytes; null: nobody knows it. */
  readonly hash: Uint8Array<ArrayBuffer> | null;
}

/** What is to be appraised, beside the flags. */
export type AppraisalSubject =
  | {
      readonly origin: "live";
      readonly kind: AttesterKind;
      readonly url: string;
      readonly binding: Uint8Array<ArrayBuffer> | null;
      readonly application?: BoundApplication;
    }
  | {
      readonly origin: "file";
      readonly kind: AttesterKind | null;
      readonly inputs: readonly GivenInput[];
      /** The challenge that was sent, as the user says; null: unknown. */
      readonly nonce: Uint8Array<ArrayBuffer> | null;
      /** KMS: what it was asked to bind, 32 bytes; null: nothing. */
      readonly binding: Uint8Array<ArrayBuffer> | null;
      /** Node: the hash of the application's bytecode that it was to bind, 32 bytes; null: none. */
      readonly applicationHash: Uint8Array<ArrayBuffer> | null;
    };

/** An appraisal that was made, and what it was made from. */
export interface MadeAppraisal {
  readonly report: AppraisalReport;
  readonly request: AppraisalRequest;
}

/**
 * Gathers evidence, collateral and release, and appraises them. What does not come is for the verdict to say.
 *
 * Errors: a wrong setting, a file that cannot be read or written.
 */
export async function runAppraisal(
  ports: Ports,
  flags: AppraisalFlags,
  subject: AppraisalSubject,
): Promise<Result<MadeAppraisal, Refusal>> {
  const loaded = await loadAnchors(ports, flags);
  if (!loaded.ok) return loaded;
  const { anchors, repository } = loaded.value;
  const application = subject.origin === "live" ? subject.application : undefined;
  const answer = subject.origin === "live" ? await ask(ports, subject) : filed(subject);
  const releases = await supplyReleases(ports, {
    kind: subject.kind ?? (subject.origin === "file" ? attesterKindOf(subject.inputs) : null),
    repository,
    version: flags.version,
    files: flags.policy ?? [],
    seemsToFit: searchFor(subject, answer),
  });
  if (!releases.ok) return releases;
  const now = flags.at ?? ports.nowSeconds();
  const collateral = await supplyCollateral(ports, { inputs: answer.inputs, anchors, now, serviceUrl: flags.pccs });
  const request: AppraisalRequest = {
    origin: subject.origin,
    kind: subject.kind,
    target: subject.origin === "live" ? { url: subject.url, remoteAddress: null } : null,
    ...answer,
    binding: subject.binding,
    ...(application === undefined ? {} : { applicationId: application.id }),
    applicationHash: subject.origin === "live" ? (application?.hash ?? null) : subject.applicationHash,
    tag: flags.version ?? null,
    profile: flags.profile ?? null,
    tcbStatuses: null,
    collateral,
    earlyCollateral: { status: "absent", reason: "not asked for" },
    releases: releases.value,
    trustAuthority: { status: "absent", reason: "this command does not ask it" },
    now,
    otherClock: null,
  };
  const report = await appraise(request, anchors);
  if (flags.export === undefined) return ok({ report, request });
  const text = writeEvidenceFile(request, anchors, report, { version: ports.version, commit: null });
  const written = await ports.files.write(flags.export, text, "document");
  return written.ok ? ok({ report, request }) : err(refusalOfCli(written.error));
}

/** How the release that runs there is told from others; null where there is no answer, or files that were handed over. */
function searchFor(subject: AppraisalSubject, { inputs }: Answer): ReleaseSearch["seemsToFit"] {
  const [answer] = inputs;
  if (subject.origin === "file" || answer === undefined) return null;
  const { quote } = recogniseInputs(inputs).evidence;
  return likelyRelease(subject.kind, quote, new TextDecoder().decode(answer.bytes));
}

type Answer = Pick<AppraisalRequest, "inputs" | "challenge" | "noAnswer">;

async function ask(
  ports: Ports,
  { kind, url, binding, application }: Extract<AppraisalSubject, { readonly origin: "live" }>,
): Promise<Answer> {
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const question = { kind, url, nonce, binding, applicationId: application?.id };
  const answer = await withProgress(ports, `asking ${url}`, askAttester(ports.fetch, question));
  const challenge: Challenge = { nonce, source: "verifier", roundTripMs: null };
  return answer.ok ? { inputs: [answer.value], challenge } : { inputs: [], challenge, noAnswer: answer.error };
}

function filed({ inputs, nonce }: Extract<AppraisalSubject, { readonly origin: "file" }>): Answer {
  return { inputs, challenge: nonce === null ? null : { nonce, source: "user", roundTripMs: null } };
}
