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
