import type { AssetSignature } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { readableTime } from "../../readable-time.ts";
import { printable } from "../../printable.ts";
import { Hash } from "../../ui/hash.tsx";
import css from "./report.module.css";

/** Who signed each released file that was used, and where that is on record. */
export function SignatureTable({ signatures }: { readonly signatures: readonly AssetSignature[] }): ReactElement {
  const text = TEXT.signatures;
  return (
    <>
      {signatures.map((signature) => (
        <section key={signature.asset} className={css["asset"]}>
          <h3>{printable(signature.asset)}</h3>
          <dl className={css["evidence"]}>
            <div>
              <dt>{text.form}</dt>
              <dd>{text.forms[signature.form]}</dd>
            </div>
            {signature.identity !== null && (
              <div>
                <dt>{text.signer}</dt>
                <dd>
                  <bdi>{printable(signature.identity)}</bdi>
                </dd>
              </div>
            )}
            {signature.commit !== null && (
              <div>
                <dt>{text.commit}</dt>
                <dd>
                  <Hash value={printable(signature.commit)} what={text.commit} />
                </dd>
              </div>
            )}
            {signature.logIndex !== null && (
              <div>
                <dt>{text.logIndex}</dt>
                <dd>{printable(signature.logIndex)}</dd>
              </div>
            )}
            {signature.integratedTime !== null && (
              <div>
                <dt>{text.time}</dt>
                <dd>{readableTime(signature.integratedTime)}</dd>
              </div>
            )}
            <div>
              <dt>{text.digest}</dt>
              <dd>
                <Hash value={signature.sha256} what={`SHA-256 ${signature.asset}`} />
              </dd>
            </div>
          </dl>
        </section>
      ))}
    </>
  );
}
