// oxlint-disable-next-line import/no-unassigned-import -- style sheets have nothing to import
import "./ui/tokens.css";
// oxlint-disable-next-line import/no-unassigned-import
import "./ui/base.css";

import { StrictMode, useEffect, useMemo, useState, type ReactElement } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app.tsx";
import { EMPTY_BASKET } from "./basket.ts";
import { BUILD } from "./build-facts.ts";
import { type Clock, type Page, PageContext } from "./page.ts";
import { parseLegacyQuery, parseLink, formatLink } from "./permalink.ts";
import { placeOf, type Route, routeOf } from "./route.ts";
import { createSession, type StartWorker } from "./session.ts";
import { applyTheme, readTheme } from "./theme-store.ts";
import { trustScripts } from "./trusted-scripts.ts";
import type { Answer } from "./worker/protocol.ts";
import { workerUrl } from "./worker-url.ts";

const isSingleFile = BUILD.flavour === "single";
const scripts = trustScripts({ worker: workerUrl(), serviceWorker: "/sw.js" });

const startWorker: StartWorker = (onAnswer, onFailure) => {
  const worker = new Worker(scripts.worker, { name: "verifier" });
  worker.addEventListener("message", (event: MessageEvent<Answer>) => onAnswer(event.data));
  worker.addEventListener("error", onFailure);
  worker.addEventListener("messageerror", onFailure);
  return worker;
};

const clock: Clock = {
  nowMs: () => Date.now(),
  everySecond(callback) {
    const timer = setInterval(callback, 1000);
    return () => clearInterval(timer);
  },
};

/** The screen that the address bar names. A single file has no paths: its screens stand behind the `#`. */
function readRoute(): Route | null {
  if (!isSingleFile) return routeOf(location.pathname);
  return location.hash.startsWith("#/") ? routeOf(location.hash.slice(1).replace(/#.*$/, "")) : "/offline";
}

function hrefOf(route: Route, fragment = ""): string {
  return isSingleFile ? `#${route}${placeOf(fragment) === null ? "" : fragment}` : `${route}${fragment}`;
}

/** Links of the older page: their query is moved behind the `#`, where no server sees it. */
function adoptLegacyLink(): void {
  const legacy = isSingleFile ? null : parseLegacyQuery(location.search);
  const path = location.pathname === "/mero-tee" ? "/node" : location.pathname;
  if (legacy === null && path === location.pathname) return;
  const fragment = legacy === null ? location.hash : formatLink(legacy);
  const screen = legacy?.kind === undefined || legacy.kind === null || path !== "/" ? path : `/${legacy.kind}`;
  history.replaceState(null, "", `${screen}${fragment}`);
}

const session = createSession(startWorker, clock.nowMs);

function Root(): ReactElement {
  const [route, setRoute] = useState(readRoute);
  const [fragment, setFragment] = useState(location.hash);
  const [basket, setBasket] = useState(EMPTY_BASKET);
  useEffect(() => {
    const follow = (): void => {
      const isPlace = placeOf(location.hash) !== null;
      // A place on the screen is no other screen, and no other check.
      if (isPlace && isSingleFile && !location.hash.startsWith("#/")) return;
      setRoute(readRoute());
      if (!isPlace) setFragment(location.hash);
    };
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, []);
  const page = useMemo(
    (): Page => ({
      session,
      route,
      link: parseLink(fragment),
      go(next, nextFragment) {
        history.pushState(null, "", hrefOf(next, nextFragment));
        setRoute(next);
        setFragment(location.hash);
      },
      hrefOf,
      clock,
      basket,
      setBasket,
    }),
    [route, fragment, basket],
  );
  return (
    <PageContext value={page}>
      <App />
    </PageContext>
  );
}

applyTheme(readTheme());
adoptLegacyLink();

const place = document.getElementById("app");
if (place === null) throw new Error("the page has no place for the application");
createRoot(place).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);

// Only what the page itself consists of is kept for use without a network; the evidence never is.
if (!isSingleFile && "serviceWorker" in navigator) {
  window.addEventListener("load", () => void navigator.serviceWorker.register(scripts.serviceWorker).catch(() => null));
}
