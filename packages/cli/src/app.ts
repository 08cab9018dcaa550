import {
  buildApplication,
  buildRouteMap,
  help,
  run,
  text_en,
  version,
  type Application,
  type ApplicationText,
  type RouteMap,
  type StricliProcess,
} from "@stricli/core";

import { cliFailure } from "./cli-failure.ts";
import { commandTree } from "./completion/command-tree.ts";
import { compatCheckCommand } from "./commands/compat-check.ts";
import { compatListCommand } from "./commands/compat-list.ts";
import { compatUpdateCommand } from "./commands/compat-update.ts";
import { completionCommand } from "./commands/completion.ts";
import { composeHashCommand } from "./commands/compose-hash.ts";
import { auditVerifyCommand } from "./commands/audit-verify.ts";
import { collateralFetchCommand } from "./commands/collateral-fetch.ts";
import { devCommand } from "./commands/dev.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { e2eKmsNodeCommand, e2eNodeCommand } from "./commands/e2e.ts";
import { eventLogReplayCommand } from "./commands/event-log-replay.ts";
import { imageMeasureCommand } from "./commands/image-measure.ts";
import { guardCommands } from "./commands/guard.ts";
import { measureRtmr3Command } from "./commands/measure-rtmr3.ts";
import { kmsGetKeyCommand } from "./commands/kms-get-key.ts";
import { kmsProbeCommand } from "./commands/kms-probe.ts";
import { policyCandidatesCommand } from "./commands/policy-candidates.ts";
import { policyDiffCommand } from "./commands/policy-diff.ts";
import { policyEvaluateCommand } from "./commands/policy-evaluate.ts";
import { policyGenerateCommand } from "./commands/policy-generate.ts";
import { policyMerodConfigCommand } from "./commands/policy-merod-config.ts";
import { policyPromoteCommand } from "./commands/policy-promote.ts";
import { policyValidateCommand } from "./commands/policy-validate.ts";
import { releaseAssembleCommand } from "./commands/release-assemble.ts";
import { releaseAuditCommand } from "./commands/release-audit.ts";
import { releaseDownloadCommand } from "./commands/release-download.ts";
import { releaseListCommand } from "./commands/release-list.ts";
import { releaseSignCommand } from "./commands/release-sign.ts";
import { releaseVerifyCommand } from "./commands/release-verify.ts";
import { quoteInspectCommand } from "./commands/quote-inspect.ts";
import { quoteVerifyCommand } from "./commands/quote-verify.ts";
import { sigstoreVerifyCommand } from "./commands/sigstore-verify.ts";
import { simulatorDefectsCommand } from "./commands/simulator-defects.ts";
import { simulatorStartCommand } from "./commands/simulator-start.ts";
import { trustedRootShowCommand } from "./commands/trusted-root-show.ts";
import { trustedRootUpdateCommand } from "./commands/trusted-root-update.ts";
import { verifyFileCommand } from "./commands/verify-file.ts";
import { verifyKmsCommand } from "./commands/verify-kms.ts";
import { verifyMrtdCommand } from "./commands/verify-mrtd.ts";
import { verifyNodeCommand } from "./commands/verify-node.ts";
import type { CliContext, Ports } from "./context.ts";
import { openRepository } from "./guard/repository-client.ts";
import { EXIT, exitCodeFrom, type ExitCode } from "./exit-code.ts";
import { refusalOfCli } from "./failure-view.ts";
import { layOutHelp } from "./help-layout.ts";
import { printReport, reportRefusal } from "./output.ts";
import { wrapText } from "./wrap-text.ts";

/** Docs of a group of commands, with one example. */
function groupDocs(brief: string, example: string): { readonly brief: string; readonly fullDescription: string } {
  return { brief, fullDescription: `${brief}.\n\nEXAMPLE\n  ${example}` };
}

