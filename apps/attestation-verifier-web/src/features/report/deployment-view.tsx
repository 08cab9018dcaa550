import type { ReportFacts } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { Hash } from "../../ui/hash.tsx";
import css from "./report.module.css";

/** What the log that leads to the quote says of the deployment. */
export function DeploymentView({ facts }: { readonly facts: ReportFacts }): ReactElement | null {
  const { deployment: text } = TEXT;
  const { composeHash, appId, instanceId, keyProvider } = facts;
  const values = [
    [text.composeHash, composeHash],
    [text.appId, appId],
    [text.instanceId, instanceId],
    [text.keyProvider, keyProvider?.name ?? null],
    [text.keyProviderId, keyProvider?.id ?? null],
  ] as const;
  const known = values.flatMap(([name, value]) => (value === null || value === "" ? [] : [{ name, value }]));
  if (known.length === 0) return null;
  return (
    <dl className={css["evidence"]}>
      {known.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{/^[0-9a-f]{25,}$/.test(value) ? <Hash value={value} what={name} /> : <bdi>{printable(value)}</bdi>}</dd>
        </div>
      ))}
    </dl>
  );
}
