import { ruleHits, type Comparison, type Disagreement } from "./compare.ts";
import { RULES } from "./rule-book.ts";

/** Every disagreement on a line: who, which case, both answers, the rules; then the summary. */
export function writeText(comparison: Comparison): string {
  const lines = comparison.disagreements.map(({ peer, name, ours, theirs, rules }) =>
    [peer, name, ours, theirs, rules?.join(", ") ?? "UNEXPLAINED"].join("\t"),
  );
  const summary = comparison.peers.map(({ name }) => {
    const { agreements, disagreements, unexplained } = countsOf(comparison, name);
    return `${name}: ${agreements} agreements, ${disagreements} disagreements, ${unexplained} of them unexplained`;
  });
  const hits = ruleHits(comparison);
  const rules = [...hits.keys()].toSorted().map((rule) => `${hits.get(rule)}\t${rule}`);
  return [...lines, "", ...rules, "", `${comparison.cases} cases`, ...summary, ""].join("\n");
}

interface Counts {
  readonly agreements: number;
  readonly disagreements: number;
  readonly unexplained: number;
}

function countsOf({ cases, disagreements }: Comparison, peer: string): Counts {
  const theirs = disagreements.filter((disagreement) => disagreement.peer === peer);
  return {
    agreements: cases - theirs.length,
    disagreements: theirs.length,
    unexplained: theirs.filter(({ rules }) => rules === null).length,
  };
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** Disagreements with the same explanation, the most frequent first. */
function groups(disagreements: readonly Disagreement[]): readonly (readonly [Disagreement, ...Disagreement[]])[] {
  const byRules = new Map<string, [Disagreement, ...Disagreement[]]>();
  for (const disagreement of disagreements) {
    const key = `${disagreement.peer} ${disagreement.rules?.join(" ") ?? disagreement.name}`;
    const known = byRules.get(key);
    if (known === undefined) byRules.set(key, [disagreement]);
    else known.push(disagreement);
  }
  return [...byRules.values()].toSorted((a, b) => b.length - a.length);
}

function withoutAdvisories(outcome: string): string {
  return outcome.replace(/ \(INTEL-SA-.*\)$/, "");
}

/** The page that the repository keeps: summary, rules, disagreements by explanation with an example each. */
export function writeMarkdown(comparison: Comparison, command: string): string {
  const hits = ruleHits(comparison);
  return `# Differential test against other verifiers

\`packages/tdx-quote\` and two other implementations judge the same quotes with the same collateral under the same root at the same instant.
This page is the output of one run:

\`\`\`sh
${command}
\`\`\`

Two verifiers agree when both refuse, for whatever reason, or both accept with the same TCB status, the same advisories and the same
measurement registers. Every disagreement must be explained by a rule, computed from the evidence alone: placement in TCB levels by a
model of Intel's rules (Intel PCS API v4, "How to use TCB Info"; Intel SGX DCAP Quote Verification Library) that has all of an
implementation's known habits and must give exactly its answer; everything else by the flaw itself, found with OpenSSL,
\`@peculiar/x509\` and \`JSON.parse\`. One unexplained disagreement fails the run. The model without habits must also place every platform
where this project places it.

The cases are every variant of every defect of the simulator, generated platforms (SVNs of platform, PCE, TDX module and quoting enclave,
statuses, advisories and order of levels, TD attributes, revocations, windows), and real quotes where they are at hand. Intel's root is
compiled into the WebAssembly package; in its memory, a simulated root of the same length stands in its place.

## Summary

${table(
  ["verifier", "cases", "agreements", "disagreements", "unexplained"],
  comparison.peers.map(({ name, title }) => {
    const { agreements, disagreements, unexplained } = countsOf(comparison, name);
    return [`${name}: ${title}`, comparison.cases, agreements, disagreements, unexplained];
  }),
)}

## Rules

"The other" is the implementation whose column has a number. None of these is a behaviour of this project: the first half of each sentence is.

${table(
  ["rule", "says", ...comparison.peers.map(({ name }) => name)],
  RULES.map(({ id, says }) => [
    `\`${id}\``,
    says,
    ...comparison.peers.map(({ name }) => hits.get(`${name} ${id}`) ?? ""),
  ]),
)}

## Disagreements by explanation

${table(
  ["verifier", "count", "rules", "example", "this project", "the other"],
  groups(comparison.disagreements).map((group) => {
    const [{ peer, rules, name, ours, theirs }] = group;
    const explanation = rules === null ? "**none**" : rules.map((id) => `\`${id}\``).join(", ");
    return [peer, group.length, explanation, name, withoutAdvisories(ours), withoutAdvisories(theirs)];
  }),
)}
`;
}
