import { DEFAULT_BINDING } from "@mero-tee/kms-protocol";
import {
  describeQuote,
  type EventLog,
  type Failure,
  listRuntimeEvents,
  parseQuote,
  type QuoteView,
  type TdxQuote,
} from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import type { Result } from "@mero-tee/tdx-quote/result";

import { chooseRelease, type ReleaseChoice } from "./choose-release.ts";
import { compareWithRelease, type ReleaseComparison } from "./compare-registers.ts";
import { hasEventsFor, type LogTooLong, readGuestLog, traceReplay } from "./guest-log.ts";
import { type Hardware, judgeHardware } from "./hardware.ts";
import { lazy } from "./lazy.ts";
import { type Recognition, recogniseInputs } from "./recognise-inputs.ts";
import type { RegisterReplayTrace } from "./report.ts";
import type { Anchors, AppraisalRequest, AttesterKind, GivenInput, ReleaseMaterial, Supply } from "./request.ts";
import type { Circumstances } from "./requirement.ts";
import { type TokenProblem, type TrustAuthorityToken, verifyTrustAuthorityToken } from "./trust-authority-token.ts";
import { comparesOwnValues, releaseFilesIn } from "./user-release.ts";

/** A quote as far as it parses. */
interface ReadQuote {
  readonly parsed: Result<TdxQuote, Failure>;
  readonly isMock: boolean;
}

/**
 * Everything that the steps look at. What costs work is worked out once, when the first step asks for it; no step changes
 * anything here.
 */
export interface Case {
  readonly request: AppraisalRequest;
  readonly anchors: Anchors;
  readonly recognition: Recognition;
  /** Null where no quote was given. */
  readonly quote: ReadQuote | null;
  /** Null where the quote does not parse. */
  readonly view: QuoteView | null;
  readonly log: Result<EventLog, Failure | LogTooLong> | null;
  /** Empty where quote or log cannot be read. */
  readonly replay: readonly RegisterReplayTrace[];
  readonly kind: AttesterKind | null;
  readonly circumstances: Circumstances;
  /** Compose hash of a log that replays; null where it has not exactly one of 32 bytes. Not looked at by itself: see the steps. */
  readonly composeHash: string | null;
  readonly collateral: Supply<string>;
  /** Null where the quote does not parse. */
  readonly hardware: () => Promise<Hardware | null>;
  /** Null where nobody knows what is appraised. */
  readonly release: () => Promise<ReleaseChoice | null>;
  /** Null where nobody asked for a second opinion, or none came. */
  readonly trustAuthorityToken: () => Promise<Result<TrustAuthorityToken, TokenProblem> | null>;
  /** Null where there is no release whose documents can be read. */
  readonly comparison: () => Promise<ReleaseComparison | null>;
}

/** Opens a case: recognises and parses, and makes ready what is to be worked out. */
export function openCase(request: AppraisalRequest, anchors: Anchors): Case {
  const recognition = recogniseInputs(request.inputs);
  const { evidence } = recognition;
  const quote = evidence.quote === null ? null : { parsed: parseQuote(evidence.quote), isMock: evidence.isMock };
  const parsed = quote !== null && quote.parsed.ok && !quote.isMock ? quote.parsed.value : null;
  const view = parsed === null ? null : describeQuote(parsed);
  const log = evidence.eventLog === null ? null : readGuestLog(evidence.eventLog);
  const replay = log?.ok === true && view !== null ? traceReplay(log.value, view) : [];
  const kind = request.kind ?? detectKind(view, log?.ok === true ? log.value : null);
  const composeHash = composeHashOf(log?.ok === true ? log.value : null, replay);
  const collateral = collateralOf(request, evidence.collateral);
  const releases = releasesOf(request);

  const hardware = lazy(async () =>
    parsed === null
      ? null
      : await judgeHardware(parsed, {
          collateral,
          earlyCollateral: request.earlyCollateral,
          rootCa: anchors.rootCa,
          now: request.now,
        }),
  );
  const release = lazy(async () =>
    kind === null || view === null
      ? null
      : await chooseRelease({
          kind,
          tag: request.tag,
          releases,
          mark: { composeHash, rtmr3: view.rtmr3 },
          signers: anchors.release,
        }),
  );
  const comparison = lazy(async () => {
    const choice = await release();
    if (view === null || choice?.outcome !== "chosen" || !choice.release.values.ok) return null;
    return compareWithRelease(view, composeHash, choice.release.values.value.profiles);
  });
  const trustAuthorityToken = lazy(async () =>
    request.trustAuthority.status === "given"
      ? await verifyTrustAuthorityToken(request.trustAuthority.value, anchors.trustAuthority, request.now)
      : null,
  );
  return {
    request,
    anchors,
    recognition,
    quote,
    view,
    log,
    replay,
    kind,
    circumstances: {
      kind,
      hasEventLog: evidence.eventLog !== null,
      hasRtmr3Events: log?.ok === true && hasEventsFor(log.value, "rtmr3"),
      comparesOwnValues: comparesOwnValues(releases),
    },
    composeHash,
    collateral,
    hardware,
    release,
    comparison,
    trustAuthorityToken,
  };
}

/**
 * What the inputs are of, as far as they tell: for whoever has to know before the appraisal, because releases of the two are
 * different ones.
 */
export function attesterKindOf(inputs: readonly GivenInput[]): AttesterKind | null {
  const { evidence } = recogniseInputs(inputs);
  const quote = evidence.quote === null || evidence.isMock ? null : parseQuote(evidence.quote);
  const log = evidence.eventLog === null ? null : readGuestLog(evidence.eventLog);
  return detectKind(quote?.ok === true ? describeQuote(quote.value) : null, log?.ok === true ? log.value : null);
}

/** The default binding and a compose hash are a KMS's; nothing tells a node for sure, so that nobody guesses it. */
function detectKind(view: QuoteView | null, log: EventLog | null): AttesterKind | null {
  if (view?.reportData.slice(64) === toHex(DEFAULT_BINDING)) return "kms";
  return log !== null && listRuntimeEvents(log, "compose-hash", "before-ready").length > 0 ? "kms" : null;
}

/** From a log that leads to the quote's register, and only if no other event of that name stands anywhere in it. */
function composeHashOf(log: EventLog | null, replay: readonly RegisterReplayTrace[]): string | null {
  const isRebuilt = replay.find(({ register }) => register === "rtmr3")?.matches === true;
  if (log === null || !isRebuilt) return null;
  const [only, ...others] = listRuntimeEvents(log, "compose-hash", "whole-log");
  const isEarly = listRuntimeEvents(log, "compose-hash", "before-ready").length === 1;
  return only?.length === 32 && others.length === 0 && isEarly ? toHex(only) : null;
}

function collateralOf(request: AppraisalRequest, given: string | null): Supply<string> {
  if (request.collateral.status === "given" || given === null) return request.collateral;
  return { status: "given", value: given, source: "given along with the evidence" };
}

function releasesOf(request: AppraisalRequest): Supply<readonly ReleaseMaterial[]> {
  const files = releaseFilesIn(request.inputs);
  if (request.releases.status === "given" || files === null) return request.releases;
  return { status: "given", value: [files], source: "given along with the evidence" };
}
