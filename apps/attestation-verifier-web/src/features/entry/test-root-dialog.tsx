import { useId, useRef, useState, type ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { readPemCertificate } from "../../pem-certificate.ts";
import { useCheck } from "../../use-check.ts";
import css from "./entry.module.css";

/** Far above what a certificate takes. */
const PEM_LIMIT_BYTES = 65_536;

/**
 * Lets a developer judge evidence of a simulated platform with this build. It takes a typed word, holds for this tab only, and
 * turns everything that comes out into a simulated result.
 */
export function TestRootDialog(): ReactElement | null {
  const { session } = usePage();
  useCheck();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [word, setWord] = useState("");
  const [complaint, setComplaint] = useState("");
  if (BUILD.flavour === "sim") return null;
  if (session.testRoot() !== null) {
    return (
      <p className={css["hint"]}>
        {TEXT.testRoot.loaded}{" "}
        <button type="button" className={css["quiet"]} onClick={() => session.setTestRoot(null)}>
          {TEXT.testRoot.unload}
        </button>
      </p>
    );
  }
  async function load(file: File | undefined): Promise<void> {
    const rootDer = file === undefined || file.size > PEM_LIMIT_BYTES ? null : readPemCertificate(await file.text());
    if (rootDer === null) return setComplaint(TEXT.testRoot.refused);
    dialog.current?.close();
    session.setTestRoot({ rootDer });
  }
  return (
    <>
      <p>
        <button type="button" className={css["quiet"]} onClick={() => dialog.current?.showModal()}>
          {TEXT.testRoot.open}
        </button>
      </p>
      <dialog ref={dialog} className={css["dialog"]} aria-labelledby={`${id}-title`}>
        <h2 id={`${id}-title`}>{TEXT.testRoot.open}</h2>
        <p>{TEXT.testRoot.explain}</p>
        <label htmlFor={`${id}-word`}>{TEXT.testRoot.label}</label>
        <input id={`${id}-word`} autoComplete="off" value={word} onChange={(event) => setWord(event.target.value)} />
        <label htmlFor={`${id}-file`}>{TEXT.testRoot.file}</label>
        <input
          id={`${id}-file`}
          type="file"
          disabled={word !== TEXT.testRoot.word}
          onChange={(event) => void load(event.target.files?.[0])}
        />
        <p role="alert" className={css["complaint"]}>
          {complaint}
        </p>
        <button type="button" className={css["secondary"]} onClick={() => dialog.current?.close()}>
          {TEXT.report.cancel}
        </button>
      </dialog>
    </>
  );
}
