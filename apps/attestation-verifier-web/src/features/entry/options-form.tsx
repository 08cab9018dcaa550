import { PROFILES } from "@mero-tee/policy";
import { useId, useMemo, useState, type ReactElement, type ReactNode } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { Term } from "../../ui/term.tsx";
import { useLoaded } from "../../use-loaded.ts";
import type { ExpectationFields } from "./expectation.ts";
import css from "./entry.module.css";

const NO_TAGS: readonly string[] = [];

/** All optional fields of a check. */
export interface OptionFields extends ExpectationFields {
  readonly applicationId: string;
  readonly applicationHash: string;
  readonly asksIntel: boolean;
}

interface OptionsFormProps {
  readonly kind: "kms" | "node" | null;
  /** Whether a question will be sent somewhere; files are only read. */
  readonly isLive: boolean;
  readonly fields: OptionFields;
  readonly onChange: (fields: OptionFields) => void;
  /** Further choices, which are not part of the question. */
  readonly children?: ReactNode;
}

/** The optional fields: nobody needs them, and none can make a verdict better. */
export function OptionsForm({ kind, isLive, fields, onChange, children }: OptionsFormProps): ReactElement {
  const id = useId();
  const [isOpen, setIsOpen] = useState(fields.tag !== "" || fields.profile !== "" || fields.binding !== "");
  const tags = useTags(isOpen ? kind : null);
  return (
    <details className={css["options"]} open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{TEXT.entry.options}</summary>
      <div className={css["fields"]}>
        <div>
          <label htmlFor={`${id}-tag`}>{TEXT.entry.tag}</label>
          <input
            id={`${id}-tag`}
            list={`${id}-tags`}
            maxLength={64}
            spellCheck={false}
            autoComplete="off"
            placeholder={kind === "node" ? "mero-tee-v…" : "mero-kms-v…"}
            value={fields.tag}
            aria-describedby={`${id}-tag-hint`}
            onChange={(event) => onChange({ ...fields, tag: event.target.value })}
          />
          <datalist id={`${id}-tags`}>
            {tags.map((tag) => (
              <option key={tag}>{tag}</option>
            ))}
          </datalist>
          <p id={`${id}-tag-hint`}>{TEXT.entry.tagHint}</p>
        </div>
        <div>
          <label htmlFor={`${id}-profile`}>{TEXT.entry.profile}</label>
          <select
            id={`${id}-profile`}
            value={fields.profile}
            onChange={(event) => onChange({ ...fields, profile: event.target.value })}
          >
            <option value="">{TEXT.entry.anyProfile}</option>
            {PROFILES.toReversed().map((profile) => (
              <option key={profile}>{profile}</option>
            ))}
          </select>
        </div>
        {kind !== "node" && (
          <div>
            <label htmlFor={`${id}-binding`}>{TEXT.entry.binding}</label>
            <input
              id={`${id}-binding`}
              maxLength={80}
              spellCheck={false}
              autoComplete="off"
              value={fields.binding}
              aria-describedby={`${id}-binding-hint`}
              onChange={(event) => onChange({ ...fields, binding: event.target.value })}
            />
            <p id={`${id}-binding-hint`}>{TEXT.entry.bindingHint}</p>
          </div>
        )}
        {kind === "node" && isLive && (
          <div>
            <label htmlFor={`${id}-application`}>{TEXT.entry.application}</label>
            <input
              id={`${id}-application`}
              maxLength={128}
              spellCheck={false}
              autoComplete="off"
              value={fields.applicationId}
              aria-describedby={`${id}-application-hint`}
              onChange={(event) => onChange({ ...fields, applicationId: event.target.value })}
            />
            <p id={`${id}-application-hint`}>{TEXT.entry.applicationHint}</p>
          </div>
        )}
        {kind === "node" && (
          <div>
            <label htmlFor={`${id}-hash`}>
              {isLive ? TEXT.entry.applicationHash : TEXT.entry.applicationHashOfFile}
            </label>
            <input
              id={`${id}-hash`}
              maxLength={80}
              spellCheck={false}
              autoComplete="off"
              value={fields.applicationHash}
              aria-describedby={`${id}-hash-hint`}
              onChange={(event) => onChange({ ...fields, applicationHash: event.target.value })}
            />
            <p id={`${id}-hash-hint`}>
              {isLive ? TEXT.entry.applicationHashHint : TEXT.entry.applicationHashOfFileHint}
            </p>
          </div>
        )}
        {isLive && BUILD.flavour !== "single" && (
          <div className={css["tickRow"]}>
            <input
              id={`${id}-intel`}
              type="checkbox"
              checked={fields.asksIntel}
              aria-describedby={`${id}-intel-hint`}
              onChange={(event) => onChange({ ...fields, asksIntel: event.target.checked })}
            />
            <label htmlFor={`${id}-intel`}>{TEXT.entry.askIntel}</label>
            <p id={`${id}-intel-hint`}>{TEXT.entry.askIntelHint}</p>
          </div>
        )}
        <div className={css["tickRow"]}>
          <input
            id={`${id}-strict`}
            type="checkbox"
            checked={fields.isStrict}
            aria-describedby={`${id}-strict-hint`}
            onChange={(event) => onChange({ ...fields, isStrict: event.target.checked })}
          />
          <label htmlFor={`${id}-strict`}>{TEXT.entry.strict}</label>
          <p id={`${id}-strict-hint`}>
            <Term id="tcb-status">{TEXT.entry.strictWord}</Term>
            {TEXT.entry.strictHint}
          </p>
        </div>
        {children}
      </div>
    </details>
  );
}

/** The tags that the API lists, for the field's suggestions. Nothing is asked before the options are opened. */
function useTags(kind: "kms" | "node" | null): readonly string[] {
  const { session } = usePage();
  const load = useMemo(
    () => (kind === null || BUILD.flavour === "single" ? null : async () => await session.tags(kind)),
    [kind, session],
  );
  return useLoaded(load, NO_TAGS);
}
