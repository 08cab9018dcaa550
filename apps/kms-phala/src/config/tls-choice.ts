import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";
import type { SettingsReader } from "./settings.ts";

/** Where TLS ends: before the service, or inside it under names that its certificate carries. */
export type TlsChoice = { readonly mode: "off" } | { readonly mode: "dstack"; readonly names: readonly string[] };

const MODES = ["off", "dstack"] as const;
const MAX_NAMES = 16;
const MAX_NAME_CHARACTERS = 253;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** Where TLS ends, as a word. */
export type TlsMode = (typeof MODES)[number];

/** `off` or `dstack`, trimmed, in any case. */
export const TLS_MODE: SettingForm<TlsMode> = {
  words: MODES.map((mode) => `\`${mode}\``).join(", "),
  parse: parseTlsMode,
};

function parseTlsMode(text: string): Result<TlsMode, string> {
  const word = text.trim().toLowerCase();
  const mode = MODES.find((known) => known === word);
  return mode === undefined ? err(`must be one of ${MODES.join(", ")}`) : ok(mode);
}

/**
 * A comma list of 1 to 16 different DNS names in lower case. Addresses and wildcards are refused: the guest agent
 * certifies names, and nodes are given one.
 */
export const SERVER_NAMES: SettingForm<readonly string[]> = {
  words: `comma list of up to ${MAX_NAMES} DNS names`,
  parse: parseServerNames,
};

function parseServerNames(text: string): Result<readonly string[], string> {
  const names = text.split(",").map((name) => name.trim());
  const areNames = names.every(
    // A last label of digits makes an IPv4 address, or something that URL parsers take for one.
    (name) => name.length <= MAX_NAME_CHARACTERS && DNS_NAME.test(name) && !/(?:^|\.)[0-9]+$/.test(name),
  );
  if (!areNames || names.length > MAX_NAMES || new Set(names).size !== names.length) {
    return err(`must be a comma list of up to ${MAX_NAMES} DNS names in lower case, such as kms.example`);
  }
  return ok(names);
}

/** Reads where TLS ends. Names without TLS, and TLS without names, are half of a decision and refused. */
export function chooseTls(settings: SettingsReader): TlsChoice {
  const mode = settings.value("TLS_MODE");
  const names = settings.value("TLS_SERVER_NAMES") ?? [];
  const areNamesSet = settings.text("TLS_SERVER_NAMES") !== undefined;
  if (mode === "dstack" && !areNamesSet) {
    settings.refuse("setting-conflict", "TLS_SERVER_NAMES", "must name the server where TLS_MODE is dstack");
  }
  if (mode === "off" && areNamesSet) {
    settings.refuse("setting-conflict", "TLS_SERVER_NAMES", "is of no use unless TLS_MODE is dstack");
  }
  return mode === "off" ? { mode } : { mode, names };
}
