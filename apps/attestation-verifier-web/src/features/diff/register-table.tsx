import type { RegisterComparison, ReportFacts } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { byCloseness } from "../../register-diff.ts";
import { Hash } from "../../ui/hash.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "../report/report-context.ts";
import css from "./diff.module.css";
import { ValueDiffView } from "./value-diff.tsx";

/** Every register beside what the release allows, whole. */
export function RegisterTable({ facts }: { readonly facts: ReportFacts }): ReactElement | null {
  if (facts.registers.length === 0) return null;
  return (
    <div className={css["registers"]}>
      {facts.profile === null && facts.closestProfile !== null && (
        <p className={css["closest"]}>{TEXT.diff.closest(facts.closestProfile)}</p>
      )}
      {facts.registers.map((comparison) => (
        <Register key={comparison.register} comparison={comparison} />
      ))}
    </div>
  );
}

function Register({ comparison }: { readonly comparison: RegisterComparison }): ReactElement {
  const { isSimulated } = useManner();
  const { register, observed, allowed, outcome } = comparison;
  const name = register.toUpperCase();
  const [closest, ...others] = byCloseness(allowed, observed);
  return (
    <section className={css["register"]} data-register={register} data-outcome={outcome}>
      <header>
        <h3>{name}</h3>
        <StatusMark status={STATUS[outcome]} isSimulated={isSimulated} isBare />
        <span>{OUTCOME[outcome]}</span>
      </header>
      {outcome === "mismatch" && closest !== undefined ? (
        <ValueDiffView expected={closest} observed={observed} name={name} />
      ) : (
        <details>
          <summary aria-label={`${TEXT.diff.showEqual}: ${name}`}>{TEXT.diff.showEqual}</summary>
          <Hash value={observed} what={name} />
        </details>
      )}
      {outcome === "mismatch" && closest === undefined && <p>{TEXT.diff.none}</p>}
      {outcome === "mismatch" && others.length > 0 && (
        <details>
          <summary>{TEXT.diff.others(others.length)}</summary>
          {others.map((value) => (
            <ValueDiffView key={value} expected={value} observed={observed} name={name} />
          ))}
        </details>
      )}
    </section>
  );
}

const STATUS = { match: "pass", mismatch: "fail", "not-compared": "info" } as const;
const OUTCOME = {
  match: TEXT.diff.match,
  mismatch: TEXT.diff.mismatch,
  "not-compared": TEXT.diff.notCompared,
} as const;
