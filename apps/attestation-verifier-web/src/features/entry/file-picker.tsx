import { useRef, type ReactElement } from "react";

import { addFiles } from "../../basket.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import css from "./entry.module.css";

/** Takes files: a button that opens the system's dialog. Dropping works on the whole window. */
export function FilePicker(): ReactElement {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  async function take(list: FileList | null): Promise<void> {
    if (list === null || list.length === 0) return;
    page.setBasket(await addFiles(page.basket, [...list]));
    if (input.current !== null) input.current.value = "";
    if (page.route !== "/offline") page.go("/offline");
  }
  return (
    <div className={css["picker"]}>
      <button type="button" className={css["secondary"]} onClick={() => input.current?.click()}>
        {TEXT.entry.drop}
      </button>
      <span>{TEXT.entry.dropHint}</span>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={TEXT.entry.drop}
        onChange={(event) => void take(event.target.files)}
      />
    </div>
  );
}