/** Every command of this release. */
const routes: RouteMap<CliContext> = buildRouteMap({
  routes: {
    dev: devCommand,
    doctor: doctorCommand,
    verify: buildRouteMap({
      routes: { kms: verifyKmsCommand, node: verifyNodeCommand, file: verifyFileCommand, mrtd: verifyMrtdCommand },
      docs: groupDocs(
        "Appraise a live KMS or node, or what somebody handed over",
        "mero-tee verify kms https://kms.example.com --version 2.4.0",
      ),
    }),
    quote: buildRouteMap({
      routes: { inspect: quoteInspectCommand, verify: quoteVerifyCommand },
      docs: groupDocs("Read and verify TDX quotes", "mero-tee quote verify quote.bin"),
    }),
    eventLog: buildRouteMap({
      routes: { replay: eventLogReplayCommand },
      docs: groupDocs("Replay event logs", "mero-tee event-log replay answer.json --quote answer.json"),
    }),
    collateral: buildRouteMap({
      routes: { fetch: collateralFetchCommand },
      docs: groupDocs(
        "Fetch what quotes are verified with",
        "mero-tee collateral fetch quote.bin --out collateral.json",
      ),
    }),
    kms: buildRouteMap({
      routes: { getKey: kmsGetKeyCommand, probe: kmsProbeCommand },
      docs: groupDocs(
        "Play a node towards a KMS",
        "mero-tee kms probe http://127.0.0.1:8080 --identity node.key --simulator http://127.0.0.1:8787",
      ),
    }),
    policy: buildRouteMap({
      routes: {
        validate: policyValidateCommand,
        diff: policyDiffCommand,
        evaluate: policyEvaluateCommand,
        candidates: policyCandidatesCommand,
        generate: policyGenerateCommand,
        promote: policyPromoteCommand,
        merodConfig: policyMerodConfigCommand,
      },
      docs: groupDocs("Work with attestation policies", "mero-tee policy validate kms-phala-attestation-policy.json"),
    }),
    release: buildRouteMap({
      routes: {
        list: releaseListCommand,
        verify: releaseVerifyCommand,
        download: releaseDownloadCommand,
        audit: releaseAuditCommand,
        assemble: releaseAssembleCommand,
        sign: releaseSignCommand,
        trustedRoot: buildRouteMap({
          routes: { show: trustedRootShowCommand, update: trustedRootUpdateCommand },
          docs: groupDocs("Whose signatures over signatures count", "mero-tee release trusted-root show"),
        }),
      },
      docs: groupDocs("Fetch, judge and make releases", "mero-tee release verify ./mero-kms-v2.4.0 --lane kms"),
    }),
    compat: buildRouteMap({
      routes: { check: compatCheckCommand, list: compatListCommand, update: compatUpdateCommand },
      docs: groupDocs(
        "Look up which KMS and node releases belong together",
        "mero-tee compat check --kms 2.4.0 --node 2.4.0",
      ),
    }),
    sigstore: buildRouteMap({
      routes: { verify: sigstoreVerifyCommand },
      docs: groupDocs(
        "Verify who signed a file",
        "mero-tee sigstore verify policy.json --bundle policy.json.sigstore.json --identity URI --issuer URL",
      ),
    }),
    e2e: buildRouteMap({
      routes: { node: e2eNodeCommand, kmsNode: e2eKmsNodeCommand },
      docs: groupDocs("Hold live machines to their release", "mero-tee e2e node --in seen --release ./mero-tee-v2.4.0"),
    }),
    composeHash: composeHashCommand,
    measure: buildRouteMap({
      routes: { rtmr3: measureRtmr3Command },
      docs: groupDocs(
        "Compute what an image must measure as",
        `mero-tee measure rtmr3 --profile locked-read-only --root-hash ${"5f".repeat(32)}`,
      ),
    }),
    image: buildRouteMap({
      routes: { measure: imageMeasureCommand },
      docs: groupDocs("Look into built node images", "mero-tee image measure --disk disk.raw --profile debug"),
    }),
    audit: buildRouteMap({
      routes: { verify: auditVerifyCommand },
      docs: groupDocs("Verify what a KMS wrote down", "mero-tee audit verify audit.jsonl"),
    }),
    simulator: buildRouteMap({
      routes: { start: simulatorStartCommand, defects: simulatorDefectsCommand },
      defaultCommand: "start",
      docs: groupDocs(
        "Run a simulated TDX platform (`mero-tee simulator` alone starts it)",
        "mero-tee simulator --port 8787 --root-ca-file root-ca.pem",
      ),
    }),
    guard: buildRouteMap({
      routes: guardCommands(openRepository),
      docs: groupDocs("Guard the repository against careless changes", "mero-tee guard all --base origin/master"),
    }),
    completion: completionCommand(() => commandTree(routes)),
  },
  docs: {
    brief: "Prove what a TDX machine runs, and get its keys",
    fullDescription: wrapText(
      "mero-tee verifies TDX quotes, releases and audit files, works with policies, plays a node towards a KMS, and runs the whole " +
        "system on a simulated platform.\n\n" +
        "Exit codes: 0 ok, 1 unexpected or environment failure, 2 usage error, 10 judged and refused, 11 a required file is missing.\n" +
        "With --json a command prints exactly one JSON document on standard output; `failure` is null on success.\n\n" +
        "EXAMPLE\n  mero-tee dev --once\n\nMore: docs/cli.md for the commands, docs/errors.md for every code.",
    ),
  },
});

