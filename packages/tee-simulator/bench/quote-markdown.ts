import type { QuoteReport } from "./quote-report.ts";

function row(label: string, value: string): string {
  return `| ${label.padEnd(47)} | ${value.padStart(10)} |`;
}

function chart(title: string, unit: string, bars: readonly (readonly [label: string, value: number])[]): string {
  const labels = bars.map(([label]) => JSON.stringify(label)).join(", ");
  const values = bars.map(([, value]) => value.toFixed(value < 10 ? 2 : 0)).join(", ");
  return [
    "```mermaid",
    "xychart-beta",
    `  title ${JSON.stringify(title)}`,
    `  x-axis [${labels}]`,
    `  y-axis ${JSON.stringify(unit)}`,
    `  bar [${values}]`,
    "```",
  ].join("\n");
}

/**
 * The figures of one run as a table.
 *
 * @param withPlots - Mermaid charts after it, for a page
 */
export function quoteMarkdown(report: QuoteReport, withPlots: boolean): string {
  const { peers, ratios, memory } = report;
  const times: readonly (readonly [string, number])[] = [
    ["one P-256 verification, node:crypto", report.nodeCryptoUs],
    ["one P-256 verification, WebCrypto", report.webCryptoUs],
    ["parse a quote", report.parseUs],
    ["verify a quote, nothing known (9 signatures)", report.coldVerifyUs],
    ["verify a quote, platform known (2 signatures)", report.warmVerifyUs],
    ["verify a quote, its key known too (1 signature)", report.knownKeyVerifyUs],
    ["the same quote with @phala/dcap-qvl", peers.dcapQvlJsUs],
    ["the same quote with @phala/dcap-qvl-web", peers.dcapQvlWasmUs],
    ["replay 5,000 events", report.replay5000EventsUs],
  ];
  const proportions: readonly (readonly [string, number])[] = [
    ["nothing known / ten P-256 verifications", ratios.coldOverTenP256],
    ["platform known / two P-256 verifications", ratios.warmOverTwoP256],
    ["key known / one P-256 verification", ratios.knownKeyOverOneP256],
    ["faster peer / nothing known", ratios.fasterPeerOverCold],
    ["faster peer / platform known", ratios.fasterPeerOverWarm],
  ];
  const heap = memory.quotes.map((quotes, index) => [`${quotes}`, memory.heapMiB[index] ?? Number.NaN] as const);
  const lines = [
    row("", "median"),
    `| ${"-".repeat(47)} | ${"-".repeat(9)}: |`,
    ...times.map(([label, us]) => row(label, `${us.toFixed(1)} µs`)),
    ...proportions.map(([label, ratio]) => row(label, ratio.toFixed(2))),
    ...heap.map(([quotes, mib]) => row(`heap after ${quotes} different quotes`, `${mib.toFixed(1)} MiB`)),
    row("resident memory at the end", `${report.rssMiB.toFixed(0)} MiB`),
  ];
  if (!withPlots) return `${lines.join("\n")}\n`;
  const plots = [
    chart("One verification of a quote", "microseconds", [
      ["key known", report.knownKeyVerifyUs],
      ["platform known", report.warmVerifyUs],
      ["nothing known", report.coldVerifyUs],
      ["dcap-qvl", peers.dcapQvlJsUs],
      ["dcap-qvl-web", peers.dcapQvlWasmUs],
    ]),
    chart("Times of bare P-256 verifications", "ratio", [
      ["nothing known / ten", ratios.coldOverTenP256],
      ["platform known / two", ratios.warmOverTwoP256],
      ["key known / one", ratios.knownKeyOverOneP256],
    ]),
    chart("Heap of one verifier after different quotes", "MiB", heap),
  ];
  return `${[lines.join("\n"), ...plots].join("\n\n")}\n`;
}
