import { useId, useState, type ReactElement } from "react";

import { browserStorage, createKeptData } from "../../kept-data-store.ts";
import { TEXT } from "../../messages.ts";
import { useLoaded } from "../../use-loaded.ts";
import css from "./entry.module.css";

const kept = createKeptData(browserStorage());

/** Whether this browser keeps reference data, and a way to change that. Off until the reader ticks it. */
export function useKeeping(): readonly [isKeeping: boolean, turn: (isOn: boolean) => void] {
  const isKept = useLoaded(kept.isOn, false);
  const [chosen, setChosen] = useState<boolean | null>(null);
  async function turn(isOn: boolean): Promise<void> {
    setChosen(isOn);
    await kept.turn(isOn);
    // Storage may be full or switched off: what is shown is what is so.
    setChosen(await kept.isOn());
  }
  return [chosen ?? isKept, (isOn) => void turn(isOn)];
}

interface KeepChoiceProps {
  readonly isKeeping: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** Lets what every check needs anew be kept in this browser. Taking the tick away forgets all of it. */
export function KeepChoice({ isKeeping, onChange }: KeepChoiceProps): ReactElement {
  const id = useId();
  return (
    <div className={css["tickRow"]}>
      <input
        id={id}
        type="checkbox"
        checked={isKeeping}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.checked)}
      />
      <label htmlFor={id}>{TEXT.entry.keep}</label>
      <p id={`${id}-hint`}>{TEXT.entry.keepHint}</p>
    </div>
  );
}
