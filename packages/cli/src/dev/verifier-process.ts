import { ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Checkout } from "../checkout.ts";
import type { CliFailure } from "../cli-failure.ts";
import { logLine, textMember } from "./log-line.ts";
import { START_LIMIT_MS } from "./simulator-process.ts";
import { supervise, type SupervisedProgram } from "./supervised-program.ts";

/** What the public verifier of a simulated platform is started with. */
export interface VerifierSettings {
  /** 0 picks a free one. */
  readonly port: number;
  /** The page, in its build for a simulated platform. */
  readonly siteFolder: string;
  readonly kmsUrl: string;
  /** The platform: also the node, the source of collateral, the release host and the second opinion. */
  readonly simulatorUrl: string;
  readonly rootCaFile: string;
  readonly sigstoreRootFile: string;
  /** What the page trusts in place of what it has compiled in. */
  readonly anchorsFile: string;
}

/** A verifier that is ready. */
export interface VerifierProcess extends SupervisedProgram {
  readonly url: string;
}

const GENEROUS_LIMIT = "600/min";

/**
 * Builds the page for a simulated platform, unless it is built already.
 *
 * @returns the folder that holds it
 * Errors: `process-failed`.
 */
export async function buildVerifierPage(checkout: Checkout): Promise<Result<string, CliFailure>> {
  // The build asks git for the commit that it names.
  const program = supervise("the build of the verifier's page", checkout.start("verifier-page", ["sim"], {}));
  const folder = await program.lineThat(
    (line) => textMember(logLine(line, "event", "built"), "folder"),
    START_LIMIT_MS,
  );
  await program.stop();
  return folder;
}

/** Starts the public verifier as a process. Errors: `process-failed`; nothing runs then. */
export async function startVerifier(
  checkout: Checkout,
  settings: VerifierSettings,
): Promise<Result<VerifierProcess, CliFailure>> {
  const { port, siteFolder, kmsUrl, simulatorUrl, anchorsFile } = settings;
  const args = ["--development", "--port", String(port), "--site", siteFolder, "--anchors", anchorsFile];
  const examples = ["--example", `kms=${kmsUrl}`, "--example", `node=${simulatorUrl}`];
  const program = supervise(
    "the verifier",
    checkout.start("verifier", [...args, ...examples], verifierEnvironment(settings)),
  );
  const url = await program.lineThat(
    (line) => /^The verifier listens on (\S+)$/.exec(line)?.[1] ?? null,
    START_LIMIT_MS,
  );
  if (url.ok) return ok({ ...program, url: url.value });
  await program.stop();
  return url;
}

/** Exactly these variables: the verifier asks this platform in place of the world, and nothing else. */
function verifierEnvironment({ simulatorUrl, rootCaFile, sigstoreRootFile }: VerifierSettings): Record<string, string> {
  return {
    ALLOW_PRIVATE_TARGETS: "1",
    KMS_ALLOWED_HOSTS: "127.0.0.1",
    NODE_ALLOWED_HOSTS: "127.0.0.1",
    COLLATERAL_URL: simulatorUrl,
    RELEASE_API_URL: simulatorUrl,
    RELEASE_DOWNLOAD_URL: simulatorUrl,
    ITA_API_KEY: "simulated",
    ITA_APPRAISAL_URL: `${simulatorUrl}/appraisal/v2/attest`,
    ITA_PORTAL_URL: simulatorUrl,
    SIMULATED_ROOT_CA_FILE: rootCaFile,
    SIGSTORE_TRUSTED_ROOT_FILE: sigstoreRootFile,
    // One developer at one address, who tries things.
    RATE_LIMIT_VERIFY: GENEROUS_LIMIT,
    RATE_LIMIT_TARGET: GENEROUS_LIMIT,
    RATE_LIMIT_ITA: GENEROUS_LIMIT,
    RATE_LIMIT_ITA_TOTAL: GENEROUS_LIMIT,
    RATE_LIMIT_COLLATERAL: GENEROUS_LIMIT,
    RATE_LIMIT_RELEASES: GENEROUS_LIMIT,
  };
}
