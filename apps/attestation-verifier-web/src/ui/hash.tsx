import type { ReactElement } from "react";

import { CopyButton } from "./copy-button.tsx";
import css from "./hash.module.css";

/** A long value, whole, in groups of eight characters. */
export function Hash({ value, what }: { readonly value: string; readonly what: string }): ReactElement {
  return (
    <span className={css["hash"]}>
      <code translate="no">
        {(value.match(/.{1,8}/gsu) ?? []).map((group, index) => (
          // Groups never move: their place is their name.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index}>{group}</span>
        ))}
      </code>
      <CopyButton text={value} what={what} />
    </span>
  );
}
