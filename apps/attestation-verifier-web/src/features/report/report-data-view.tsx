import type { Step } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { Hash } from "../../ui/hash.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

interface ReportDataViewProps {
  /** 128 hex digits. */
  readonly reportData: string;
  readonly steps: readonly Step[];
}

/** The two halves of the report data, each with the step that judged it. */
export function ReportDataView({ reportData, steps }: ReportDataViewProps): ReactElement {
  const { isSimulated } = useManner();
  const halves = [
    ["fresh.nonce", TEXT.reportData.nonce, reportData.slice(0, 64)],
    ["fresh.binding", TEXT.reportData.binding, reportData.slice(64)],
  ] as const;
  return (
    <dl className={css["halves"]}>
      {halves.map(([id, name, value]) => (
        <div key={id}>
          <dt>
            {name}{" "}
            <StatusMark status={steps.find((step) => step.id === id)?.status ?? "skip"} isSimulated={isSimulated} />
          </dt>
          <dd>
            <Hash value={value} what={name} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
