import type { RegisterReplayTrace } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "../report/report-context.ts";
import { RegisterReplay } from "./register-replay.tsx";
import css from "./replay.module.css";

/** How each register came to its value, event by event. */
export function ReplayView({ traces }: { readonly traces: readonly RegisterReplayTrace[] }): ReactElement {
  const { isSimulated } = useManner();
  if (traces.length === 0) return <p className={css["note"]}>{TEXT.replay.none}</p>;
  return (
    <div className={css["registers"]}>
      {traces.map((trace) => (
        <details key={trace.register} className={css["register"]} data-register={trace.register}>
          <summary>
            <span className={css["name"]}>{trace.register.toUpperCase()}</span>{" "}
            <StatusMark status={trace.matches ? "pass" : "fail"} isSimulated={isSimulated} isBare />{" "}
            {TEXT.replay.events(trace.events.length, trace.events.length)}
          </summary>
          <RegisterReplay trace={trace} />
        </details>
      ))}
    </div>
  );
}
