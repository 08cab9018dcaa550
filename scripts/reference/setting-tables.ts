import { SETTINGS as KMS_SETTINGS } from "../../apps/kms-phala/src/config/kms-settings.ts";
import { SETTINGS as VERIFIER_SETTINGS } from "../../apps/verifier-api/src/config/verifier-settings.ts";
import { VARIABLES } from "../../packages/cli/src/environment.ts";
import { headingsOf } from "../../test/markdown.ts";
import { markdownTable } from "./generated-block.ts";

/** The tables of docs/configuration.md by their names. */
export function configurationTables(page: string): Readonly<Record<string, string>> {
  return { "settings of the KMS": kmsTable(page), pins: pinTable(), "variables of the command": commandTable() };
}

/** The tables of docs/verifier-api.md by their names. */
export function verifierTables(page: string): Readonly<Record<string, string>> {
  const rows = Object.entries(VERIFIER_SETTINGS).map(([name, setting]) => [
    link(page, name),
    setting.form.words,
    fallbackCell(setting.fallback),
    setting.area,
    setting.decides,
  ]);
  return {
    "settings of the verifier": markdownTable(
      ["variable", "what may stand there", "default", "closes", "decides"],
      rows,
    ),
  };
}

function kmsTable(page: string): string {
  const rows = Object.entries(KMS_SETTINGS).map(([name, { form, fallback, pin, decides }]) => [
    link(page, name),
    form.words,
    fallbackCell(fallback),
    pin === null ? "" : pin.on === "any" ? "any pin" : `\`${pin.on}\``,
    decides,
  ]);
  return markdownTable(["variable", "what may stand there", "default", "limited by", "decides"], rows);
}

function pinTable(): string {
  const rows = Object.values(KMS_SETTINGS).flatMap(({ pin }) =>
    pin === null ? [] : [[pin.what, "allowed", pin.on === "any" ? "refused" : "allowed", "refused"]],
  );
  return markdownTable(["setting", "no pin", "`debug`, `debug-read-only`", "`locked-read-only`"], rows);
}

function commandTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, { form, decides }]) => [`\`${name}\``, form, decides]);
  return markdownTable(["variable", "what may stand there", "decides"], rows);
}

function fallbackCell(fallback: string | null): string {
  return fallback === null ? "unset" : `\`${fallback}\``;
}

/** A link to the section whose title names the variable; a variable without one is a mistake. */
function link(page: string, name: string): string {
  const heading = headingsOf(page).find(({ level, text }) => level === 3 && text.split(", ").includes(name));
  if (heading === undefined) throw new Error(`no section is about ${name}`);
  return `[\`${name}\`](#${heading.anchor})`;
}
