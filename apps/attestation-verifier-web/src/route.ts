/** The screens, by path. */
const ROUTES = ["/", "/kms", "/node", "/offline", "/report", "/compare", "/learn", "/about"] as const;
export type Route = (typeof ROUTES)[number];

/**
 * Reads a path.
 *
 * @returns the screen; `/mero-tee`, an older name, is that of nodes; null for a path that this page does not have
 */
export function routeOf(pathname: string): Route | null {
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, "") : pathname;
  if (path === "/mero-tee") return "/node";
  return ROUTES.find((route) => route === path) ?? null;
}

/**
 * The place on a screen that a fragment names: the id of an element.
 *
 * @returns null where the fragment says nothing, or names a screen (`#/learn`) or a check (`#v=1&…`)
 */
export function placeOf(fragment: string): string | null {
  const last = fragment.slice(fragment.lastIndexOf("#") + 1);
  return last === "" || /^(?:\/|v=)/.test(last) ? null : last;
}
