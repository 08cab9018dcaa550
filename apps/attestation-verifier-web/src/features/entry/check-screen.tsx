import { useId, useRef, useState, type ClipboardEvent, type FormEvent, type ReactElement } from "react";

import { addText, EMPTY_BASKET, FILE_LIMIT_BYTES } from "../../basket.ts";
import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { linkOf } from "../../permalink.ts";
import { printable } from "../../printable.ts";
import { recogniseAddress, type TargetKind } from "../../target-address.ts";
import type { LiveCheck } from "../../worker/protocol.ts";
import css from "./entry.module.css";
import { Examples } from "./examples.tsx";
import { NO_APPLICATION, readApplication, readExpectation } from "./expectation.ts";
import { FilePicker } from "./file-picker.tsx";
import { KeepChoice, useKeeping } from "./keep-choice.tsx";
import { type OptionFields, OptionsForm } from "./options-form.tsx";

interface CheckScreenProps {
  readonly route: "/" | "/kms" | "/node";
}

/** Longer texts are not addresses; pasted ones become a file and never enter the field. */
const FIELD_LIMIT = 4096;

/** One field for an address; what is pasted or dropped goes to the files. */
export function CheckScreen({ route }: CheckScreenProps): ReactElement {
  const page = usePage();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(page.link.url ?? "");
  const [complaint, setComplaint] = useState<string | null>(null);
  const [fields, setFields] = useState<OptionFields>(() => ({
    tag: page.link.tag ?? "",
    profile: page.link.profile ?? "",
    binding: page.link.binding ?? "",
    applicationId: "",
    applicationHash: "",
    isStrict: false,
    asksIntel: true,
  }));

  const [isKeeping, keep] = useKeeping();
  const reading = recogniseAddress(text);
  const fixedKind: TargetKind | null = route === "/kms" ? "kms" : route === "/node" ? "node" : null;
  const likely = page.link.kind ?? (reading.kind === "address" ? reading.likely : null);
  const kind = fixedKind ?? likely;

  async function takeAsFile(pasted: string): Promise<void> {
    page.setBasket(await addText(EMPTY_BASKET, TEXT.input.pastedName, pasted));
    page.go("/offline");
  }

  function onPaste(event: ClipboardEvent): void {
    const pasted = event.clipboardData.getData("text");
    if (pasted.length <= FIELD_LIMIT && !/[\n{[]/.test(pasted.trim())) return;
    event.preventDefault();
    if (pasted.length > FILE_LIMIT_BYTES) setComplaint(TEXT.input.tooLarge(TEXT.input.pastedName, pasted.length));
    else void takeAsFile(pasted);
  }

  function complain(sentence: string): void {
    setComplaint(sentence);
    field.current?.focus();
  }

  function run(asked: TargetKind): void {
    if (reading.kind === "refused") return complain(TEXT.refusals[reading.reason]);
    if (reading.kind === "none") return complain(text.trim() === "" ? TEXT.input.empty : TEXT.input.unknown);
    if (asked === "kms" && !reading.url.startsWith("https:") && BUILD.flavour !== "sim") {
      return complain(TEXT.input.kmsNeedsHttps);
    }
    const expected = readExpectation(asked === "node" ? { ...fields, binding: "" } : fields);
    if (!expected.ok) return complain(expected.error);
    const application = readApplication(asked === "node" ? fields : NO_APPLICATION);
    if (!application.ok) return complain(application.error);
    const check: LiveCheck = {
      origin: "live",
      kind: asked,
      url: reading.url,
      expected: expected.value,
      ...application.value,
      asksIntel: fields.asksIntel,
    };
    page.session.check(check);
    page.go("/report", linkOf(check, BUILD.flavour === "sim"));
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    // What is neither an address nor refused as one may be evidence in one line: hex or base64 of a quote.
    if (reading.kind === "none" && text.trim().length > 200) void takeAsFile(text.trim());
    else run(kind ?? "kms");
  }

  const seen = describeReading(reading, fixedKind);
  return (
    <div className={css["screen"]}>
      <h1>{TEXT.entry[route].title}</h1>
      <p className={css["promise"]}>{TEXT.entry[route].promise}</p>
      <form className={css["card"]} onSubmit={submit} noValidate>
        <label htmlFor={`${id}-target`}>{TEXT.entry.label[route]}</label>
        <div className={css["line"]}>
          <input
            id={`${id}-target`}
            ref={field}
            className={css["target"]}
            type="text"
            inputMode="url"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={FIELD_LIMIT}
            placeholder={TEXT.entry.placeholder[route]}
            value={text}
            aria-invalid={complaint !== null}
            aria-describedby={`${id}-seen ${id}-privacy`}
            onPaste={onPaste}
            onChange={(event) => {
              setText(event.target.value);
              setComplaint(null);
            }}
          />
          <CheckButtons fixedKind={fixedKind} likely={likely} onRun={run} />
        </div>
        <div id={`${id}-seen`} className={css["seen"]} role="status">
          {complaint === null ? seen : <span className={css["complaint"]}>{complaint}</span>}
          {reading.kind === "refused" && reading.suggestion !== null && (
            <button type="button" className={css["quiet"]} onClick={() => setText(reading.suggestion ?? text)}>
              {TEXT.input.takeInstead} {printable(reading.suggestion)}
            </button>
          )}
        </div>
        {route === "/" && <FilePicker />}
        <OptionsForm kind={kind} isLive fields={fields} onChange={setFields}>
          <KeepChoice isKeeping={isKeeping} onChange={keep} />
        </OptionsForm>
        <p id={`${id}-privacy`} className={css["privacy"]}>
          {TEXT.entry.privacyUrl(fields.asksIntel, isKeeping)}
        </p>
      </form>
      <Examples kind={fixedKind} onChoose={setText} />
    </div>
  );
}

interface CheckButtonsProps {
  readonly fixedKind: TargetKind | null;
  readonly likely: TargetKind | null;
  readonly onRun: (kind: TargetKind) => void;
}

/** One button where it is clear what is checked; two, the likelier first, where only the reader knows. */
function CheckButtons({ fixedKind, likely, onRun }: CheckButtonsProps): ReactElement {
  if (fixedKind !== null || likely === null) {
    return (
      <button type="submit" className={css["primary"]}>
        {TEXT.entry.check}
      </button>
    );
  }
  const other = likely === "kms" ? "node" : "kms";
  return (
    <>
      <button type="submit" className={css["primary"]}>
        {TEXT.entry.checkAs[likely]}
      </button>
      <button type="button" className={css["secondary"]} onClick={() => onRun(other)}>
        {TEXT.entry.checkAs[other]}
      </button>
    </>
  );
}

function describeReading(reading: ReturnType<typeof recogniseAddress>, fixedKind: TargetKind | null): string {
  if (reading.kind === "refused") return TEXT.refusals[reading.reason];
  if (reading.kind === "none") return "";
  const reads = reading.unicodeHost === null ? "" : ` ${printable(reading.unicodeHost)}`;
  return `${fixedKind === null ? TEXT.input.looksLike[reading.likely] : ""}${reads}`;
}
