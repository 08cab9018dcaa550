import { styleText } from "node:util";

import { type Environment, readVariable } from "./environment.ts";

/** The few styles that the output uses; each is the identity when colour is off. Colour never carries a verdict alone. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

/** What decides about colour besides the environment. */
export interface ColourStream {
  readonly isTTY?: boolean | undefined;
}

/**
 * Whether a stream gets colour: `FORCE_COLOR` decides first (`0` and `false` force it off), then a non-empty `NO_COLOR`,
 * then whether the stream is a terminal that is not `dumb`.
 *
 * Source: no-color.org; Node.js documentation of `util.styleText` (precedence of `FORCE_COLOR`).
 */
export function wantsColour(stream: ColourStream, environment: Environment): boolean {
  const forced = readVariable(environment, "FORCE_COLOR");
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  const refused = readVariable(environment, "NO_COLOR");
  if (refused !== undefined && refused !== "") return false;
  return stream.isTTY === true && readVariable(environment, "TERM") !== "dumb";
}

/** The styles for a stream. */
export function createPaint(colour: boolean): Paint {
  const style =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      // The decision about the stream is `wantsColour`'s, made with the environment that was passed in.
      colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    good: style("green"),
    bad: style(["bold", "red"]),
    warn: style("yellow"),
    dim: style("dim"),
    strong: style("bold"),
  };
}
