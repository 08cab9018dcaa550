import { createContext, use } from "react";

import type { Basket } from "./basket.ts";
import type { LinkState } from "./permalink.ts";
import type { Route } from "./route.ts";
import type { Session } from "./session.ts";

/** What every screen may use. The composition root fills it; tests fill it with less. */
export interface Page {
  readonly session: Session;
  /** Null for a path that this page does not have. */
  readonly route: Route | null;
  /** What the link that opened this page asks for; a form takes it, and nothing runs by itself. */
  readonly link: LinkState;
  readonly go: (route: Route, fragment?: string) => void;
  /** Address of a screen, for links. */
  readonly hrefOf: (route: Route, fragment?: string) => string;
  readonly clock: Clock;
  readonly basket: Basket;
  readonly setBasket: (basket: Basket) => void;
}

/** Time for things that show it. */
export interface Clock {
  readonly nowMs: () => number;
  /** Calls back about every second until the returned function is called. */
  readonly everySecond: (callback: () => void) => () => void;
}

export const PageContext: React.Context<Page | null> = createContext<Page | null>(null);

/** The page that this component stands in. */
export function usePage(): Page {
  const page = use(PageContext);
  if (page === null) throw new Error("a component outside of the page");
  return page;
}
