import { buildCommand, type Command } from "@stricli/core";
import { nodeRtmr3, PROFILES, type Profile } from "@mero-tee/policy";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli } from "../failure-view.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { table } from "../table.ts";

interface MeasureFlags extends CommonFlags {
  readonly profile: Profile;
  readonly rootHash: string;
  readonly role: "node";
}

function parseRootHash(text: string): string {
  const bytes = parseTolerantHex(text, 32);
  if (bytes === null) throw new Error("not 32 bytes of hex");
  return toHex(bytes);
}

async function measure(_ports: Ports, flags: MeasureFlags): Promise<Report> {
  const measured = nodeRtmr3({ role: flags.role, profile: flags.profile, rootHash: flags.rootHash });
  if (!measured.ok) {
    const refusal = refusalOfCli(cliFailure("usage-invalid", "--root-hash is not 32 bytes of hex."));
    return await Promise.resolve(reportRefusal(refusal, { rtmr3: null, eventDigest: null, preimage: null }));
  }
  const { rtmr3, eventDigest, preimage } = measured.value;
  return reportSuccess({ rtmr3, eventDigest, preimage }, () =>
    table(
      [
        ["RTMR3", rtmr3],
        ["event digest", eventDigest],
        ["preimage", preimage],
      ],
      0,
    ),
  );
}

/** `mero-tee measure rtmr3`: what RTMR3 of a node image must be, from its profile and its root hash. */
export const measureRtmr3Command: Command<CliContext> = buildCommand({
  func: reporting<MeasureFlags, []>(measure),
  parameters: {
    flags: {
      profile: { kind: "enum", values: PROFILES, brief: "Profile of the image" },
      rootHash: {
        kind: "parsed",
        parse: parseRootHash,
        placeholder: "HEX",
        brief: "dm-verity root hash of the root file system, 32 bytes",
      },
      role: { kind: "enum", values: ["node"], default: "node", brief: "Role of the image" },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Compute RTMR3 of a node image",
    "A node image extends RTMR3 once at boot, by the SHA-384 of a text that names its role, its profile and its root file system.",
    {
      does: "what will this image measure?",
      line: `mero-tee measure rtmr3 --profile locked-read-only --root-hash ${"5f".repeat(32)}`,
    },
  ),
});
