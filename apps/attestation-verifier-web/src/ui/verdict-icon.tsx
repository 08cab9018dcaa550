import type { ReactElement } from "react";
import type { Verdict } from "@mero-tee/appraisal";

/** The shape of a verdict; each has one that nothing else on the page has. */
export function VerdictIcon({ verdict }: { readonly verdict: Verdict | null }): ReactElement {
  return (
    <svg
      viewBox="0 0 48 48"
      width="48"
      height="48"
      aria-hidden="true"
      focusable="false"
      fill="none"
      stroke="currentColor"
      strokeWidth="3"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {shapeOf(verdict)}
    </svg>
  );
}

function shapeOf(verdict: Verdict | null): ReactElement {
  switch (verdict) {
    case "verified":
      return (
        <>
          <path d="M24 4 40 10v13c0 10-6.500 17-16 21C14.500 40 8 33 8 23V10z" fill="currentColor" fillOpacity="0.12" />
          <path d="m16.500 24 5.500 5.500L32 19" data-tick="" />
        </>
      );
    case "caution":
      return (
        <>
          <path d="M24 6 44 41H4z" fill="currentColor" fillOpacity="0.12" />
          <path d="M24 19v10M24 34.500v.5" />
        </>
      );
    case "failed":
      return (
        <>
          <path d="M15.500 4h17L44 15.500v17L32.500 44h-17L4 32.500v-17z" fill="currentColor" fillOpacity="0.12" />
          <path d="m17 17 14 14M31 17 17 31" />
        </>
      );
    case "simulated":
      return (
        <>
          <path d="M24 3 42.500 13.500v21L24 45 5.500 34.500v-21z" fill="currentColor" fillOpacity="0.12" />
          <path d="m8 27 13-22M12 38 30 7M22 43 39 13M32 40l9-15" strokeWidth="1.500" strokeOpacity="0.45" />
          <text x="24" y="29" textAnchor="middle" fontSize="13" fontWeight="800" fill="currentColor" stroke="none">
            SIM
          </text>
        </>
      );
    case "incomplete":
      return <path d="M38 13.500A18 18 0 1 0 41.500 28" strokeWidth="4" />;
    case null:
      return <circle cx="24" cy="24" r="18" strokeDasharray="2 7" />;
  }
}
