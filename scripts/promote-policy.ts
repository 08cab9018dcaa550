import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { promotePolicies, promotionText } from "./policy/promote.ts";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed } from "./script-outcome.ts";

/**
 * `node scripts/promote-policy.ts --probed DIR --node-policy FILE [--policies DIR] [--body FILE] [--dry-run]`: writes what probes of the
 * KMS saw into the policies under review, and what that changes into the body of a pull request, which `scripts/propose-change.ts` opens.
 * With `--dry-run` the body is printed, and nothing is written.
 */
await scriptMain("promote-policy", async (log) => {
  const options = {
    probed: { type: "string" },
    "node-policy": { type: "string" },
    policies: { type: "string", default: "policies" },
    body: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const { policies, "dry-run": isDryRun } = values;
  const scratch = await mkdtemp(join(tmpdir(), "mero-tee-promoted-"));
  try {
    const promoted = await promotePolicies({
      meroTee: createMeroTee(realWorld(process.env)),
      probed: needed(values.probed, "probed"),
      nodePolicy: needed(values["node-policy"], "node-policy"),
      policies,
      out: isDryRun ? scratch : policies,
    });
    const body = `${promotionText(promoted)}\n`;
    if (values.body === undefined || isDryRun) process.stdout.write(body);
    else await writeFile(values.body, body);
    if (!isDryRun) for (const { path } of promoted) log.line("INFO", `wrote ${path}`);
    return { policies: String(promoted.length) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
