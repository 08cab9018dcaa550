import { nodesOf, type CommandNode, type WordKind } from "./command-tree.ts";

/** Text between fish's single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** What follows a flag or stands alone; `-x` is an argument that is no file, `-r` one that may be. */
function offer(word: WordKind): string {
  if (word.kind === "file") return " -r -F";
  if (word.kind === "directory") return ` -x -a ${quoted("(__fish_complete_directories)")}`;
  if (word.kind === "choice") return ` -x -a ${quoted(word.choices.join(" "))}`;
  return " -x";
}

/** A completion script for fish, for `source` or a file in `~/.config/fish/completions`. */
export function fishCompletion(root: CommandNode): string {
  const nodes = nodesOf(root);
  const routes = nodes.flatMap(({ path }) => (path.length === 0 ? [] : [`/${path.join("/")}`]));
  const lines = nodes.flatMap((node) => {
    const at = `complete -c mero-tee -n "__mero_tee_at '${node.path.map((word) => `/${word}`).join("")}'"`;
    const children = node.children.map(
      ({ path, brief }) => `${at} -a ${quoted(path.at(-1) ?? "")} -d ${quoted(brief)}`,
    );
    const flags = node.flags.map(
      ({ name, brief, value }) =>
        `${at} -l ${quoted(name.slice(2))} -d ${quoted(brief)}${value === null ? "" : offer(value)}`,
    );
    const argument = node.argument;
    const files =
      argument === null || argument.kind === "text" ? [] : [`${at}${offer(argument).replace(/^ -[rx]/, "")}`];
    return [...children, ...flags, ...files];
  });
  return `# fish completion for mero-tee: mero-tee completion fish | source
function __mero_tee_at
  set -l route ''
  for word in (commandline -opc)[2..-1]
    switch "$route/$word"
      case ${routes.map(quoted).join(" \\\n        ")}
        set route "$route/$word"
    end
  end
  test "$route" = "$argv[1]"
end
complete -c mero-tee -f
${lines.join("\n")}
`;
}
