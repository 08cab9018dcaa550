import { buildCommand, type Command } from "@stricli/core";
import { appComposeHash } from "@mero-tee/release-artifacts";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease } from "../failure-view.ts";
import { fileArgument, optionalFlag } from "../flags.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";

interface ComposeHashFlags extends CommonFlags {
  readonly expected?: string;
}

const LIMIT_BYTES = 1024 * 1024;

function parseDigest(text: string): string {
  const bytes = parseTolerantHex(text, 32);
  if (bytes === null) throw new Error("not 32 bytes of hex");
  return toHex(bytes);
}

async function hash(ports: Ports, { expected }: ComposeHashFlags, file: string): Promise<Report> {
  const nothing = { composeHash: null };
  const content = await ports.files.read(file, LIMIT_BYTES);
  if (!content.ok) return reportRefusal(refusalOfCli(content.error), nothing);
  const composeHash = appComposeHash(content.value);
  if (!composeHash.ok) return reportRefusal(refusalOfRelease(composeHash.error), nothing);
  const text = (): string => `${composeHash.value}\n`;
  if (expected === undefined || expected === composeHash.value)
    return reportSuccess({ composeHash: composeHash.value }, text);
  const message = `The compose hash is ${composeHash.value}, not ${expected}.`;
  return reportRefusal(refusalOfCli(cliFailure("compose-hash-mismatch", message)), { composeHash: composeHash.value });
}

/** `mero-tee compose-hash`: what dstack measures of an app-compose document. */
export const composeHashCommand: Command<CliContext> = buildCommand({
  func: reporting<ComposeHashFlags, [string]>(hash),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [fileArgument("app-compose.json as it is deployed, or - for standard input")],
    },
    flags: {
      expected: optionalFlag(parseDigest, "HEX", "Exit with 10 unless it is this one"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Compute the compose hash of an app-compose document",
    "The SHA-256 of the document's bytes, which a guest records in RTMR3 as the event compose-hash. The bare docker-compose file inside it has no such hash.",
    { does: "what will this deployment measure as?", line: "mero-tee compose-hash app-compose.json" },
  ),
});
