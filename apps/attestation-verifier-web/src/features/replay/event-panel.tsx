import type { ReplayEvent } from "@mero-tee/appraisal";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { Hash } from "../../ui/hash.tsx";
import css from "./replay.module.css";

interface EventPanelProps {
  readonly id: string;
  readonly event: ReplayEvent;
  readonly isTicked: boolean;
  readonly canTick: boolean;
  readonly onTick: () => void;
}

/** One event in full: what went into the register, and what it made of it. */
export function EventPanel({ id, event, isTicked, canTick, onTick }: EventPanelProps): ReactElement {
  const text = event.payload === null ? null : asText(event.payload);
  return (
    <section id={id} tabIndex={-1} className={css["panel"]} aria-label={`${event.index} ${printable(event.name)}`}>
      <h4>
        {event.index} · {printable(event.name)} <small>0x{event.type.toString(16).padStart(8, "0")}</small>
      </h4>
      <dl>
        <dt>{TEXT.replay.payload}</dt>
        <dd>
          {event.payload === null && TEXT.replay.stripped}
          {event.payload === "" && TEXT.replay.empty}
          {text !== null && <bdi className={css["text"]}>{text}</bdi>}
          {event.payload !== null && event.payload !== "" && <Hash value={event.payload} what={TEXT.replay.payload} />}
          {!event.isPayloadAuthenticated && <em> {TEXT.replay.unauthenticated}</em>}
        </dd>
        <dt>{TEXT.replay.before}</dt>
        <dd>
          <Hash value={event.before} what={TEXT.replay.before} />
        </dd>
        <dt>{TEXT.replay.digest}</dt>
        <dd>
          <Hash value={event.digest} what={TEXT.replay.digest} />
        </dd>
        <dt>
          {TEXT.replay.after} <small>{TEXT.replay.rule}</small>
        </dt>
        <dd>
          <Hash value={event.after} what={TEXT.replay.after} />
        </dd>
      </dl>
      {canTick && (
        <label className={css["tick"]}>
          <input type="checkbox" checked={isTicked} onChange={onTick} /> {TEXT.replay.tick}
        </label>
      )}
    </section>
  );
}

/** The payload as text where it is nothing but ASCII that prints; null elsewhere, for hex says it better. */
function asText(payload: string): string | null {
  const bytes = parseHex(payload);
  if (bytes === null || bytes.length === 0 || bytes.some((byte) => byte < 0x20 || byte > 0x7e)) return null;
  return new TextDecoder().decode(bytes);
}
