import { ruleHits, type Comparison } from "./compare.ts";
import { RULES } from "./rule-book.ts";

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

/** The same as one JSON document, for programs. */
export function writeJson(comparison: Comparison): string {
  const { cases, peers, disagreements, misplaced } = comparison;
  const hits = ruleHits(comparison);
  const document = {
    schemaVersion: 1,
    cases,
    verifiers: peers.map(({ name, title }) => ({ name, title, ...countsOf(comparison, name) })),
    rules: RULES.map(({ id, says, source, peers: names }) => ({
      id,
      says,
      source,
      hits: Object.fromEntries(names.map((name) => [name, hits.get(`${name} ${id}`) ?? 0])),
    })),
    misplaced,
    disagreements,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** The page that the repository keeps: summary, and every rule with its source, its hits and an example. */
export function writeMarkdown(comparison: Comparison, command: string): string {
  const hits = ruleHits(comparison);
  const exampleOf = (id: string): string =>
    comparison.disagreements.find(({ rules }) => rules?.includes(id) === true)?.name ?? "";
  return `# Differential test against other verifiers

\`packages/tdx-quote\` and two other implementations judge the same quotes with the same collateral under the same root at the same instant.
This page is the output of one run:

\`\`\`sh
${command}
\`\`\`

Two verifiers agree when both refuse, for whatever reason, or both accept with the same TCB status, the same advisories and the same
measurement registers. Every disagreement must be explained by a rule, computed from the evidence alone: placement in TCB levels by a
model of Intel's rules that has all of an implementation's known habits and must give exactly its answer; everything else by the flaw
itself, found with OpenSSL, \`@peculiar/x509\` and \`JSON.parse\`. One unexplained disagreement fails the run, and so does a rule that
explains nothing. The model without habits must also place every platform where this project places it. \`--json\` lists every
disagreement; a sample of the cases is part of every test run.

The cases are every variant of every defect of the simulator, generated platforms (SVNs of platform, PCE, TDX module and quoting enclave,
statuses, advisories and order of levels, TD attributes, revocations, windows), and real quotes where they are at hand. Intel's root is
compiled into the WebAssembly package; in its memory, a simulated root of the same length stands in its place. Neither package, nor
\`elliptic\` beneath one of them, is part of anything that runs in production: \`test/production-closure.test.ts\`.
A whole run takes 2.4 GB of memory: the WebAssembly verifier allocates what the length fields of a random quote ask for.

The strict reader of certificates and revocation lists is held against OpenSSL, \`@peculiar/x509\` and \`asn1.js\` in the same way, by
\`packages/tee-simulator/test/der-differential.test.ts\`: on certificates and lists of every kind at hand, and on mutants of them.

## Summary

${table(
  ["verifier", "cases", "agreements", "disagreements", "unexplained"],
  comparison.peers.map(({ name, title }) => {
    const { agreements, disagreements, unexplained } = countsOf(comparison, name);
    return [`${name}: ${title}`, comparison.cases, agreements, disagreements, unexplained];
  }),
)}

## Rules

The first half of each sentence is what this project does; "the other" is each implementation whose column has a number: how many
disagreements needed the rule, alone or with others.

${table(
  ["rule", "says", "source", ...comparison.peers.map(({ name }) => name), "example"],
  RULES.map(({ id, says, source }) => [
    `\`${id}\``,
    says,
    source,
    ...comparison.peers.map(({ name }) => hits.get(`${name} ${id}`) ?? ""),
    exampleOf(id),
  ]),
)}

Examples are names of simulator defects with the number of the variant, cases of the generator by number, or real quotes. Sources:

- PCS v4: Intel SGX and TDX Provisioning Certification Service, API version 4.
- PCK Profile: Intel SGX PCK Certificate and CRL Profile Specification.
- Quoting API: Intel TDX DCAP Quoting Library API, appendix A.3.
- QVL: Intel SGX DCAP Quote Verification Library, the code.
- TDX module: Intel TDX Module Base Architecture and ABI specifications.
- X.690: ITU-T X.690, DER.
- strict: this project demands more than Intel's verifier, for the reason given; see [what is checked](verification.md).
`;
}
