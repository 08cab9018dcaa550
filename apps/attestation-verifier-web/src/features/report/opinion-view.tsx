import type { OpinionRow } from "@mero-tee/appraisal";
import { Fragment, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

/** What Intel Trust Authority says, beside what was found here. Rows that differ come first and are never folded away. */
export function OpinionView({ rows }: { readonly rows: readonly OpinionRow[] }): ReactElement | null {
  const { opinion: text } = TEXT;
  if (rows.length === 0) return null;
  const equal = rows.filter(({ theirs, ours }) => theirs === ours);
  const others = rows.filter((row) => !equal.includes(row));
  return (
    <>
      {others.length > 0 && <OpinionTable rows={others} caption={text.others(others.length)} />}
      {equal.length > 0 && (
        <details>
          <summary>{text.equal(equal.length)}</summary>
          <OpinionTable rows={equal} caption={text.equal(equal.length)} />
        </details>
      )}
    </>
  );
}

interface OpinionTableProps {
  readonly rows: readonly OpinionRow[];
  readonly caption: string;
}

function OpinionTable({ rows, caption }: OpinionTableProps): ReactElement {
  const { isSimulated } = useManner();
  const { opinion: text } = TEXT;
  return (
    <table className={`${css["table"]} ${css["opinion"]}`}>
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{text.claim}</th>
          <th scope="col">{text.theirs}</th>
          <th scope="col">{text.ours}</th>
          <th scope="col">{text.outcome}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ claim, theirs, ours }) => {
          const outcome = theirs === null || ours === null ? "silent" : theirs === ours ? "same" : "differs";
          return (
            <tr key={claim} data-outcome={outcome}>
              <th scope="row">
                <code>
                  {claim.split("_").map((word, index) => (
                    <Fragment key={word}>
                      {index > 0 && (
                        <>
                          _<wbr />
                        </>
                      )}
                      {word}
                    </Fragment>
                  ))}
                </code>
              </th>
              <td data-label={text.theirs}>
                <Value value={theirs} />
              </td>
              <td data-label={text.ours}>
                <Value value={ours} />
              </td>
              <td data-label={text.outcome}>
                <span className={css["outcome"]}>
                  <StatusMark status={MARKS[outcome]} isSimulated={isSimulated} isBare /> {text[outcome]}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const MARKS = { same: "pass", differs: "warn", silent: "skip" } as const;

function Value({ value }: { readonly value: string | null }): ReactElement {
  return value === null ? <>{TEXT.opinion.nothing}</> : <code>{printable(value)}</code>;
}
