import { useState, type ReactElement, type ReactNode } from "react";

interface LazyDetailsProps {
  readonly summary: ReactNode;
  readonly children: () => ReactElement;
}

/** Something to be opened, which is drawn only while it is open. */
export function LazyDetails({ summary, children }: LazyDetailsProps): ReactElement {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && children()}
    </details>
  );
}
