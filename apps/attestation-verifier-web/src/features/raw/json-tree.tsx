import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { useState, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { LazyDetails } from "../../ui/lazy-details.tsx";
import { RawText } from "./raw-text.tsx";
import css from "./raw.module.css";

/** Members that are drawn at a time, however many a stranger wrote. */
const AT_A_TIME = 100;
/** A longer text is opened like a list. */
const LONG_TEXT = 160;
/** Characters of it that are seen before. */
const BEGINNING = 40;
/** Bytes that an evidence file may have, and with that whatever is in it. */
const MAX_BYTES = 8 * 1024 * 1024;

/** A JSON document as a tree; every branch is drawn when it is opened. What is no JSON is shown as the text that it is. */
export function JsonTree({ text }: { readonly text: string }): ReactElement {
  const [parsed] = useState(() => parseStrictJson(text, { maxBytes: MAX_BYTES }));
  if (!parsed.ok) return <RawText text={text} name={TEXT.hexView.json} />;
  const members = membersOf(parsed.value);
  return (
    <div className={css["tree"]}>
      {members === null ? <Scalar value={parsed.value} /> : <Members members={members} />}
    </div>
  );
}

type Member = readonly [name: string, value: JsonValue];

/** What can be opened in a value; null where it is none that has members. */
function membersOf(value: JsonValue): readonly Member[] | null {
  if (isJsonObject(value)) return [...value];
  return Array.isArray(value) ? value.map((member: JsonValue, index) => [String(index), member]) : null;
}

function Members({ members }: { readonly members: readonly Member[] }): ReactElement {
  const [shown, setShown] = useState(AT_A_TIME);
  return (
    <>
      <ul>
        {members.slice(0, shown).map(([name, value]) => (
          <li key={name}>
            <Branch name={name} value={value} />
          </li>
        ))}
      </ul>
      {shown < members.length && (
        <button type="button" onClick={() => setShown(shown + AT_A_TIME)}>
          {TEXT.hexView.more(Math.min(AT_A_TIME, members.length - shown), members.length - shown)}
        </button>
      )}
    </>
  );
}

function Branch({ name, value }: { readonly name: string; readonly value: JsonValue }): ReactElement {
  const label = <code className={css["key"]}>{printable(name)}:</code>;
  const members = membersOf(value);
  if (members !== null && members.length > 0) {
    const count = Array.isArray(value) ? TEXT.hexView.items(members.length) : TEXT.hexView.fields(members.length);
    return (
      <LazyDetails
        summary={
          <>
            {label} <small>{count}</small>
          </>
        }
      >
        {() => <Members members={members} />}
      </LazyDetails>
    );
  }
  if (typeof value === "string" && value.length > LONG_TEXT) {
    return (
      <LazyDetails
        summary={
          <>
            {label} <code>{printable(JSON.stringify(value.slice(0, BEGINNING)))}…</code>{" "}
            <small>{TEXT.hexView.characters(value.length)}</small>
          </>
        }
      >
        {() => <RawText text={value} name={printable(name)} />}
      </LazyDetails>
    );
  }
  return (
    <>
      {label} <Scalar value={value} />
    </>
  );
}

/** A value without members, as JSON spells it. */
function Scalar({ value }: { readonly value: JsonValue }): ReactElement {
  if (typeof value === "object" && value !== null && "kind" in value) return <code>{value.text}</code>;
  if (isJsonObject(value)) return <code>{"{}"}</code>;
  return <code>{printable(JSON.stringify(value))}</code>;
}
