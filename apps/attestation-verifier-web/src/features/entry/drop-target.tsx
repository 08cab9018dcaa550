import { useEffect, useState, type ReactElement } from "react";

import { addFiles } from "../../basket.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import css from "./entry.module.css";

/** Lets files be dropped anywhere on the window, and says what is taken while they are held over it. */
export function DropTarget(): ReactElement | null {
  const page = usePage();
  const { basket, setBasket, go } = page;
  const [isOver, setIsOver] = useState(false);

  useEffect(() => {
    async function take(files: readonly File[]): Promise<void> {
      setBasket(await addFiles(basket, files));
      go("/offline");
    }
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const onOver = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setIsOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setIsOver(false);
      void take([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener("dragover", onOver);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("drop", onDrop);
    };
  }, [basket, setBasket, go]);

  return isOver ? <div className={css["overlay"]}>{TEXT.entry.dropOverlay}</div> : null;
}
