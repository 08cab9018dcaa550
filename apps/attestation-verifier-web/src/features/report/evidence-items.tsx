import type { EvidenceItem } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { Hash } from "../../ui/hash.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

/** Longer values of these encodings are shown in groups, with a way to copy them. */
const LONG = 24;
/** Intel's own pages about its advisories. */
const ADVISORY = /^INTEL-SA-\d{5}$/;

/** The values that a step looked at, each with where it comes from. */
export function EvidenceItems({ items }: { readonly items: readonly EvidenceItem[] }): ReactElement {
  const { say } = useManner();
  return (
    <dl className={css["evidence"]}>
      {items.map((item, index) => (
        // A step may name two values alike; the list never changes.
        // oxlint-disable-next-line react/no-array-index-key
        <div key={index}>
          <dt>
            {say(printable(item.label))} <small>{TEXT.sources[item.source]}</small>
          </dt>
          <dd>
            <EvidenceValue item={item} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function EvidenceValue({ item: { label, value, encoding } }: { readonly item: EvidenceItem }): ReactElement {
  const { say } = useManner();
  if ((encoding === "hex" || encoding === "base64") && value.length > LONG) {
    return <Hash value={printable(value)} what={label} />;
  }
  const parts = value.split(/([,\s]+)/);
  if (parts.some((part) => ADVISORY.test(part))) {
    return (
      <>
        {parts.map((part) =>
          ADVISORY.test(part) ? (
            <a key={part} href={advisoryUrl(part)} target="_blank" rel="noreferrer noopener">
              {part}
            </a>
          ) : (
            say(printable(part))
          ),
        )}
      </>
    );
  }
  return encoding === "text" ? <bdi>{say(printable(value))}</bdi> : <code>{printable(value)}</code>;
}

function advisoryUrl(id: string): string {
  return `https://www.intel.com/content/www/us/en/security-center/advisory/${id.toLowerCase()}.html`;
}
