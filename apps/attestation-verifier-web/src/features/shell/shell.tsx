import { useEffect, useRef, type ReactElement, type ReactNode } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { placeOf, type Route } from "../../route.ts";
import { PageLink } from "../../ui/page-link.tsx";
import { useCheck } from "../../use-check.ts";
import { isShownAsSimulated } from "../report/shown-class.ts";
import { NetworkNote } from "./network-note.tsx";
import css from "./shell.module.css";
import { ThemeChoice } from "./theme-choice.tsx";

const WITH_NETWORK: readonly Route[] = ["/kms", "/node", "/offline", "/compare", "/learn", "/about"];
const WITHOUT_NETWORK: readonly Route[] = ["/offline", "/compare", "/learn", "/about"];
const SCREENS = BUILD.flavour === "single" ? WITHOUT_NETWORK : WITH_NETWORK;

/** Header, notes that concern every screen, the screen, and the footer. */
export function Shell({ children }: { readonly children: ReactNode }): ReactElement {
  const { route, session } = usePage();
  const state = useCheck();
  const isSimulated =
    BUILD.flavour === "sim" ||
    session.testRoot() !== null ||
    (route === "/report" && state.phase === "appraised" && isShownAsSimulated(state.outcome.report));
  const main = useRef<HTMLElement>(null);
  const shown = useRef(route);

  // A new screen starts at its top, for eyes and for a screen reader alike.
  useEffect(() => {
    if (shown.current === route) return;
    shown.current = route;
    if (placeOf(location.hash) === null) window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [route]);

  useEffect(() => {
    const icon = document.querySelector('link[rel="icon"]');
    icon?.setAttribute("href", isSimulated ? "/favicon-simulated.svg" : "/favicon.svg");
    const screen = route === null ? TEXT.site.unknownPage : TEXT.site.pages[route];
    document.title = `${isSimulated ? "[SIMULATED] " : ""}${screen} · ${TEXT.site.name}`;
  }, [isSimulated, route]);

  return (
    <div className={css["page"]} data-simulated={isSimulated}>
      <a className={css["skip"]} href="#content">
        {TEXT.site.skip}
      </a>
      <header className={css["header"]}>
        <PageLink to={BUILD.flavour === "single" ? "/offline" : "/"} className={css["brand"]} label={TEXT.site.home}>
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="7" fill="var(--accent)" />
            <path
              d="M8 22V10l8 7 8-7v12"
              fill="none"
              stroke="var(--on-accent)"
              strokeWidth="3"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          {TEXT.site.name}
        </PageLink>
        <nav aria-label={TEXT.site.nav}>
          {SCREENS.map((screen) => (
            <PageLink key={screen} to={screen} isCurrent={screen === route}>
              {TEXT.site.pages[screen]}
            </PageLink>
          ))}
        </nav>
        <ThemeChoice />
      </header>
      <aside aria-label={TEXT.site.notes}>
        {isSimulated && <p className={css["simulated"]}>{TEXT.site.simulatedBuild}</p>}
        {state.phase === "appraised" && state.outcome.isDevelopmentApi && BUILD.flavour !== "sim" && (
          <p className={css["danger"]}>{TEXT.site.privateTargets}</p>
        )}
        {BUILD.flavour !== "single" && <NetworkNote />}
      </aside>
      <main id="content" tabIndex={-1} ref={main}>
        {children}
      </main>
      <footer className={css["footer"]}>
        <p>{TEXT.site.footer}</p>
        <p>
          <code>
            {BUILD.version} · {BUILD.commit.slice(0, 12)} · {BUILD.flavour}
          </code>
        </p>
      </footer>
    </div>
  );
}
