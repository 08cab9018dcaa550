import { dirname } from "node:path";

import type { Profile } from "@mero-tee/policy";

import type { ReadyEvent } from "./narrator.ts";

/** The command as it runs from a checkout on a machine that has nothing but some Node.js. */
const MERO_TEE = "npx --yes pnpm@10 --silent mero-tee";

/**
 * Lines to paste into another terminal, at the root of the checkout: they work as they stand while the platform runs.
 */
export function invitation(ready: ReadyEvent, profile: Profile): string {
  const { kmsUrl, verifierUrl, simulatorUrl, rootCaFile, policyFile } = ready;
  const directory = dirname(policyFile);
  const nonce = Buffer.alloc(32).toString("base64");
  const trust = `--policy ${policyFile} --profile ${profile} --root-ca ${rootCaFile}`;
  return [
    "",
    ...(verifierUrl === null ? [] : [`Check this KMS and this node in your browser: ${verifierUrl}`, ""]),
    "It stays until you press Ctrl-C. In another terminal:",
    "",
    "  # the KMS proves itself, and you are the judge (a nonce of your own would be random)",
    `  curl -s ${kmsUrl}/attest -H 'content-type: application/json' -d '{"nonceB64":"${nonce}"}' -o ${directory}/kms.json`,
    `  ${MERO_TEE} quote verify ${directory}/kms.json --pccs ${simulatorUrl} ${trust} --role kms`,
    `  ${MERO_TEE} event-log replay ${directory}/kms.json --quote ${directory}/kms.json`,
    "",
    "  # be a node",
    `  openssl genpkey -algorithm ed25519 -out ${directory}/node.key`,
    `  ${MERO_TEE} kms get-key ${kmsUrl} --identity ${directory}/node.key --simulator ${simulatorUrl} ${trust}`,
    "",
    "  # what the simulated platform can do wrong on request",
    `  curl -s ${simulatorUrl}/defects`,
    "",
  ].join("\n");
}
