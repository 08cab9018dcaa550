import { parseProfileOption } from "../profile-option.ts";
import { createMeroTee, realWorld } from "../release/mero-tee.ts";
import { Misuse, needed } from "../script-outcome.ts";
import type { Patience } from "./machine-client.ts";
import type { Probe } from "./probe.ts";

/** Time between two looks at a machine that is not up yet. */
const PAUSE_MS = 5_000;

/** What every script that probes a machine is told. `--tries`: how often to look for one that is not up yet, five seconds apart. */
export const PROBE_OPTIONS = {
  url: { type: "string" },
  profile: { type: "string" },
  out: { type: "string" },
  "machine-type": { type: "string" },
  tries: { type: "string", default: "90" },
} as const;

/**
 * Reads what a script that probes a machine was told. A second opinion is demanded wherever there is a key to ask for one.
 *
 * @param machineType - unless it was told
 * @throws Misuse with one sentence
 */
export function readProbe(
  values: { readonly [K in Exclude<keyof typeof PROBE_OPTIONS, "tries">]?: string | undefined } & {
    readonly tries: string;
  },
  machineType: string,
): Probe {
  if (!/^[1-9]\d{0,3}$/.test(values.tries)) throw new Misuse("--tries is a number from 1 to 9999.");
  const patience: Patience = { tries: Number(values.tries), pauseMs: PAUSE_MS };
  const world = realWorld(process.env);
  return {
    meroTee: createMeroTee(world),
    fetch: world.fetch,
    url: needed(values.url, "url").replace(/\/+$/, ""),
    profile: parseProfileOption(values.profile),
    machineType: values["machine-type"] ?? machineType,
    out: needed(values.out, "out"),
    needsSecondOpinion: (process.env["ITA_API_KEY"] ?? "") !== "",
    patience,
  };
}
