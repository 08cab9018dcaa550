import { basename } from "node:path";

import {
  INPUT_LIMIT_BYTES,
  type RegisterComparison,
  type Report as AppraisalReport,
  type Step,
} from "@mero-tee/appraisal";
import { PROFILES, type Profile } from "@mero-tee/policy";
import type { MeasurementRegister } from "@mero-tee/tdx-quote";
import { buildCommand, type Command } from "@stricli/core";

import { APPRAISAL_FLAGS, type AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { documentFields } from "../appraisal/appraisal-view.ts";
import { runAppraisal, type AppraisalSubject } from "../appraisal/run-appraisal.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli } from "../failure-view.ts";
import { optionalFlag, parseServiceUrl } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { table } from "../table.ts";

interface VerifyMrtdFlags extends Omit<AppraisalFlags, "profile" | "allowCaution" | "allowSimulated"> {
  readonly url?: string;
  readonly quote?: string;
  readonly profile: Profile;
}

/** What each register of a node covers. Source: docs/node-images.md. */
const COVERS: Readonly<Record<MeasurementRegister, string>> = {
  mrtd: "the firmware that the machine starts with",
  rtmr0: "the machine's shape, Secure Boot settings and ACPI tables",
  rtmr1: "boot loader, kernel image and partition table",
  rtmr2: "kernel command line, initrd and what else the boot chain loads",
  rtmr3: "role, profile and root hash of the image",
};

const NOTHING = { matches: false, profile: null, registers: [], verdict: null, steps: [] };

async function verifyMrtd(ports: Ports, flags: VerifyMrtdFlags): Promise<Report> {
  const misuse = misuseOf(flags);
  if (misuse !== null) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", misuse)), NOTHING);
  const subject = await subjectOf(ports, flags);
  if ("refusal" in subject) return subject.refusal;
  const made = await runAppraisal(ports, { ...flags, allowCaution: false, allowSimulated: false }, subject.value);
  if (!made.ok) return reportRefusal(made.error, NOTHING);
  const { report } = made.value;
  const registers = report.facts.registers.map((comparison) => ({
    ...comparison,
    covers: COVERS[comparison.register],
  }));
  const wrong = report.steps.filter(isAgainst);
  const matches = wrong.length === 0 && registers.length > 0;
  const fields = { matches, profile: report.facts.profile, registers, ...documentFields(report) };
  const text = (paint: Paint): string => registersText(report, paint);
  if (matches) return reportSuccess(fields, text);
  const first = registers.find(({ outcome }) => outcome === "mismatch");
  const message =
    first === undefined
      ? wrong.map(({ summary }) => summary).join(" ")
      : `${first.register.toUpperCase()} differs from release and profile; it covers ${first.covers}.`;
  return reportRefusal(refusalOfCli(cliFailure("registers-differ", printable(message))), fields, text);
}

/** What must hold for registers to count: who made the quote, and what release and profile say. Freshness is another question. */
const DEMANDED: ReadonlySet<string> = new Set([
  "input.parse",
  "quote.parse",
  "dcap.chain",
  "dcap.crl",
  "dcap.qe",
  "dcap.sig",
  "dcap.collateral",
  "td.attributes",
  "rel.select",
  "rel.sigstore",
  "rel.measurements",
  "rel.profile",
]);

function isAgainst({ id, status }: Step): boolean {
  return status === "fail" || (DEMANDED.has(id) && status !== "pass" && status !== "warn");
}

/** What holds, and what the operator must know all the same: a release that was withdrawn, values that nobody signed. */
function isReservation({ id, status }: Step): boolean {
  return DEMANDED.has(id) && status === "warn";
}

function misuseOf({ url, quote, policy = [], version }: VerifyMrtdFlags): string | null {
  if ((url === undefined) === (quote === undefined)) return "Give --url or --quote, and not both.";
  if (policy.length > 0 === (version !== undefined)) return "Give --version or --policy, and not both.";
  return null;
}

async function subjectOf(
  ports: Ports,
  { url, quote = "" }: VerifyMrtdFlags,
): Promise<{ readonly value: AppraisalSubject } | { readonly refusal: Report }> {
  if (url !== undefined) return { value: { origin: "live", kind: "node", url, binding: null } };
  const bytes = await ports.files.read(quote, INPUT_LIMIT_BYTES);
  if (!bytes.ok) return { refusal: reportRefusal(refusalOfCli(bytes.error), NOTHING) };
  const inputs = [{ name: basename(quote), bytes: bytes.value }];
  return { value: { origin: "file", kind: "node", inputs, nonce: null, binding: null, applicationHash: null } };
}

function registersText(report: AppraisalReport, paint: Paint): string {
  const { facts, steps } = report;
  const blocks = facts.registers.map((comparison) => registerText(comparison, paint));
  const besides = steps
    .filter((step) => step.id !== "verdict" && (isAgainst(step) || isReservation(step)))
    .map((step) => `  ${isAgainst(step) ? paint.bad("✗") : paint.warn("!")} ${step.id}: ${printable(step.summary)}\n`)
    .join("");
  const title =
    facts.profile ??
    (facts.closestProfile === null ? "nothing to compare with" : `${facts.closestProfile} (closest, not a match)`);
  return `${paint.strong(printable(`${facts.release?.tag ?? "your own values"}, ${title}`))}\n\n${blocks.join("\n")}${besides === "" ? "" : `\n${besides}`}`;
}

function registerText(
  { register, observed, allowed, outcome, firstDifference }: RegisterComparison,
  paint: Paint,
): string {
  const sign = outcome === "match" ? paint.good("✓") : paint.bad("✗");
  const [nearest] = allowed;
  const rows = [
    ["covers", COVERS[register]],
    ["in the quote", observed],
    ...(outcome === "match" ? [] : [["in the release", nearest ?? "nothing"]]),
    ...(outcome === "match" || firstDifference === null ? [] : [["differs from", `character ${firstDifference + 1}`]]),
  ] as const;
  return `  ${sign} ${register.toUpperCase()}\n${table(
    rows.map(([label = "", value = ""]) => [label, value] as const),
    4,
  )}`;
}

const { policy, version, pccs, rootCa, trustedRoot, repo, at, export: exportFlag, json } = APPRAISAL_FLAGS;

/** `mero-tee verify mrtd`: compares a deployed node with what its release publishes, register by register. */
export const verifyMrtdCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyMrtdFlags, []>(verifyMrtd),
  parameters: {
    flags: {
      url: optionalFlag(parseServiceUrl, "URL", "The node's admin API, which is challenged"),
      quote: optionalFlag(String, "FILE", "A quote of the node, in place of --url"),
      profile: { kind: "enum", values: PROFILES, brief: "Profile that was deployed" },
      policy,
      version,
      pccs,
      rootCa,
      trustedRoot,
      repo,
      at,
      export: exportFlag,
      json,
    },
  },
  docs: commandDocs(
    "Compare a deployed node with its release, register by register",
    "The operator's check: which of the five registers is what published-mrtds.json says, which differs, and what that one covers. The quote is verified and the release's " +
      "signature too; with --quote it does not matter when the quote was made, so this says less than `verify node`.",
    {
      does: "does the machine match what was deployed?",
      line: "mero-tee verify mrtd --url http://203.0.113.7 --version 2.4.0 --profile locked-read-only",
    },
  ),
});
