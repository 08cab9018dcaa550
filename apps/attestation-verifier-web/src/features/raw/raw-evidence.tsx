import { toHex } from "@mero-tee/tdx-quote/hex";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { saveText } from "../../save-file.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { LazyDetails } from "../../ui/lazy-details.tsx";
import type { Outcome } from "../../worker/protocol.ts";
import { JsonTree } from "./json-tree.tsx";
import { type QuoteField, quoteFields } from "./quote-fields.ts";
import { RawText } from "./raw-text.tsx";
import css from "./raw.module.css";

/** Everything as it came. Each part is drawn only when it is opened. */
export function RawEvidence({ outcome }: { readonly outcome: Outcome }): ReactElement {
  const { quote, answer, token } = outcome;
  return (
    <div className={css["raw"]}>
      {quote !== null && (
        <Part title={`${TEXT.hexView.quote} (${TEXT.bytes(quote.length)})`} fileName="quote.bin" content={quote}>
          {() => <QuoteBytes quote={quote} />}
        </Part>
      )}
      {answer !== null && (
        <Part title={TEXT.hexView.json} fileName="attestation.json" content={answer}>
          {() => <JsonTree text={answer} />}
        </Part>
      )}
      {token !== null && (
        <Part title={TEXT.hexView.token} fileName="token.jwt" content={token}>
          {() => <RawText text={token} name={TEXT.hexView.token} />}
        </Part>
      )}
    </div>
  );
}

interface PartProps {
  readonly title: string;
  readonly fileName: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly children: () => ReactElement;
}

function Part({ title, fileName, content, children }: PartProps): ReactElement {
  return (
    <LazyDetails summary={title}>
      {() => (
        <>
          <p className={css["tools"]}>
            <CopyButton text={typeof content === "string" ? content : toHex(content)} what={title} />
            <button type="button" onClick={() => saveText(fileName, content, "application/octet-stream")}>
              {TEXT.hexView.download}
            </button>
            {TEXT.hexView.note}
          </p>
          {children()}
        </>
      )}
    </LazyDetails>
  );
}

/** The quote with each field named and its bytes whole. */
function QuoteBytes({ quote }: { readonly quote: Uint8Array<ArrayBuffer> }): ReactElement {
  const view = new DataView(quote.buffer, quote.byteOffset, quote.byteLength);
  const version = quote.length > 2 ? view.getUint16(0, true) : 0;
  const bodyBytes = version === 5 && quote.length > 54 ? view.getUint32(50, true) : 0;
  return (
    <table className={css["table"]}>
      <thead>
        <tr>
          <th scope="col">{TEXT.hexView.offset}</th>
          <th scope="col">{TEXT.hexView.field}</th>
          <th scope="col">{TEXT.hexView.bytes}</th>
        </tr>
      </thead>
      <tbody>
        {quoteFields(version, bodyBytes, quote.length).map((field) => (
          <Field key={field.offset} field={field} quote={quote} />
        ))}
      </tbody>
    </table>
  );
}

function Field({
  field,
  quote,
}: {
  readonly field: QuoteField;
  readonly quote: Uint8Array<ArrayBuffer>;
}): ReactElement {
  const hex = toHex(quote.subarray(field.offset, field.offset + field.length));
  return (
    <tr>
      <td data-label={TEXT.hexView.offset}>
        <code>0x{field.offset.toString(16).padStart(4, "0")}</code>
      </td>
      <th scope="row">{field.name}</th>
      <td>
        <code>{hex.match(/.{1,8}/g)?.join(" ")}</code>
      </td>
    </tr>
  );
}
