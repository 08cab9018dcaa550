import { buildCommand, type Command } from "@stricli/core";
import { DEFAULT_PROFILE, PROFILES, type Profile } from "@mero-tee/policy";

import { requireCheckout, type Checkout } from "../checkout.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { bootNode } from "../dev/boot-node.ts";
import { invitation } from "../dev/invitation.ts";
import { createJsonNarrator, createTextNarrator, type Narrator } from "../dev/narrator.ts";
import { startStack, type Stack } from "../dev/stack.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { optionalFlag, parsePort, parseRedis } from "../flags.ts";
import { withProgress } from "../output.ts";

interface DevFlags extends CommonFlags {
  readonly once: boolean;
  readonly kmsPort: number;
  readonly simulatorPort: number;
  readonly verifierPort?: number;
  readonly profile: Profile;
  readonly redis?: string;
}

/** Far above what a boot takes; a pipeline must not hang on it. */
const BOOT_LIMIT_MS = 120_000;

/** How the command ends: with an exit code, or with a refusal that still has to be told. */
type Ending = ExitCode | Refusal;

async function dev(ports: Ports, flags: DevFlags): Promise<ExitCode> {
  const narrator = flags.json ? createJsonNarrator(ports) : createTextNarrator(ports);
  const interrupted = Promise.withResolvers<null>();
  const stopListening = ports.onInterrupt(() => interrupted.resolve(null));
  try {
    const checkout = requireCheckout(ports.checkout);
    const ending = checkout.ok
      ? await runStack(ports, checkout.value, flags, narrator, interrupted.promise)
      : refusalOfCli(checkout.error);
    if (typeof ending === "number") return ending;
    narrator.failed(ending);
    // Whatever kept the node from its key, that is no verdict about something that the user gave.
    return ending.exitCode === EXIT.usage ? EXIT.usage : EXIT.failed;
  } finally {
    stopListening();
  }
}

async function runStack(
  ports: Ports,
  checkout: Checkout,
  flags: DevFlags,
  narrator: Narrator,
  interrupted: Promise<null>,
): Promise<Ending> {
  const onInterrupt: Ending = flags.once ? EXIT.failed : EXIT.ok;
  // A verifier is for people, and who boots once does not stay to look at it.
  const verifierPort = flags.verifierPort ?? (flags.once ? null : 0);
  const starting = startStack(ports, checkout, { ...flags, verifierPort });
  const label = "starting the simulated platform and what runs on it";
  const first = await withProgress(ports, label, Promise.race([starting, interrupted]));
  // What was started so far ends, and with it the starting, which then removes its files.
  if (first === null) checkout.killAll();
  const stack = first ?? (await starting);
  if (!stack.ok) return first === null ? onInterrupt : refusalOfCli(stack.error);
  try {
    const ending = await Promise.race([bootAndStay(ports, stack.value, flags, narrator), interrupted]);
    return ending ?? onInterrupt;
  } finally {
    await stack.value.stop();
  }
}

/** Boots the node, and then stays for as long as the programs run; with `--once` it does not stay. */
async function bootAndStay(ports: Ports, stack: Stack, flags: DevFlags, narrator: Narrator): Promise<Ending> {
  const { ready } = stack;
  narrator.ready(ready, flags.profile);
  const failed = stack.failed.then(refusalOfCli);
  const limit = Promise.withResolvers<Refusal>();
  const message = `The boot did not finish within ${BOOT_LIMIT_MS / 1000} seconds.`;
  const timer = setTimeout(() => limit.resolve(refusalOfCli(cliFailure("boot-failed", message))), BOOT_LIMIT_MS);
  const booting = bootNode(ports, ready, flags.profile, narrator);
  const booted = await Promise.race([booting, failed, limit.promise]).finally(() => clearTimeout(timer));
  if ("exitCode" in booted) return booted;
  if (!booted.ok) return booted.error;
  narrator.booted(booted.value);
  if (flags.once) return EXIT.ok;
  narrator.note(invitation(ready, flags.profile));
  return await failed;
}

/** `mero-tee dev`: the whole system on a simulated platform, and one node that boots on it. */
export const devCommand: Command<CliContext> = buildCommand({
  async func(this: CliContext, flags: DevFlags) {
    this.finish(await dev(this.ports, flags));
  },
  parameters: {
    flags: {
      once: {
        kind: "boolean",
        brief: "End after the boot: 0 if it succeeded, 1 otherwise",
        default: false,
        withNegated: false,
      },
      kmsPort: {
        kind: "parsed",
        parse: parsePort,
        default: "0",
        placeholder: "N",
        brief: "Port of the KMS; 0 picks a free one",
      },
      simulatorPort: {
        kind: "parsed",
        parse: parsePort,
        default: "0",
        placeholder: "N",
        brief: "Port of the simulated platform; 0 picks a free one",
      },
      verifierPort: optionalFlag(
        parsePort,
        "N",
        "Port of the public verifier; 0 picks a free one (default: 0; with --once there is no verifier)",
      ),
      redis: optionalFlag(parseRedis, "URL", "Redis in which the KMS keeps spent challenges (default: its memory)"),
      profile: { kind: "enum", values: PROFILES, default: DEFAULT_PROFILE, brief: "Image profile of node and KMS" },
      json: { ...JSON_FLAG, brief: "One JSON document a line on standard output, the ready event first" },
    },
  },
  docs: commandDocs(
    "Run the whole system on a simulated TDX platform",
    "Starts the simulated platform, the KMS and the public verifier on loopback, boots one node through the whole key release, shows what the KMS " +
      "refuses, and stays until interrupted. Only from a checkout of the repository.",
    { does: "see a key release from end to end", line: "mero-tee dev --once" },
  ),
});
