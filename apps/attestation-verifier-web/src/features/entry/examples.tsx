import { lazy, Suspense, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import type { TargetKind } from "../../target-address.ts";
import { PageLink } from "../../ui/page-link.tsx";
import css from "./entry.module.css";

interface ExamplesProps {
  readonly kind: TargetKind | null;
  readonly onChoose: (address: string) => void;
}

/** Written so that the bundler sees it: no other build holds anything of a simulated platform. */
const SimulatedExamples =
  import.meta.env.MODE === "sim"
    ? lazy(async () => ({ default: (await import("./simulated-examples.tsx")).SimulatedExamples }))
    : null;

/** Things to try: addresses of the running simulated platform, or the other screens. */
export function Examples({ kind, onChoose }: ExamplesProps): ReactElement | null {
  if (SimulatedExamples !== null) {
    return (
      <Suspense fallback={null}>
        <SimulatedExamples kind={kind} onChoose={onChoose} />
      </Suspense>
    );
  }
  if (kind !== null) return null;
  return (
    <p className={css["examples"]}>
      {TEXT.entry.pointers}: <PageLink to="/kms">{TEXT.entry["/kms"].title}</PageLink>{" "}
      <PageLink to="/node">{TEXT.entry["/node"].title}</PageLink>{" "}
      <PageLink to="/offline">{TEXT.offline.title}</PageLink>
    </p>
  );
}
