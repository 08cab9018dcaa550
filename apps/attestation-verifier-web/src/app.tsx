import { lazy, Suspense, type ReactElement } from "react";

import { DropTarget } from "./features/entry/drop-target.tsx";
import { CheckScreen } from "./features/entry/check-screen.tsx";
import { Shell } from "./features/shell/shell.tsx";
import { TEXT } from "./messages.ts";
import { usePage } from "./page.ts";

const FilesScreen = lazy(async () => ({ default: (await import("./features/entry/files-screen.tsx")).FilesScreen }));
const ReportScreen = lazy(async () => ({
  default: (await import("./features/report/report-screen.tsx")).ReportScreen,
}));
const CompareScreen = lazy(async () => ({
  default: (await import("./features/compare/compare-screen.tsx")).CompareScreen,
}));
const LearnScreen = lazy(async () => ({ default: (await import("./features/learn/learn-screen.tsx")).LearnScreen }));
const AboutScreen = lazy(async () => ({ default: (await import("./features/about/about-screen.tsx")).AboutScreen }));

/** The whole page: one screen inside the shell. */
export function App(): ReactElement {
  const { route } = usePage();
  return (
    <Shell>
      <DropTarget />
      <Suspense fallback={<p>{TEXT.site.loading}</p>}>
        <Screen key={route} />
      </Suspense>
    </Shell>
  );
}

function Screen(): ReactElement {
  const { route } = usePage();
  switch (route) {
    case "/":
    case "/kms":
    case "/node":
      return <CheckScreen route={route} />;
    case "/offline":
      return <FilesScreen />;
    case "/report":
      return <ReportScreen />;
    case "/compare":
      return <CompareScreen />;
    case "/learn":
      return <LearnScreen />;
    case "/about":
      return <AboutScreen />;
    case null:
      return <h1>{TEXT.site.unknownPage}</h1>;
  }
}
