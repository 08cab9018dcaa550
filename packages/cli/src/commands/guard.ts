import { buildCommand, type Command } from "@stricli/core";
import { judge, type RuleId, type RuleResult } from "@mero-tee/release-artifacts";
import type { Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { catalogResult } from "../guard/catalog-guard.ts";
import type { Repository } from "../guard/repository-client.ts";
import { repositoryEvidence } from "../guard/repository-evidence.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { ruleLines, ruleView } from "../release-view.ts";
import { repositorySetting } from "../repository-setting.ts";

interface GuardFlags extends CommonFlags {
  readonly root?: string;
  readonly base?: string;
  readonly head: string;
  readonly waiveVersionSync?: string;
}

/** What a guard judges. */
interface Guard {
  readonly brief: string;
  readonly description: string;
  readonly rules: readonly RuleId[];
  readonly judgesCatalog: boolean;
  /** Whether there is nothing to judge without `--base`. */
  readonly needsChange: boolean;
}

type GuardName = "versionSync" | "docs" | "allowedEnv" | "pins" | "catalog" | "all";

const GUARDS: Readonly<Record<GuardName, Guard>> = {
  versionSync: {
    brief: "KMS and node image have one version",
    description: "The KMS package, the lockfile and versions.json name one version, and a change bumps both or none.",
    rules: ["G-02", "G-06"],
    judgesCatalog: false,
    needsChange: false,
  },
  docs: {
    brief: "Who changes the lanes changes the docs",
    description: "A change to workflows, lane scripts or the image comes with one to docs/ or README.md.",
    rules: ["G-03"],
    judgesCatalog: false,
    needsChange: true,
  },
  allowedEnv: {
    brief: "Nothing that is deployed replaces the policy",
    description:
      "No workflow, compose template, Dockerfile or lane script sets an ALLOWED_… list, or switches the policy or the checks off.",
    rules: ["G-01"],
    judgesCatalog: false,
    needsChange: false,
  },
  pins: {
    brief: "Actions and images are pinned, jobs are confined",
    description:
      "Every action is a commit and every image a digest, every job states its permissions, and no foreign text gets into a shell.",
    rules: ["G-05", "G-08"],
    judgesCatalog: false,
    needsChange: false,
  },
  catalog: {
    brief: "The compatibility catalog is consistent, and forgets nothing",
    description:
      "Versions ascend, tags and addresses follow from them, and no entry of --base is gone or has other digests.",
    rules: [],
    judgesCatalog: true,
    needsChange: false,
  },
  all: {
    brief: "All guards",
    description: "Every guard over the repository. Without --base, those about a change are skipped, and say so.",
    rules: ["G-01", "G-02", "G-03", "G-05", "G-06", "G-08"],
    judgesCatalog: true,
    needsChange: false,
  },
};

/** How a checkout is opened. */
export type OpenRepository = (root: string) => Promise<Result<Repository, CliFailure>>;

async function run(openRepository: OpenRepository, guard: Guard, ports: Ports, flags: GuardFlags): Promise<Report> {
  const { base, head, root = ".", waiveVersionSync } = flags;
  const nothing = { ok: false, rules: [] };
  if (guard.needsChange && base === undefined) {
    return reportRefusal(
      refusalOfCli(cliFailure("usage-invalid", "Give --base: this guard is about a change.")),
      nothing,
    );
  }
  const repository = await openRepository(root);
  if (!repository.ok) return reportRefusal(refusalOfCli(repository.error), nothing);
  const evidence = await repositoryEvidence(repository.value, {
    head,
    ...(base === undefined ? {} : { base }),
    ...(waiveVersionSync === undefined ? {} : { versionSyncWaiver: waiveVersionSync }),
  });
  if (!evidence.ok) return reportRefusal(refusalOfCli(evidence.error), nothing);
  const judged = judge("repository", evidence.value, (id) => guard.rules.includes(id));
  const publisher = repositorySetting(undefined, ports.environment);
  if (!publisher.ok) return reportRefusal(refusalOfCli(publisher.error), nothing);
  const results: readonly RuleResult[] = guard.judgesCatalog
    ? [...judged, await catalogResult(repository.value, publisher.value.repository, base)]
    : judged;
  const failed = results.filter(({ status, isBlocked }) => status === "fail" || isBlocked);
  const rules = results.map(ruleView);
  const text = (paint: Parameters<Report["text"]>[0]): string => ruleLines(results, "guards", paint);
  if (failed.length === 0) return reportSuccess({ ok: true, rules }, text);
  const message = `The repository does not hold: ${failed.map(({ id }) => id).join(", ")}.`;
  return reportRefusal(refusalOfCli(cliFailure("guard-failed", message)), { ok: false, rules }, text);
}

function guardCommand(openRepository: OpenRepository, name: string, guard: Guard): Command<CliContext> {
  return buildCommand({
    func: reporting<GuardFlags, []>(async (ports, flags) => await run(openRepository, guard, ports, flags)),
    parameters: {
      flags: {
        root: optionalFlag(String, "DIR", "Checkout to guard (default: here)"),
        base: optionalFlag(String, "COMMIT", "Commit before the change"),
        head: {
          kind: "parsed",
          parse: String,
          placeholder: "COMMIT",
          default: "HEAD",
          brief: "Commit after the change",
        },
        waiveVersionSync: optionalFlag(String, "REASON", "Why one version alone is bumped"),
        json: JSON_FLAG,
      },
    },
    docs: commandDocs(guard.brief, guard.description, {
      does: "before a pull request",
      line: `mero-tee guard ${name} --base origin/master`,
    }),
  });
}

/** `mero-tee guard …`: what every change to the repository is held to. */
export function guardCommands(openRepository: OpenRepository): Readonly<Record<GuardName, Command<CliContext>>> {
  const make = (name: string, guard: Guard): Command<CliContext> => guardCommand(openRepository, name, guard);
  return {
    versionSync: make("version-sync", GUARDS.versionSync),
    docs: make("docs", GUARDS.docs),
    allowedEnv: make("allowed-env", GUARDS.allowedEnv),
    pins: make("pins", GUARDS.pins),
    catalog: make("catalog", GUARDS.catalog),
    all: make("all", GUARDS.all),
  };
}
