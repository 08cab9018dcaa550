import { buildCommand, type Command } from "@stricli/core";
import { type EvidenceByScope, judge, type RuleId } from "@mero-tee/release-artifacts";
import type { Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { type LiveDirectories, loadLiveKmses, loadLiveNodes } from "../live-release.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { ruleLines, ruleView } from "../release-view.ts";

interface E2eFlags extends CommonFlags {
  readonly in: string;
  readonly release: string;
}

/** One of the two tests of a release on live machines. */
interface LiveTest {
  readonly load: (ports: Ports, directories: LiveDirectories) => Promise<Result<EvidenceByScope["live"], Refusal>>;
  /** Rules that must be judged: without what they need, the test has not been made. */
  readonly rules: readonly RuleId[];
  /** Rules that need a live node to ask a live KMS. */
  readonly liveRules: readonly RuleId[];
}

const NODE: LiveTest = { load: loadLiveNodes, rules: ["E-01", "E-03"], liveRules: [] };
const KMS_NODE: LiveTest = { load: loadLiveKmses, rules: ["E-01", "E-02", "E-04"], liveRules: ["E-05"] };

async function run(
  { load, rules, liveRules }: LiveTest,
  ports: Ports,
  flags: E2eFlags,
  needsLive = false,
): Promise<Report> {
  const evidence = await load(ports, { seen: flags.in, release: flags.release });
  if (!evidence.ok) return reportRefusal(evidence.error, { ok: false, rules: [] });
  const results = judge("live", evidence.value, (id) => rules.includes(id) || liveRules.includes(id));
  const demanded = new Set<string>(needsLive ? [...rules, ...liveRules] : rules);
  const failed = results.filter(({ status }) => status === "fail").map(({ id }) => id);
  const open = results.filter(({ id, status }) => status === "skip" && demanded.has(id)).map(({ id }) => id);
  const view = results.map(ruleView);
  const text = (paint: Parameters<Report["text"]>[0]): string => ruleLines(results, "live machines", paint);
  if (failed.length === 0 && open.length === 0) return reportSuccess({ ok: true, rules: view }, text);
  const failure =
    failed.length > 0
      ? cliFailure("live-test-failed", `The machines are not what was released: ${failed.join(", ")}.`)
      : cliFailure("live-test-incomplete", `Not everything was tried: ${open.join(", ")}.`);
  return reportRefusal(refusalOfCli(failure), { ok: false, rules: view }, text);
}

function directory(brief: string) {
  return { kind: "parsed", parse: String, placeholder: "DIR", brief } as const;
}

const IN_FLAG = directory("What the probes of live machines left");

/** `mero-tee e2e node`: do fresh nodes measure as released, and is forged evidence of them refused? */
export const e2eNodeCommand: Command<CliContext> = buildCommand({
  func: reporting<E2eFlags, []>(async (ports, flags) => await run(NODE, ports, flags)),
  parameters: { flags: { in: IN_FLAG, release: directory("The node release, verified"), json: JSON_FLAG } },
  docs: commandDocs(
    "Hold live nodes to their release",
    "Every profile's node must measure exactly as published-mrtds.json says, and forgeries of its evidence must have been refused. Judges files, and asks nobody.",
    { does: "after a node release", line: "mero-tee e2e node --in seen --release ./mero-tee-v2.4.0" },
  ),
});

/** `mero-tee e2e kms-node`: do fresh KMSs measure as released, and does each accept the nodes of its own profile alone? */
export const e2eKmsNodeCommand: Command<CliContext> = buildCommand({
  func: reporting<E2eFlags & { readonly live: boolean }, []>(
    async (ports, flags) => await run(KMS_NODE, ports, flags, flags.live),
  ),
  parameters: {
    flags: {
      in: IN_FLAG,
      release: directory("The KMS release, verified"),
      live: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Live nodes must have asked live KMSs as well",
      },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Hold live KMSs to their release, and profiles apart",
    "Every profile's KMS must measure as its policy says and run the released composition. Every policy must accept the node of its own profile and of no other: " +
      "all nine pairs, by their measurements, and by what live KMSs answered where nodes asked them.",
    { does: "after both releases", line: "mero-tee e2e kms-node --in seen --release ./mero-kms-v2.4.0" },
  ),
});
