import type { Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Checkout } from "../checkout.ts";
import type { CliFailure } from "../cli-failure.ts";
import { logLine, textMember } from "./log-line.ts";
import { supervise, type SupervisedProgram } from "./supervised-program.ts";

/** What the simulated platform is started with. */
export interface SimulatorSettings {
  /** 0 picks a free one. */
  readonly port: number;
  readonly profile: Profile;
  /** Where it serves a guest agent, and writes its files; each only where given. */
  readonly dstackSocket?: string;
  readonly rootCaFile?: string;
  readonly policyFile?: string;
  readonly sigstoreRootFile?: string;
  readonly anchorsFile?: string;
  /** The same text makes the same platform, keys included. */
  readonly seed?: string;
}

/** A simulated platform that is ready. */
export interface SimulatorProcess extends SupervisedProgram {
  readonly url: string;
}

/** Starting Node.js on a busy machine takes seconds, not tens of them. */
export const START_LIMIT_MS = 60_000;

/** Starts the simulated platform as a process. Errors: `process-failed`; nothing runs then. */
export async function startSimulator(
  checkout: Checkout,
  settings: SimulatorSettings,
): Promise<Result<SimulatorProcess, CliFailure>> {
  const { port, profile, dstackSocket, rootCaFile, policyFile, sigstoreRootFile, anchorsFile, seed } = settings;
  const args = [
    "--port",
    String(port),
    "--profile",
    profile,
    ...(dstackSocket === undefined ? [] : ["--dstack-socket", dstackSocket]),
    ...(rootCaFile === undefined ? [] : ["--root-ca-file", rootCaFile]),
    ...(policyFile === undefined ? [] : ["--policy-file", policyFile]),
    ...(sigstoreRootFile === undefined ? [] : ["--sigstore-root-file", sigstoreRootFile]),
    ...(anchorsFile === undefined ? [] : ["--anchors-file", anchorsFile]),
    ...(seed === undefined ? [] : ["--seed", seed]),
  ];
  const program = supervise("the simulated platform", checkout.start("simulator", args, {}));
  const url = await program.lineThat((line) => textMember(logLine(line, "event", "ready"), "url"), START_LIMIT_MS);
  if (url.ok) return ok({ ...program, url: url.value });
  await program.stop();
  return err(url.error);
}