const FORMATTING = {
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: false,
  caseStyle: "convert-camel-to-kebab",
} as const;

function buildCli(packageVersion: string, text: ApplicationText): Application<CliContext> {
  return buildApplication(
    routes,
    {
      name: "mero-tee",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      documentation: { disableAnsiColor: true },
      localization: { text },
    },
    {
      help: help({ brief: "Print this help and exit", defaultForRouteMap: true, formatting: FORMATTING }),
      version: version({ brief: "Print the version and exit", info: { currentVersion: packageVersion } }),
    },
  );
}

/**
 * Runs one command line.
 *
 * A command line that cannot be understood is a failure like any other: under `--json` it, too, leaves exactly one document
 * on standard output (`{schemaVersion, failure}`), so that a pipeline never has to parse prose.
 *
 * @param args - without the names of the program and the script
 * @returns the exit code of the process
 */
export async function runCli(
  args: readonly string[],
  world: Omit<Ports, "version">,
  packageVersion: string,
): Promise<ExitCode> {
  const ports: Ports = { ...world, version: packageVersion };
  let finished: ExitCode = EXIT.ok;
  let usageProblem: string | null = null;
  const misused = (message: string): string => {
    usageProblem = `${sentence(message)} Try ${nearestCommand(args)} --help.`;
    return "";
  };
  const text: ApplicationText = {
    ...text_en,
    exceptionWhileParsingArguments: (error) => misused(text_en.exceptionWhileParsingArguments(error, false)),
    noCommandRegisteredForInput: (found) =>
      misused(text_en.noCommandRegisteredForInput({ ...found, ansiColor: false })),
  };
  const process: StricliProcess = {
    // Help and the version: what commands print does not come this way.
    stdout: { write: (written) => ports.stdout.write(layOutHelp(written)) },
    // What the argument parser says about usage is said below, once, in the form that was asked for.
    stderr: { write: (written) => (written.trim() === "" ? undefined : ports.stderr.write(written)) },
    env: {},
  };
  const context: CliContext = {
    process,
    ports,
    finish: (exitCode) => {
      finished = exitCode;
    },
  };
  await run(buildCli(packageVersion, text), args, context);
  const exitCode = exitCodeFrom(Number(process.exitCode ?? 0), finished);
  if (usageProblem !== null) {
    printReport(ports, asksForJson(args), reportRefusal(refusalOfCli(cliFailure("usage-invalid", usageProblem)), {}));
  }
  return exitCode;
}

/** Whether the user wanted JSON, told from the raw words: the argument parser stops at the first thing it cannot read. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((word) => /^--json(?:=true)?$/.test(word));
}

function sentence(message: string): string {
  const trimmed = message.trim();
  return /[.?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** The command or group that the words lead to before one is none. */
function nearestCommand(args: readonly string[]): string {
  let nearest = commandTree(routes);
  for (const word of args) {
    const next = nearest.children.find(({ path }) => path.at(-1) === word);
    if (next === undefined) break;
    nearest = next;
  }
  return ["mero-tee", ...nearest.path].join(" ");
}
