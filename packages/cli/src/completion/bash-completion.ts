import { nodesOf, type CommandNode, type WordKind } from "./command-tree.ts";

/** What bash is told to offer for a word. */
function offer(word: WordKind): string {
  if (word.kind === "file") return "files=1";
  if (word.kind === "directory") return "directories=1";
  if (word.kind === "choice") return `words='${word.choices.join(" ")}'`;
  return ":";
}

/** The word of a path as the script carries it: `/quote/verify`. */
function routeOf({ path }: CommandNode): string {
  return path.map((word) => `/${word}`).join("");
}

/**
 * A completion script for bash 4 or newer, for `eval` or a file in `bash-completion/completions`.
 *
 * It knows every word by itself: completing starts no process.
 */
export function bashCompletion(root: CommandNode): string {
  const nodes = nodesOf(root);
  const routes = nodes.map(routeOf).filter((route) => route !== "");
  const values = nodes.flatMap((node) =>
    node.flags.flatMap(({ name, value }) =>
      value === null ? [] : [`    '${routeOf(node)} ${name}') ${offer(value)}; value=1 ;;`],
    ),
  );
  const words = nodes.map((node) => {
    const flags = node.flags.map(({ name }) => name).join(" ");
    const children = node.children.map(({ path }) => path.at(-1) ?? "").join(" ");
    const rest = children === "" ? "" : `words='${children}'`;
    const argument = node.argument === null ? "" : offer(node.argument);
    return `    '${routeOf(node)}') flags='${flags}'; ${rest === "" ? argument || ":" : rest} ;;`;
  });
  return `# bash completion for mero-tee: eval "$(mero-tee completion bash)"
_mero_tee() {
  local word route='' previous='' current=\${COMP_WORDS[COMP_CWORD]} flags='' words='' files='' directories='' value=''
  local -i index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    [[ $word == '=' ]] || previous=$word
    case $route/$word in
      ${routes.join(" | \\\n      ")}) route=$route/$word ;;
    esac
  done
  # bash splits --flag=value into three words.
  [[ $current == '=' ]] && current=''
  case "$route $previous" in
${values.join("\n")}
  esac
  [[ $value ]] || case $route in
${words.join("\n")}
  esac
  [[ $value || $current != -* ]] || { words=$flags; files=''; directories=''; }
  COMPREPLY=()
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  elif [[ $directories ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$current")
  elif [[ $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _mero_tee mero-tee
`;
}
