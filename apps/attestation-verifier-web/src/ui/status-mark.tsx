import type { StepStatus } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../messages.ts";
import css from "./status-mark.module.css";

/** What a mark needs to know of the report that it stands in. */
interface StatusMarkProps {
  readonly status: StepStatus;
  /** Nothing that a simulated platform says gets a tick. */
  readonly isSimulated: boolean;
  /** Without its word, where the word stands beside it anyway. */
  readonly isBare?: boolean;
}

/** A status as shape, colour and word. */
export function StatusMark({ status, isSimulated, isBare = false }: StatusMarkProps): ReactElement {
  return (
    <span className={css["mark"]} data-status={status}>
      <svg
        viewBox="0 0 20 20"
        width="18"
        height="18"
        aria-hidden="true"
        focusable="false"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.800"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {shapeOf(status, isSimulated)}
      </svg>
      <span className={isBare ? css["spoken"] : undefined}>{TEXT.status[status]}</span>
    </span>
  );
}

function shapeOf(status: StepStatus, isSimulated: boolean): ReactElement {
  switch (status) {
    case "pass":
      return isSimulated ? (
        <path d="M5 8h10M5 12.500h10" />
      ) : (
        <>
          <circle cx="10" cy="10" r="8" />
          <path d="m6.500 10.200 2.400 2.400 4.600-5" data-tick="" />
        </>
      );
    case "warn":
      return <path d="M10 2.500 18.500 17h-17zM10 8v4M10 14.500v.1" />;
    case "fail":
      return <path d="M6.700 2h6.600L18 6.700v6.600L13.300 18H6.700L2 13.300V6.700zM7 7l6 6M13 7l-6 6" />;
    case "error":
      return <path d="M16.500 6A7.500 7.500 0 1 0 17.500 11M10 6v4.500M10 13.500v.1" />;
    case "skip":
      return <path d="M6 10h8M10 2a8 8 0 0 1 0 16 8 8 0 0 1 0-16" strokeDasharray="3 2.600" />;
    case "info":
      return <path d="M3 3h14v14H3zM10 9.500V14M10 6.400v.1" />;
    case "running":
      return <path className={css["turning"]} d="M10 2a8 8 0 1 0 8 8" />;
    case "pending":
      return <circle cx="10" cy="10" r="2" />;
  }
}
