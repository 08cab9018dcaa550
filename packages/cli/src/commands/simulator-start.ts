import { buildCommand, type Command } from "@stricli/core";
import { DEFAULT_PROFILE, PROFILES, type Profile } from "@mero-tee/policy";

import { requireCheckout } from "../checkout.ts";
import type { CliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { startSimulator } from "../dev/simulator-process.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { refusalOfCli } from "../failure-view.ts";
import { optionalFlag, parsePort } from "../flags.ts";
import { failureText, printReport, reportRefusal, SCHEMA_VERSION } from "../output.ts";
import { createPaint, wantsColour } from "../paint.ts";
import { table, type Row } from "../table.ts";

interface SimulatorFlags extends CommonFlags {
  readonly port: number;
  readonly profile: Profile;
  readonly dstackSocket?: string;
  readonly rootCaFile?: string;
  readonly policyFile?: string;
  readonly seed?: string;
}

async function simulate(ports: Ports, flags: SimulatorFlags): Promise<ExitCode> {
  const refuse = (failure: CliFailure): ExitCode => {
    const report = reportRefusal(refusalOfCli(failure), {});
    printReport(ports, flags.json, report);
    return report.exitCode;
  };
  const checkout = requireCheckout(ports.checkout);
  if (!checkout.ok) return refuse(checkout.error);
  const interrupted = Promise.withResolvers<null>();
  const stopListening = ports.onInterrupt(() => interrupted.resolve(null));
  try {
    const starting = startSimulator(checkout.value, flags);
    const simulator = await Promise.race([starting, interrupted.promise]);
    if (simulator === null) {
      checkout.value.killAll();
      await starting;
      return EXIT.ok;
    }
    if (!simulator.ok) return refuse(simulator.error);
    ports.stdout.write(flags.json ? readyDocument(simulator.value.url, flags) : readyText(simulator.value.url, flags));
    const failed = await Promise.race([simulator.value.ended, interrupted.promise]);
    await simulator.value.stop();
    if (failed === null) return EXIT.ok;
    // The one document has been printed: how the platform ended goes to standard error.
    const { view, details = "" } = refusalOfCli(failed);
    const paint = createPaint(wantsColour(ports.stderr, ports.environment));
    ports.stderr.write(`${details}${failureText(view, false, paint)}`);
    return EXIT.failed;
  } finally {
    stopListening();
  }
}

function readyDocument(simulatorUrl: string, flags: SimulatorFlags): string {
  const { profile, dstackSocket = null, rootCaFile = null, policyFile = null } = flags;
  const document = {
    schemaVersion: SCHEMA_VERSION,
    event: "ready",
    simulatorUrl,
    profile,
    rootCaFile,
    dstackSocket,
    policyFile,
  };
  return `${JSON.stringify(document)}\n`;
}

function readyText(url: string, flags: SimulatorFlags): string {
  const rows: Row[] = [
    ["address", url],
    ["profile", flags.profile],
    ["root CA", flags.rootCaFile ?? `${url}/root-ca.pem`],
  ];
  if (flags.policyFile !== undefined) rows.push(["policy", flags.policyFile]);
  if (flags.dstackSocket !== undefined) rows.push(["guest agent", flags.dstackSocket]);
  return (
    `A simulated TDX platform runs until you press Ctrl-C.\n${table(rows)}\n` +
    `  curl -s ${url}/                                     # what it serves\n` +
    `  curl -s ${url}/quote -d '{"report_data":"${"00".repeat(64)}"}' -H 'content-type: application/json'\n`
  );
}

/** `mero-tee simulator`: the simulated platform alone. */
export const simulatorStartCommand: Command<CliContext> = buildCommand({
  async func(this: CliContext, flags: SimulatorFlags) {
    this.finish(await simulate(this.ports, flags));
  },
  parameters: {
    flags: {
      port: {
        kind: "parsed",
        parse: parsePort,
        default: "0",
        placeholder: "N",
        brief: "Port on loopback; 0 picks a free one",
      },
      profile: { kind: "enum", values: PROFILES, default: DEFAULT_PROFILE, brief: "Image profile of its guests" },
      dstackSocket: optionalFlag(String, "PATH", "Serve a dstack guest agent on this Unix socket"),
      rootCaFile: optionalFlag(String, "PATH", "Write the platform's root CA there, as PEM"),
      policyFile: optionalFlag(String, "PATH", "Write a policy there that accepts its guests"),
      seed: optionalFlag(String, "TEXT", "Make the same platform for the same text, keys included"),
      json: { ...JSON_FLAG, brief: "Print one JSON document when it is ready" },
    },
  },
  docs: commandDocs(
    "Run the simulated TDX platform alone",
    "Serves quotes, collateral, a node's attest endpoints and (with --dstack-socket) a guest agent, on loopback, until " +
      "interrupted. Only from a checkout of the repository.",
    {
      does: "a platform to test a verifier against",
      line: "mero-tee simulator --port 8787 --root-ca-file root-ca.pem --policy-file policy.json",
    },
  ),
});
