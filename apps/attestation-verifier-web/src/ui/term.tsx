import { useEffect, useId, useRef, useState, type ReactElement, type ReactNode } from "react";

import { findTerm } from "../glossary.ts";
import { TEXT } from "../messages.ts";
import { PageLink } from "./page-link.tsx";
import css from "./term.module.css";

/** A word of the glossary: its meaning opens on a press, and closes with Escape or a press elsewhere. */
export function Term({ id, children }: { readonly id: string; readonly children: ReactNode }): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const popover = useId();
  const term = findTerm(id);

  useEffect(() => {
    if (!isOpen) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") setIsOpen(false);
    };
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) setIsOpen(false);
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerdown", onPress);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerdown", onPress);
    };
  }, [isOpen]);

  if (term === null) return <>{children}</>;
  return (
    <span className={css["term"]} ref={box}>
      <button type="button" aria-expanded={isOpen} aria-controls={popover} onClick={() => setIsOpen(!isOpen)}>
        {children}
      </button>
      <span id={popover} className={css["popover"]} hidden={!isOpen}>
        {isOpen && (
          <>
            {term.meaning}{" "}
            <PageLink to="/learn" fragment={`#${term.id}`} label={`${TEXT.glossary.more}: ${term.name}`}>
              {TEXT.glossary.more}
            </PageLink>
          </>
        )}
      </span>
    </span>
  );
}
