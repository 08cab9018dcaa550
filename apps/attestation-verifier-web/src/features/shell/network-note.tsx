import { useSyncExternalStore, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import css from "./shell.module.css";

function listen(onChange: () => void): () => void {
  window.addEventListener("online", onChange);
  window.addEventListener("offline", onChange);
  return () => {
    window.removeEventListener("online", onChange);
    window.removeEventListener("offline", onChange);
  };
}

/** Says so where there is no network, because then only local checks are possible. */
export function NetworkNote(): ReactElement {
  const isOnline = useSyncExternalStore(listen, () => navigator.onLine);
  return (
    <div role="status" className={css["network"]}>
      {isOnline ? "" : TEXT.site.offline}
    </div>
  );
}
