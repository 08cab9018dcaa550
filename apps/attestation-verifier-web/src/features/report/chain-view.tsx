import type { ChainCertificate } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { readableTime } from "../../readable-time.ts";
import { Hash } from "../../ui/hash.tsx";
import css from "./report.module.css";

/** The certificates from the machine to the root, each signed by the next. */
export function ChainView({ chain }: { readonly chain: readonly ChainCertificate[] }): ReactElement | null {
  const { chain: text } = TEXT;
  if (chain.length === 0) return null;
  return (
    <ol className={css["chain"]} aria-label={text.title}>
      {chain.map(({ subject, issuer, serial, notBefore, notAfter, sha256 }) => (
        <li key={sha256}>
          <h3>{printable(subject)}</h3>
          <dl>
            <dt>{text.issuer}</dt>
            <dd>{subject === issuer ? text.itself : printable(issuer)}</dd>
            <dt>{text.valid}</dt>
            <dd>{text.period(readableTime(notBefore), readableTime(notAfter))}</dd>
            <dt>{text.serial}</dt>
            <dd>
              <code>{serial}</code>
            </dd>
            <dt>{text.digest}</dt>
            <dd>
              <Hash value={sha256} what={`${text.digest} ${printable(subject)}`} />
            </dd>
          </dl>
        </li>
      ))}
    </ol>
  );
}
