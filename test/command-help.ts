import { meroTee } from "./mero-tee.ts";

/** A flag with its default, empty where it has none. */
interface Flag {
  readonly name: string;
  readonly fallback: string;
}

/** What the command itself says about one command. */
export interface CommandHelp {
  readonly name: string;
  readonly usage: string;
  readonly flags: readonly Flag[];
}

/** The help of a command or group, with what was broken for a terminal on one line again. */
async function helpOf(path: readonly string[]): Promise<string> {
  const { stdout } = await meroTee([...path, "--help"]);
  return stdout.replaceAll(/\n {8,}(?=\S)/g, " ");
}

/** The names of a group's commands, none for a command. */
function namesIn(help: string): readonly string[] {
  const list = help.split("\nCOMMANDS\n")[1] ?? "";
  return list.split("\n").flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
}

function flagsIn(help: string): readonly Flag[] {
  const lines = (help.split("\nFLAGS\n")[1] ?? "").split("\n\n")[0]?.split("\n") ?? [];
  return lines.flatMap((line) => {
    const name = /^ +(?:-[a-z] +)?\[?(--[a-z][a-z-]*)\]?(?:\.\.\.)? /.exec(line)?.[1];
    if (name === undefined || / {2}Print (?:this help|the version) and exit/.test(line)) return [];
    return [{ name, fallback: /default = (?<value>[^\]]+)\]$/.exec(line)?.groups?.["value"] ?? "" }];
  });
}

/** Every command below a path, as `--help` shows the way to it. */
export async function commandsBelow(path: readonly string[]): Promise<readonly CommandHelp[]> {
  const help = await helpOf(path);
  const names = namesIn(help);
  if (names.length > 0) {
    const below = await Promise.all(names.map((name) => commandsBelow([...path, name])));
    return below.flat();
  }
  const usage = /^USAGE\n {2}(?<line>.+)$/m.exec(help)?.groups?.["line"] ?? "";
  return [{ name: `mero-tee ${path.join(" ")}`, usage, flags: flagsIn(help) }];
}
