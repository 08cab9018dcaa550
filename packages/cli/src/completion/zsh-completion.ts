import { nodesOf, type CommandNode, type WordKind } from "./command-tree.ts";

/** Text between zsh's single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Text inside a specification, where colons and brackets have a meaning. */
function described(text: string): string {
  return text.replaceAll(/[:[\]\\]/g, (character) => `\\${character}`);
}

/** The action of `_arguments` for a word. */
function action(word: WordKind): string {
  if (word.kind === "file") return "_files";
  if (word.kind === "directory") return "_files -/";
  if (word.kind === "choice") return `(${word.choices.join(" ")})`;
  return " ";
}

function branch(node: CommandNode): string {
  const flags = node.flags.map(({ name, brief, value }) =>
    value === null
      ? quoted(`${name}[${described(brief)}]`)
      : quoted(`${name}=[${described(brief)}]:value:${action(value)}`),
  );
  const children = node.children.map(({ path, brief }) => quoted(`${path.at(-1) ?? ""}:${described(brief)}`));
  const rest =
    children.length > 0
      ? [quoted("*:: :->command")]
      : node.argument === null
        ? []
        : [quoted(`*:argument:${action(node.argument)}`)];
  const describe = children.length === 0 ? "" : `\n      commands=(${children.join(" ")})`;
  return `    ${quoted(node.path.map((word) => `/${word}`).join(""))})${describe}\n      _arguments -S : ${[...flags, ...rest].join(" ")} ;;`;
}

/** A completion script for zsh, for `source` after `compinit` or a file `_mero-tee` in `$fpath`. */
export function zshCompletion(root: CommandNode): string {
  const nodes = nodesOf(root);
  const routes = nodes.flatMap(({ path }) => (path.length === 0 ? [] : [`/${path.join("/")}`]));
  return `#compdef mero-tee
# zsh completion for mero-tee: source <(mero-tee completion zsh)
_mero-tee() {
  local route='' word state
  local -a commands
  integer index depth=1
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    case $route/$word in
      (${routes.join(" | \\\n      ")})
        route=$route/$word
        depth=$index ;;
    esac
  done
  # What is left of the line is what the command itself would see.
  words=(mero-tee "\${(@)words[depth + 1, -1]}")
  ((CURRENT -= depth - 1))
  case $route in
${nodes
  .map(branch)
  .join("\n")
  .replaceAll(/^ {4}'/gm, "    ('")}
  esac
  [[ $state != command ]] || _describe -t commands command commands
}
compdef _mero-tee mero-tee
`;
}
