import { useEffect, type ReactElement } from "react";

import { GLOSSARY } from "../../glossary.ts";
import { LEARN } from "../../learn-text.ts";
import { TEXT } from "../../messages.ts";
import { placeOf } from "../../route.ts";
import reading from "../../ui/reading-page.module.css";
import css from "./learn.module.css";

/** What the proof is and where it ends, and the words of the field. */
export function LearnScreen(): ReactElement {
  // The screen is drawn after the address is there: a browser that looks for the place by itself does not find it.
  useEffect(() => {
    document.getElementById(placeOf(location.hash) ?? "")?.scrollIntoView();
  }, []);
  return (
    <div className={`${reading["page"]} ${css["page"]}`}>
      <h1>{LEARN.title}</h1>
      {LEARN.sections.map(({ title, paragraphs }) => (
        <section key={title}>
          <h2>{title}</h2>
          {paragraphs.map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </section>
      ))}
      <section>
        <h2>{LEARN.limits}</h2>
        <ul>
          {TEXT.limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      </section>
      <section>
        <h2>{TEXT.glossary.title}</h2>
        <dl className={css["words"]}>
          {GLOSSARY.map(({ id, name, meaning }) => (
            <div key={id} id={id}>
              <dt>{name}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
