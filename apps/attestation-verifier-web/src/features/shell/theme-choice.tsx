import { useState, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { applyTheme, readTheme, THEMES, type Theme } from "../../theme-store.ts";
import css from "./shell.module.css";

/** Light, dark, or what the system says. */
export function ThemeChoice(): ReactElement {
  const [theme, setTheme] = useState<Theme>(readTheme);
  function choose(value: string): void {
    const chosen = THEMES.find((known) => known === value) ?? "system";
    setTheme(chosen);
    applyTheme(chosen);
  }
  return (
    <label className={css["theme"]}>
      <span>{TEXT.site.theme}</span>
      <select value={theme} onChange={(event) => choose(event.target.value)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {TEXT.site.themes[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
