import type { RegisterReplayTrace, ReplayEvent } from "@mero-tee/appraisal";
import { useEffect, useId, useRef, useState, useSyncExternalStore, type KeyboardEvent, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { Hash } from "../../ui/hash.tsx";
import { EventPanel } from "./event-panel.tsx";
import css from "./replay.module.css";
import { movedSelection, ROW_PX, windowOfRows } from "./window-of-rows.ts";

const LIST_PX = 396;
const STEP_MS = 700;
const NOTABLE: ReadonlySet<string> = new Set(["compose-hash", "app-id", "key-provider", "system-ready"]);

/** The way of one register: start, every event with the value before and after it, and what the quote says. */
export function RegisterReplay({ trace }: { readonly trace: RegisterReplayTrace }): ReactElement {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [filter, setFilter] = useState("");
  const [selected, setSelected] = useState(0);
  const [scrollTop, setScrollTop] = useState(0);
  const [isPlaying, setIsPlaying] = useState(false);
  const [ticked, setTicked] = useState<ReadonlySet<number>>(new Set());
  const isPrinting = useSyncExternalStore(listenForPrint, () => printing);

  const wanted = filter.trim().toLowerCase();
  const events =
    wanted === "" ? trace.events : trace.events.filter((event) => event.name.toLowerCase().includes(wanted));
  const { first, end } = isPrinting
    ? { first: 0, end: events.length }
    : windowOfRows(events.length, scrollTop, LIST_PX);
  const event = events[selected];
  const count = events.length;

  function select(index: number): void {
    setSelected(index);
    const box = list.current;
    if (box === null) return;
    const top = index * ROW_PX;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW_PX > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_PX - box.clientHeight;
  }

  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => setSelected((index) => Math.min(count - 1, index + 1)), STEP_MS);
    return () => clearInterval(timer);
  }, [isPlaying, count]);

  function onKey(press: KeyboardEvent): void {
    const next = movedSelection(press.key, selected, count);
    if (next !== null) {
      press.preventDefault();
      setIsPlaying(false);
      select(next);
    }
    if (press.key === "Enter") document.getElementById(`${id}-panel`)?.focus();
  }

  function tick(index: number): void {
    const next = new Set(ticked);
    if (!next.delete(index)) next.add(index);
    setTicked(next);
  }

  return (
    <div className={css["replay"]}>
      <div className={css["tools"]}>
        <label htmlFor={`${id}-filter`}>{TEXT.replay.filter}</label>
        <input
          id={`${id}-filter`}
          type="search"
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          value={filter}
          onChange={(change) => {
            setFilter(change.target.value);
            setSelected(0);
          }}
        />
        {mayMove() && (
          <button type="button" onClick={() => setIsPlaying(!isPlaying)}>
            {isPlaying ? TEXT.replay.pause : TEXT.replay.play}
          </button>
        )}
        <span role="status">{TEXT.replay.events(count, trace.events.length)}</span>
      </div>
      <p className={css["note"]}>{TEXT.replay.start}</p>
      <div
        ref={list}
        className={css["list"]}
        role="listbox"
        tabIndex={0}
        aria-label={TEXT.replay.list(trace.register.toUpperCase())}
        aria-describedby={`${id}-keys`}
        aria-activedescendant={event === undefined ? undefined : `${id}-${event.index}`}
        onKeyDown={onKey}
        onScroll={(scroll) => setScrollTop(scroll.currentTarget.scrollTop)}
      >
        <div role="presentation" style={{ height: first * ROW_PX }} />
        {events.slice(first, end).map((shown, offset) => (
          <Row
            key={shown.index}
            id={`${id}-${shown.index}`}
            event={shown}
            place={first + offset + 1}
            count={count}
            isSelected={first + offset === selected}
            isTicked={ticked.has(shown.index)}
            isFirstAfterReady={shown.isAfterReady && events[first + offset - 1]?.isAfterReady === false}
            onSelect={() => select(first + offset)}
          />
        ))}
        <div role="presentation" style={{ height: (count - end) * ROW_PX }} />
      </div>
      <p id={`${id}-keys`} className={css["note"]}>
        {TEXT.replay.keys}
      </p>
      {event !== undefined && (
        <EventPanel
          id={`${id}-panel`}
          event={event}
          isTicked={ticked.has(event.index)}
          canTick={!trace.matches}
          onTick={() => tick(event.index)}
        />
      )}
      <dl className={css["end"]} data-same={trace.matches}>
        <dt>{TEXT.replay.after}</dt>
        <dd>
          <Hash value={trace.replayed} what={trace.register.toUpperCase()} />
        </dd>
        <dt>{TEXT.replay.end}</dt>
        <dd>
          <Hash value={trace.quoted} what={`${trace.register.toUpperCase()}, ${TEXT.diff.observed}`} />
        </dd>
      </dl>
      <p className={css["note"]}>
        {trace.matches ? TEXT.replay.same : `${TEXT.replay.other} ${TEXT.replay.otherHint}`}
      </p>
    </div>
  );
}

interface RowProps {
  readonly id: string;
  readonly event: ReplayEvent;
  readonly place: number;
  readonly count: number;
  readonly isSelected: boolean;
  readonly isTicked: boolean;
  readonly isFirstAfterReady: boolean;
  readonly onSelect: () => void;
}

function Row({ id, event, place, count, isSelected, isTicked, isFirstAfterReady, onSelect }: RowProps): ReactElement {
  return (
    // The list has the focus and the keys; a press on a row is a short way for a pointer.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isSelected}
      aria-posinset={place}
      aria-setsize={count}
      className={css["row"]}
      data-notable={NOTABLE.has(event.name)}
      data-boundary={isFirstAfterReady}
      onClick={onSelect}
    >
      <span className={css["index"]}>{event.index}</span>
      <span className={css["event"]}>
        {event.name === "" ? `0x${event.type.toString(16).padStart(8, "0")}` : printable(event.name)}
        {isFirstAfterReady && <em>{TEXT.replay.ready}</em>}
      </span>
      {!event.isPayloadAuthenticated && <small>{TEXT.replay.unauthenticated}</small>}
      {isTicked && <small>{TEXT.replay.tick}</small>}
      <code>{event.digest.slice(0, 16)}…</code>
    </div>
  );
}

let printing = false;

function listenForPrint(onChange: () => void): () => void {
  const begin = (): void => {
    printing = true;
    onChange();
  };
  const end = (): void => {
    printing = false;
    onChange();
  };
  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  return () => {
    window.removeEventListener("beforeprint", begin);
    window.removeEventListener("afterprint", end);
  };
}

function mayMove(): boolean {
  return !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
