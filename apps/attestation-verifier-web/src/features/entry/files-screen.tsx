import type { AttesterKind, RecognisedInput } from "@mero-tee/appraisal";
import { useId, useMemo, useState, type FormEvent, type ReactElement } from "react";

import { addText, EMPTY_BASKET, FILE_LIMIT_BYTES, removeFile } from "../../basket.ts";
import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { printable } from "../../printable.ts";
import { useLoaded } from "../../use-loaded.ts";
import css from "./entry.module.css";
import { read32Bytes, readApplicationHash, readExpectation } from "./expectation.ts";
import { FilePicker } from "./file-picker.tsx";
import { KeepChoice, useKeeping } from "./keep-choice.tsx";
import { type OptionFields, OptionsForm } from "./options-form.tsx";
import { TestRootDialog } from "./test-root-dialog.tsx";

const KINDS = ["unknown", "kms", "node"] as const;
const NO_OPTIONS: OptionFields = {
  tag: "",
  profile: "",
  binding: "",
  applicationId: "",
  applicationHash: "",
  isStrict: false,
  asksIntel: false,
};
const NO_INPUTS: readonly RecognisedInput[] = [];
const HAS_NETWORK = BUILD.flavour !== "single";

/** Evidence that the reader has: recognised as it comes, judged on this device. */
export function FilesScreen(): ReactElement {
  const page = usePage();
  const { basket, setBasket, session } = page;
  const id = useId();
  const [pasted, setPasted] = useState("");
  const [kind, setKind] = useState<AttesterKind | null>(null);
  const [nonce, setNonce] = useState("");
  const [fetches, setFetches] = useState(false);
  const [fields, setFields] = useState(NO_OPTIONS);
  const [complaint, setComplaint] = useState<string | null>(null);
  const [isKeeping, keep] = useKeeping();
  const inputs = useRecognised();

  async function takeText(text: string): Promise<void> {
    const next = await addText(basket, TEXT.input.pastedName, text);
    setBasket(next);
    if (next.refusals.length === 0) setPasted("");
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (basket.files.length === 0) return setComplaint(TEXT.input.empty);
    const expected = readExpectation(fields);
    if (!expected.ok) return setComplaint(expected.error);
    const nonceHex = nonce.trim() === "" ? null : read32Bytes(nonce.trim());
    if (nonce.trim() !== "" && nonceHex === null) return setComplaint(TEXT.input.badNonce);
    const applicationHash = readApplicationHash(kind === "node" ? fields.applicationHash : "");
    if (!applicationHash.ok) return setComplaint(applicationHash.error);
    session.check({
      origin: "file",
      kind,
      files: basket.files,
      expected: expected.value,
      nonceHex,
      applicationHashHex: applicationHash.value,
      fetchesMissing: HAS_NETWORK && fetches,
    });
    page.go("/report");
  }

  return (
    <div className={css["screen"]}>
      <h1>{TEXT.offline.title}</h1>
      <p className={css["promise"]}>{TEXT.offline.promise}</p>
      <form className={css["card"]} onSubmit={submit} noValidate>
        <FilePicker />
        <label htmlFor={`${id}-paste`}>{TEXT.offline.paste}</label>
        <textarea
          id={`${id}-paste`}
          rows={3}
          spellCheck={false}
          autoComplete="off"
          placeholder={TEXT.offline.pasteHint}
          value={pasted}
          onPaste={(event) => {
            // A whole paste becomes a file at once: a field with megabytes in it would stop the page.
            event.preventDefault();
            void takeText(event.clipboardData.getData("text"));
          }}
          onChange={(event) => setPasted(event.target.value.slice(0, FILE_LIMIT_BYTES))}
        />
        {pasted.trim() !== "" && (
          <button type="button" className={css["secondary"]} onClick={() => void takeText(pasted)}>
            {TEXT.offline.addText}
          </button>
        )}
        <h2>{TEXT.offline.recognised}</h2>
        <div role="status">
          {basket.refusals.map((refusal) => (
            <p key={refusal} className={css["complaint"]}>
              {printable(refusal)}
            </p>
          ))}
          {basket.files.length === 0 && <p className={css["hint"]}>{TEXT.offline.nothing}</p>}
        </div>
        <ul className={css["basket"]}>
          {basket.files.map((file, index) => (
            // Two files may have one name; the place tells them apart.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <div>
                <span>{printable(inputs[index]?.sentence ?? file.name)}</span>
                {inputs[index] !== undefined && <code>SHA-256 {inputs[index].sha256}</code>}
              </div>
              <button type="button" className={css["quiet"]} onClick={() => setBasket(removeFile(basket, file))}>
                {TEXT.offline.remove}
              </button>
            </li>
          ))}
        </ul>
        <fieldset className={css["kinds"]}>
          <legend>{TEXT.entry.kindLegend}</legend>
          {KINDS.map((value) => (
            <label key={value}>
              <input
                type="radio"
                name={`${id}-kind`}
                checked={(kind ?? "unknown") === value}
                onChange={() => setKind(value === "unknown" ? null : value)}
              />
              {TEXT.entry.kinds[value]}
            </label>
          ))}
        </fieldset>
        <label htmlFor={`${id}-nonce`}>{TEXT.offline.nonce}</label>
        <input
          id={`${id}-nonce`}
          maxLength={80}
          spellCheck={false}
          autoComplete="off"
          value={nonce}
          aria-describedby={`${id}-nonce-hint`}
          onChange={(event) => setNonce(event.target.value)}
        />
        <p id={`${id}-nonce-hint`} className={css["hint"]}>
          {TEXT.offline.nonceHint}
        </p>
        {HAS_NETWORK && (
          <div className={css["tickRow"]}>
            <input
              id={`${id}-fetch`}
              type="checkbox"
              checked={fetches}
              onChange={(event) => setFetches(event.target.checked)}
            />
            <label htmlFor={`${id}-fetch`}>{TEXT.offline.fetch}</label>
          </div>
        )}
        {HAS_NETWORK && <KeepChoice isKeeping={isKeeping} onChange={keep} />}
        <OptionsForm kind={kind} isLive={false} fields={fields} onChange={setFields} />
        {complaint !== null && (
          <p role="alert" className={css["complaint"]}>
            {complaint}
          </p>
        )}
        <button type="submit" className={css["primary"]}>
          {TEXT.offline.check}
        </button>
        <p className={css["privacy"]}>
          {HAS_NETWORK && fetches
            ? TEXT.entry.privacyFileNet(isKeeping)
            : isKeeping
              ? TEXT.entry.privacyFileKept
              : TEXT.entry.privacyFile}
        </p>
      </form>
      <TestRootDialog />
      {basket.files.length > 0 && (
        <p>
          <button type="button" className={css["quiet"]} onClick={() => setBasket(EMPTY_BASKET)}>
            {TEXT.offline.clear}
          </button>
        </p>
      )}
    </div>
  );
}

/** What the worker recognises in the basket, in the order of its files. */
function useRecognised(): readonly RecognisedInput[] {
  const { basket, session } = usePage();
  const { files } = basket;
  const load = useMemo(
    () => (files.length === 0 ? null : async () => await session.recognise(files)),
    [files, session],
  );
  return useLoaded(load, NO_INPUTS);
}
