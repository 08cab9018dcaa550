import type { RouteMap } from "@stricli/core";

import type { CliContext } from "../context.ts";

/** What a word may be that follows a flag, or that stands alone. */
export type WordKind =
  | { readonly kind: "file" }
  | { readonly kind: "directory" }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  /** A version, an address, an instant: nothing that a shell could know. */
  | { readonly kind: "text" };

/** A flag as it is typed, with its dashes. */
interface FlagNode {
  readonly name: string;
  readonly brief: string;
  /** What follows it; null for a switch. */
  readonly value: WordKind | null;
}

/** A command or a group of commands, as a shell that completes has to know it. */
export interface CommandNode {
  /** The words behind `mero-tee`. */
  readonly path: readonly string[];
  readonly brief: string;
  readonly children: readonly CommandNode[];
  readonly flags: readonly FlagNode[];
  /** What its arguments are; null where it takes none. */
  readonly argument: WordKind | null;
}

type Target = ReturnType<RouteMap<CliContext>["getAllEntries"]>[number]["target"];
type LeafTarget = Exclude<Target, RouteMap<CliContext>>;

const HELP_FLAG: FlagNode = { name: "--help", brief: "Print this help and exit", value: null };

/** The tree of all commands, as the argument parser has it. */
export function commandTree(target: Target, path: readonly string[] = []): CommandNode {
  const node = { path, brief: target.brief };
  if (!("getAllEntries" in target)) return { ...node, children: [], ...leafWords(target) };
  const children = target
    .getAllEntries()
    .filter(({ hidden }) => !hidden)
    .map((entry) => commandTree(entry.target, [...path, entry.name["convert-camel-to-kebab"]]));
  // `mero-tee simulator` alone takes what its default command takes.
  const fallback = target.getDefaultCommand();
  const words = fallback === undefined ? { flags: [HELP_FLAG], argument: null } : leafWords(fallback);
  return { ...node, children, ...words };
}

/** Every node of a tree, each before those below it. */
export function nodesOf(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

function leafWords({ parameters }: LeafTarget): Pick<CommandNode, "flags" | "argument"> {
  const flags = Object.entries(parameters.flags ?? {})
    .filter(([, flag]) => flag.hidden !== true)
    .map(([name, flag]): FlagNode => ({ name: `--${kebab(name)}`, brief: flag.brief, value: valueOf(flag) }));
  const { positional } = parameters;
  const first = positional?.kind === "array" ? positional.parameter : positional?.parameters[0];
  return { flags: [...flags, HELP_FLAG], argument: first === undefined ? null : wordKind(first.placeholder) };
}

type Flag = NonNullable<LeafTarget["parameters"]["flags"]>[string];

function valueOf(flag: Flag): WordKind | null {
  if (flag.kind === "enum") return { kind: "choice", choices: flag.values };
  return flag.kind === "parsed" ? wordKind(flag.placeholder) : null;
}

function wordKind(placeholder = ""): WordKind {
  if (placeholder.includes("|")) return { kind: "choice", choices: placeholder.split("|") };
  if (placeholder === "DIR") return { kind: "directory" };
  return { kind: /FILE|^PATH$|^BUNDLE$/.test(placeholder) ? "file" : "text" };
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
