import type { MouseEvent, ReactElement, ReactNode } from "react";

import { usePage } from "../page.ts";
import type { Route } from "../route.ts";

interface PageLinkProps {
  readonly to: Route;
  readonly fragment?: string;
  readonly className?: string | undefined;
  readonly label?: string;
  readonly isCurrent?: boolean;
  readonly children: ReactNode;
}

/** A link to another screen: an ordinary link that changes the screen without loading the page again. */
export function PageLink({ to, fragment, className, label, isCurrent = false, children }: PageLinkProps): ReactElement {
  const page = usePage();
  function follow(event: MouseEvent): void {
    // A press with a modifier asks for a new tab, which is the browser's business.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    page.go(to, fragment);
  }
  return (
    <a
      href={page.hrefOf(to, fragment)}
      className={className}
      aria-label={label}
      aria-current={isCurrent ? "page" : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
