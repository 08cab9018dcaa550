import type { ReportFacts } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import css from "./report.module.css";
import { tdAttributeBits } from "./td-attribute-bits.ts";

/** Patch levels of the three parts, every version that is short, and what the machine's attributes say. */
export function TcbView({ facts }: { readonly facts: ReportFacts }): ReactElement {
  const { tcb, quote, platform } = facts;
  const { tcb: text } = TEXT;
  return (
    <>
      {tcb !== null && (
        <dl className={css["facts"]}>
          <div>
            <dt>{text.overall}</dt>
            <dd>{tcb.status}</dd>
          </div>
          <div>
            <dt>{text.platform}</dt>
            <dd>{tcb.platform}</dd>
          </div>
          <div>
            <dt>{text.module}</dt>
            <dd>{tcb.module ?? text.noModule}</dd>
          </div>
          <div>
            <dt>{text.qe}</dt>
            <dd>{tcb.qe}</dd>
          </div>
          <div>
            <dt>{text.baseline}</dt>
            <dd>{tcb.evaluationDataNumber}</dd>
          </div>
          {platform !== null && (
            <div>
              <dt>{text.model}</dt>
              <dd>
                <code>{platform.fmspc}</code>
              </dd>
            </div>
          )}
        </dl>
      )}
      {tcb !== null && tcb.short.length > 0 && (
        <table className={css["table"]}>
          <caption>{text.short}</caption>
          <thead>
            <tr>
              <th scope="col">{text.component}</th>
              <th scope="col">{text.has}</th>
              <th scope="col">{text.needs}</th>
              <th scope="col">{text.raisedBy}</th>
            </tr>
          </thead>
          <tbody>
            {tcb.short.map(({ component, has, needs }) => (
              <tr key={component}>
                <th scope="row">{printable(component)}</th>
                <td data-label={text.has}>{has}</td>
                <td data-label={text.needs}>{needs}</td>
                <td data-label={text.raisedBy}>{updateFor(component)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {quote !== null && (
        <details>
          <summary>{text.attributes}</summary>
          <table className={css["table"]}>
            <thead>
              <tr>
                <th scope="col">{text.bit}</th>
                <th scope="col">{text.name}</th>
                <th scope="col">{text.value}</th>
                <th scope="col">{text.meaning}</th>
              </tr>
            </thead>
            <tbody>
              {tdAttributeBits(quote.tdAttributes).map(({ bit, name, isSet, meaning }) => (
                <tr key={bit}>
                  <th scope="row">{bit}</th>
                  <td data-label={text.name}>
                    <code>{name}</code>
                  </td>
                  <td data-label={text.value}>{isSet ? 1 : 0}</td>
                  <td data-label={text.meaning}>{meaning}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </>
  );
}

/** Which update raises a security version. Source: Intel TDX DCAP, TCB components. */
function updateFor(component: string): string {
  const { updates } = TEXT.tcb;
  if (component.startsWith("sgx[")) return updates.sgx;
  if (component === "pcesvn") return updates.pce;
  if (component === "qe") return updates.qe;
  return updates.module;
}
