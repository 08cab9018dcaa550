import type { Report, Step } from "@mero-tee/appraisal";
import { useEffect, useRef, type ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { linkOf } from "../../permalink.ts";
import { printable } from "../../printable.ts";
import { readableTime } from "../../readable-time.ts";
import { saveText } from "../../save-file.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import type { Check, Outcome } from "../../worker/protocol.ts";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";
import { SubjectLine } from "./subject-line.tsx";

interface VerdictBandProps {
  readonly check: Check;
  readonly outcome: Outcome;
}

/** The answer: shape, word, colour and sentence, with what it is about and how far it goes. */
export function VerdictBand({ check, outcome }: VerdictBandProps): ReactElement {
  const { report, evidence } = outcome;
  const { say } = useManner();
  const heading = useRef<HTMLHeadingElement>(null);
  // The answer is where a reader wants to be once it exists; later changes of this page do not take the focus again.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <section className={css["band"]} data-verdict={report.verdict}>
      <VerdictIcon verdict={report.verdict} />
      <div>
        <h1 ref={heading} tabIndex={-1}>
          {headlineOf(report)}
        </h1>
        <SubjectLine check={check} />
        <p className={css["sentence"]} role={report.verdict === "failed" ? "alert" : "status"}>
          <span className={css["spoken"]}>{headlineOf(report)}. </span>
          {sentenceOf(say(printable(report.sentence)), headlineOf(report))}
        </p>
        {report.notes.map((note) => (
          <p key={note} className={css["limit"]}>
            {say(printable(note))}
          </p>
        ))}
        <dl className={css["facts"]}>
          {factsOf(outcome).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <ul className={css["chips"]}>
          <li data-tone={report.class}>{chainChip(report)}</li>
          <li data-tone={opinionOf(report.steps)}>{TEXT.report.opinion[opinionOf(report.steps)]}</li>
        </ul>
        <div className={css["actions"]}>
          {evidence !== null && (
            <button type="button" onClick={() => saveText(evidence.name, evidence.text, "application/json")}>
              {TEXT.report.download}
            </button>
          )}
          <button type="button" onClick={() => window.print()}>
            {TEXT.report.print}
          </button>
          {check.origin === "live" && BUILD.flavour !== "single" && (
            <CopyButton
              text={`${location.origin}/report${linkOf(check, BUILD.flavour === "sim")}`}
              what={TEXT.report.copyLink}
              label={TEXT.report.copyLink}
            />
          )}
        </div>
        <p className={css["printed"]}>
          {check.origin === "live" && `${check.url} · `}
          {report.facts.quoteSha256 !== null && `${TEXT.report.quoteDigest} ${report.facts.quoteSha256}`}
        </p>
      </div>
    </section>
  );
}

/** The verdict in words; a debug image is named in it. */
function headlineOf({ verdict, facts }: Report): string {
  const isDebug = facts.profile !== null && facts.profile !== "locked-read-only";
  return verdict === "caution" && isDebug ? TEXT.debugVerdict : TEXT.verdict[verdict];
}

/** The sentence without the words that stand above it in large letters. */
function sentenceOf(sentence: string, headline: string): string {
  const rest = sentence.startsWith(`${headline}: `) ? sentence.slice(headline.length + 2) : sentence;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function factsOf({ report, roundTripMs }: Outcome): readonly (readonly [string, string])[] {
  const required = report.steps.filter((step) => step.required);
  const held = required.filter(({ status }) => status === "pass" || status === "warn").length;
  return [
    [TEXT.report.release, printable(report.facts.release?.tag ?? TEXT.report.noRelease)],
    [TEXT.report.profile, report.facts.profile ?? TEXT.report.noProfile],
    [TEXT.report.age, ageOf(report, roundTripMs)],
    [TEXT.report.required, TEXT.report.count(held, required.length)],
    [TEXT.report.judged, readableTime(report.judgedAt)],
    ...(report.validUntil === null ? [] : ([[TEXT.report.holdsUntil, readableTime(report.validUntil)]] as const)),
  ];
}

function ageOf({ steps }: Report, roundTripMs: number | null): string {
  const nonce = steps.find(({ id }) => id === "fresh.nonce");
  if (nonce?.status === "fail") return TEXT.report.challengeUnfit;
  if (nonce?.status !== "pass" && nonce?.status !== "warn") return TEXT.report.ageUnknown;
  return roundTripMs === null ? TEXT.report.challengeHeld : TEXT.report.answered(roundTripMs);
}

function chainChip(report: Report): string {
  if (report.class === "simulated" || report.class === "mock") return TEXT.report.chipSim;
  const chain = report.steps.find(({ id }) => id === "dcap.chain");
  return chain?.status === "pass" && report.class === "production" ? TEXT.report.chipHere : TEXT.report.chipNotHere;
}

function opinionOf(steps: readonly Step[]): keyof typeof TEXT.report.opinion {
  const token = steps.find(({ id }) => id === "ita.token")?.status;
  const claims = steps.find(({ id }) => id === "ita.claims")?.status;
  if (token === "fail" || claims === "fail") return "differs";
  if (token === "error" || claims === "error") return "unavailable";
  if (claims === "pass") return "agrees";
  return claims === "warn" || claims === "info" ? "notes" : "none";
}
