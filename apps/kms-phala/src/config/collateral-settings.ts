import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { SERVICE_URL } from "./service-url.ts";
import type { SettingForm } from "./setting.ts";
import type { SettingsReader } from "./settings.ts";

/** One place that collateral comes from. */
export type CollateralOrigin =
  | { readonly kind: "intel" }
  | { readonly kind: "pccs"; readonly url: string }
  | { readonly kind: "files"; readonly directory: string };

/** Where collateral comes from. */
export interface CollateralSettings {
  /** In the order in which they are asked; never empty. */
  readonly origins: readonly CollateralOrigin[];
  /** File with the certificates (PEM) that those of the PCCS must lead to, or null for those of the system. */
  readonly pccsCaFile: string | null;
}

// More would leave each too little of the time that a key release has.
const MAX_PCCS = 3;
const WORDS = ["pccs", "intel", "files"] as const;

/** The name of a kind of source. */
export type CollateralWord = (typeof WORDS)[number];

/** Up to three different addresses of collateral services. */
export const PCCS_URLS: SettingForm<readonly string[]> = {
  words: `comma list of up to ${MAX_PCCS} https URLs`,
  parse: parseCollateralUrls,
};

/** An order of sources, each once. */
export const COLLATERAL_ORDER: SettingForm<readonly CollateralWord[]> = {
  words: `comma list of ${WORDS.map((word) => `\`${word}\``).join(", ")}`,
  parse: parseOrder,
};

/** Reads where collateral comes from: the PCCS if there is one, else Intel, and then files if there are any. */
export function readCollateralSettings(settings: SettingsReader): CollateralSettings {
  const urls = settings.value("PCCS_URL");
  const pccsCaFile = settings.value("PCCS_CA_FILE");
  const directory = settings.value("COLLATERAL_DIR");
  const order = settings.value("COLLATERAL_SOURCES");
  const given: Readonly<Record<CollateralWord, readonly CollateralOrigin[]>> = {
    intel: [{ kind: "intel" }],
    pccs: (urls ?? []).map((url) => ({ kind: "pccs", url })),
    files: directory === null ? [] : [{ kind: "files", directory }],
  };
  if (order !== null) refuseContradictions(settings, order);
  if (pccsCaFile !== null && !(urls ?? []).some((url) => url.startsWith("https:"))) {
    settings.warn("PCCS_CA_FILE is not used without an https PCCS_URL");
  }
  const words = order ?? (urls === null ? (["intel", "files"] as const) : (["pccs", "files"] as const));
  return { origins: words.flatMap((word) => given[word]), pccsCaFile };
}

// A source that is named and not given, or given and not named, is not what the operator believes to have.
function refuseContradictions(settings: SettingsReader, order: readonly CollateralWord[]): void {
  const variables = { pccs: "PCCS_URL", files: "COLLATERAL_DIR" } as const;
  for (const word of ["pccs", "files"] as const) {
    const isSet = settings.text(variables[word]) !== undefined;
    if (order.includes(word) && !isSet) {
      settings.refuse("setting-conflict", "COLLATERAL_SOURCES", `names ${word}, but ${variables[word]} is not set`);
    }
    if (!order.includes(word) && isSet) {
      settings.refuse("setting-conflict", variables[word], `is set, but COLLATERAL_SOURCES does not name ${word}`);
    }
  }
}

function parseCollateralUrls(text: string): Result<readonly string[], string> {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > MAX_PCCS) return err(`must name ${MAX_PCCS} addresses at most`);
  const urls: string[] = [];
  for (const entry of entries) {
    const url = SERVICE_URL.parse(entry);
    if (!url.ok) return err(entries.length === 1 ? url.error : `entry ${urls.length + 1} ${url.error}`);
    if (urls.includes(url.value)) return err("must name each address once");
    urls.push(url.value);
  }
  return ok(urls);
}

function parseOrder(text: string): Result<readonly CollateralWord[], string> {
  const order: CollateralWord[] = [];
  for (const entry of text.split(",").map((each) => each.trim().toLowerCase())) {
    const word = WORDS.find((each) => each === entry);
    if (word === undefined || order.includes(word))
      return err(`must be a comma list of ${WORDS.join(", ")}, each once`);
    order.push(word);
  }
  return ok(order);
}
