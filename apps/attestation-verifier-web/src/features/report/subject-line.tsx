import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { unicodeHost } from "../../punycode.ts";
import type { Check } from "../../worker/protocol.ts";
import css from "./report.module.css";

/** What is checked: the whole address, in the spelling that is sent, or the files. */
export function SubjectLine({ check }: { readonly check: Check }): ReactElement {
  if (check.origin === "file") {
    return (
      <p className={css["subject"]}>
        {TEXT.report.file}: <bdi>{check.files.map(({ name }) => printable(name)).join(", ")}</bdi>
      </p>
    );
  }
  const readable = URL.canParse(check.url) ? unicodeHost(new URL(check.url).hostname) : null;
  return (
    <p className={css["subject"]}>
      <bdi translate="no">{printable(check.url)}</bdi>
      {readable !== null && (
        <>
          {" "}
          ({TEXT.report.asAscii} <bdi>{printable(readable)}</bdi>)
        </>
      )}
    </p>
  );
}
