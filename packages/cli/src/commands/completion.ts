import { buildCommand, type Command } from "@stricli/core";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import { bashCompletion } from "../completion/bash-completion.ts";
import type { CommandNode } from "../completion/command-tree.ts";
import { fishCompletion } from "../completion/fish-completion.ts";
import { zshCompletion } from "../completion/zsh-completion.ts";
import type { CliContext } from "../context.ts";
import { reportSuccess } from "../output.ts";

const SCRIPTS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (root: CommandNode) => string>;

type Shell = keyof typeof SCRIPTS;

function parseShell(text: string): Shell {
  if (text === "bash" || text === "zsh" || text === "fish") return text;
  throw new Error("not a shell that this is made for: bash, zsh or fish");
}

/**
 * `mero-tee completion SHELL`: a script with which a shell completes command lines.
 *
 * @param tree - every command; this one is among them, so it comes as a function
 */
export function completionCommand(tree: () => CommandNode): Command<CliContext> {
  return buildCommand({
    func: reporting<CommonFlags, [Shell]>(async (_ports, _flags, shell) => {
      const script = SCRIPTS[shell](tree());
      return await Promise.resolve(reportSuccess({ shell, script }, () => script));
    }),
    parameters: {
      positional: {
        kind: "tuple",
        parameters: [{ parse: parseShell, placeholder: "bash|zsh|fish", brief: "The shell to write it for" }],
      },
      flags: { json: JSON_FLAG },
    },
    docs: commandDocs(
      "Write a completion script for a shell",
      "The script knows every command, flag and choice of this release by itself: completing starts no process.",
      { does: "complete in this shell from now on", line: 'eval "$(mero-tee completion bash)"' },
    ),
  });
}
